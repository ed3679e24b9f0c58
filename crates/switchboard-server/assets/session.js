/**
 * Being in a room, across connections: when the server goes away, the page comes back by itself,
 * registers and joins again. Attempts are spaced out and jittered, so that a restarted server is
 * not met by everybody at once.
 */

/** Delay before the first attempt and the longest, ms. */
const SHORTEST = 500;
const LONGEST = 10000;
/** Close codes by which the server says: not again in this way; or that its business with us is done. */
const FINAL = { first: 4100, last: 4199, done: 1000 };
/** How long connecting and joining may take together, ms. */
const PATIENCE = 10000;

/**
 * @typedef {'out' | 'connecting' | 'joined' | 'waiting'} State `waiting` is between two attempts
 *
 * @typedef {object} SessionEvents
 * @property {(state: State) => void} state
 * @property {(joined: {id: string, peers: import('./wires/index.js').Member[] | null, again: boolean}) => void} joined
 * @property {(member: import('./wires/index.js').Member) => void} arrived
 * @property {(id: string) => void} departed
 * @property {(from: string, meaning: import('./wires/index.js').Meaning) => void} signal
 * @property {(refusal: import('./wires/index.js').Refusal, turnedAway: boolean) => void} refused
 *   `turnedAway`: the server will not have us (any more), and the session is over
 * @property {(end: import('./wires/index.js').End, delay: number) => void} lost the connection is
 *   gone; the next attempt comes in `delay` ms
 */

export class Session {
  /** @type {State} */
  state = 'out';

  #base;
  #log;
  #events;
  /** @type {import('./wires/index.js').Wire | null} */
  #wire = null;
  /** @type {import('./wires/index.js').Connection | null} */
  #connection = null;
  #id = '';
  #room = '';
  #failures = 0;
  #hasJoined = false;
  #timer = 0;

  /**
   * @param {{base: URL, log: import('./log.js').Log}} way
   * @param {SessionEvents} events
   */
  constructor({ base, log }, events) {
    this.#base = base;
    this.#log = log;
    this.#events = events;
  }

  /** @param {string} id @param {string} room @param {import('./wires/index.js').Wire} wire */
  join(id, room, wire) {
    this.leave();
    this.#id = id;
    this.#room = room;
    this.#wire = wire;
    this.#failures = 0;
    this.#hasJoined = false;
    this.#attempt();
  }

  leave() {
    clearTimeout(this.#timer);
    if (this.state === 'joined') this.#connection?.leave();
    this.#drop();
    this.#become('out');
  }

  /** Does not wait for the next attempt; a running connection is given up for a new one. */
  retryNow() {
    if (this.state === 'out' || this.state === 'connecting') return;
    this.#attempt();
  }

  /**
   * @param {string | null} to one peer, or everybody
   * @param {import('./wires/index.js').Meaning} meaning
   * @returns {boolean} false while there is no way to send
   */
  send(to, meaning) {
    return this.state === 'joined' && this.#connection !== null && this.#connection.send(to, meaning);
  }

  #attempt() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#become('connecting');
    const introduction = { base: this.#base, id: this.#id, room: this.#room, log: this.#log };
    this.#connection = this.#wire.connect(introduction, {
      joined: ({ id, peers }) => {
        if (this.state === 'joined') return;
        clearTimeout(this.#timer);
        const again = this.#hasJoined;
        this.#failures = 0;
        this.#hasJoined = true;
        this.#become('joined');
        this.#events.joined({ id, peers, again });
      },
      arrived: this.#events.arrived,
      departed: this.#events.departed,
      signal: this.#events.signal,
      refused: (refusal) => this.#refused(refusal),
      dismissed: (reason) => this.#over({ message: reason }),
      closed: (end) => this.#closed(end),
    });
    this.#timer = setTimeout(() => this.#lost({ code: 0, reason: 'no answer in time' }), PATIENCE);
  }

  #refused(refusal) {
    const turnedAway = this.state === 'connecting' && !this.#hasJoined;
    if (turnedAway) this.leave();
    this.#events.refused(refusal, turnedAway);
    if (this.state === 'connecting') this.#lost({ code: 0, reason: refusal.message });
  }

  #closed(end) {
    const final = end.code === FINAL.done || (end.code >= FINAL.first && end.code <= FINAL.last);
    if (final) this.#over({ message: end.reason, code: String(end.code) });
    else this.#lost(end);
  }

  /** There is nobody left to say goodbye to. @param {import('./wires/index.js').Refusal} refusal */
  #over(refusal) {
    this.#drop();
    this.leave();
    this.#events.refused(refusal, true);
  }

  #lost(end) {
    clearTimeout(this.#timer);
    this.#drop();
    const ceiling = Math.min(LONGEST, SHORTEST * 2 ** this.#failures);
    this.#failures += 1;
    const delay = Math.round(ceiling * (0.5 + Math.random() / 2));
    this.#become('waiting');
    this.#timer = setTimeout(() => this.#attempt(), delay);
    this.#log.note('next attempt', `${(delay / 1000).toFixed(1)} s`);
    this.#events.lost(end, delay);
  }

  #drop() {
    this.#connection?.close();
    this.#connection = null;
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#events.state(state);
  }
}
