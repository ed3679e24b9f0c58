// Two instances of the server, and what a client does over TLS, from whichever address of the loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { BINARY, cleanEnvironment, run, start } from './support.mjs';

/** How long anything may take. */
const PATIENCE = 20_000;

/** The rest of a promise's life, bounded. */
export async function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An instance on a free port; `environment` is what it is told besides. */
export async function startInstance(test, dir, environment = {}) {
  const { child, exited } = start(test, BINARY, ['serve', '--listen', '127.0.0.1:0', '--log-format', 'json'], {
    cwd: dir,
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr });
  const port = await within(
    'the instance listens',
    new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const { message, addr } = JSON.parse(line);
        if (message === 'listening') resolve(Number(addr.split(':').at(-1)));
      });
      exited.then((code) => reject(new Error(`it ended with ${code}`)), reject);
    }),
  );
  return new Instance(port, child, exited);
}

class Instance {
  constructor(port, child, exited) {
    Object.assign(this, { port, child, exited });
  }

  /** What it answers who asks it past the proxy. */
  async get(path) {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { signal: AbortSignal.timeout(PATIENCE) });
    return { status: answer.status, text: await answer.text() };
  }

  /** How many connections it has had since its start. */
  async opened() {
    const { text } = await this.get('/metrics');
    return Number(/^switchboard_connections_opened_total (\d+)$/m.exec(text)[1]);
  }

  /** The ids of a room's users. */
  async users(room) {
    const { status, text } = await this.get(`/rooms/${encodeURIComponent(room)}/users`);
    return status === 404 ? [] : JSON.parse(text).map((user) => user.user_id);
  }

  async stop() {
    this.child.kill('SIGTERM');
    assert.equal(await within('the instance ends', this.exited), 0);
  }
}

/** A certificate of the test's own: `{ crt, key, pem }` are files, `ca` is what a client trusts then. */
export async function certificate(dir, names) {
  const [crt, key] = [join(dir, 'names.crt'), join(dir, 'names.key')];
  const { code, stderr } = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
    ...['-keyout', key, '-out', crt],
  ]);
  assert.equal(code, 0, stderr);
  return { crt, key, ca: await readFile(crt) };
}

/** Somebody who reaches the proxy by one of its names, from an address. */
export class Visitor {
  /** @param {{port: number, ca: Buffer, name: string, path?: string, from?: string}} where `path` is what the server is below */
  constructor({ port, ca, name, path = '', from = '127.0.0.1' }) {
    Object.assign(this, { port, ca, name, path, from });
  }

  at(from) {
    return new Visitor({ ...this, from });
  }

  get #tls() {
    // Each request has a connection of its own, as if it came from anywhere.
    return { ca: this.ca, servername: this.name, localAddress: this.from, agent: false };
  }

  /** One request; `target` is appended to the path as it is. */
  ask(target, { method = 'GET', headers = {}, body } = {}) {
    const options = { host: '127.0.0.1', port: this.port, path: this.path + target, method, ...this.#tls };
    const answered = new Promise((resolve, reject) => {
      const request = https.request({ ...options, headers: { host: this.name, ...headers } }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
        answer.on('error', reject);
      });
      request.on('error', reject).end(body);
    });
    return within(`${method} ${target}`, answered);
  }

  /** An open WebSocket; what it hears is in `heard`. */
  async webSocket(target) {
    const socket = new WebSocket(`wss://127.0.0.1:${this.port}${this.path}${target}`, {
      ...this.#tls,
      headers: { host: this.name },
    });
    socket.heard = [];
    socket.on('message', (data) => {
      socket.heard.push(JSON.parse(data));
      socket.emit('heard');
    });
    await within(`WebSocket ${target}`, once(socket, 'open'));
    return socket;
  }

  /** Somebody in a room by the path of it. */
  async enter(room, user) {
    return this.webSocket(`/ws/${encodeURIComponent(room)}/${encodeURIComponent(user)}`);
  }

  /** A Socket.IO client that keeps no cookies, as the package does in Node.js. */
  async socketIo(options) {
    // The name leads here, whatever it leads to elsewhere.
    const lookup = (name, { all }, found) => (all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4));
    const agent = new https.Agent({ ca: this.ca, localAddress: this.from, lookup });
    const socket = io(`https://${this.name}:${this.port}`, {
      path: `${this.path}/socket.io/`,
      forceNew: true,
      reconnection: false,
      ca: this.ca,
      agent,
      ...options,
    });
    await within('Socket.IO connects', new Promise((resolve, reject) => {
      socket.once('connect', resolve).once('connect_error', reject);
    }));
    return socket;
  }

  /** The handshake of a polling session, and its cookie. */
  async openSession() {
    const { status, headers, text } = await this.ask('/socket.io/?EIO=4&transport=polling');
    assert.equal(status, 200, text);
    const { sid } = JSON.parse(text.slice(1));
    const cookie = headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ');
    return { sid, cookie, attributes: headers['set-cookie']?.join('\n') };
  }

  /** Posts to a polling session; the answer's status. */
  async post({ sid, cookie }, body, withCookie = false) {
    const headers = { 'content-type': 'text/plain;charset=UTF-8', ...(withCookie ? { cookie } : {}) };
    const query = `/socket.io/?EIO=4&transport=polling&sid=${sid}`;
    return (await this.ask(query, { method: 'POST', headers, body })).status;
  }
}

/** Waits until a WebSocket has heard something of this type, and gives it. */
export async function hears(socket, type) {
  return within(`a message of type ${type}`, (async () => {
    for (;;) {
      const found = socket.heard.find((message) => message.type === type);
      if (found) return found;
      await once(socket, 'heard');
    }
  })());
}
