/**
 * One peer connection to one other member, by perfect negotiation (W3C webrtc-pc, "Perfect
 * Negotiation Example"): either side may offer at any time; of two offers that cross, the polite
 * side takes back its own and the impolite side ignores the other's. A peer which does not know that
 * example neither takes back nor answers: the impolite side then gives way after a while.
 *
 * Who is present offers to a newcomer, so a link starts waiting and offers only when told to.
 */

/**
 * @typedef {import('./wires/index.js').Meaning} Meaning
 * @typedef {{
 *   self: string, peer: string,
 *   iceServers: RTCIceServer[],
 *   media: import('./media.js').Media,
 *   send(meaning: Meaning): boolean,
 *   renew(meanings?: Meaning[]): void,
 *   changed(): void,
 *   note(type: string, detail: string): void,
 * }} Surroundings `renew` replaces this link by a new one, which takes what the peer has said, or else
 *   offers
 */

/** How long the impolite side waits for the answer that is due after offers crossed, ms. */
const ANSWER = 5000;

export class Link {
  /** The remote description's session, see {@link sessionOf}; null before the first one. @type {string | null} */
  remoteSession = null;
  /** What arrives from the peer. @type {MediaStream | null} */
  stream = null;
  closed = false;

  #to;
  #polite;
  #mayOffer = false;
  #making = false;
  #ignoring = false;
  /** The offer that is being ignored, and its candidates. @type {Meaning[]} */
  #ignored = [];
  #surrender = 0;
  /** The offer on its way turns a direction of the running call. */
  #turning = false;
  /** Something to negotiate came up while no offer could be sent. */
  #wanted = false;
  /** @type {RTCIceCandidateInit[]} */
  #early = [];
  #inbox = Promise.resolve();
  #repair = 0;

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.#to = surroundings;
    // Any rule does, so long as both ends come to opposite answers.
    this.#polite = surroundings.self < surroundings.peer;
    this.pc = new RTCPeerConnection({ iceServers: surroundings.iceServers });
    this.pc.onnegotiationneeded = () => this.#offer();
    this.pc.onicecandidate = ({ candidate }) => {
      // The end of candidates is not sent: some peers fail on it, and none needs it.
      if (candidate?.candidate) this.#to.send({ kind: 'candidate', candidate: candidate.toJSON() });
    };
    this.pc.ontrack = () => this.#collect();
    this.pc.onsignalingstatechange = () => {
      if (this.pc.signalingState !== 'stable') return;
      this.#turning = false;
      this.#collect();
    };
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === 'failed') this.#restartSoon();
      surroundings.changed();
    };
  }

  /** RTCPeerConnectionState. */
  get state() {
    return this.pc.connectionState;
  }

  /** Whether a negotiation is owed to the peer, or the first one has yet to come. */
  get unsettled() {
    return this.#wanted || this.remoteSession === null || this.state === 'failed';
  }

  /** Starts the call from this side, or negotiates a running one anew with fresh candidates. */
  async offer() {
    this.#mayOffer = true;
    await this.publish();
    if (this.closed) return;
    if (this.remoteSession !== null) this.pc.restartIce();
    if (this.#wanted) await this.#offer();
  }

  /**
   * Brings the senders in line with the local tracks. What once was sent may stop and start again
   * without a negotiation; only the first track of a kind needs one, which starts by itself.
   */
  async publish() {
    const { media } = this.#to;
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      if (this.closed) return;
      const track = media.track(kind);
      const transceiver = this.#transceiver(kind);
      if (!transceiver) {
        // Without a track there must still be a way in for the peer's, if we are the ones to offer.
        if (track) this.pc.addTrack(track, media.stream);
        else if (this.#mayOffer) this.pc.addTransceiver(kind, { direction: 'recvonly' });
        continue;
      }
      if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
      if (this.closed) return;
      if (!track || transceiver.direction === 'sendrecv') continue;
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams?.(media.stream);
      this.#turning = this.pc.signalingState !== 'have-remote-offer';
    }
  }

  /**
   * Takes an offer, answer or candidate of the peer. One after another, in the order they came.
   * @param {Meaning} meaning
   */
  receive(meaning) {
    this.#inbox = this.#inbox
      .then(() => {
        if (this.closed) return;
        if (meaning.kind === 'description') return this.#describe(meaning.description);
        if (meaning.kind === 'candidate') return this.#candidate(meaning.candidate);
      })
      .catch((error) => {
        if (!this.closed) this.#to.note('negotiation', `${this.#to.peer}: ${error.message}`);
      });
  }

  /** The way to the peer is back after an interruption: an offer it may never have seen is void. */
  resume() {
    // In line with what arrives, so that the peer's own offer does not meet the void one.
    this.#inbox = this.#inbox.then(async () => {
      if (this.closed || this.pc.signalingState !== 'have-local-offer') return;
      await this.pc.setLocalDescription({ type: 'rollback' });
      this.#wanted = true;
    });
  }

  /** ICE servers for the next restart: credentials may be short-lived. @param {RTCIceServer[]} iceServers */
  useIceServers(iceServers) {
    try {
      this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers });
    } catch (error) {
      this.#to.note('ice-servers', error.message);
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.#repair);
    clearTimeout(this.#surrender);
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  async #offer() {
    this.#wanted = true;
    if (!this.#mayOffer || this.#making || this.closed) return;
    if (this.pc.signalingState !== 'stable') return;
    this.#making = true;
    try {
      await this.pc.setLocalDescription();
      const { localDescription } = this.pc;
      if (this.closed || localDescription?.type !== 'offer') return;
      this.#wanted = !this.#say(localDescription);
    } catch (error) {
      if (!this.closed) this.#to.note('negotiation', `${this.#to.peer}: ${error.message}`);
    } finally {
      this.#making = false;
    }
  }

  /** @param {{type: 'offer' | 'answer', sdp: string}} description */
  async #describe(description) {
    const { pc } = this;
    const collision = description.type === 'offer' && (this.#making || pc.signalingState !== 'stable');
    this.#ignoring = collision && !this.#polite;
    clearTimeout(this.#surrender);
    this.#ignored = [];
    if (this.#ignoring) {
      this.#ignored.push({ kind: 'description', description });
      this.#surrender = setTimeout(() => this.#giveWay(), ANSWER);
      return;
    }
    if (collision && this.remoteSession === null) {
      // Nothing is lost yet with this connection, and Chromium's is not as new after a rollback: with
      // a peer that has less to offer it may gather no candidates, or fail to offer the rest.
      this.#to.renew([{ kind: 'description', description }]);
      return;
    }
    if (collision && this.#turning && this.remoteSession !== null) {
      // Chromium, having rolled back an offer that turns a direction, decodes the peer's video and
      // shows none of it. A new connection is the way out; its offer tells the peer.
      this.#to.renew();
      return;
    }
    if (description.type === 'answer' && pc.signalingState !== 'have-local-offer') {
      this.#to.note('late answer', this.#to.peer);
      return;
    }
    await pc.setRemoteDescription(description);
    this.remoteSession = sessionOf(description.sdp);
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
    if (description.type === 'offer') {
      this.#mayOffer = true;
      this.#wanted = false;
      await this.publish();
      if (this.closed) return;
      await pc.setLocalDescription();
      if (!this.closed && pc.localDescription) this.#say(pc.localDescription);
    }
    this.#to.changed();
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #candidate(candidate) {
    if (this.#ignoring) this.#ignored.push({ kind: 'candidate', candidate });
    if (!this.pc.remoteDescription && !this.#ignoring) {
      this.#early.push(candidate);
      return;
    }
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      // Candidates of an offer that lost, or of a session that has ended, have nowhere to go.
      if (!this.#ignoring && !this.closed) this.#to.note('candidate', `${this.#to.peer}: ${error.message}`);
    }
  }

  /** @param {RTCSessionDescription} description */
  #say({ type, sdp }) {
    return this.#to.send({
      kind: 'description',
      description: { type: /** @type {'offer' | 'answer'} */ (type), sdp },
    });
  }

  /** The answer did not come: the peer insists on its own offer, so that is the one which counts. */
  #giveWay() {
    if (this.closed || this.pc.signalingState !== 'have-local-offer') return;
    this.#polite = true;
    const meanings = this.#ignored.splice(0);
    if (this.remoteSession === null) this.#to.renew(meanings);
    else for (const meaning of meanings) this.receive(meaning);
  }

  #transceiver(kind) {
    return this.pc
      .getTransceivers()
      .find((transceiver) => transceiver.receiver.track.kind === kind && transceiver.direction !== 'stopped');
  }

  /** What the peer sends now, as one stream, however it grouped its tracks. */
  #collect() {
    if (this.closed) return;
    const tracks = this.pc
      .getTransceivers()
      .filter(({ currentDirection }) => currentDirection === 'sendrecv' || currentDirection === 'recvonly')
      .map(({ receiver }) => receiver.track);
    const same =
      this.stream &&
      tracks.length === this.stream.getTracks().length &&
      tracks.every((track) => this.stream?.getTrackById(track.id));
    if (!same) this.stream = tracks.length > 0 ? new MediaStream(tracks) : null;
    this.#to.changed();
  }

  /** Both ends notice a failure; the polite one gives the other a head start. */
  #restartSoon() {
    clearTimeout(this.#repair);
    this.#repair = setTimeout(
      () => {
        if (!this.closed && this.state === 'failed') this.pc.restartIce();
      },
      this.#polite ? 4000 : 500,
    );
  }
}

/**
 * Which RTCPeerConnection an SDP was made by: the session id of its `o=` line, which stays the same
 * for the life of one (RFC 8829 section 5.2.1). It tells a peer that goes on from one that began anew.
 * @param {string} sdp
 * @returns {string} empty if there is no such line
 */
export function sessionOf(sdp) {
  return /^o=\S+ (\S+) /m.exec(sdp)?.[1] ?? '';
}
