// What the deploy tests share: the binary, free ports, bounded waits.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The server under test; there is no default, so that no stale build is tested by accident. */
export const BINARY = process.env.SWITCHBOARD_BIN;
if (!BINARY) {
  throw new Error('SWITCHBOARD_BIN must name the switchboard binary');
}

/**
 * The environment without what would configure the server.
 * @param {Record<string, string>} more
 */
export function cleanEnvironment(more = {}) {
  const inherited = Object.entries(process.env).filter(
    ([key]) => !['PORT', 'NOTIFY_SOCKET'].includes(key) && !/^(SWITCHBOARD__|REDIS_)/.test(key),
  );
  return { ...Object.fromEntries(inherited), ...more };
}

/**
 * A directory which is gone after the test.
 * @param {(dir: string) => Promise<unknown>} [first] what is to be ended before that: hooks run in their order
 */
export async function temporaryDirectory(test, first = async () => {}) {
  const dir = await mkdtemp(join(tmpdir(), 'switchboard-deploy-'));
  test.after(async () => {
    try {
      await first(dir);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
  return dir;
}

/** A port of the loopback which nobody has at the moment. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Polls until `probe` gives something truthy, and returns that.
 * @template T
 * @param {string} what for the error
 * @param {() => T | Promise<T>} probe may throw: that is a "not yet"
 */
export async function until(what, probe, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${seconds} s`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Runs a program to its end, at most 45 seconds.
 * @returns {Promise<{code: number, stdout: string, stderr: string}>}
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 45_000, ...options }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') {
        reject(error);
      } else {
        resolve({ code: error ? error.code : 0, stdout, stderr });
      }
    });
  });
}

/** Starts a program which is killed after the test if it still runs. `exited` resolves to its exit code. */
export function start(test, program, args, options = {}) {
  const child = spawn(program, args, options);
  const exited = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  exited.catch(() => {});
  test.after(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  return { child, exited };
}

/** True when the server at this port says it is alive. */
export async function alive(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(2000) });
  await answer.arrayBuffer();
  return answer.status === 200;
}
