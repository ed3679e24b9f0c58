/**
 * The `join` wire: join and broadcast, with a roster for the joiner. Messages are relayed as they came,
 * so whoever speaks names itself. A string `target` delivers to one peer only.
 */

import { openJsonSocket } from './json-socket.js';
import { readCandidate, readDescription } from './meaning.js';

/** @type {import('./index.js').Wire} */
export const join = { name: 'join', connect };

/** @type {import('./index.js').Wire['connect']} */
function connect({ base, id, room, log }, events) {
  const talk = conversation({ id, room, say: (message) => socket.send(message) }, events);
  const socket = openJsonSocket(new URL('ws', base), {
    log,
    peerOf: talk.peerOf,
    opened: () => socket.send(talk.greeting),
    received: (message) => (SERVERS_WORDS.has(message.type) ? talk.told(message) : talk.heard(message)),
    closed: events.closed,
  });
  return { send: talk.send, leave: () => socket.send(talk.goodbye), close: () => socket.close() };
}

/** Where one kind of frame carries everything, these are the server's own. */
const SERVERS_WORDS = new Set(['joined', 'user-joined', 'leaved', 'user-left', 'error']);

/**
 * What is said on this wire, over whatever transport.
 * @param {{id: string, room: string, say(message: object): boolean}} place
 * @param {import('./index.js').Events} events
 */
export function conversation({ id, room, say }, events) {
  const address = { userId: id, roomId: room };

  return {
    greeting: { type: 'join', ...address },
    goodbye: { type: 'leave', ...address },

    /** @param {any} message of the server's own */
    told(message) {
      switch (message.type) {
        case 'joined': {
          const self = String(message.userId ?? id);
          const others = message.users?.map(String).filter((user) => user !== self);
          events.joined({ id: self, peers: others?.map((user) => ({ id: user })) ?? null });
          break;
        }
        case 'user-joined':
          events.arrived({ id: String(message.userId) });
          break;
        case 'user-left':
          events.departed(String(message.userId));
          break;
        case 'leaved':
          // The answer to our own leave comes when nobody listens any more.
          events.dismissed('room closed');
          break;
        case 'error':
          events.refused({
            message: String(message.message ?? ''),
            code: message.code,
            about: message.target,
          });
          break;
      }
    },

    /** @param {any} message something another member said */
    heard(message) {
      const from = senderOf(message);
      if (from === undefined || from === id) return;
      const description = readAnyDescription(message);
      if (description) {
        events.signal(from, { kind: 'description', description });
        return;
      }
      switch (message.type) {
        case 'candidate':
        case 'ice-candidate': {
          const candidate = readCandidate(message.candidate, message);
          if (candidate) events.signal(from, { kind: 'candidate', candidate });
          break;
        }
        case 'chat':
          events.signal(from, { kind: 'chat', text: String(message.message ?? '') });
          break;
        default:
          events.signal(from, { kind: 'other', type: String(message.type) });
      }
    },

    /** @type {import('./index.js').Connection['send']} */
    send(to, meaning) {
      const head = to === null ? address : { ...address, target: to };
      switch (meaning.kind) {
        case 'description':
          return say({ type: meaning.description.type, ...head, sdp: meaning.description.sdp });
        case 'candidate':
          return say({ type: 'candidate', ...head, candidate: meaning.candidate });
        case 'chat':
          return say({ type: 'chat', ...head, message: meaning.text });
        default:
          return false;
      }
    },

    /** Who a logged message is about. @param {any} message @returns {string | undefined} */
    peerOf(message) {
      const who = senderOf(message);
      return who === id ? message.target : who;
    },
  };
}

/** Clients of this wire name themselves in either field. @param {any} message */
function senderOf(message) {
  const who = message?.userId ?? message?.from;
  return typeof who === 'string' || typeof who === 'number' ? String(who) : undefined;
}

/**
 * Under its type, or whole in a field of that name. Only where the type says nothing do the fields tell what it is.
 * @param {any} message
 */
function readAnyDescription(message) {
  switch (message.type) {
    case 'offer':
    case 'answer':
      return readDescription(message.type, message.sdp ? message : message[message.type]);
    case undefined:
    case 'message':
      return readDescription('offer', message.offer) ?? readDescription('answer', message.answer);
    default:
      return null;
  }
}
