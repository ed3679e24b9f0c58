/** The first offers of two tabs cross, before there is any call between them that could be kept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, Tab, withBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };
/** Longer than the impolite side waits for an answer (ANSWER in assets/link.js), ms. */
const TOO_LATE = 8000;

for (const [what, answerDelay] of [
  ['are a call all the same', 0],
  ['are a call all the same when the answer comes after the impolite side gave way', TOO_LATE],
]) {
  test(`first offers that cross ${what}`, limit, () =>
    withBrowser(async ({ server, browser }) => {
      const ann = await arrive('ann', { server, browser, answerDelay });
      await ann.join();
      const bob = await arrive('bob', { server, browser, answerDelay: 0 });
      await bob.join();
      for (const tab of [ann, bob]) await tab.until('offering', () => tab.page.evaluate(() => window.held), Boolean);
      for (const tab of [ann, bob]) await tab.page.evaluate(() => window.release());

      await ann.inCallWith('bob');
      await bob.inCallWith('ann');
      await ann.seesMovingVideoOf('bob');
      await bob.seesMovingVideoOf('ann');
      const [mine, theirs, ...rest] = await descriptions(bob);
      assert.deepEqual([mine, theirs], ['out offer', 'in offer'], 'the offers did cross');
      assert.equal(rest[0], answerDelay === 0 ? 'in answer' : 'out answer', 'bob, the impolite one, gives way only late');
      assert.deepEqual([...ann.errors, ...bob.errors], []);
    }));
}

async function arrive(name, { server, browser, answerDelay }) {
  const tab = new Tab(await browser.newPage(), name);
  await tab.page.addInitScript(holdBack, answerDelay);
  await tab.page.goto(`${server.url}?${new URLSearchParams({ name, room: 'crossing', media: 'pattern' })}`);
  await tab.page.evaluate(() => window.switchboard.ready);
  return tab;
}

async function descriptions(tab) {
  const entries = (await tab.log()).filter(({ type }) => type === 'offer' || type === 'answer');
  return entries.map(({ direction, type }) => `${direction} ${type}`);
}

/**
 * In the page: its first offer is sent when the test says `release()`, and its first answer later
 * than it should be; what follows them waits with them. @param {number} answerDelay ms
 */
function holdBack(answerDelay) {
  const { send } = WebSocket.prototype;
  const waits = {
    offer: () =>
      new Promise((resolve) => {
        window.release = resolve;
        window.held = true;
      }),
    answer: () => new Promise((resolve) => setTimeout(resolve, answerDelay)),
  };
  let before = Promise.resolve();
  WebSocket.prototype.send = function (data) {
    const { type } = JSON.parse(data);
    const wait = waits[type];
    delete waits[type];
    before = before.then(wait).then(() => send.call(this, data));
  };
}
