/**
 * Takes the picture of the page for the README: two participants in a call, with the log.
 *
 *     SWITCHBOARD_BIN=target/release/switchboard node interop/browser/screenshot.mjs docs/page.png
 */

import { Tab, withBrowser } from './support.mjs';

const [out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node screenshot.mjs OUT.png');
  process.exit(2);
}

await withBrowser(
  async ({ server, browser }) => {
    const media = 'pattern';
    const ann = await Tab.joined(browser, server.url, { name: 'Ann', room: 'studio', media });
    const bob = await Tab.joined(browser, server.url, { name: 'Bob', room: 'studio', media, wire: 'socketio' });
    await ann.inCallWith('Bob');
    await bob.seesMovingVideoOf('Ann');
    await ann.say('Hello Bob, which wire are you on?');
    await bob.hears('Ann', 'Hello Bob, which wire are you on?');
    await bob.say('Socket.IO. And you on a plain WebSocket, I see. 你好！');
    await ann.hears('Bob', 'Socket.IO. And you on a plain WebSocket, I see. 你好！');
    const facts = () => ann.page.textContent('.tile:not(.own) .facts');
    await ann.until('a full frame rate', facts, (text) => /2\d fps/.test(text));
    await ann.page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
    await ann.page.screenshot({ path: out });
  },
  { context: { viewport: { width: 1360, height: 850 }, deviceScaleFactor: 1.5 } },
);
