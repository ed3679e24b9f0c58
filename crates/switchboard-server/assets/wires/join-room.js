/**
 * The `join-room` wire: join and broadcast. The joiner is told nothing about who is there; members
 * present learn of it by `user-joined` and call it. A string `target` delivers to one peer only.
 */

import { openJsonSocket } from './json-socket.js';
import { readCandidate, readDescription } from './meaning.js';

/** @type {import('./index.js').Wire} */
export const joinRoom = { name: 'join-room', connect };

/** @type {import('./index.js').Wire['connect']} */
function connect({ base, id, room, log }, events) {
  const socket = openJsonSocket(new URL('ws', base), {
    log,
    peerOf,
    opened: () => socket.send({ type: 'join-room', roomId: room, sender: id }),
    received,
    closed: events.closed,
  });

  /** @param {any} message one decoded frame */
  function received(message) {
    switch (message.type) {
      case 'join-success':
        events.joined({ id: String(message.userId ?? id), peers: null });
        break;
      case 'user-joined':
        events.arrived({ id: String(message.userId) });
        break;
      case 'user-left':
        events.departed(String(message.userId));
        break;
      case 'error':
        events.refused({
          message: String(message.message ?? ''),
          code: message.code,
          about: message.target,
        });
        break;
      default:
        signal(message);
    }
  }

  /** @param {any} message a relayed frame: something another member said */
  function signal(message) {
    const from = message.sender;
    if (typeof from !== 'string' || from === id) return;
    switch (message.type) {
      case 'offer':
      case 'answer': {
        const description = readDescription(message.type, message.data ?? message[message.type]);
        if (description) events.signal(from, { kind: 'description', description });
        break;
      }
      case 'ice-candidate': {
        const candidate = readCandidate(message.data ?? message.candidate);
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
      const address = { roomId: room, sender: id, ...(to === null ? {} : { target: to }) };
      switch (meaning.kind) {
        case 'description': {
          const { type, sdp } = meaning.description;
          return socket.send({ type, ...address, data: { type, sdp } });
        }
        case 'candidate':
          return socket.send({ type: 'ice-candidate', ...address, data: meaning.candidate });
        case 'chat':
          return socket.send({ type: 'chat', ...address, message: meaning.text });
        default:
          return false;
      }
    },
    leave: () => socket.send({ type: 'leave-room', roomId: room, sender: id }),
    close: () => socket.close(),
  };

  /** Who a logged message is about. @param {any} message */
  function peerOf(message) {
    if (message.sender === id) return message.target;
    return message.sender ?? (message.type.startsWith('user-') ? message.userId : undefined);
  }
}
