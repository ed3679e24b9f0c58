/**
 * Clients of S0 on the npm package `socket.io-client`, two versions of it, over each transport.
 *
 * Nothing is skipped or sorted on the way: `receive` hands over every event in the order in which it came.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { io as newest } from "socket.io-client";
import { io as older } from "socket.io-client-45";
import { within } from "./support.mjs";

export const VERSIONS = { "4.8": newest, 4.5: older };

/** Which version, and how it reaches the server: `upgrade` is the package's default, polling and then an upgrade. */
export const KINDS = ["4.8", "4.5"].flatMap((version) =>
  ["websocket", "polling", "upgrade"].map((mode) => ({ version, mode, name: `${version} ${mode}` })),
);

/** What an application passes to `io()`. */
export function optionsOf(mode) {
  return mode === "upgrade" ? {} : { transports: [mode] };
}

/** One Socket.IO client; somebody in a room after `enter`. */
export class Member {
  #events = [];
  #waiting = [];

  constructor(server, kind, { id = kind.name, ...options } = {}) {
    this.kind = kind;
    this.id = id;
    this.connections = 0;
    this.socket = VERSIONS[kind.version](`http://${server.address}`, {
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      ...optionsOf(kind.mode),
      ...options,
    });
    this.socket.onAny((event, ...args) => {
      const next = this.#waiting.shift();
      if (next) next({ event, args });
      else this.#events.push({ event, args });
    });
    this.socket.on("connect", () => (this.connections += 1));
    this.ended = new Promise((resolve) => this.socket.on("disconnect", resolve));
  }

  /** A client whose namespace is connected over the transport it wants, and which has heard so; in no room yet. */
  static async connect(server, kind, options) {
    const member = new Member(server, kind, options);
    await member.open();
    return member;
  }

  async open() {
    const connected = new Promise((resolve, reject) => {
      this.socket.once("connect", resolve).once("connect_error", reject);
    });
    this.socket.connect();
    await within(connected, `${this.id}: connect`);
    await this.expect("connected", { type: "connected", sid: this.socket.id });
    const engine = this.socket.io.engine;
    if (this.kind.mode === "upgrade" && engine.transport.name !== "websocket") {
      await within(new Promise((resolve) => engine.once("upgrade", resolve)), `${this.id}: upgrade`);
    }
    assert.equal(engine.transport.name, this.kind.mode === "polling" ? "polling" : "websocket");
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /** Emits an event and waits for its ack. */
  async call(event, ...args) {
    const acknowledged =
      this.kind.version === "4.5"
        ? new Promise((resolve) => this.socket.emit(event, ...args, (...values) => resolve(values[0])))
        : this.socket.emitWithAck(event, ...args);
    return within(acknowledged, `${this.id}: ack of ${event}`);
  }

  /** A `message` to the room; returns its payload. */
  say(body) {
    const payload = { roomId: this.room, ...body };
    this.emit("message", payload);
    return payload;
  }

  /** Joins a room in which `users` must be then, in join order. */
  async enter(room, users = [this.id]) {
    this.room = room;
    this.emit("join", { type: "join", userId: this.id, roomId: room });
    await this.expect("joined", { type: "joined", userId: this.id, roomId: room, users });
  }

  async leave() {
    const about = { userId: this.id, roomId: this.room };
    this.emit("leave", { type: "leave", ...about });
    await this.expect("leaved", { type: "leaved", ...about });
  }

  async #next(wanted) {
    return (
      this.#events.shift() ??
      (await within(new Promise((resolve) => this.#waiting.push(resolve)), `${this.id} (${this.kind.name}): ${wanted}`))
    );
  }

  /** The payload of the next event, which must be this one. */
  async receive(wanted) {
    const { event, args } = await this.#next(wanted);
    assert.equal(event, wanted, `${this.id} (${this.kind.name}): ${JSON.stringify(args).slice(0, 300)}`);
    assert.equal(args.length, 1);
    return args[0];
  }

  /** The name of the next event, which must be one of these. */
  async receiveOneOf(...wanted) {
    const { event, args } = await this.#next(wanted.join(" or "));
    assert.ok(wanted.includes(event), `${this.id}: ${event} ${JSON.stringify(args).slice(0, 300)}`);
    return event;
  }

  async expect(event, payload) {
    assert.deepEqual(await this.receive(event), payload, `${this.id} (${this.kind.name})`);
  }

  async expectJoined(userId) {
    await this.expect("user-joined", { type: "user-joined", userId, roomId: this.room });
  }

  async expectLeft(userId) {
    await this.expect("user-left", { type: "user-left", userId, roomId: this.room });
  }

  async expectError(...codes) {
    const error = await this.receive("error");
    assert.equal(error.type, "error");
    assert.ok(typeof error.message === "string" && error.message !== "", JSON.stringify(error));
    assert.match(error.code, /^[a-z_]+$/);
    assert.ok(codes.length === 0 || codes.includes(error.code), `${this.id}: ${JSON.stringify(error)}`);
    return error;
  }

  /** The server, or the way to it, ended this connection; resolves to the client's reason. */
  async end() {
    return within(this.ended, `${this.id} (${this.kind.name}): end`);
  }

  /** Proves that nothing waits: the server answers this to the speaker alone, behind all that was queued before. */
  async probe() {
    this.emit("join", { type: "join" });
    await this.expectError("missing_field");
  }

  close() {
    this.socket.disconnect();
  }
}

/** Nothing has come to any of them, and everything they sent has been handled. */
export async function silent(...members) {
  for (const member of members) await member.probe();
}

/** The clients of one test on one server, in a room of the test's own. */
export class Company {
  static #rooms = 0;
  #members = [];

  constructor(server) {
    this.server = server;
    this.name = `room ${(Company.#rooms += 1)}`;
  }

  keep(member) {
    this.#members.push(member);
    return member;
  }

  async connect(kind, id, options = {}) {
    return this.keep(await Member.connect(this.server, kind, { id, ...options }));
  }

  /** Clients in the room, who have all seen one another come; `newcomers` are pairs of kind and id. */
  async mixed(newcomers) {
    const members = [];
    for (const [kind, id] of newcomers) {
      const newcomer = await this.connect(kind, id);
      members.push(newcomer);
      await newcomer.enter(this.name, members.map((member) => member.id));
      for (const member of members.slice(0, -1)) await member.expectJoined(id);
    }
    return members;
  }

  room(kind, ...ids) {
    return this.mixed(ids.map((id) => [kind, id]));
  }

  /** One client of every kind, named after it, and then somebody of `kind`, called `speaker`. */
  async everybodyAnd(kind) {
    const members = await this.mixed([...KINDS.map((each) => [each, each.name]), [kind, "speaker"]]);
    return [members.at(-1), members.slice(0, -1)];
  }

  close() {
    for (const member of this.#members) member.close();
  }
}

/** A client in a process of its own that has joined; `kill` it and nobody says goodbye. */
export async function puppet(server, kind, room, id) {
  const program = fileURLToPath(new URL("socketio_puppet.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, kind.version, kind.mode, `http://${server.address}`, room, id], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await within(exited, "the end of a killed client");
  };
  try {
    const [line] = await within(once(readline.createInterface({ input: child.stdout }), "line"), `${id}: join`);
    assert.equal(line, "joined");
  } catch (error) {
    await kill();
    throw error;
  }
  return { kill };
}
