/** The page: puts the lobby, the room and the header together. */

import { inviteLink, keepInAddress, readAddress } from './address.js';
import { copy } from './clipboard.js';
import { controls } from './controls.js';
import { exposeForTests } from './debug.js';
import { part } from './dom.js';
import { chooseLanguage, currentLanguage, onLanguage, t, translate } from './i18n.js';
import { lobby } from './lobby.js';
import { Log } from './log.js';
import { logView } from './log-view.js';
import { Media } from './media.js';
import { recall, remember } from './memory.js';
import { tell } from './notices.js';
import { roomOf } from './room.js';

const wishes = readAddress();
const log = new Log();
const media = new Media(mediaChanged, (kind) =>
  tell('media', { kind: 'error', key: `notice.lost.${kind}`, seconds: 15 }),
);
const room = roomOf({
  media,
  log,
  stateChanged: drawState,
  unread: () => {
    if (document.body.dataset.panel !== 'chat') part('tab-chat').classList.add('unread');
  },
  turnedAway: backToLobby,
});
const buttons = controls({
  media,
  name: () => room.self,
  invite: () => copyAndTell(inviteLink(room.name)),
  leave: () => {
    room.leave();
    backToLobby();
  },
});
const entrance = lobby({ wishes, media, enter });

translate();
logView(log, copyAndTell);
drawState();
buttons.draw();
wirePanels();
wireHeader();
window.addEventListener('pagehide', () => room.leave());
window.addEventListener('online', () => room.reconnect());
if (!('RTCPeerConnection' in window)) tell('webrtc', { kind: 'error', key: 'notice.noWebrtc' });
exposeForTests({ room, media, log, ready: entrance.ready });

async function enter(name, roomName, wire) {
  keepInAddress(name, roomName, wire);
  document.body.dataset.view = 'room';
  showPanel('call');
  await room.enter(name, roomName, wire);
}

function backToLobby() {
  buttons.close();
  media.close();
  document.body.dataset.view = 'lobby';
  entrance.reopen();
}

function mediaChanged() {
  buttons.draw();
  room.call.republish();
  room.draw();
}

function drawState() {
  const { state } = room.session;
  const pill = part('state');
  pill.dataset.state = state;
  pill.textContent = state === 'out' ? '' : t(`state.${state}`, { room: room.name });
  room.draw();
}

async function copyAndTell(text) {
  if (await copy(text)) tell('copied', { kind: 'info', key: 'notice.copied', seconds: 3 });
  else tell('copied', { kind: 'error', key: 'notice.notCopied', values: () => ({ text: text.slice(0, 300) }) });
}

/** On a phone one section shows at a time; on a wide screen all do, and the log folds. */
function wirePanels() {
  for (const tab of document.querySelectorAll('[data-shows]')) {
    tab.addEventListener('click', () => showPanel(/** @type {HTMLElement} */ (tab).dataset.shows));
  }
  const fold = (folded) => {
    document.body.classList.toggle('log-folded', folded);
    part('log-fold').setAttribute('aria-expanded', String(!folded));
  };
  part('log-fold').addEventListener('click', () => {
    const folded = !document.body.classList.contains('log-folded');
    fold(folded);
    remember('log', folded ? 'folded' : 'open');
  });
  fold(recall('log') === 'folded');
}

function showPanel(panel) {
  document.body.dataset.panel = panel;
  for (const tab of document.querySelectorAll('[data-shows]')) {
    const selected = /** @type {HTMLElement} */ (tab).dataset.shows === panel;
    tab.setAttribute('aria-current', String(selected));
    if (selected) tab.classList.remove('unread');
  }
}

function wireHeader() {
  part('language').addEventListener('click', () => chooseLanguage(currentLanguage() === 'en' ? 'zh' : 'en'));
  part('theme').addEventListener('click', () => {
    const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    remember('theme', theme);
  });
  onLanguage(drawState);
}
