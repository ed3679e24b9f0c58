// S3.13: the files for Docker agree with the server. There is no Docker to run them; the image itself is built and
// started by deploy/image.sh.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BINARY, ROOT, cleanEnvironment, run, temporaryDirectory } from './support.mjs';
import { startInstance } from './instances.mjs';

const DEPLOY = join(ROOT, 'deploy');

/** The instructions of the Dockerfile, continued lines joined. */
async function dockerfile() {
  const text = (await readFile(join(DEPLOY, 'Dockerfile'), 'utf8')).replaceAll('\\\n', ' ');
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return lines.map((line) => {
    const [, instruction, rest] = /^([A-Z]+) +(.*)$/.exec(line);
    return { instruction, rest };
  });
}

test('s3_13_the_health_check_of_the_image_passes_on_a_server_and_fails_without', { timeout: 60_000 }, async (t) => {
  const check = (await dockerfile()).find(({ instruction }) => instruction === 'HEALTHCHECK').rest;
  const [program, ...args] = JSON.parse(check.slice(check.indexOf('CMD ') + 4));
  assert.equal(program, '/usr/local/bin/switchboard');
  const dir = await temporaryDirectory(t);
  const instance = await startInstance(t, dir);
  const options = { cwd: dir, env: cleanEnvironment() };
  const url = ['--url', `ws://127.0.0.1:${instance.port}/`];
  const passed = await run(BINARY, [...args, ...url], options);
  assert.equal(passed.code, 0, passed.stdout + passed.stderr);
  await instance.stop();
  const failed = await run(BINARY, [...args, ...url], options);
  assert.equal(failed.code, 1, failed.stdout + failed.stderr);
});

test('s3_13_the_image_starts_the_server_without_rights_and_stops_it_with_a_drain', async () => {
  const instructions = await dockerfile();
  const last = (name) => instructions.findLast(({ instruction }) => instruction === name).rest;
  assert.match(last('USER'), /^[1-9][0-9]*(:[1-9][0-9]*)?$/, 'a number, which Kubernetes can check');
  assert.equal(last('STOPSIGNAL'), 'SIGTERM');
  assert.deepEqual(JSON.parse(last('ENTRYPOINT')), ['/usr/local/bin/switchboard']);
  assert.deepEqual(JSON.parse(last('CMD')), ['serve']);
  assert.equal(last('EXPOSE'), '8765');
  assert.match(last('COPY'), /target\/release\/switchboard \/usr\/local\/bin\/switchboard$/);
});

test('s3_13_what_is_secret_or_large_does_not_reach_the_builder', async () => {
  const ignored = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
  for (const name of ['.env', '.git', '**/target', '**/node_modules']) assert.ok(ignored.includes(name), name);
});
