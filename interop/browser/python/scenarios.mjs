/**
 * Calls between a tab and a Python peer, each as a program of its own that runs in a network of its
 * own: `node scenarios.mjs NAME`. What is to be judged is printed as one JSON object.
 */

import { Tab, withBrowser } from '../support.mjs';
import { PythonPeer } from './python-peer.mjs';

const room = 'room_001';

export const SCENARIOS = {
  'receiver comes to a tab on register': () => receiverComes('register'),
  'receiver comes to a tab on join-room': () => receiverComes('join-room'),
  'tab comes to receiver': async () => {
    const id='receiver_001';
    await withBrowser(async ({ server, browser }) => {
    await PythonPeer.with('receiver', { server, id, room }, async (receiver) => {
      const tab = await Tab.joined(browser, server.url, { name: 'ann', room });
      await tab.inCallWith(id);
      print(await receiver.tells('seen'));
      await receiver.leave();
      await isGone(tab, id);
    });});
  },
  'sender ann': () => senderComes('ann', 'register', 'H264'),
  'sender tom': () => senderComes('tom', 'register', 'VP8'),
  'sender join ann': () => senderComes('ann', 'join-room', 'H264'),
  'sender join tom': () => senderComes('tom', 'join-room', 'VP8'),
};
function senderComes(name, wire, codec) {
  const id = 'sender_001';
  return withBrowser(async ({ server, browser }) => {
    const tab = await Tab.joined(browser, server.url, { name, room, wire });
    await PythonPeer.with('sender', { server, id, room, codec }, async (sender) => {
      await tab.inCallWith(id);
      await tab.seesMovingVideoOf(id);
      await sender.leave();
      await isGone(tab, id);
      console.log((await tab.log()).map(({ time, direction, type, peer, text }) => `  ${time} ${direction} ${type} ${peer ?? ''} ${text.slice(0, 1200)}`).join('\n'), tab.errors);
    });
  });
}

/** The tab is there first, so the tab offers. */
function receiverComes(wire) {
  const id = 'receiver_001';
  return withBrowser(async ({ server, browser }) => {
    const tab = await Tab.joined(browser, server.url, { name: 'ann', room, wire });
    await PythonPeer.with('receiver', { server, id, room }, async (receiver) => {
      await tab.inCallWith(id);
      print(await receiver.tells('seen'));
      await receiver.leave();
      await isGone(tab, id);
    });
  });
}

async function isGone(tab, id) {
  await tab.inCallWith();
}
function print(x) { console.log(JSON.stringify(x)); }

await SCENARIOS[process.argv[2]]();
