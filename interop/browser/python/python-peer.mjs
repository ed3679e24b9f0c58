/** A WebRTC peer written in Python (peer.py), as a child process of a scenario. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('peer.py', import.meta.url));
const MODULES = fileURLToPath(new URL('../../python', import.meta.url));

/** The longest wait for its next line or its end, ms; peer.py itself waits less. */
const PATIENCE = 120_000;

/** A participant of a room, on the `register` wire. INTEROP_PYTHON names its interpreter. */
export class PythonPeer {
  #child;
  #exited;
  #lines;
  #complaint = '';

  /**
   * Runs with a peer that is in the room; it is gone afterwards, if it has not left by itself.
   * @param {'receiver' | 'offering-receiver' | 'sender'} role
   * @param {{server: import('../support.mjs').Server, id: string, room: string, codec?: 'H264' | 'VP8'}} place
   * @template T
   * @param {(peer: PythonPeer) => Promise<T>} body
   * @returns {Promise<T>}
   */
  static async with(role, { server, id, room, codec = 'H264' }, body) {
    const url = `ws://127.0.0.1:${server.port}/`;
    const peer = new PythonPeer([role, '--url', url, '--client-id', id, '--room-id', room, '--codec', codec]);
    try {
      await peer.tells('joined');
      return await body(peer);
    } finally {
      peer.#child.kill('SIGKILL');
    }
  }

  /** @param {string[]} args of peer.py */
  constructor(args) {
    this.#child = spawn(process.env.INTEROP_PYTHON ?? 'python3', [PROGRAM, ...args], {
      env: { ...process.env, PYTHONPATH: MODULES },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    // Whoever waits for it learns of it; nobody may be waiting yet.
    this.#exited.catch(() => {});
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#complaint = (this.#complaint + text).slice(-4000);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Waits for the next line it prints.
   * @param {'joined' | 'seen'} event which that must be
   * @returns {Promise<Record<string, any>>} what the line says
   */
  async tells(event) {
    const { done, value } = await this.#inTime(`"${event}"`, this.#lines.next());
    if (done) {
      await this.#inTime('its end', this.#exited);
      throw new Error(`the Python peer ended before "${event}":\n${this.#complaint}`);
    }
    const { event: told, ...facts } = JSON.parse(value);
    if (told !== event) throw new Error(`the Python peer said ${value} instead of "${event}"`);
    return facts;
  }

  /** Lets it leave, and insists that nothing went wrong with it until then. */
  async leave() {
    this.#child.stdin.end();
    const [code, signal] = await this.#inTime('its end', this.#exited);
    if (code !== 0) throw new Error(`the Python peer ended with ${code ?? signal}:\n${this.#complaint}`);
  }

  /** @template T @param {string} what @param {Promise<T>} happening @returns {Promise<T>} */
  async #inTime(what, happening) {
    const over = new AbortController();
    const late = delay(PATIENCE, null, { signal: over.signal }).then(() => {
      throw new Error(`the Python peer: ${what} did not come within ${PATIENCE / 1000} s\n${this.#complaint}`);
    });
    try {
      return await Promise.race([happening, late]);
    } finally {
      over.abort();
    }
  }
}
