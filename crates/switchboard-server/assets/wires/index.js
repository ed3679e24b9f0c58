/**
 * The wires this page speaks. A wire turns its own messages into the page's small language and
 * back; nothing else in the page knows a field name of a wire. A new wire is one file and one line.
 *
 * @typedef {{id: string, role?: string}} Member somebody else in the room
 *
 * @typedef {{kind: 'description', description: {type: 'offer' | 'answer', sdp: string}}
 *   | {kind: 'candidate', candidate: RTCIceCandidateInit}
 *   | {kind: 'chat', text: string}
 *   | {kind: 'other', type: string}} Meaning what one peer says to another
 *
 * @typedef {{message: string, code?: string, about?: string}} Refusal the server's `error`;
 *   `about` is the peer that was addressed, where the error is about one message only
 *
 * @typedef {{code: number, reason: string}} End how a connection ended (WebSocket close code)
 *
 * @typedef {object} Events what a wire tells
 * @property {(joined: {id: string, peers: Member[] | null}) => void} joined the room is ours; `peers`
 *   are the others, or null where the wire gives no roster
 * @property {(member: Member) => void} arrived
 * @property {(id: string) => void} departed
 * @property {(from: string, meaning: Meaning) => void} signal
 * @property {(refusal: Refusal) => void} refused
 * @property {(reason: string) => void} dismissed the server put us out of the room
 * @property {(end: End) => void} closed once, and never after `close()`
 *
 * @typedef {object} Connection one live connection on a wire
 * @property {(to: string | null, meaning: Meaning) => boolean} send to one peer, or to all with null;
 *   false when nothing could be sent
 * @property {() => boolean} leave says goodbye to the room
 * @property {() => void} close ends the connection; no event follows
 *
 * @typedef {object} Wire
 * @property {string} name as in `?wire=`
 * @property {(introduction: {base: URL, id: string, room: string, log: import('../log.js').Log},
 *   events: Events) => Connection} connect opens a connection and joins the room
 */

import { join } from './join.js';
import { joinRoom } from './join-room.js';
import { path } from './path.js';
import { register } from './register.js';
import { socketio } from './socketio.js';

/** @type {readonly Wire[]} The first is the default. */
export const WIRES = [register, joinRoom, join, socketio, path];

/** @param {string | null} name @returns {Wire} the named wire, or the default for an unknown name */
export function wireNamed(name) {
  return WIRES.find((wire) => wire.name === name) ?? WIRES[0];
}
