/** The page at /docs: fits the screen, and asks what it says it asks. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TEST_LIMIT, sharedBrowser } from './support.mjs';

const limit = { timeout: TEST_LIMIT };
const FIND_A_USER = 'article[id="get/users/{user_id}"]';

describe('the page at /docs', () => {
  const world = sharedBrowser();

  /** Opens it at a width in pixels, and waits until the description is shown. */
  async function open(width) {
    const page = await world.browser.newPage();
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${world.server.url}docs`);
    await page.waitForSelector('#schemas article');
    return page;
  }

  for (const width of [320, 380, 761, 1280]) {
    test(`fits a screen of ${width} pixels, answers included`, limit, async () => {
      const page = await open(width);
      const asked = page.locator('article[id="get/stats"]');
      await asked.locator('button').click();
      await asked.locator('pre:visible').waitFor();
      const user = page.locator(FIND_A_USER);
      await user.locator('input').fill('x'.repeat(128));
      await user.locator('button').click();
      await user.locator('pre:visible').waitFor();
      assert.deepEqual(await page.evaluate(whatSticksOut), []);
    });
  }

  test('asks for an id as it was typed', limit, async () => {
    const page = await open(1280);
    const user = page.locator(FIND_A_USER);
    for (const id of ['ann', 'a/../b', '...', '.a', '%2e%2e', '会议室?#']) {
      const answered = page.waitForResponse(/\/users\//);
      await user.locator('input').fill(id);
      await user.locator('button').click();
      const response = await answered;
      assert.equal(response.url(), `${world.server.url}users/${encodeURIComponent(id)}`);
      assert.equal(response.status(), 404);
      await page.waitForFunction(
        ([card, address]) => document.querySelector(`${card} [role=status]`)?.textContent?.startsWith(`${address}: 404`),
        [FIND_A_USER, `users/${encodeURIComponent(id)}`],
      );
      assert.deepEqual(JSON.parse((await user.locator('pre').textContent()) ?? ''), { detail: 'User not found' });
    }
  });

  test('asks nothing where the browser would ask for another path', limit, async () => {
    const page = await open(1280);
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    const user = page.locator(FIND_A_USER);
    for (const id of ['.', '..', '']) {
      await user.locator('input').fill(id);
      await user.locator('button').click();
      const isValid = await user.locator('input').evaluate((input) => /** @type {HTMLInputElement} */ (input).validity.valid);
      assert.equal(isValid, false, id);
    }
    // Asked behind them, and the only one that arrives.
    await user.locator('input').fill('ann');
    await user.locator('button').click();
    await user.locator('pre:visible').waitFor();
    assert.deepEqual(asked, [`${world.server.url}users/ann`]);
  });
});

/** Runs in the page: what is wider than the window, or than the card it stands on. */
function whatSticksOut() {
  const found = [];
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} wide`);
  for (const card of document.querySelectorAll('.card')) {
    const right = card.getBoundingClientRect().right;
    for (const part of card.querySelectorAll('*')) {
      const box = part.getBoundingClientRect();
      if (box.width > 0 && box.right > right) found.push(`${part.tagName} of ${card.id}: ${part.textContent?.slice(0, 40)}`);
    }
  }
  for (const part of document.querySelectorAll('.top *')) {
    if (part.getBoundingClientRect().right > clientWidth) found.push(`${part.tagName} at the top: ${part.textContent}`);
  }
  return found;
}
