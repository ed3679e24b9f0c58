/**
 * A real server for each test, and clients on the npm package `ws`.
 *
 * The binary is found through SWITCHBOARD_BIN. Every wait has a bound; `probe` proves silence without waiting.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { WebSocket } from "ws";

const WAIT = 10_000;

/** A promise that fails with `what` when it takes too long. */
export async function within(promise, what, milliseconds = WAIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One `switchboard serve` child process on a free port of 127.0.0.1. */
export class Server {
  #directory;
  #log = [];

  /**
   * `settings` are environment overrides, such as `{ LIMITS__ROOMS: 2 }`. Port 0 is a free one; another is for a server
   * that comes back where it was.
   */
  static async start(settings = {}, port = 0) {
    const binary = process.env.SWITCHBOARD_BIN;
    assert.ok(binary, "SWITCHBOARD_BIN must hold the path of the switchboard binary");
    const server = new Server();
    server.#directory = await mkdtemp(path.join(tmpdir(), "switchboard-"));
    // A PORT or a SWITCHBOARD__ variable of the caller's shell must not change what is tested.
    const inherited = Object.entries(process.env).filter(
      ([name]) => name !== "PORT" && !name.startsWith("SWITCHBOARD__"),
    );
    const overrides = Object.entries(settings).map(([key, value]) => [`SWITCHBOARD__${key}`, String(value)]);
    server.process = spawn(
      path.resolve(binary),
      ["serve", "--listen", `127.0.0.1:${port}`, "--log-format", "json"],
      {
        cwd: server.#directory,
        env: Object.fromEntries([...inherited, ...overrides]),
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    server.exited = once(server.process, "exit");
    const listening = new Promise((resolve) => {
      readline.createInterface({ input: server.process.stderr }).on("line", (line) => {
        server.#log.push(line);
        try {
          const event = JSON.parse(line);
          if (event.message === "listening") resolve(event.addr);
        } catch {
          // A line that is no JSON is kept for the report only.
        }
      });
    });
    const died = server.exited.then(() => Promise.reject(new Error(`the server ended\n${server.#log.join("\n")}`)));
    died.catch(() => {});
    server.address = await within(Promise.race([listening, died]), "the server's start", 20_000);
    return server;
  }

  url(where = "/") {
    return `ws://${this.address}${where}`;
  }

  /** SIGTERM; resolves to the exit code. */
  async stop() {
    if (this.process.exitCode === null) this.process.kill("SIGTERM");
    const [code, signal] = await within(this.exited, "the server's exit", 20_000).finally(() =>
      this.process.kill("SIGKILL"),
    );
    await rm(this.#directory, { recursive: true, force: true });
    assert.equal(signal, null, this.#log.slice(-30).join("\n"));
    return code;
  }
}

/** A connection whose messages are handed over one by one, in order, nothing skipped. */
export class Client {
  #queue = [];
  #waiting = [];

  constructor(socket, name) {
    this.socket = socket;
    this.name = name;
    this.ended = new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: `${reason}` })));
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => {
      const message = { text: data.toString(), isBinary };
      const next = this.#waiting.shift();
      if (next) next(message);
      else this.#queue.push(message);
    });
  }

  static async connect(server, { name = "?", where = "/", ...options } = {}) {
    const socket = new WebSocket(server.url(where), options);
    const client = new Client(socket, name);
    await within(
      new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)),
      `${name}: handshake`,
    );
    return client;
  }

  /** Sends an object as JSON, text and bytes as they are; returns the text that was sent. */
  send(message) {
    const data = typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message);
    this.socket.send(data);
    return data.toString();
  }

  async text() {
    const message =
      this.#queue.shift() ??
      (await within(
        Promise.race([
          new Promise((resolve) => this.#waiting.push(resolve)),
          this.ended.then(({ code }) => Promise.reject(new Error(`${this.name}: closed with ${code}`))),
        ]),
        `${this.name}: message`,
      ));
    assert.equal(message.isBinary, false, "the server sends text frames only");
    return message.text;
  }

  async receive() {
    return JSON.parse(await this.text());
  }

  async expect(expected) {
    assert.deepEqual(await this.receive(), expected, this.name);
  }

  async expectText(expected) {
    assert.equal(await this.text(), expected, this.name);
  }

  async expectError(code) {
    const message = await this.receive();
    assert.equal(message.type, "error", JSON.stringify(message));
    assert.equal(message.code, code, JSON.stringify(message));
    assert.ok(typeof message.message === "string" && message.message !== "", JSON.stringify(message));
    return message;
  }

  /** Proves that nothing waits: the server answers this to the speaker alone, behind all that was queued before. */
  async probe() {
    this.send("?probe?");
    await this.expectError("malformed_json");
  }

  async closeCode() {
    return (await within(this.ended, `${this.name}: close`)).code;
  }

  async close() {
    this.socket.close();
    await within(this.ended, `${this.name}: close`);
  }

  /** TCP ends without a close frame. */
  async drop() {
    this.socket.terminate();
    await within(this.ended, `${this.name}: end`);
  }
}

/** Nothing has come to any of them, and everything they sent has been handled. */
export async function silent(...clients) {
  for (const client of clients) await client.probe();
}

/** S1: a member of a room on the `join-room` wire. */
export async function joinRoom(server, room, id, options = {}) {
  const client = await Client.connect(server, { name: id, ...options });
  client.send({ type: "join-room", roomId: room, sender: id });
  await client.expect({ type: "join-success", roomId: room, userId: id });
  return client;
}

/** S2 and S4: a registered client, in the lobby. */
export async function register(server, id, options = {}) {
  const client = await Client.connect(server, { name: id, ...options });
  client.send({ type: "register", client_id: id });
  await client.expect({ type: "registered", client_id: id });
  return client;
}

/** S2: a registered client in a room; `peers` is who must be there already. */
export async function registerIn(server, room, id, role, peers = []) {
  const client = await register(server, id);
  client.send({ type: "join", room_id: room, role });
  const joined = await client.receive();
  joined.peers.sort((one, other) => (one.client_id < other.client_id ? -1 : 1));
  assert.deepEqual(joined, { type: "joined", room_id: room, role, client_id: id, peers });
  return client;
}

/** S0.10: a member of a room on the `join` wire; `users` is who must be there then, in join order. */
export async function joinJson(server, room, id, users = [id]) {
  const client = await Client.connect(server, { name: id });
  client.send({ type: "join", userId: id, roomId: room });
  await client.expect({ type: "joined", userId: id, roomId: room, users });
  return client;
}

/** Runs a test on a server of its own, which must live through it and exit with 0. */
export function onServer(scenario, settings = {}) {
  return async () => {
    const server = await Server.start(settings);
    try {
      await scenario(server);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  };
}
