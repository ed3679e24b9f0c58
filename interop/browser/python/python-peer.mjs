/** A WebRTC peer written in Python (peer.py), as a child process of a test. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('peer.py', import.meta.url));
const MODULES = fileURLToPath(new URL('../../python', import.meta.url));
const VENV = fileURLToPath(new URL('../../../target/interop/venv/bin/python', import.meta.url));

/** The longest wait for its next word or its end, ms. More than peer.py itself waits for its frames. */
const PATIENCE = 120_000;

/**
 * The interpreter which has aiortc: INTEROP_PYTHON, else the virtual environment under the target directory, else the
 * system's.
 * @returns {string}
 * @throws {Error} there is none, or the named one has no aiortc
 */
export function pythonWithAiortc() {
  const chosen = process.env.INTEROP_PYTHON;
  const candidates = chosen ? [chosen] : [VENV, 'python3'].filter((python) => python !== VENV || existsSync(python));
  const reasons = [];
  for (const python of candidates) {
    try {
      execFileSync(python, ['-c', 'import aiortc, websockets'], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
      return python;
    } catch (error) {
      reasons.push(`${python}: ${String(error.stderr || error.message).trim().split('\n').at(-1)}`);
    }
  }
  throw new Error(
    `no Python with aiortc (${reasons.join('; ')}): \`cargo xtask test browser\` brings one, or let INTEROP_PYTHON name ` +
      'an interpreter with interop/requirements.txt installed',
  );
}

/** A participant of a room, on the `register` wire. */
export class PythonPeer {
  #child;
  #exited;
  #words;
  #complaint = '';

  /** @param {'receiver' | 'sender'} role @param {string[]} args */
  constructor(role, args) {
    this.#child = spawn(pythonWithAiortc(), [PROGRAM, role, ...args], {
      env: { ...process.env, PYTHONPATH: path.resolve(MODULES) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#exited.catch(() => {});
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#complaint = (this.#complaint + text).slice(-4000);
    });
    this.#words = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Runs with a peer that is in the room, and takes it away afterwards if it has not left by itself.
   * @param {'receiver' | 'sender'} role
   * @param {{server: import('../support.mjs').Server, id: string, room: string, codec?: 'H264' | 'VP8'}} place
   * @param {(peer: PythonPeer) => Promise<void>} body
   */
  static async with(role, { server, id, room, codec = 'H264' }, body) {
    const url = `ws://127.0.0.1:${server.port}/`;
    const peer = new PythonPeer(role, ['--url', url, '--client-id', id, '--room-id', room, '--codec', codec]);
    try {
      await peer.tells('joined');
      await body(peer);
    } finally {
      peer.#child.kill('SIGKILL');
    }
  }

  /**
   * Waits for its next line.
   * @param {string} event which it must be
   * @returns {Promise<Record<string, any>>}
   */
  async tells(event) {
    const { done, value } = await this.#inTime(`the word "${event}"`, this.#words.next());
    if (done) {
      await this.#inTime('its end', this.#exited);
      throw new Error(`the Python peer ended before the word "${event}":\n${this.#complaint}`);
    }
    const word = JSON.parse(value);
    if (word.event !== event) throw new Error(`the Python peer said ${value} instead of "${event}"`);
    return word;
  }

  /** Lets it leave, and insists that nothing went wrong with it until now. */
  async leave() {
    this.#child.stdin.end();
    const [code, signal] = await this.#inTime('its end', this.#exited);
    if (code !== 0) throw new Error(`the Python peer ended with ${code ?? signal}:\n${this.#complaint}`);
  }

  /** @template T @param {string} what @param {Promise<T>} happening @returns {Promise<T>} */
  async #inTime(what, happening) {
    const over = new AbortController();
    const late = delay(PATIENCE, null, { signal: over.signal }).then(() => {
      throw new Error(`the Python peer: not ${what} within ${PATIENCE / 1000} s\n${this.#complaint}`);
    });
    late.catch(() => {});
    try {
      return await Promise.race([happening, late]);
    } finally {
      over.abort();
    }
  }
}
