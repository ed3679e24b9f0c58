/**
 * The signaling log: what went over the wire, both ways, and what happened to the connection.
 * Bounded: the oldest entries go first.
 */

/** Entries kept. */
export const CAPACITY = 500;

/**
 * @typedef {object} Entry
 * @property {number} number counts up from 1 and is never used again
 * @property {Date} time
 * @property {'in' | 'out' | 'note'} direction `note` is about the connection, not a message
 * @property {string} type the message's `type`, or what is noted
 * @property {string} [peer] whom it is from, to or about
 * @property {string} text the frame as it travelled; for a note, its detail
 * @property {number} size bytes of the frame
 */

export class Log {
  /** @type {Entry[]} */
  entries = [];

  #count = 0;
  #listeners = new Set();
  #encoder = new TextEncoder();

  /** @param {{direction: Entry['direction'], type: string, peer?: string, text: string}} entry */
  add(entry) {
    const size = this.#encoder.encode(entry.text).length;
    const added = { ...entry, number: ++this.#count, time: new Date(), size };
    this.entries.push(added);
    if (this.entries.length > CAPACITY) this.entries.shift();
    for (const listener of this.#listeners) listener(added);
  }

  /** @param {string} type @param {string} [detail] */
  note(type, detail = '') {
    this.add({ direction: 'note', type, text: detail });
  }

  clear() {
    this.entries = [];
    for (const listener of this.#listeners) listener(null);
  }

  /** @param {(added: Entry | null) => void} listener null when the log was cleared */
  listen(listener) {
    this.#listeners.add(listener);
  }
}

/** @param {Entry} entry @param {string} filter matches type, peer or text, in any case */
export function matches(entry, filter) {
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') return true;
  return [entry.type, entry.peer ?? '', entry.text].some((field) => field.toLowerCase().includes(wanted));
}

/** One line per entry, for the clipboard. @param {Entry[]} entries */
export function asText(entries) {
  return entries
    .map(({ time, direction, type, peer, text }) => {
      const what = direction === 'note' ? `${type} ${text}` : text;
      return `${time.toISOString()} ${ARROWS[direction]} ${peer ? `[${peer}] ` : ''}${what}`;
    })
    .join('\n');
}

export const ARROWS = { in: '←', out: '→', note: '·' };
