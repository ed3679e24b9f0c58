/** Row X.1 in its first form: tabs on different wires meet in one room and are in one call. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, Tab, withBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };

for (const [first, second] of [
  ['join-room', 'register'],
  ['register', 'join-room'],
  ['join-room', 'join-room'],
]) {
  test(`a tab on ${first} and a later one on ${second} are in one call`, limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'mixed', wire: first });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'mixed', wire: second, media: 'pattern' });
      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      await ann.seesMovingVideoOf('bob');
      await bob.seesMovingVideoOf('ann');
      await ann.say('from ann');
      await bob.hears('ann', 'from ann');
      await bob.say('from bob');
      await ann.hears('bob', 'from bob');
      assert.equal(await offers(ann, 'out'), 1, 'who is present offers, once');
      assert.equal(await offers(bob, 'out'), 0, 'the newcomer waits');

      await ann.leave();
      await bob.inCallWith();
    }));
}

test('three tabs on two wires are a full mesh, whichever came first', limit, () =>
  withBrowser(async ({ server, browser }) => {
    const wires = { ann: 'join-room', bob: 'register', cyd: 'join-room' };
    const names = Object.keys(wires);
    const tabs = [];
    for (const name of names) {
      tabs.push(await Tab.joined(browser, server.url, { name, room: 'mesh', wire: wires[name], media: 'pattern' }));
    }
    for (const tab of tabs) {
      const others = names.filter((name) => name !== tab.name);
      await tab.inCallWith(...others);
      for (const other of others) await tab.seesMovingVideoOf(other);
    }
    await tabs[2].close();
    await tabs[0].inCallWith('bob');
    await tabs[1].inCallWith('ann');
  }));

async function offers(tab, direction) {
  return (await tab.log()).filter((entry) => entry.direction === direction && entry.type === 'offer').length;
}
