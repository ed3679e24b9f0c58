/**
 * Rows S2.2, S2.3 and X.1 with media: a tab is in a call with a WebRTC peer that is no browser, on
 * aiortc and the `register` wire, whichever wire the tab is on. The published receivers and senders
 * are such peers: they know nothing of the tab's perfect negotiation.
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pythonWithAiortc } from './python/interpreter.mjs';
import { runInNamespace } from './python/namespace.mjs';
import { TEST_LIMIT } from './support.mjs';

const PROGRAM = fileURLToPath(new URL('python/scenarios.mjs', import.meta.url));
const FRAMES = 30;
const limit = { timeout: TEST_LIMIT };

let python = '';
before(() => {
  python = pythonWithAiortc();
});

// Each has a network of its own, and waits more than it computes.
describe('s2_3: one call with a Python peer', { concurrency: 2 }, () => {
  for (const [what, scenario] of [
    ['a tab on register and a Python receiver that comes later', 'receiver-comes-to-register'],
    ['a tab on join-room and a Python receiver that comes later', 'receiver-comes-to-join-room'],
    ['a tab on socketio and a Python receiver that comes later', 'receiver-comes-to-socketio'],
    ['a Python receiver and a tab on register that comes later', 'tab-comes-to-receiver'],
    ['a Python receiver and a tab on path that comes later', 'tab-comes-to-receiver-by-path'],
    ['a Python receiver that offers and a tab on join-room that comes later', 'tab-comes-to-offering-receiver'],
  ]) {
    test(`${what} are in one call`, limit, async () => {
      const { seen, events, errors } = await play(scenario);
      assert.ok(seen.frames > FRAMES, `${seen.frames} frames of the camera`);
      assert.ok(seen.pictures > FRAMES / 2, `only ${seen.pictures} of them differ`);
      assert.ok(seen.sounds > 0, 'the microphone is heard');
      assert.equal(seen.size[0] * 9, seen.size[1] * 16, `${seen.size}`);
      const [, blue, red] = seen.colour;
      assert.ok(blue < 64 && red < 64, `the picture of Chromium's camera is green: ${seen.colour}`);
      assert.deepEqual(events, ['receiver_001 is here', 'receiver_001 left']);
      assert.deepEqual(errors, []);
    });
  }

  for (const [what, scenario] of [
    ['a polite tab on register sees', 'sender-comes-to-polite-register'],
    ['an impolite tab on register sees', 'sender-comes-to-impolite-register'],
    ['a polite tab on join-room sees', 'sender-comes-to-polite-join-room'],
    ['an impolite tab on join-room sees', 'sender-comes-to-impolite-join-room'],
    ['a tab on join-room that comes later sees', 'tab-comes-to-sender'],
  ]) {
    test(`${what} the video of a Python sender`, limit, async () => {
      const { events, errors } = await play(scenario);
      assert.deepEqual(events, ['sender_001 is here', 'sender_001 left']);
      assert.deepEqual(errors, []);
    });
  }
});

/** @returns {Promise<import('./python/scenarios.mjs').Account>} */
async function play(scenario) {
  const output = await runInNamespace([process.execPath, PROGRAM, scenario], {
    limit: TEST_LIMIT - 40_000,
    env: { ...process.env, INTEROP_PYTHON: python },
  });
  return JSON.parse(output.trim().split('\n').at(-1));
}
