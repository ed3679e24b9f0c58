/** Rows S0.7, S2.3, X.1: calls between tabs of the page, through a real server. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TEST_LIMIT, Tab, withBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };

// Each has a server and a browser of its own, and waits more than it computes.
describe('calls between tabs', { concurrency: 2 }, () => {
  test('two tabs see each other move, chat both ways, and one sees the other leave', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'two' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'two' });
      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      await ann.seesMovingVideoOf('bob');
      await bob.seesMovingVideoOf('ann');

      await ann.say('hello, 你好');
      await bob.hears('ann', 'hello, 你好');
      await bob.say('<b>hi</b> "ann"');
      await ann.hears('bob', '<b>hi</b> "ann"');

      await bob.leave();
      await ann.inCallWith();
      const events = await ann.page.$$eval('#chat-list .event', (all) => all.map(({ textContent }) => textContent));
      assert.deepEqual(events, ['bob is here', 'bob left']);

      await bob.join();
      await ann.inCallWith('bob');
      await bob.close();
      await ann.inCallWith();
      assert.deepEqual(ann.errors, []);
    }));

  test('three tabs are a full mesh', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const names = ['ann', 'bob', 'cyd'];
      const tabs = [];
      for (const name of names) tabs.push(await Tab.joined(browser, server.url, { name, room: 'three' }));
      for (const tab of tabs) await tab.inCallWith(...names.filter((name) => name !== tab.name));
      for (const tab of tabs) {
        for (const name of names) if (name !== tab.name) await tab.seesMovingVideoOf(name);
      }
      const [ann, bob, cyd] = tabs;
      await cyd.say('to both');
      await ann.hears('cyd', 'to both');
      await bob.hears('cyd', 'to both');

      await bob.leave();
      await ann.inCallWith('cyd');
      await cyd.inCallWith('ann');
      await ann.seesMovingVideoOf('cyd');
      for (const tab of tabs) assert.deepEqual(tab.errors, []);
    }));

  test('rooms do not see each other', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'here', media: 'none' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'there', media: 'none' });
      const cyd = await Tab.joined(browser, server.url, { name: 'cyd', room: 'here', media: 'none' });
      await ann.inCallWith('cyd');
      await bob.say('anybody?');
      await cyd.say('ann?');
      await ann.hears('cyd', 'ann?');
      assert.deepEqual(await bob.peers(), []);
      assert.ok(!(await ann.log()).some(({ text }) => text.includes('anybody?')));
    }));

  test('whoever sends nothing still sees the others, and the page can start sending in the call', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'watch', media: 'none' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'watch', media: 'pattern' });
      await ann.seesMovingVideoOf('bob');
      const { bob: heard } = await ann.page.evaluate(() => window.switchboard.stats());
      assert.ok(heard.audioPackets > 0, 'the quiet tone of the pattern is sent as well');

      await ann.chooseInCall('camera', 'pattern');
      await bob.seesMovingVideoOf('ann');
      await ann.chooseInCall('camera', 'none');
      await bob.until(
        'without a picture of ann',
        () => bob.page.locator('.tile:not(.own).without-picture').count(),
        (count) => count === 1,
      );
      await ann.inCallWith('bob');
    }));

  test('offers that cross do not break the call', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'glare', media: 'pattern' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'glare', media: 'pattern' });
      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      for (let round = 0; round < 5; round++) {
        await Promise.all([ann, bob].map((tab) => tab.page.evaluate(() => window.switchboard.renegotiate())));
      }
      for (const tab of [ann, bob]) {
        await tab.until('stable', () => tab.peers(), ([peer]) => peer.signaling === 'stable' && peer.state === 'connected');
      }
      await ann.seesMovingVideoOf('bob');
      await bob.seesMovingVideoOf('ann');
      assert.deepEqual([...ann.errors, ...bob.errors], []);
    }));

  test('both start to send in the same moment, and stop, and start again', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'start', media: 'none' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'start', media: 'none' });
      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      await Promise.all([ann, bob].map((tab) => tab.page.click('#choose-devices')));
      for (const source of ['pattern', 'none', 'pattern', 'none', 'pattern']) {
        await Promise.all([ann, bob].map((tab) => tab.page.selectOption('#call-camera', source)));
      }
      await ann.seesMovingVideoOf('bob');
      await bob.seesMovingVideoOf('ann');
      assert.deepEqual([...ann.errors, ...bob.errors], []);
    }));

  test('muting is seen on the buttons, and a muted camera sends no picture', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'mute' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'mute', media: 'none' });
      await bob.seesMovingVideoOf('ann');
      const pressed = (id) => ann.page.getAttribute(`#${id}`, 'aria-pressed');

      await ann.page.click('#toggle-video');
      assert.equal(await pressed('toggle-video'), 'true');
      await bob.until('dark', () => bob.pixels('ann'), (pixels) => pixels === null);
      await ann.page.click('#toggle-video');
      await bob.seesMovingVideoOf('ann');

      await ann.page.click('#toggle-audio');
      assert.equal(await pressed('toggle-audio'), 'true');
      assert.equal(await ann.page.locator('.tile.own.muted').count(), 1);
    }));

  test('the screen is shared in place of the camera, and back', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'screen', media: 'pattern' });
        const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'screen', media: 'none' });
        await bob.seesMovingVideoOf('ann');
        // Its size would tell the pattern as well, did it not follow what the machine can do.
        const cornerIsGrey = async () => {
          const pixels = await bob.pixels('ann');
          if (!pixels) return null;
          const [red, green, blue] = pixels;
          return red > 120 && Math.abs(red - green) < 40 && Math.abs(red - blue) < 40;
        };
        await bob.until('the bars of the pattern', cornerIsGrey, (grey) => grey);

        await ann.page.click('#share');
        await ann.until('sharing', () => ann.page.getAttribute('#share', 'aria-pressed'), (pressed) => pressed === 'true');
        await bob.until('another picture', cornerIsGrey, (grey) => grey === false);
        await ann.page.click('#share');
        await bob.until('the pattern again', cornerIsGrey, (grey) => grey);
        await bob.seesMovingVideoOf('ann');
      },
      { args: ['--auto-select-desktop-capture-source=Entire screen'] },
    ));
});
