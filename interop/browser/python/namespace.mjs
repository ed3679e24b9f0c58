/**
 * A network of a test's own. aiortc never offers 127.0.0.1 as a candidate, so a call with it on one
 * machine needs another address, and that is nothing to add to a developer's own network.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

// A second address of `lo` needs no kind of interface that a kernel may lack, and to aiortc it is no
// loopback address. Chromium's candidates are 127.0.0.1; the two reach each other.
const ENTER = 'ip link set lo up && ip addr add 10.77.0.1/24 dev lo && exec "$@"';
/** How long a program that was asked to end may take over it, ms. */
const GRACE = 10_000;

/**
 * Runs a program, and whatever it starts, in a network namespace.
 * @param {string[]} command
 * @param {{limit: number, env: NodeJS.ProcessEnv}} options `limit` is how long it may take, ms
 * @returns {Promise<string>} what it wrote to stdout
 * @throws {Error} with its stderr, if it failed or took too long
 */
export async function runInNamespace(command, { limit, env }) {
  const user = process.geteuid() === 0 ? [] : ['--user', '--map-root-user'];
  const child = spawn('unshare', [...user, '--net', 'sh', '-c', ENTER, 'sh', ...command], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that the end of a program which hangs takes its children along.
    detached: true,
  });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint = (complaint + text).slice(-16_000)));

  const over = new AbortController();
  const late = endAfter(limit, child.pid, over.signal).then(() => 'still there');
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  const started = Date.now();
  try {
    const outcome = await Promise.race([ended, late]);
    const seconds = Math.round((Date.now() - started) / 1000);
    if (outcome !== 0) throw new Error(`${command.at(-1)} ended with ${outcome} after ${seconds} s\n${complaint}`);
    return output;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('`unshare` is missing (Debian: util-linux); this call needs a network namespace', { cause: error });
  } finally {
    over.abort();
  }
}

/**
 * Ends a group of processes when its time is over, kindly first: then the browser, which is in a
 * group of its own, ends with it.
 */
async function endAfter(limit, group, signal) {
  await delay(limit, null, { signal });
  process.kill(-group, 'SIGTERM');
  await delay(GRACE, null, { signal });
  process.kill(-group, 'SIGKILL');
  await delay(GRACE, null, { signal });
}
