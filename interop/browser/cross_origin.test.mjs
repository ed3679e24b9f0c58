/** Row S0.6: a page that was served from elsewhere uses Socket.IO of this server, with the official client. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ForeignPage, startForeignSite } from './foreign.mjs';
import { Server, TEST_LIMIT, Tab, sharedBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };
// A page that is closed between two polls says no goodbye, and a server that stops would wait for it.
const HASTY = { SWITCHBOARD__TIMEOUTS__SHUTDOWN: '1s' };
const MODES = { polling: ['polling'], websocket: ['websocket'], upgrade: undefined };

describe('s0_6: a page of another origin', () => {
  const world = sharedBrowser(HASTY);
  let site;
  let other;
  before(async () => {
    [site, other] = [await startForeignSite(), await startForeignSite()];
  });
  after(async () => {
    for (const each of [site, other]) await each.close();
  });

  for (const [mode, transports] of Object.entries(MODES)) {
    test(`joins, lists the users, talks and leaves: ${mode}`, limit, async () => {
      const room = `from elsewhere by ${mode}`;
      const place = (userId) => ({ userId, roomId: room });
      const open = () => ForeignPage.open(world.browser, { site: site.origin, server: world.server.url, transports });
      const [ann, bob] = [await open(), await open()];
      for (const page of [ann, bob]) {
        const [event, { sid }] = await page.hears();
        assert.equal(event, 'connected');
        assert.ok(sid);
        await page.travelsBy(mode === 'polling' ? 'polling' : 'websocket');
      }

      await ann.emit('join', place('ann'));
      assert.deepEqual(await ann.hears(), ['joined', { type: 'joined', ...place('ann'), users: ['ann'] }]);
      await bob.emit('join', place('bob'));
      assert.deepEqual(await bob.hears(), ['joined', { type: 'joined', ...place('bob'), users: ['ann', 'bob'] }]);
      assert.deepEqual(await ann.hears(), ['user-joined', { type: 'user-joined', ...place('bob') }]);

      const hello = { type: 'greeting', roomId: room, text: '你好', nested: { list: [1, null, 'two'] } };
      await bob.emit('message', hello);
      assert.deepEqual(await ann.hears(), ['message', hello]);

      const tab = await Tab.joined(world.browser, world.server.url, { name: 'tab', room, media: 'none', wire: 'register' });
      for (const page of [ann, bob]) {
        assert.deepEqual(await page.hears(), ['user-joined', { type: 'user-joined', ...place('tab') }]);
      }
      const aside = { type: 'chat', ...place('ann'), message: 'from elsewhere' };
      await ann.emit('message', { ...aside, target: 'tab' });
      await tab.hears('ann', 'from elsewhere');
      await tab.leave();
      for (const page of [ann, bob]) {
        assert.deepEqual(await page.hears(), ['user-left', { type: 'user-left', ...place('tab') }]);
      }

      await bob.emit('leave', place('bob'));
      assert.deepEqual(await bob.hears(), ['leaved', { type: 'leaved', ...place('bob') }]);
      assert.deepEqual(await ann.hears(), ['user-left', { type: 'user-left', ...place('bob') }]);
      await ann.emit('message', { ...hello, text: 'anybody?' });
      await ann.emit('join', {});
      const [event, { code, message }] = await ann.hears();
      assert.deepEqual([event, message, typeof code], ['error', 'userId and roomId are required', 'string']);
      assert.deepEqual(await bob.unheard(), []);
    });
  }

  test('is kept out where other origins are allowed, by every transport, and those are let in', limit, async () => {
    const picky = await Server.start({ ...HASTY, SWITCHBOARD__HTTP__ALLOWED_ORIGINS: site.origin });
    try {
      for (const transports of Object.values(MODES)) {
        const at = (origin) => ForeignPage.open(world.browser, { site: origin, server: picky.url, transports });
        const guest = await at(site.origin);
        assert.equal((await guest.hears())[0], 'connected');
        const stranger = await at(other.origin);
        assert.equal((await stranger.hears())[0], 'connect_error');
        assert.equal(await stranger.isConnected(), false);
        for (const page of [guest, stranger]) await page.close();
      }
    } finally {
      await picky.stop();
    }
  });
});
