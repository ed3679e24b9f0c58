/**
 * Rows S0.7 and X.1: every wire in the page, alone and with every other one in the same room. Whoever is
 * present offers to a newcomer, whatever the wires of the two.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TEST_LIMIT, Tab, sharedBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };

/**
 * What is sent (`out`) and received (`in`) by bob, who finds ann in the room, until he has joined; and
 * what he receives when ann says "hello".
 * @type {Record<string, (room: string) => {joining: [string, unknown][], hello: unknown}>}
 */
const CONVERSATIONS = {
  register: (room) => ({
    joining: [
      ['out', { type: 'register', client_id: 'bob' }],
      ['in', { type: 'registered', client_id: 'bob' }],
      ['out', { type: 'join', room_id: room, role: 'sender' }],
      ['in', { type: 'joined', room_id: room, role: 'sender', client_id: 'bob', peers: [{ client_id: 'ann', role: 'sender' }] }],
    ],
    hello: { type: 'chat', message: 'hello', from: 'ann' },
  }),
  'join-room': (room) => ({
    joining: [
      ['out', { type: 'join-room', roomId: room, sender: 'bob' }],
      ['in', { type: 'join-success', roomId: room, userId: 'bob' }],
    ],
    hello: { type: 'chat', roomId: room, sender: 'ann', message: 'hello' },
  }),
  join: (room) => ({
    joining: [
      ['out', { type: 'join', userId: 'bob', roomId: room }],
      ['in', { type: 'joined', userId: 'bob', roomId: room, users: ['ann', 'bob'] }],
    ],
    hello: { type: 'chat', userId: 'ann', roomId: room, message: 'hello' },
  }),
  socketio: (room) => ({
    joining: [
      ['out', ['join', { type: 'join', userId: 'bob', roomId: room }]],
      ['in', ['connected', { type: 'connected', sid: 'SID' }]],
      ['in', ['joined', { type: 'joined', userId: 'bob', roomId: room, users: ['ann', 'bob'] }]],
    ],
    hello: ['message', { type: 'chat', userId: 'ann', roomId: room, message: 'hello' }],
  }),
  path: () => ({
    joining: [['in', { type: 'room_users', target: 'bob', payload: { users: ['ann', 'bob'] } }]],
    hello: { type: 'chat', payload: { message: 'hello' }, sender: 'ann' },
  }),
};
const WIRES = Object.keys(CONVERSATIONS);

describe('each wire', () => {
  const world = sharedBrowser();

  test('can be chosen, and a reload keeps the choice', limit, async () => {
    const tab = await Tab.open(world.browser, world.server.url, { name: 'ann', room: 'choice', media: 'none' });
    const offered = await tab.page.$$eval('#wire option', (all) => all.map(({ value }) => value));
    assert.deepEqual(offered, WIRES);
    for (const wire of ['path', 'register']) {
      await tab.page.selectOption('#wire', wire);
      await tab.join();
      assert.equal(await tab.page.textContent('#log-wire'), wire);
      await tab.page.reload();
      assert.equal(await tab.page.inputValue('#wire'), wire);
    }
  });

  test('the Socket.IO client is loaded for its wire only', limit, async () => {
    const loaded = (tab) => tab.page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
    const tab = await Tab.joined(world.browser, world.server.url, { name: 'ann', room: 'lean', media: 'none' });
    const vendored = `${world.server.url}assets/vendor/socket.io.min.js`;
    assert.ok(!(await loaded(tab)).includes(vendored));
    await tab.leave();
    await tab.page.selectOption('#wire', 'socketio');
    await tab.join();
    assert.ok((await loaded(tab)).includes(vendored));
  });

  for (const wire of WIRES) {
    test(`s0_7 ${wire}: the users, a chat, and the raw messages in the log`, limit, async () => {
      const room = `raw ${wire}`;
      const { joining, hello } = CONVERSATIONS[wire](room);
      const open = (name) => Tab.open(world.browser, world.server.url, { name, room, media: 'none' });
      const [ann, bob] = [await open('ann'), await open('bob')];
      for (const tab of [ann, bob]) {
        await tab.page.selectOption('#wire', wire);
        await tab.join();
      }
      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      for (const tab of [ann, bob]) assert.deepEqual((await tab.people()).toSorted(), ['ann', 'bob']);

      await ann.say('hello');
      await bob.hears('ann', 'hello');
      await bob.say('你好');
      await ann.hears('bob', '你好');

      const log = (await bob.log()).filter(({ direction }) => direction !== 'note');
      const seen = log.slice(0, joining.length).map(({ direction, text }) => [direction, withoutSid(JSON.parse(text))]);
      assert.deepEqual(seen, joining);
      const received = log.filter(({ direction, type }) => direction === 'in' && type === 'chat');
      assert.deepEqual(received.map(({ peer, text }) => [peer, JSON.parse(text)]), [['ann', hello]]);
      const shown = await bob.page.$$eval('#log-list details', (all) => all.length);
      assert.equal(shown, log.length, 'every message is a line');
      await bob.page.click('#log-list [data-type=chat][data-direction=in] summary');
      const opened = await bob.page.textContent('#log-list [data-type=chat][data-direction=in] pre');
      assert.deepEqual(JSON.parse(opened), hello);

      await bob.leave();
      await ann.inCallWith();
      assert.deepEqual([...ann.errors, ...bob.errors], []);
    });

    test(`${wire}: what the server refuses is shown, and the lobby is back`, limit, async () => {
      const ann = await Tab.open(world.browser, world.server.url, { name: 'bell\u0007', room: 'refusal', media: 'none', wire });
      await ann.page.click('#join');
      await ann.showsNotice(/The server says: .*control character/);
      assert.equal(await ann.state(), 'out');
      assert.ok(await ann.page.isVisible('#join-form'));
    });
  }

  test('path: a name that cannot stand in an address is refused by the page itself', limit, async () => {
    const ann = await Tab.open(world.browser, world.server.url, { name: '..', room: 'dots', media: 'none', wire: 'path' });
    await ann.page.click('#join');
    await ann.showsNotice(/name of dots/);
    assert.equal(await ann.state(), 'out');
  });
});

describe('s3_6: a room in which nobody says anything', () => {
  const world = sharedBrowser({
    SWITCHBOARD__ROOMS__IDLE: '2s',
    SWITCHBOARD__ROOMS__IDLE_COUNTS: 'messages',
    // How often the server looks after a connection.
    SWITCHBOARD__TIMEOUTS__PING_INTERVAL: '1s',
  });

  test('is closed, and the page does not come back to it by itself, on any wire', limit, async () => {
    const open = (wire) =>
      Tab.joined(world.browser, world.server.url, { name: 'ann', room: `silent ${wire}`, media: 'none', wire });
    const tabs = await Promise.all(WIRES.map(open));
    for (const tab of tabs) {
      await tab.until('out', () => tab.state(), (state) => state === 'out');
      await tab.showsNotice(/The server says: .*(closed|idle)/);
      assert.ok(await tab.page.isVisible('#join-form'));
    }
    await Promise.all(tabs.map((tab) => tab.join()));
    for (const tab of tabs) assert.deepEqual(tab.errors, []);
  });
});

describe('x_1: across wires', () => {
  const world = sharedBrowser();

  for (const [first, second] of [
    ['join-room', 'register'],
    ['register', 'join-room'],
    ['socketio', 'path'],
    ['path', 'join'],
  ]) {
    test(`a tab on ${first} and a later one on ${second} are in one call`, limit, async () => {
      const { server, browser } = world;
      const room = `${first} and ${second}`;
      const ann = await Tab.joined(browser, server.url, { name: 'ann', room, wire: first });
      const bob = await Tab.joined(browser, server.url, { name: 'bob', room, wire: second, media: 'pattern' });
      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      await ann.seesMovingVideoOf('bob');
      await bob.seesMovingVideoOf('ann');
      await ann.say('from ann');
      await bob.hears('ann', 'from ann');
      await bob.say('from bob');
      await ann.hears('bob', 'from bob');
      assert.equal(await offersSent(ann), 1, 'who is present offers, once');
      assert.equal(await offersSent(bob), 0, 'the newcomer waits');

      await ann.leave();
      await bob.inCallWith();
      assert.deepEqual([...ann.errors, ...bob.errors], []);
    });
  }

  test('three tabs on three wires are a full mesh, with every picture moving', limit, async () => {
    const wires = { ann: 'socketio', bob: 'path', cyd: 'register' };
    const names = Object.keys(wires);
    const tabs = [];
    for (const name of names) tabs.push(await arrive(name, { room: 'mesh', wire: wires[name], media: 'pattern' }));
    for (const tab of tabs) {
      const others = names.filter((name) => name !== tab.name);
      await tab.inCallWith(...others);
      for (const other of others) await tab.seesMovingVideoOf(other);
    }
    await tabs[2].close();
    await tabs[0].inCallWith('bob');
    await tabs[1].inCallWith('ann');
  });

  for (const order of [WIRES, WIRES.toReversed()]) {
    test(`a tab on each of ${order} meets all others, in word and in a call`, limit, async () => {
      const room = `all from ${order[0]}`;
      const tabs = [];
      for (const wire of order) tabs.push(await arrive(`on-${wire}`, { room, wire, media: 'none' }));
      const names = tabs.map(({ name }) => name);
      for (const tab of tabs) {
        await tab.inCallWith(...names.filter((name) => name !== tab.name));
        assert.deepEqual((await tab.people()).toSorted(), names.toSorted());
      }
      for (const tab of tabs) await tab.say(`hello from ${tab.name}`);
      for (const tab of tabs) {
        for (const name of names) if (name !== tab.name) await tab.hears(name, `hello from ${name}`);
      }
      const [leaving, dropping, ...staying] = tabs;
      await leaving.leave();
      await dropping.close();
      for (const tab of staying) {
        await tab.inCallWith(...staying.map(({ name }) => name).filter((name) => name !== tab.name));
        assert.deepEqual(tab.errors, []);
      }
    });
  }

  function arrive(name, parameters) {
    return Tab.joined(world.browser, world.server.url, { name, ...parameters });
  }
});

/** A Socket.IO `connected` tells an id that is another each time. */
function withoutSid(message) {
  if (Array.isArray(message) && message[0] === 'connected') message[1].sid = message[1].sid && 'SID';
  return message;
}

async function offersSent(tab) {
  return (await tab.log()).filter(({ direction, type }) => direction === 'out' && /^(sdp_)?offer$/.test(type)).length;
}
