/**
 * The `path` wire: room and user stand in the address, and opening the socket is joining. Messages are
 * `{type, target, payload}`; the server adds `sender`. The joiner is given the users.
 */

import { openJsonSocket } from './json-socket.js';
import { readCandidate, readDescription } from './meaning.js';

/** How long the server may take to say why it refused, ms. */
const PATIENCE = 3000;

/** @type {import('./index.js').Wire} */
export const path = { name: 'path', connect };

/** @type {import('./index.js').Wire['connect']} */
function connect({ base, id, room, log }, events) {
  const steps = ['ws', room, id].map(encodeURIComponent).join('/');
  const url = new URL(steps, base);
  if (!url.pathname.endsWith(steps)) {
    // Browsers walk up on `.` and `..`, whatever their spelling.
    queueMicrotask(() => events.refused({ message: 'a name of dots cannot stand in an address' }));
    return { send: () => false, leave: () => false, close() {} };
  }
  let opened = false;
  let done = false;
  const socket = openJsonSocket(new URL(url), {
    log,
    peerOf,
    opened: () => (opened = true),
    received,
    closed,
  });

  /** @param {any} message one decoded frame */
  function received(message) {
    const payload = message.payload ?? {};
    if (message.sender !== undefined || isWrapped(message)) {
      signal(message);
      return;
    }
    switch (message.type) {
      case 'room_users':
        events.joined({ id, peers: (payload.users ?? []).map(String).filter(isOther).map(member) });
        break;
      case 'user_joined':
        events.arrived(member(String(payload.user_id)));
        break;
      case 'user_left':
        events.departed(String(payload.user_id));
        break;
      case 'room_closed':
        events.dismissed(`room closed: ${payload.reason}`);
        break;
      case 'error':
        events.refused({ message: String(payload.message ?? ''), code: payload.code, about: absentIn(payload) });
        break;
    }
  }

  /** @param {any} message a relayed frame: something another member said */
  function signal(message) {
    const { sender, payload } = unwrapped(message);
    if (typeof sender !== 'string' || !isOther(sender)) return;
    switch (message.type) {
      case 'sdp_offer':
      case 'sdp_answer': {
        const type = message.type === 'sdp_offer' ? 'offer' : 'answer';
        const description = readDescription(type, payload);
        if (description) events.signal(sender, { kind: 'description', description });
        break;
      }
      case 'ice_candidate': {
        const candidate = readCandidate(payload);
        if (candidate) events.signal(sender, { kind: 'candidate', candidate });
        break;
      }
      case 'chat':
        events.signal(sender, { kind: 'chat', text: String(payload?.message ?? '') });
        break;
      default:
        events.signal(sender, { kind: 'other', type: message.type });
    }
  }

  async function closed(end) {
    // A browser does not tell a page how its handshake was refused; the same address, fetched, does.
    const refusal = opened ? null : await whyRefused(url);
    if (done) return;
    if (refusal) events.refused({ message: refusal });
    else events.closed(end);
  }

  const isOther = (user) => user !== id;

  /** Who a logged message is about. @param {any} message */
  function peerOf(message) {
    return unwrapped(message).sender ?? message.payload?.user_id ?? (message.target === id ? undefined : message.target);
  }

  return {
    send(to, meaning) {
      const address = to === null ? {} : { target: to };
      switch (meaning.kind) {
        case 'description': {
          const { type, sdp } = meaning.description;
          return socket.send({ type: `sdp_${type}`, ...address, payload: { sdp } });
        }
        case 'candidate':
          return socket.send({ type: 'ice_candidate', ...address, payload: meaning.candidate });
        case 'chat':
          return socket.send({ type: 'chat', ...address, payload: { message: meaning.text } });
        default:
          return false;
      }
    },
    // Closing is the goodbye.
    leave: () => true,
    close() {
      done = true;
      socket.close();
    },
  };
}

/** @param {string} id @returns {import('./index.js').Member} */
const member = (id) => ({ id });

/** A server may put the sender into the payload, beside what was sent (`dialects.path.payload`). */
function isWrapped({ payload }) {
  return typeof payload?.sender === 'string' && 'data' in payload;
}

function unwrapped(message) {
  const { sender, payload } = message;
  return sender === undefined && isWrapped(message)
    ? { sender: payload.sender, payload: payload.data }
    : { sender, payload };
}

/** The addressee whom an error is about: it stands in the text only. */
function absentIn({ code, message }) {
  return code === 'target_not_found' ? (/^User (.*) not found$/s.exec(message)?.[1] ?? '') : undefined;
}

/** @param {URL} url @returns {Promise<string | null>} null when it was not refused, or there is no server */
async function whyRefused(url) {
  try {
    const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    return response.status === 400 ? String((await response.json()).detail) : null;
  } catch {
    return null;
  }
}
