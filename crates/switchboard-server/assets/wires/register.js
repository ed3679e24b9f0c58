/**
 * The `register` wire: register a client id, join a room with a role, then address messages with
 * `target_id`; the server adds `from`. The joiner is given the roster.
 */

import { openJsonSocket } from './json-socket.js';
import { readCandidate, readDescription } from './meaning.js';

/** @type {import('./index.js').Wire} */
export const register = { name: 'register', connect };

/** @type {import('./index.js').Wire['connect']} */
function connect({ base, id, room, log }, events) {
  let self = id;
  const socket = openJsonSocket(new URL('ws', base), {
    log,
    peerOf,
    opened: () => socket.send({ type: 'register', client_id: id }),
    received,
    closed: events.closed,
  });

  /** @param {any} message one decoded frame */
  function received(message) {
    switch (message.type) {
      case 'registered':
        self = String(message.client_id ?? id);
        socket.send({ type: 'join', room_id: room, role: 'sender' });
        break;
      case 'joined':
        events.joined({ id: self, peers: (message.peers ?? []).map(peerFrom) });
        break;
      case 'peer-joined':
        events.arrived(peerFrom(message));
        break;
      case 'peer-left':
        events.departed(String(message.client_id));
        break;
      case 'left':
        // The answer to our own leave comes when nobody listens any more.
        events.dismissed('room closed');
        break;
      case 'error':
        events.refused({
          message: String(message.message ?? ''),
          code: message.code,
          about: message.target_id,
        });
        break;
      default:
        signal(message);
    }
  }

  /** @param {any} message a relayed frame: something another member said */
  function signal(message) {
    const from = message.from;
    if (typeof from !== 'string') return;
    switch (message.type) {
      case 'offer':
      case 'answer': {
        const description = readDescription(message.type, message);
        if (description) events.signal(from, { kind: 'description', description });
        break;
      }
      case 'candidate': {
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
  }

  return {
    send(to, meaning) {
      const target = to === null ? {} : { target_id: to };
      switch (meaning.kind) {
        case 'description':
          return socket.send({ type: meaning.description.type, sdp: meaning.description.sdp, ...target });
        case 'candidate':
          return socket.send({ type: 'candidate', candidate: meaning.candidate, ...target });
        case 'chat':
          return socket.send({ type: 'chat', message: meaning.text, ...target });
        default:
          return false;
      }
    },
    leave: () => socket.send({ type: 'leave', room_id: room }),
    close: () => socket.close(),
  };
}

/** @param {any} entry `{client_id, role}` @returns {import('./index.js').Member} */
function peerFrom(entry) {
  return { id: String(entry.client_id), role: entry.role };
}

/** Who a logged message is about. @param {any} message */
function peerOf(message) {
  return message.from || message.target_id || (message.type.startsWith('peer-') ? message.client_id : undefined);
}
