/** A call outlives the server: tabs come back by themselves, on every wire. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TEST_LIMIT, Tab, withBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };

// Each has a server of its own, and waits more than it computes.
describe('across an interruption', { concurrency: 2 }, () => {
  for (const wire of ['register', 'join-room']) {
    test(`${wire}: the call goes on across a server restart, and a third tab can join it`, limit, () =>
      withBrowser(async ({ server, browser }) => {
        const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'again', wire });
        const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'again', wire });
        await ann.inCallWith('bob');
        await bob.inCallWith('ann');
        const before = await ann.peers();

        await server.stop();
        for (const tab of [ann, bob]) {
          await tab.showsNotice(/The server is gone/);
          await tab.until('waiting', () => tab.state(), (state) => state !== 'joined');
        }
        // Media needs no server.
        await ann.seesMovingVideoOf('bob');
        await ann.say('into the void');
        await ann.showsNotice(/Not sent/);

        await server.start();
        for (const tab of [ann, bob]) await tab.until('joined again', () => tab.state(), (state) => state === 'joined');
        await ann.inCallWith('bob');
        await bob.inCallWith('ann');
        assert.equal((await ann.peers())[0].remoteSession, before[0].remoteSession, 'the connection that ran was kept');
        await ann.say('back again');
        await bob.hears('ann', 'back again');
        await bob.say('me too');
        await ann.hears('bob', 'me too');

        const cyd = await Tab.joined(browser, server.url, { name: 'cyd', room: 'again', wire });
        await cyd.inCallWith('ann', 'bob');
        await cyd.seesMovingVideoOf('ann');
        await cyd.seesMovingVideoOf('bob');
        await ann.seesMovingVideoOf('cyd');
        await ann.seesMovingVideoOf('bob');
        for (const tab of [ann, bob, cyd]) assert.deepEqual(tab.errors, []);
      }));

    test(`${wire}: whoever began anew during the outage is called anew`, limit, () =>
      withBrowser(async ({ server, browser }) => {
        const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'anew', wire });
        const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'anew', wire, media: 'pattern' });
        await ann.inCallWith('bob');
        const before = await ann.peers();

        await server.stop();
        await bob.close();
        await server.start();
        const newBob = await Tab.joined(browser, server.url, { name: 'bob', room: 'anew', wire, media: 'pattern' });
        await newBob.inCallWith('ann');
        await newBob.seesMovingVideoOf('ann');
        await ann.inCallWith('bob');
        await ann.seesMovingVideoOf('bob');
        assert.notEqual((await ann.peers())[0].remoteSession, before[0].remoteSession);
      }));
  }

  test('tabs on the other wires come back as well, and keep their calls', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const wires = ['join', 'socketio', 'path'];
      const tabs = [];
      for (const wire of wires) tabs.push(await Tab.joined(browser, server.url, { name: wire, room: 'others', wire, media: 'none' }));
      const others = ({ name }) => wires.filter((wire) => wire !== name);
      for (const tab of tabs) await tab.inCallWith(...others(tab));
      const sessions = (tab) => tab.peers().then((peers) => peers.map(({ id, remoteSession }) => `${id} ${remoteSession}`).toSorted());
      const before = await Promise.all(tabs.map(sessions));

      await server.stop();
      for (const tab of tabs) await tab.showsNotice(/The server is gone/);
      await server.start();
      for (const tab of tabs) await tab.until('joined again', () => tab.state(), (state) => state === 'joined');
      for (const tab of tabs) {
        await tab.inCallWith(...others(tab));
        await tab.say(`back on ${tab.name}`);
        for (const name of others(tab)) await tabs[wires.indexOf(name)].hears(tab.name, `back on ${tab.name}`);
      }
      assert.deepEqual(await Promise.all(tabs.map(sessions)), before, 'the connections that ran were kept');
      for (const tab of tabs) assert.deepEqual(tab.errors, []);
    }));

  test('whoever did not come back after the restart is gone', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'gone', media: 'none' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'gone', media: 'none' });
      await ann.inCallWith('bob');
      await server.stop();
      await bob.close();
      await server.start();
      await ann.inCallWith();
      assert.equal(await ann.state(), 'joined');
    }));

  test('a connection that is given up without a goodbye is replaced, and the call goes on', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'drop', media: 'pattern' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'drop', media: 'pattern' });
      await ann.inCallWith('bob');
      await ann.page.evaluate(() => window.switchboard.reconnect());
      await ann.until('joined', () => ann.state(), (state) => state === 'joined');
      await bob.inCallWith('ann');
      await ann.inCallWith('bob');
      await bob.seesMovingVideoOf('ann');
      await ann.seesMovingVideoOf('bob');
      await bob.say('still here');
      await ann.hears('bob', 'still here');
    }));
});
