// S1.5: the real PM2 runs the real binary.
import assert from 'node:assert/strict';
import { readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import WebSocket from 'ws';
import { BINARY, ROOT, alive, cleanEnvironment, freePort, run, temporaryDirectory, until } from './support.mjs';

const PM2 = join(ROOT, 'interop/node_modules/.bin/pm2');
const ECOSYSTEM = join(ROOT, 'deploy/pm2/ecosystem.config.cjs');

/** A PM2 of the test's own: its daemon, its files. Both are gone after the test. */
async function privatePm2(t, settings) {
  const environment = (dir) =>
    cleanEnvironment({
      PM2_HOME: join(dir, 'pm2'),
      PM2_DISABLE_VERSION_CHECK: 'true',
      SWITCHBOARD_BIN: BINARY,
      SWITCHBOARD__LISTEN: '["127.0.0.1:8765"]',
      ...settings,
    });
  const dir = await temporaryDirectory(t, async (cwd) => {
    const { code, stdout, stderr } = await run(PM2, ['kill'], { cwd, env: environment(cwd) });
    assert.equal(code, 0, stdout + stderr);
  });
  const env = environment(dir);
  const pm2 = async (...args) => {
    const { code, stdout, stderr } = await run(PM2, args, { cwd: dir, env });
    assert.equal(code, 0, `pm2 ${args.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  };
  const list = async () => {
    const stdout = await pm2('jlist');
    // PM2 may greet above the list.
    return JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  };
  return { pm2, list };
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
}

function closed(socket) {
  return new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
}

test('s1_5_pm2_starts_lists_and_gracefully_stops_the_real_binary', { timeout: 180_000 }, async (t) => {
  const port = await freePort();
  const { pm2, list } = await privatePm2(t, { PORT: String(port) });

  await pm2('start', ECOSYSTEM);
  await until('alive on PORT of the environment', () => alive(port));
  const [started, ...others] = await list();
  assert.equal(others.length, 0);
  assert.equal(started.name, 'switchboard');
  assert.equal(started.pm2_env.status, 'online');
  assert.equal(await readlink(`/proc/${started.pid}/exe`), await realpath(BINARY));

  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  await opened(client);
  const goodbye = closed(client);
  await pm2('stop', 'switchboard');
  assert.equal((await goodbye).code, 1001);

  const stopped = await until('stopped', async () => {
    const [app] = await list();
    return app.pm2_env.status === 'stopped' && app;
  });
  assert.equal(stopped.pm2_env.exit_code, 0);
  await assert.rejects(alive(port));
});

test('s1_5_pm2_brings_a_killed_server_back', { timeout: 180_000 }, async (t) => {
  const port = await freePort();
  const { pm2, list } = await privatePm2(t, { PORT: String(port) });

  await pm2('start', ECOSYSTEM);
  await until('alive', () => alive(port));
  const [first] = await list();
  process.kill(first.pid, 'SIGKILL');

  const second = await until('another process is online', async () => {
    const [app] = await list();
    return app.pm2_env.status === 'online' && app.pid !== first.pid && app;
  });
  assert.equal(second.pm2_env.restart_time, 1);
  await until('alive again', () => alive(port));
});
