/** Row S0.7: the page itself; its words, its layout, its errors, its log. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startSubPathProxy } from './proxy.mjs';
import { TEST_LIMIT, Tab, withBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };
const PHONE = { width: 390, height: 844 };

// Each has a server and a browser of its own, and waits more than it computes.
describe('the page', { concurrency: 2 }, () => {
  test('the name and room of the address are filled in; otherwise there is a friendly name', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const named = await Tab.open(browser, server.url, { name: 'ann', room: 'studio 7' });
      assert.equal(await named.page.inputValue('#name'), 'ann');
      assert.equal(await named.page.inputValue('#room-name'), 'studio 7');
      const nameless = await Tab.open(browser, server.url, {});
      assert.match(await nameless.page.inputValue('#name'), /^[a-z]+-[a-z]+-\d+$/);
    }));

  test('a reload is the same person in the same room; another tab is somebody else', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const tab = await Tab.open(browser, server.url, { media: 'none' });
      await tab.page.fill('#name', 'somebody');
      await tab.page.fill('#room-name', 'somewhere');
      await tab.join();
      await tab.page.reload();
      assert.equal(await tab.page.inputValue('#name'), 'somebody');
      assert.equal(await tab.page.inputValue('#room-name'), 'somewhere');
      const other = await Tab.open(browser, server.url, {});
      assert.notEqual(await other.page.inputValue('#name'), 'somebody');
    }));

  test('the invite link leads into the same room', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'tea & 茶', media: 'none' });
        await ann.page.click('#invite');
        await ann.showsNotice(/Copied/);
        const link = await ann.page.evaluate(() => navigator.clipboard.readText());
        const guest = await browser.newPage();
        await guest.goto(link);
        assert.equal(await guest.inputValue('#room-name'), 'tea & 茶');
      },
      { context: { permissions: ['clipboard-read', 'clipboard-write', 'camera', 'microphone'] } },
    ));

  test('S0.7: the users of the room and every signaling message are shown', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'log', media: 'none' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'log', media: 'none' });
      await bob.inCallWith('ann');
      const people = await bob.page.$$eval('#people-list li', (all) => all.map(({ dataset }) => dataset.peer));
      assert.deepEqual(people, ['bob', 'ann']);

      const rows = (direction) =>
        bob.page.$$eval(`#log-list [data-direction=${direction}]`, (all) => all.map(({ dataset }) => dataset.type));
      const sent = await rows('out');
      const received = await rows('in');
      assert.deepEqual(sent.slice(0, 2), ['register', 'join']);
      assert.deepEqual(received.slice(0, 2), ['registered', 'joined']);
      assert.ok(sent.includes('answer') && received.includes('offer'));

      await bob.page.click('#log-list [data-type=joined] summary');
      const json = JSON.parse(await bob.page.textContent('#log-list [data-type=joined] pre'));
      assert.deepEqual(json.peers, [{ client_id: 'ann', role: 'sender' }]);

      await bob.page.fill('#log-filter', 'offer');
      const filtered = await bob.page.$$eval('#log-list .row', (all) => all.map(({ dataset }) => dataset.type));
      assert.ok(filtered.length > 0 && filtered.length < sent.length + received.length);
      await bob.page.fill('#log-filter', '');
      await bob.page.click('#log-clear');
      assert.equal(await bob.page.locator('#log-list .row').count(), 0);
      await ann.say('one more');
      await bob.hears('ann', 'one more');
      assert.equal(await bob.page.locator('#log-list [data-type=chat]').count(), 1);
    }));

  test('both languages: by the browser, by choice, and remembered', limit, async () => {
    await withBrowser(
      async ({ server, browser }) => {
        const tab = await Tab.open(browser, server.url, { name: '小云', room: '茶室', media: 'none' });
        assert.equal(await tab.page.textContent('#join'), '加入');
        assert.equal(await tab.page.getAttribute('html', 'lang'), 'zh-CN');
        await tab.join();
        assert.equal(await tab.page.textContent('#state'), '在房间 茶室');
        await tab.page.click('#language');
        assert.equal(await tab.page.textContent('#state'), 'In room 茶室');
        const next = await Tab.open(browser, server.url, {});
        assert.equal(await next.page.textContent('#join'), 'Join');
      },
      { context: { locale: 'zh-CN' } },
    );
  });

  test('light and dark: by the system, by choice, and remembered', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const tab = await Tab.open(browser, server.url, {});
        const theme = (page) => page.getAttribute('html', 'data-theme');
        assert.equal(await theme(tab.page), 'dark');
        await tab.page.click('#theme');
        assert.equal(await theme(tab.page), 'light');
        const next = await Tab.open(browser, server.url, {});
        assert.equal(await theme(next.page), 'light');
      },
      { context: { colorScheme: 'dark' } },
    ));

  test('a phone shows every section without scrolling sideways', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const other = await Tab.joined(browser, server.url, { name: 'a-rather-long-name-of-somebody', room: 'phone', media: 'pattern' });
        const tab = await Tab.open(browser, server.url, { name: 'pocket', room: 'phone', media: 'pattern' });
        await fits(tab.page);
        await tab.join();
        await tab.inCallWith(other.name);
        await other.say('a-word-without-any-space-'.repeat(12));
        for (const section of ['people', 'chat', 'log', 'call']) {
          await tab.page.click(`[data-shows=${section}]`);
          await fits(tab.page);
        }
        for (const button of ['toggle-audio', 'toggle-video', 'share', 'choose-devices', 'invite', 'leave']) {
          const box = await tab.page.locator(`#${button}`).boundingBox();
          assert.ok(box && box.x >= 0 && box.x + box.width <= PHONE.width && box.y + box.height <= PHONE.height, button);
          assert.ok(box.height >= 44, `${button} is large enough for a finger`);
        }
      },
      { context: { viewport: PHONE, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } },
    ));

  test('the page works under a sub-path', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const proxy = await startSubPathProxy(server.port);
      try {
        const ann = await Tab.joined(browser, proxy.url, { name: 'ann', room: 'sub', media: 'pattern' });
        const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'sub', media: 'pattern' });
        await ann.inCallWith('bob');
        await bob.seesMovingVideoOf('ann');
        await bob.close();
        // The wires whose addresses differ from the page's.
        const cyd = await Tab.joined(browser, proxy.url, { name: 'cyd', room: 'sub', media: 'none', wire: 'socketio' });
        const dan = await Tab.joined(browser, proxy.url, { name: 'dan', room: 'sub', media: 'none', wire: 'path' });
        await ann.inCallWith('cyd', 'dan');
        await cyd.inCallWith('ann', 'dan');
        for (const tab of [ann, cyd, dan]) {
          const requested = await tab.page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
          assert.deepEqual(requested.filter((url) => !url.startsWith(proxy.url)), []);
          assert.deepEqual(tab.errors, []);
        }
      } finally {
        await proxy.close();
      }
    }));

  test('a refused camera is explained, and the test pattern is offered', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const ann = await Tab.open(browser, server.url, { name: 'ann', room: 'refused' });
        await ann.page.click('#join');
        await ann.showsNotice(/browser refused camera or microphone/);
        assert.equal(await ann.state(), 'out');
        await ann.page.click('[data-action="trouble.usePattern"]');
        await ann.until('joined', () => ann.state(), (state) => state === 'joined');
        const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'refused', media: 'none' });
        await bob.seesMovingVideoOf('ann');
      },
      { without: ['--use-fake-ui-for-media-stream'], args: ['--deny-permission-prompts'] },
    ));

  test('a machine without a camera sends the test pattern', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const ann = await Tab.open(browser, server.url, { name: 'ann', room: 'bare' });
        const devices = await ann.page.evaluate(() => navigator.mediaDevices.enumerateDevices());
        assert.deepEqual(devices.filter(({ kind }) => kind === 'videoinput'), [], 'this test needs a machine without cameras');
        await ann.join();
        assert.equal((await ann.page.evaluate(() => window.switchboard.sources)).video, 'pattern');
        const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'bare', media: 'none' });
        await bob.seesMovingVideoOf('ann');
      },
      { without: ['--use-fake-device-for-media-stream'], args: ['--disable-video-capture-use-gpu-memory-buffer'] },
    ));

  test('an origin that is not secure is explained, and the call works without a camera', limit, () =>
    withBrowser(
      async ({ server, browser }) => {
        const url = `http://switchboard.test:${server.port}/`;
        const ann = await Tab.open(browser, url, { name: 'ann', room: 'plain' });
        await ann.showsNotice(/not on a secure origin/);
        await ann.join();
        const bob = await Tab.joined(browser, url, { name: 'bob', room: 'plain', media: 'none' });
        await bob.seesMovingVideoOf('ann');
      },
      { args: ['--host-resolver-rules=MAP switchboard.test 127.0.0.1'] },
    ));

  test('what the server refuses is shown with its code', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.open(browser, server.url, { name: 'bell\u0007', room: 'refusal', media: 'none' });
      await ann.page.click('#join');
      await ann.showsNotice(/The server says: .+ \([a-z_-]+\)/);
      assert.equal(await ann.state(), 'out');
      assert.ok(await ann.page.isVisible('#join-form'));
    }));

  test('a server that is gone is told, with the next attempt, until it is back', limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await Tab.open(browser, server.url, { name: 'ann', room: 'gone', media: 'none' });
      await server.stop();
      await ann.page.click('#join');
      await ann.showsNotice(/The server does not answer .* Next attempt in \d+ s/);
      await server.start();
      // The page may come back by itself just before the click.
      await ann.page.evaluate(() => document.querySelector('[data-action="notice.retry"]')?.click());
      await ann.until('joined', () => ann.state(), (state) => state === 'joined');
      await server.stop();
      await ann.showsNotice(/The server is gone .* next attempt in \d+ s/);
      await server.start();
      await ann.showsNotice(/Connected again/);
    }));

  test('the page asks nobody but its own server', limit, async () => {
    await withBrowser(async ({ server, browser }) => {
      const foreign = [];
      browser.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) foreign.push(request.url());
      });
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room: 'own', media: 'pattern' });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room: 'own', media: 'pattern' });
      await ann.inCallWith('bob');
      assert.deepEqual(foreign, []);
      assert.deepEqual([...ann.errors, ...bob.errors], []);
    });
  });
});

async function fits(page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: globalThis.innerWidth,
  }));
  assert.ok(content <= window, `${content} pixels of content in a window of ${window}`);
}
