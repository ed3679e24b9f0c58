/**
 * Calls between a tab and a Python peer on the `register` wire. Each is a program of its own, to be
 * run in a network of its own: `node scenarios.mjs NAME` prints what there is to judge as JSON.
 *
 * @typedef {object} Account
 * @property {Record<string, any>} [seen] what a receiver got, see peer.py
 * @property {string[]} events who came and went, as the tab's chat tells
 * @property {string[]} errors of the tab
 */

import { Tab, withBrowser } from '../support.mjs';
import { PythonPeer } from './python-peer.mjs';

const RECEIVER = 'receiver_001';
const SENDER = 'sender_001';
const ROOM = 'room_001';

/** @type {Record<string, () => Promise<Account>>} */
const SCENARIOS = {
  'receiver-comes-to-register': () => receiverComes({ wire: 'register' }),
  'receiver-comes-to-join-room': () => receiverComes({ wire: 'join-room' }),
  'receiver-comes-to-socketio': () => receiverComes({ wire: 'socketio' }),
  'tab-comes-to-receiver': () => tabComesToReceiver({ wire: 'register', role: 'receiver' }),
  'tab-comes-to-receiver-by-path': () => tabComesToReceiver({ wire: 'path', role: 'receiver' }),
  // On this wire a tab that comes is not told who is there: the receiver has to offer.
  'tab-comes-to-offering-receiver': () => tabComesToReceiver({ wire: 'join-room', role: 'offering-receiver' }),
  // Offers cross, and the tab gives way to the sender or not at first: its name decides.
  'sender-comes-to-polite-register': () => senderComes({ name: 'ann', wire: 'register', codec: 'H264' }),
  'sender-comes-to-impolite-register': () => senderComes({ name: 'tom', wire: 'register', codec: 'VP8' }),
  'sender-comes-to-polite-join-room': () => senderComes({ name: 'ann', wire: 'join-room', codec: 'VP8' }),
  'sender-comes-to-impolite-join-room': () => senderComes({ name: 'tom', wire: 'join-room', codec: 'H264' }),
  'tab-comes-to-sender': tabComesToSender,
};

/** Who is there offers: the tab. */
function receiverComes({ wire }) {
  return play(async ({ server, openTab }) => {
    const tab = await openTab({ name: 'ann', wire });
    return PythonPeer.with('receiver', { server, id: RECEIVER, room: ROOM }, (receiver) => sendsTo(tab, receiver));
  });
}

/** The published receiver never offers, so the tab does after a while; another one offers at once. */
function tabComesToReceiver({ wire, role }) {
  return play(({ server, openTab }) =>
    PythonPeer.with(role, { server, id: RECEIVER, room: ROOM }, async (receiver) =>
      sendsTo(await openTab({ name: 'ann', wire }), receiver),
    ),
  );
}

function senderComes({ name, wire, codec }) {
  return play(async ({ server, openTab }) => {
    const tab = await openTab({ name, wire });
    return PythonPeer.with('sender', { server, id: SENDER, room: ROOM, codec }, (sender) => watches(tab, sender));
  });
}

/** The sender offers to whoever comes; on this wire the tab learns of it by that offer only. */
function tabComesToSender() {
  return play(({ server, openTab }) =>
    PythonPeer.with('sender', { server, id: SENDER, room: ROOM }, async (sender) =>
      watches(await openTab({ name: 'tom', wire: 'join-room' }), sender),
    ),
  );
}

/** @param {Tab} tab @param {PythonPeer} receiver @returns {Promise<Account>} */
async function sendsTo(tab, receiver) {
  await tab.inCallWith(RECEIVER);
  const seen = await receiver.tells('seen');
  await receiver.leave();
  return { seen, ...(await accountOf(tab)) };
}

/** @param {Tab} tab @param {PythonPeer} sender @returns {Promise<Account>} */
async function watches(tab, sender) {
  await tab.inCallWith(SENDER);
  await tab.seesMovingVideoOf(SENDER, 30);
  await sender.leave();
  return accountOf(tab);
}

/** Waits until the tab is alone. @param {Tab} tab @returns {Promise<Account>} */
async function accountOf(tab) {
  await tab.inCallWith();
  const events = await tab.page.$$eval('#chat-list .event', (all) => all.map(({ textContent }) => textContent));
  return { events, errors: tab.errors };
}

/**
 * @param {(world: {
 *   server: import('../support.mjs').Server,
 *   openTab(parameters: Record<string, string>): Promise<Tab>,
 * }) => Promise<Account>} scene
 */
async function play(scene) {
  let account;
  await withBrowser(async ({ server, browser }) => {
    const openTab = (parameters) => Tab.joined(browser, server.url, { room: ROOM, ...parameters });
    account = await scene({ server, openTab });
  });
  return account;
}

const scenario = SCENARIOS[process.argv[2]];
if (!scenario) throw new Error(`the scenarios are ${Object.keys(SCENARIOS).join(', ')}`);
console.log(JSON.stringify(await scenario()));
