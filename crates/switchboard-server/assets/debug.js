/**
 * `window.switchboard`: a view of the page's state for tests and for the curious in the console.
 *
 * | member | what |
 * | --- | --- |
 * | `ready` | a promise: the page is set up |
 * | `state` | of the session: `out`, `connecting`, `joined`, `waiting` |
 * | `self` | our id in the room |
 * | `peers` | `[{id, role, state, signaling, remoteSession}]` |
 * | `stats()` | a promise of `{[peer]: LinkStatistics}`, read now |
 * | `log` | `[{time, direction, type, peer, text}]`, see log.js |
 * | `sources` | what is sent, see media.js |
 * | `renegotiate()` | offers to every peer at once |
 * | `reconnect()` | gives up the connection to the server for a new one, without a goodbye |
 */

import { statisticsOf } from './statistics.js';

/** @param {{room: any, media: import('./media.js').Media, log: import('./log.js').Log, ready: Promise<void>}} page */
export function exposeForTests({ room, media, log, ready }) {
  /** @type {any} */ (window).switchboard = {
    ready,
    get state() {
      return room.session.state;
    },
    get self() {
      return room.self;
    },
    get peers() {
      return [...room.call.peers.values()].map(({ id, role, link }) => ({
        id,
        role,
        state: link.state,
        signaling: link.pc.signalingState,
        remoteSession: link.remoteSession,
      }));
    },
    async stats() {
      const all = {};
      for (const { id, link } of room.call.peers.values()) all[id] = await statisticsOf(link.pc);
      return all;
    },
    get sources() {
      return { ...media.sources };
    },
    get log() {
      return log.entries.map(({ time, direction, type, peer, text }) => ({ time, direction, type, peer, text }));
    },
    renegotiate: () => room.call.renegotiate(),
    reconnect: () => room.reconnect(),
  };
}
