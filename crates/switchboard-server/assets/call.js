/**
 * The full mesh: one link to every other member of the room, through arrivals, departures and
 * interruptions of signaling.
 *
 * One rule decides who speaks first, on every wire: members present offer to the newcomer. The
 * newcomer waits a moment, and offers itself only to those who then have not.
 */

import { Link, sessionOf } from './link.js';

/** How long a newcomer waits for the members present to offer, ms. */
const FIRST_OFFER = 3000;
/** How long someone may be missing after an interruption before it counts as gone, ms. */
const ABSENCE = 15000;

/**
 * @typedef {import('./wires/index.js').Member} Member
 * @typedef {import('./wires/index.js').Meaning} Meaning
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} [role]
 * @property {Link} link
 * @property {number} timer one pending step about this peer: a first offer, or its removal
 */

export class Call {
  /** By id, in the order of arrival. @type {Map<string, Peer>} */
  peers = new Map();
  /** @type {RTCIceServer[]} */
  iceServers = [];

  #media;
  #send;
  #changed;
  #note;
  #self = '';

  /**
   * @param {{
   *   media: import('./media.js').Media,
   *   send(to: string, meaning: Meaning): boolean,
   *   changed(): void,
   *   note(type: string, detail: string): void,
   * }} surroundings `changed` is called whenever `peers` or the state of a link changed
   */
  constructor({ media, send, changed, note }) {
    this.#media = media;
    this.#send = send;
    this.#changed = changed;
    this.#note = note;
  }

  /**
   * The room is joined, for the first time or again. Links that still carry media are kept.
   * @param {string} self our id in the room
   * @param {Member[] | null} members the others present; null where the wire does not say
   */
  begin(self, members) {
    if (self !== this.#self) this.end();
    this.#self = self;
    for (const peer of this.peers.values()) {
      peer.link.useIceServers(this.iceServers);
      peer.link.resume();
      this.#later(peer, ABSENCE, () => this.departed(peer.id));
    }
    for (const member of members ?? []) {
      const peer = this.#peer(member);
      this.#later(peer, FIRST_OFFER, () => {
        if (peer.link.unsettled) peer.link.offer();
      });
    }
    this.#changed();
  }

  /** Somebody joined: we were here first, so we offer. @param {Member} member */
  arrived(member) {
    if (member.id === this.#self) return;
    const known = this.peers.get(member.id);
    if (known && known.link.state !== 'connected') this.#renew(known);
    const peer = this.#peer(member);
    this.#settle(peer);
    // For a link that survived, this offer finds out whether the other end survived as well.
    peer.link.offer();
    this.#changed();
  }

  /** @param {string} id */
  departed(id) {
    const peer = this.peers.get(id);
    if (!peer) return;
    this.#settle(peer);
    peer.link.close();
    this.peers.delete(id);
    this.#changed();
  }

  /**
   * @param {string} from
   * @param {Meaning} meaning an offer, an answer or a candidate
   */
  receive(from, meaning) {
    if (from === this.#self) return;
    const known = this.peers.has(from);
    // A stray answer or candidate does not make a member; an offer does.
    if (!known && !(meaning.kind === 'description' && meaning.description.type === 'offer')) return;
    const peer = this.#peer({ id: from });
    if (meaning.kind === 'description') {
      this.#settle(peer);
      const { type, sdp } = meaning.description;
      const { remoteSession } = peer.link;
      if (remoteSession !== null && remoteSession !== sessionOf(sdp)) {
        // The peer began anew; what our connection was agreed with is gone.
        this.#renew(peer);
        if (type === 'answer') {
          peer.link.offer();
          return;
        }
      }
    }
    peer.link.receive(meaning);
    if (!known) this.#changed();
  }

  /** The local tracks changed. */
  republish() {
    for (const { link } of this.peers.values()) link.publish();
  }

  /** Negotiates with everybody anew, with fresh candidates. */
  renegotiate() {
    for (const { link } of this.peers.values()) link.offer();
  }

  end() {
    for (const id of [...this.peers.keys()]) this.departed(id);
  }

  /** @param {Member} member */
  #peer({ id, role }) {
    let peer = this.peers.get(id);
    if (!peer) {
      peer = { id, role, link: this.#link(id), timer: 0 };
      this.peers.set(id, peer);
    }
    peer.role = role ?? peer.role;
    return peer;
  }

  #link(id) {
    return new Link({
      self: this.#self,
      peer: id,
      iceServers: this.iceServers,
      media: this.#media,
      send: (meaning) => this.#send(id, meaning),
      renew: (meanings = []) => {
        const peer = this.peers.get(id);
        if (!peer) return;
        this.#renew(peer);
        if (meanings.length === 0) peer.link.offer();
        for (const meaning of meanings) peer.link.receive(meaning);
      },
      changed: this.#changed,
      note: this.#note,
    });
  }

  /** @param {Peer} peer */
  #renew(peer) {
    peer.link.close();
    peer.link = this.#link(peer.id);
  }

  /** @param {Peer} peer */
  #later(peer, delay, step) {
    clearTimeout(peer.timer);
    peer.timer = setTimeout(step, delay);
  }

  /** @param {Peer} peer */
  #settle(peer) {
    clearTimeout(peer.timer);
  }
}
