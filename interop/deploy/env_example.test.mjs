// S1.3: every line of .env.example, also those that are commented out, is one the server takes.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BINARY, ROOT, cleanEnvironment, run, temporaryDirectory } from './support.mjs';

test('s1_3_every_line_of_the_env_example_is_taken', { timeout: 60_000 }, async (t) => {
  const text = await readFile(join(ROOT, '.env.example'), 'utf8');
  const settings = text
    .split('\n')
    .map((line) => line.replace(/^#(?=[A-Z_]+=)/, ''))
    .filter((line) => /^[A-Z_]+=/.test(line));
  assert.ok(settings.some((line) => line.startsWith('PORT=')));
  assert.ok(settings.length > 3, 'it shows more than the port');

  const dir = await temporaryDirectory(t);
  await writeFile(join(dir, '.env'), settings.map((line) => `${line}\n`).join(''));
  const { code, stdout, stderr } = await run(BINARY, ['config', 'check'], { cwd: dir, env: cleanEnvironment() });
  assert.equal(code, 0, stdout + stderr);
});
