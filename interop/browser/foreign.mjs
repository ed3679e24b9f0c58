/** A page of somebody else: another origin, with the official Socket.IO client and nothing of ours. */

import { readFile } from 'node:fs/promises';
import http from 'node:http';

const CLIENT = new URL('../../crates/switchboard-server/assets/vendor/socket.io.min.js', import.meta.url);
const PAGE = '<!doctype html><title>somebody else</title><link rel="icon" href="data:,"><script src="client.js"></script>';

/**
 * A web server of another origin.
 * @returns {Promise<{origin: string, close(): Promise<void>}>}
 */
export async function startForeignSite() {
  const client = await readFile(CLIENT);
  const server = http.createServer((request, response) => {
    const [type, body] = request.url === '/client.js' ? ['text/javascript', client] : ['text/html', PAGE];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One page of the foreign site with one Socket.IO connection. */
export class ForeignPage {
  #page;

  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /**
   * @param {import('playwright-core').BrowserContext} browser
   * @param {{site: string, server: string, transports?: string[]}} where `site` is the page's origin,
   *   `server` where it connects to
   */
  static async open(browser, { site, server, transports }) {
    const page = await browser.newPage();
    await page.goto(site);
    await page.evaluate(connect, { server, transports });
    return new ForeignPage(page);
  }

  /** @param {string} event @param {object} payload */
  emit(event, payload) {
    return this.#page.evaluate(([name, value]) => window.socket.emit(name, value) && undefined, [event, payload]);
  }

  /**
   * Waits for the next event, whatever it is.
   * @returns {Promise<[string, ...unknown[]]>} its name and values
   */
  async hears() {
    await this.#page.waitForFunction(() => window.heard.length > 0, null, { polling: 50 });
    return this.#page.evaluate(() => window.heard.shift());
  }

  /** Waits until its messages travel so. @param {'polling' | 'websocket'} transport */
  async travelsBy(transport) {
    await this.#page.waitForFunction((name) => window.socket.io.engine.transport.name === name, transport, { polling: 50 });
  }

  /** What came and was not asked for. */
  unheard() {
    return this.#page.evaluate(() => window.heard);
  }

  isConnected() {
    return this.#page.evaluate(() => window.socket.connected);
  }

  async close() {
    await this.#page.close();
  }
}

/** In the page. */
function connect({ server, transports }) {
  window.heard = [];
  window.socket = window.io(server, { reconnection: false, ...(transports && { transports }) });
  window.socket.onAny((...event) => window.heard.push(event));
  window.socket.on('connect_error', ({ message }) => window.heard.push(['connect_error', message]));
}
