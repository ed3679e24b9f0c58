/** Being in a room: ties the session, the call and what is seen of them together. */

import { BASE } from './address.js';
import { Call } from './call.js';
import { chatView } from './chat-view.js';
import { part } from './dom.js';
import { t } from './i18n.js';
import { fetchIceServers } from './ice.js';
import { refreshNotices, tell, untell } from './notices.js';
import { drawPeople } from './people-view.js';
import { Session } from './session.js';
import { isStill, reading } from './statistics.js';
import { tileGrid } from './tiles.js';

/** How often the facts under the pictures are read, ms. */
const STATISTICS = 2000;
/** TURN credentials may end while a call goes on; new ones are fetched before a restart needs them, ms. */
const ICE_RENEWAL = 600000;

/**
 * @param {{
 *   media: import('./media.js').Media,
 *   log: import('./log.js').Log,
 *   stateChanged(): void,
 *   unread(): void,
 *   turnedAway(): void,
 * }} surroundings `turnedAway`: the server will not have us, and the room is left already
 */
export function roomOf({ media, log, stateChanged, unread, turnedAway }) {
  /** @type {Map<string, import('./statistics.js').LinkStatistics>} */
  const statistics = new Map();
  let self = '';
  /** Whether the server has let us in since we entered. */
  let admitted = false;
  let roomName = '';
  let drawn = new Set();
  let nextAttempt = 0;
  /** Counts entering and leaving, so that a slow entrance notices that it was called off. */
  let visit = 0;
  /** @type {number[]} */
  let timers = [];

  const tiles = tileGrid(() =>
    tell('sound', { kind: 'info', key: 'notice.sound', actions: [{ key: 'notice.soundOn', run: () => tiles.playAll() }] }),
  );
  const chat = chatView({ send: say, unread });
  const call = new Call({
    media,
    send: (to, meaning) => session.send(to, meaning),
    changed: draw,
    note: (type, detail) => log.note(type, detail),
  });
  const session = new Session(
    { base: BASE, log },
    {
      state: stateChanged,
      joined({ id, peers, again }) {
        self = id;
        admitted = true;
        untell('server');
        if (again) {
          tell('back', { kind: 'info', key: 'notice.back', seconds: 4 });
          renewIceServers();
        }
        call.begin(id, peers);
      },
      arrived: (member) => call.arrived(member),
      departed: (id) => call.departed(id),
      signal(from, meaning) {
        if (meaning.kind === 'chat') chat.message(from, meaning.text, false);
        else call.receive(from, meaning);
      },
      refused,
      lost({ code, reason }, delay) {
        nextAttempt = Date.now() + delay;
        const why = [code || '', reason].filter(Boolean).join(' ');
        tell('server', {
          kind: 'error',
          key: admitted ? 'notice.gone' : 'notice.unreachable',
          values: () => ({ why, seconds: Math.max(0, Math.ceil((nextAttempt - Date.now()) / 1000)) }),
          actions: [{ key: 'notice.retry', run: () => session.retryNow() }],
        });
      },
    },
  );

  /** @param {import('./wires/index.js').Refusal} refusal */
  function refused({ message, code, about }, over) {
    // A message to somebody who has just left is no trouble of the user's; the log has it.
    if (about !== undefined) return;
    tell('refused', {
      kind: 'error',
      key: 'notice.refused',
      values: () => ({ message, code: code ? ` (${code})` : '' }),
      seconds: over ? undefined : 12,
    });
    if (over) {
      leave();
      turnedAway();
    }
  }

  /** @param {string} text @returns {boolean} whether it was sent */
  function say(text) {
    const sent = session.send(null, { kind: 'chat', text });
    if (sent) chat.message(self, text, true);
    else tell('unsent', { kind: 'error', key: 'notice.unsent', seconds: 6 });
    return sent;
  }

  async function renewIceServers() {
    call.iceServers = await fetchIceServers(log);
    for (const { link } of call.peers.values()) link.useIceServers(call.iceServers);
  }

  async function readStatistics() {
    for (const { id, link } of [...call.peers.values()]) {
      if (!link.closed) statistics.set(id, await reading(link.pc, statistics.get(id)));
    }
    draw();
  }

  function draw() {
    if (session.state === 'out') return;
    const peers = [...call.peers.values()];
    announce(new Set(call.peers.keys()));
    drawPeople(self, peers, statistics);
    tiles.draw([
      {
        id: self,
        own: true,
        stream: media.stream,
        mirrored: !media.sharing && media.sources.video !== 'pattern',
        state: 'connected',
        muted: media.track('audio') === null || media.muted('audio'),
        hidden: media.muted('video'),
      },
      ...peers.map(({ id, link }) => ({
        id,
        own: false,
        stream: link.stream,
        hidden: isStill(statistics.get(id)),
        state: link.state,
        facts: link.state === 'connected' ? pictureFacts(statistics.get(id)) : t(`link.${link.state}`),
      })),
    ]);
  }

  /** Tells the chat who came and went since the last drawing. */
  function announce(present) {
    for (const id of drawn) if (!present.has(id)) chat.event('left', id);
    for (const id of present) if (!drawn.has(id)) chat.event('here', id);
    drawn = present;
  }

  function leave() {
    visit += 1;
    for (const timer of timers) clearInterval(timer);
    timers = [];
    session.leave();
    call.end();
    statistics.clear();
    drawn = new Set();
    self = '';
    admitted = false;
    tiles.draw([]);
    for (const topic of ['server', 'back', 'unsent', 'sound']) untell(topic);
  }

  return {
    call,
    session,
    statistics,
    draw,
    leave,
    get self() {
      return self;
    },
    get name() {
      return roomName;
    },
    /** @param {string} id @param {string} room @param {import('./wires/index.js').Wire} wire */
    async enter(id, room, wire) {
      self = id;
      roomName = room;
      part('room-title').textContent = room;
      part('log-wire').textContent = wire.name;
      chat.clear();
      const current = ++visit;
      call.iceServers = await fetchIceServers(log);
      if (current !== visit) return;
      session.join(id, room, wire);
      timers = [
        setInterval(readStatistics, STATISTICS),
        setInterval(renewIceServers, ICE_RENEWAL),
        setInterval(refreshNotices, 500),
      ];
    },
    /** The network came back: an old connection is probably dead, and nobody would say so. */
    reconnect() {
      session.retryNow();
    },
  };
}

function pictureFacts(found) {
  if (!found || found.width === 0 || isStill(found)) return '';
  return `${found.width}×${found.height} · ${Math.round(found.framesPerSecond)} fps`;
}
