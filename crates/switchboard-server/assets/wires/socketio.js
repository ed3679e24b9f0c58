/**
 * The `socketio` wire: what the `join` wire says, as events of Socket.IO, by its official client. That
 * one is loaded when this wire is chosen first.
 */

import { conversation } from './join.js';

const CLIENT = new URL('../vendor/socket.io.min.js', import.meta.url);

/** @type {import('./index.js').Wire} */
export const socketio = { name: 'socketio', connect };

/** @type {import('./index.js').Wire['connect']} */
function connect({ base, id, room, log }, events) {
  const url = new URL('socket.io/', base);
  const talk = conversation({ id, room, say }, events);
  /** @type {any} */
  let socket = null;
  let done = false;

  loadClient().then(open, (error) => end({ code: 0, reason: error.message }));

  function open(io) {
    if (done) return;
    // Coming back is the session's matter, as on every wire: it has to join again anyway.
    socket = io(url.origin, { path: url.pathname, forceNew: true, reconnection: false });
    socket.on('connect', () => {
      const { engine } = socket.io;
      log.note('socket open', `${url.href} ${engine.transport.name}`);
      engine.on('upgrade', ({ name }) => log.note('upgrade', name));
      emit('join', talk.greeting);
    });
    socket.onAny(received);
    socket.on('connect_error', (error) => {
      // The server's refusal of the namespace has data of its own; everything else is the transport's.
      if ('data' in error) events.refused({ message: error.message, code: error.data?.code });
      else end({ code: 0, reason: error.message });
    });
    socket.on('disconnect', (reason, details) => end({ code: details?.context?.code ?? 0, reason }));
  }

  /** @param {string} event @param {any[]} values */
  function received(event, ...values) {
    if (done) return;
    const [message] = values;
    note('in', event, values);
    if (message === null || typeof message !== 'object') return;
    if (event === 'message') talk.heard(message);
    else talk.told({ ...message, type: event });
  }

  function say(message) {
    return emit('message', message);
  }

  function emit(event, message) {
    if (done || !socket?.connected) return false;
    note('out', event, [message]);
    socket.emit(event, message);
    return true;
  }

  /** In the log a `message` goes by what it says. */
  function note(direction, event, values) {
    const [message] = values;
    const type = (event === 'message' && message?.type) || event;
    log.add({ direction, type: String(type), peer: talk.peerOf(message), text: JSON.stringify([event, ...values]) });
  }

  function end({ code, reason }) {
    if (done) return;
    done = true;
    log.note('socket closed', code ? `${code} ${reason}` : reason);
    events.closed({ code, reason });
  }

  return {
    send: talk.send,
    leave: () => emit('leave', talk.goodbye),
    close() {
      if (!done) log.note('socket closed', 'by this page');
      done = true;
      socket?.disconnect();
    },
  };
}

/** @returns {Promise<any>} the client's `io`; an attempt that failed is made anew the next time */
function loadClient() {
  if ('io' in globalThis) return Promise.resolve(globalThis.io);
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = CLIENT.href;
    script.onload = () => resolve(globalThis.io);
    script.onerror = () => {
      script.remove();
      reject(new Error('the Socket.IO client could not be loaded'));
    };
    document.head.append(script);
  });
}
