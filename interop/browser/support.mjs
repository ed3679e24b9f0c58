/**
 * What the browser tests stand on: a real server, a real Chromium, and pages that are spoken to
 * through what a user sees and `window.switchboard` (see assets/debug.js).
 *
 * Waits poll with generous bounds, since three tabs in a call may share two slow cores.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';

/** The longest wait for one thing to happen, ms. */
const PATIENCE = 60_000;
/** The longest a whole test may take, ms. */
export const TEST_LIMIT = 240_000;

/** The server under test, on a free port of 127.0.0.1. */
export class Server {
  #child = null;
  #port = 0;
  #settings;
  #stderr = [];

  /** @param {Record<string, string>} [settings] environment variables, such as SWITCHBOARD__HTTP__ALLOWED_ORIGINS */
  static async start(settings = {}) {
    const server = new Server();
    server.#settings = settings;
    await server.start();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get port() {
    return this.#port;
  }

  /** Starts it, on the port it had before if there was one. */
  async start() {
    const binary = process.env.SWITCHBOARD_BIN;
    if (!binary) throw new Error('SWITCHBOARD_BIN does not name the switchboard binary');
    const listen = `127.0.0.1:${this.#port}`;
    this.#child = spawn(binary, ['serve', '--listen', listen, '--log-format', 'json'], {
      env: { ...process.env, ...this.#settings },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#port = await this.#listening(this.#child);
  }

  /** Ends it as an operator would, and insists on a clean exit. */
  async stop() {
    const child = this.#child;
    if (!child) return;
    this.#child = null;
    if (child.exitCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = AbortSignal.timeout(20_000);
      await Promise.race([exited, once(late, 'abort')]);
      if (child.exitCode === null) child.kill('SIGKILL');
    }
    if (child.exitCode !== 0) throw new Error(`the server ended with ${child.exitCode}:\n${this.#tail()}`);
  }

  async #listening(child) {
    const lines = createInterface({ input: child.stderr });
    const found = new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        this.#stderr.push(line);
        if (this.#stderr.length > 200) this.#stderr.shift();
        const port = listeningPort(line);
        if (port) resolve(port);
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${this.#tail()}`)));
      AbortSignal.timeout(PATIENCE).onabort = () => reject(new Error(`the server does not listen:\n${this.#tail()}`));
    });
    return found;
  }

  #tail() {
    return this.#stderr.slice(-20).join('\n');
  }
}

function listeningPort(line) {
  try {
    const { message, addr } = JSON.parse(line);
    return message === 'listening' ? Number(/:(\d+)$/.exec(addr)?.[1]) : 0;
  } catch {
    return 0;
  }
}

/**
 * Runs with a server and a browser of its own, which end with it.
 * @param {(world: {server: Server, browser: import('playwright-core').BrowserContext}) => Promise<void>} body
 * @param {BrowserWishes} [wishes]
 */
export async function withBrowser(body, wishes) {
  const server = await Server.start();
  try {
    const { browser, close } = await openBrowser(wishes);
    try {
      await body({ server, browser });
    } finally {
      await close();
    }
  } finally {
    await server.stop();
  }
}

/**
 * One server and one browser for all tests of the suite it is called in. Each test has rooms of its own,
 * and its pages are closed after it.
 * @param {Record<string, string>} [settings] of the server, see {@link Server.start}
 * @returns {{server: Server, browser: import('playwright-core').BrowserContext}} there while tests run
 */
export function sharedBrowser(settings) {
  const world = /** @type {any} */ ({});
  let closeBrowser = async () => {};
  before(async () => {
    world.server = await Server.start(settings);
    const { browser, close } = await openBrowser();
    world.browser = browser;
    closeBrowser = close;
  });
  afterEach(async () => {
    for (const page of world.browser.pages()) await page.close();
  });
  after(async () => {
    await closeBrowser();
    await world.server?.stop();
  });
  return world;
}

/**
 * @typedef {object} BrowserWishes
 * @property {string[]} [args] further switches
 * @property {string[]} [without] switches to leave out
 * @property {object} [context] options of Playwright's context, such as `viewport` or `locale`
 */

/** A Chromium of its own, with a camera that shows a moving picture. @param {BrowserWishes} [wishes] */
export async function openBrowser({ args = [], without = [], context = {} } = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), 'switchboard-browser-'));
  const switches = [...SWITCHES.filter((name) => !without.includes(name)), ...args];
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless: true,
    args: switches,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    ...context,
  });
  browser.setDefaultTimeout(PATIENCE);
  return {
    browser,
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function chromiumPath() {
  const chosen = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
  if (!existsSync(chosen)) throw new Error(`no Chromium at ${chosen}; set CHROMIUM_BIN`);
  return chosen;
}

const SWITCHES = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--allow-loopback-in-peer-connection',
  '--autoplay-policy=no-user-gesture-required',
  // Names of .local need multicast, which a test machine may not have.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** One tab with the page, as one participant. */
export class Tab {
  /** What went wrong in the page: uncaught errors and refused resources. @type {string[]} */
  errors = [];

  /** @param {import('playwright-core').Page} page @param {string} name */
  constructor(page, name) {
    this.page = page;
    this.name = name;
    page.on('pageerror', (error) => this.errors.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION/.test(message.text())) this.errors.push(message.text());
    });
  }

  /**
   * @param {import('playwright-core').BrowserContext} browser
   * @param {string} url of the page
   * @param {Record<string, string>} parameters of its address; `name` is the participant's
   */
  static async open(browser, url, parameters) {
    const page = await browser.newPage();
    const tab = new Tab(page, parameters.name);
    await page.goto(`${url}?${new URLSearchParams(parameters)}`);
    await page.evaluate(() => window.switchboard.ready);
    return tab;
  }

  /** Opens the page and joins. */
  static async joined(browser, url, parameters) {
    const tab = await Tab.open(browser, url, parameters);
    await tab.join();
    return tab;
  }

  async join() {
    await this.page.click('#join');
    await this.until('joined', () => this.state(), (state) => state === 'joined');
  }

  /** Leaves as a user does. */
  async leave() {
    await this.page.click('#leave');
    await this.until('out', () => this.state(), (state) => state === 'out');
  }

  async close() {
    await this.page.close();
  }

  /** Chooses a source in the dialog of the room. @param {'camera' | 'microphone'} list @param {string} source */
  async chooseInCall(list, source) {
    await this.page.click('#choose-devices');
    await this.page.selectOption(`#call-${list}`, source);
    await this.page.click('#devices [type=submit]');
  }

  state() {
    return this.page.evaluate(() => window.switchboard.state);
  }

  /** @returns {Promise<{id: string, state: string}[]>} */
  peers() {
    return this.page.evaluate(() => window.switchboard.peers);
  }

  log() {
    return this.page.evaluate(() => window.switchboard.log);
  }

  /** @param {string} text */
  async say(text) {
    const tab = this.page.locator('#tab-chat');
    if (await tab.isVisible()) await tab.click();
    await this.page.fill('#chat-input', text);
    await this.page.locator('#chat-form').evaluate((form) => form.requestSubmit());
  }

  /** Waits until a chat line of somebody else is seen. */
  async hears(from, text) {
    const lines = () =>
      this.page.$$eval('#chat-list .line:not(.own)', (found) =>
        found.map((line) => `${line.dataset.from}: ${line.querySelector('p').textContent}`),
      );
    await this.until(`chat from ${from}`, lines, (all) => all.includes(`${from}: ${text}`));
  }

  /** Waits until exactly these are the others in the room, each connected. */
  async inCallWith(...names) {
    const expected = JSON.stringify(names.toSorted());
    await this.until(
      `in a call with ${names}`,
      () => this.peers(),
      (peers) =>
        JSON.stringify(peers.map(({ id }) => id).toSorted()) === expected &&
        peers.every(({ state }) => state === 'connected'),
    );
    const tiles = () => this.page.$$eval('.tile:not(.own)', (all) => all.map(({ dataset }) => dataset.peer));
    await this.until(`tiles of ${names}`, tiles, (seen) => JSON.stringify(seen.toSorted()) === expected);
  }

  /**
   * Waits until `count` more frames of a peer's video have been decoded than now, and the pictures
   * shown differ.
   */
  async seesMovingVideoOf(peer, count = 30) {
    const decoded = () => this.page.evaluate(async (id) => (await window.switchboard.stats())[id]?.framesDecoded ?? 0, peer);
    const start = await decoded();
    const first = await this.until(`a picture of ${peer}`, () => this.pixels(peer), (pixels) => pixels !== null);
    await this.until(`${count} frames of ${peer}`, decoded, (now) => now > start + count);
    await this.until(
      `movement of ${peer}`,
      () => this.pixels(peer),
      (pixels) => pixels !== null && difference(first, pixels) > 20,
    );
  }

  /** A small copy of what a peer's tile shows, or null while it shows nothing. @returns {Promise<number[] | null>} */
  pixels(peer) {
    return this.page.evaluate((id) => {
      const tile = [...document.querySelectorAll('.tile:not(.own)')].find(({ dataset }) => dataset.peer === id);
      const video = tile?.querySelector('video');
      if (!video || video.readyState < 2 || video.videoWidth === 0) return null;
      const canvas = new OffscreenCanvas(64, 36);
      const context = canvas.getContext('2d');
      context.drawImage(video, 0, 0, 64, 36);
      const { data } = context.getImageData(0, 0, 64, 36);
      const bright = data.some((value, index) => index % 4 !== 3 && value > 24);
      return bright ? [...data] : null;
    }, peer);
  }

  /** @returns {Promise<string[]>} the users of the room as the page lists them */
  people() {
    return this.page.$$eval('#people-list li', (all) => all.map(({ dataset }) => dataset.peer));
  }

  async showsNotice(pattern) {
    const texts = () => this.page.$$eval('.notice .text', (all) => all.map(({ textContent }) => textContent));
    await this.until(`notice ${pattern}`, texts, (all) => all.some((text) => pattern.test(text)));
  }

  /**
   * Polls until the value satisfies.
   * @template T
   * @param {string} what for the message of the failure
   * @param {() => Promise<T>} read
   * @param {(value: T) => boolean} satisfied
   * @returns {Promise<T>} the satisfying value
   */
  async until(what, read, satisfied, patience = PATIENCE) {
    const deadline = Date.now() + patience;
    for (;;) {
      const value = await read();
      if (satisfied(value)) return value;
      if (Date.now() > deadline) throw new Error(`${this.name}: not ${what}; last: ${shortened(value)}\n${await this.#story()}`);
      await delay(100);
    }
  }

  async #story() {
    const entries = await this.log().catch(() => []);
    const lines = entries.slice(-25).map(({ direction, type, peer, text }) => `  ${direction} ${type} ${peer ?? ''} ${text.slice(0, 120)}`);
    return [JSON.stringify(await this.peers().catch(() => [])), ...lines, ...this.errors].join('\n');
  }
}

/** How many of the colour values differ clearly. */
function difference(one, other) {
  return one.filter((value, index) => Math.abs(value - other[index]) > 24).length;
}

function shortened(value) {
  return JSON.stringify(value)?.slice(0, 300);
}
