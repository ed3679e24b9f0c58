// S1.5: the systemd unit is valid, hardened, and means the binary as it is.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BINARY, ROOT, cleanEnvironment, run, start, temporaryDirectory, until } from './support.mjs';

const UNIT = join(ROOT, 'deploy/systemd/switchboard.service');
const INSTALLED = '/usr/local/bin/switchboard';

/** The most that `systemd-analyze security` may find; it counts from 0 (nothing to reach) to 10. */
const EXPOSURE = 2.0;

/** All values of one setting. */
async function settings(name) {
  const lines = (await readFile(UNIT, 'utf8')).split('\n');
  return lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
}

/** A copy of the unit that starts the binary where it is. */
async function unitForThisBinary(dir) {
  const text = await readFile(UNIT, 'utf8');
  assert.ok(text.includes(`ExecStart=${INSTALLED} `), 'the unit starts the installed binary');
  const file = join(dir, 'switchboard.service');
  await writeFile(file, text.replaceAll(INSTALLED, BINARY));
  return file;
}

/** The server as the unit starts it, with a notification socket that is read. */
async function serve(t) {
  const dir = await temporaryDirectory(t);
  const socket = join(dir, 'notify');
  const manager = start(t, 'python3', [join(ROOT, 'interop/deploy/notify_socket.py'), socket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let heard = '';
  manager.child.stdout.on('data', (chunk) => (heard += chunk));
  await until('the notification socket is there', () => heard.startsWith('bound\n'));

  const [command] = await settings('ExecStart');
  const { child, exited } = start(t, BINARY, command.split(' ').slice(1), {
    cwd: dir,
    env: cleanEnvironment({ NOTIFY_SOCKET: socket, SWITCHBOARD__LISTEN: '["127.0.0.1:0"]' }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  return { dir, child, exited, heard: () => heard, log: () => log };
}

test('s1_5_the_unit_is_valid', { timeout: 120_000 }, async (t) => {
  const unit = await unitForThisBinary(await temporaryDirectory(t));
  const { code, stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit]);
  assert.equal(stdout + stderr, '');
  assert.equal(code, 0);
});

test('s1_5_the_unit_is_hardened', { timeout: 120_000 }, async (t) => {
  const unit = await unitForThisBinary(await temporaryDirectory(t));
  const { stdout } = await run('systemd-analyze', ['security', '--no-pager', '--offline=true', unit]);
  const exposure = /Overall exposure level for switchboard\.service: ([0-9.]+)/.exec(stdout);
  assert.ok(exposure, stdout);
  assert.ok(Number(exposure[1]) <= EXPOSURE, stdout);
});

test('s1_5_a_unit_of_type_notify_becomes_ready_reloads_and_stops', { timeout: 120_000 }, async (t) => {
  assert.deepEqual(await settings('Type'), ['notify']);
  assert.deepEqual(await settings('ExecReload'), ["/bin/sh -c 'kill -HUP $MAINPID'"]);
  const server = await serve(t);
  await until('READY=1', () => /^READY=1$/m.test(server.heard()));

  // As ExecReload= does it. What the server says about it shows that the signal was taken, and not fatal.
  const before = server.log().length;
  server.child.kill('SIGHUP');
  await until('the reload is logged', () => server.log().length > before);
  assert.equal(server.child.exitCode, null);

  const [seconds] = await settings('TimeoutStopSec');
  const asked = Date.now();
  server.child.kill('SIGTERM');
  assert.equal(await server.exited, 0, server.log());
  assert.ok(Date.now() - asked < Number(seconds) * 1000, 'stopped within TimeoutStopSec');
});

test('s1_5_a_refused_configuration_ends_with_the_code_that_the_unit_does_not_restart', { timeout: 60_000 }, async (t) => {
  const dir = await temporaryDirectory(t);
  await writeFile(join(dir, 'switchboard.toml'), 'no_such_key = 1\n');
  const [command] = await settings('ExecStart');
  const { code, stderr } = await run(BINARY, command.split(' ').slice(1), { cwd: dir, env: cleanEnvironment() });
  assert.deepEqual(await settings('RestartPreventExitStatus'), [String(code)]);
  assert.match(stderr, /no_such_key/);
});
