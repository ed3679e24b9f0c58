/**
 * A network of a test's own. aiortc never offers 127.0.0.1 as a candidate, so a call with it on one
 * machine needs another address, and that is nothing to add to a developer's own network.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

// A second address of `lo` needs no kind of interface that a kernel may lack, and to aiortc it is no
// loopback address.
const ENTER = 'ip link set lo up && ip addr add 10.77.0.1/24 dev lo && exec "$@"';
/** How long a program that was asked to end may take over it, ms. */
const GRACE = 10_000;

/**
 * Runs a program in a network namespace, and everything it starts.
 * @param {string[]} command
 * @param {number} limit how long it may take, ms
 * @returns {Promise<string>} what it wrote to stdout
 * @throws {Error} with its stderr, if it failed or took too long
 */
export async function runInNamespace(command, limit) {
  const user = process.geteuid() === 0 ? [] : ['--user', '--map-root-user'];
  // A group of its own, so that the end of a program which hangs takes its children along.
  const child = spawn('unshare', [...user, '--net', 'sh', '-c', ENTER, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint = (complaint + text).slice(-16_000)));

  const over = new AbortController();
  const closed = once(child, 'close', { signal: over.signal }).then(([code, signal]) => code ?? signal);
  const end = async () => {
    await delay(limit, null, { signal: over.signal });
    process.kill(-child.pid, 'SIGTERM');
    await delay(GRACE, null, { signal: over.signal });
    process.kill(-child.pid, 'SIGKILL');
    await delay(GRACE, null, { signal: over.signal });
    return 'out of time';
  };
  try {
    const outcome = await Promise.race([closed, end()]);
    if (outcome !== 0) throw new Error(`${command.at(-1)} ended with ${outcome}:\n${complaint}`);
    return output;
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('`unshare` is missing (Debian: util-linux)', { cause: error });
    throw error;
  } finally {
    over.abort();
  }
}
