/** The page's parts that need no browser. */

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const ASSETS = new URL('../../crates/switchboard-server/assets/', import.meta.url);
const load = (file) => import(new URL(file, ASSETS));

const { WORDS } = await load('words.js');
const { CAPACITY, Log, asText, matches } = await load('log.js');
const { readCandidate, readDescription } = await load('wires/meaning.js');
const { sessionOf } = await load('link.js');
const { conversation } = await load('wires/join.js');
const { path } = await load('wires/path.js');

test('both languages say the same things', () => {
  assert.deepEqual(Object.keys(WORDS.zh), Object.keys(WORDS.en));
  for (const [key, english] of Object.entries(WORDS.en)) {
    const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).toSorted();
    assert.deepEqual(holes(WORDS.zh[key]), holes(english), key);
  }
});

test('every word that the page uses exists, and every word is used', async () => {
  const html = await readFile(new URL('index.html', ASSETS), 'utf8');
  const sources = [html];
  for (const file of await readdir(ASSETS)) {
    if (file.endsWith('.js') && file !== 'words.js') sources.push(await readFile(new URL(file, ASSETS), 'utf8'));
  }
  for (const [, key] of html.matchAll(/data-i18n(?:-\w+)?="([^"]+)"/g)) assert.ok(key in WORDS.en, key);
  const all = sources.join('\n');
  const composed = ['state.', 'wire.', 'link.', 'route.', 'trouble.', 'notice.lost.', 'chat.here', 'chat.left', 'log.in', 'log.out', 'log.note'];
  for (const key of Object.keys(WORDS.en)) {
    assert.ok(all.includes(key) || composed.some((start) => key.startsWith(start)), `${key} is used`);
  }
});

test('every element that a script asks for is in index.html', async () => {
  const html = await readFile(new URL('index.html', ASSETS), 'utf8');
  for (const file of (await readdir(ASSETS)).filter((name) => name.endsWith('.js'))) {
    const source = await readFile(new URL(file, ASSETS), 'utf8');
    for (const [, id] of source.matchAll(/(?:part|face)\('([\w-]+)'/g)) assert.ok(html.includes(`id="${id}"`), `${file}: #${id}`);
    for (const [, name] of source.matchAll(/icon\('([\w-]+)'/g)) assert.ok(html.includes(`id="icon-${name}"`), `${file}: ${name}`);
  }
});

test('everything the page refers to is relative', async () => {
  const html = await readFile(new URL('index.html', ASSETS), 'utf8');
  for (const [, url] of html.matchAll(/(?:src|href)="([^"]+)"/g)) assert.match(url, /^(assets\/|#)/);
});

test('the vendored Socket.IO client is the one that its README names, as it was published', async () => {
  const client = await readFile(new URL('vendor/socket.io.min.js', ASSETS), 'utf8');
  const [, version] = /^\/\*!\n \* Socket\.IO v([\d.]+)\n.*\n \* Released under the MIT License\.\n/.exec(client) ?? [];
  assert.match(version ?? '', /^4\.8\./, 'the notice stands at the top');
  const readme = await readFile(new URL('vendor/README.md', ASSETS), 'utf8');
  assert.ok(readme.includes(`| \`socket.io-client\` (npm) | ${version} | MIT`));
  const published = new URL('../node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url);
  assert.equal(client, await readFile(published, 'utf8'), 'the version that package.json asks for');
});

test('the log keeps its newest entries only', () => {
  const log = new Log();
  for (let i = 1; i <= CAPACITY + 20; i++) log.add({ direction: 'in', type: 'chat', peer: 'bob', text: `{"n":${i}}` });
  assert.equal(log.entries.length, CAPACITY);
  assert.equal(log.entries[0].text, '{"n":21}');
  assert.equal(log.entries.at(-1).number, CAPACITY + 20);
});

test('the log is found by type, peer and text, and copied line by line', () => {
  const log = new Log();
  log.add({ direction: 'out', type: 'offer', peer: 'bob', text: '{"type":"offer","sdp":"v=0"}' });
  log.note('socket closed', '1001');
  const [offer, note] = log.entries;
  for (const filter of ['OFFER', 'bo', 'v=0', ' ']) assert.ok(matches(offer, filter), filter);
  assert.ok(!matches(note, 'offer'));
  const [first, second] = asText(log.entries).split('\n');
  assert.match(first, /^\d{4}-\d\d-\d\dT[\d:.]+Z → \[bob\] \{"type":"offer","sdp":"v=0"\}$/);
  assert.match(second, /Z · socket closed 1001$/);
  assert.equal(offer.size, 28);
});

test('descriptions are read in every shape in use', () => {
  const offer = { type: 'offer', sdp: 'v=0' };
  assert.deepEqual(readDescription('offer', { sdp: 'v=0' }), offer);
  assert.deepEqual(readDescription('offer', { type: 'offer', sdp: 'v=0' }), offer);
  assert.deepEqual(readDescription('offer', 'v=0'), offer);
  for (const nothing of [undefined, null, {}, { sdp: 7 }, '', []]) assert.equal(readDescription('offer', nothing), null);
});

test('candidates are read in every shape in use, and their end needs no action', () => {
  const init = { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 };
  assert.deepEqual(readCandidate(init), init);
  assert.deepEqual(readCandidate('candidate:1', { sdpMid: '0', sdpMLineIndex: 0 }), init);
  assert.equal(readCandidate({ candidate: 'candidate:1' }).sdpMLineIndex, 0);
  for (const end of [null, undefined, '', { candidate: '' }, { candidate: null }]) assert.equal(readCandidate(end), null);
});

test('join: what other members say is understood in every shape in use, and attributed', () => {
  const [heard, events] = listener();
  const talk = conversation({ id: 'ann', room: 'studio', say: () => true }, events);
  const description = { type: 'offer', sdp: 'v=0' };
  talk.heard({ type: 'offer', userId: 'bob', roomId: 'studio', sdp: 'v=0' });
  talk.heard({ type: 'message', from: 'bob', roomId: 'studio', offer: { type: 'offer', sdp: 'v=0' } });
  talk.heard({ type: 'offer', userId: 7, roomId: 'studio', offer: { type: 'offer', sdp: 'v=0' } });
  for (const from of ['bob', 'bob', '7']) assert.deepEqual(heard.shift(), ['signal', from, { kind: 'description', description }]);
  // A type that says what the message is counts more than a description that is in it as well.
  const answer = { type: 'answer', sdp: 'v=0' };
  talk.heard({ ...answer, userId: 'bob', offer: description });
  assert.deepEqual(heard.shift(), ['signal', 'bob', { kind: 'description', description: answer }]);
  talk.heard({ type: 'chat', userId: 'bob', message: 'look', offer: description });
  assert.deepEqual(heard.shift(), ['signal', 'bob', { kind: 'chat', text: 'look' }]);
  talk.heard({ userId: 'bob', answer });
  assert.deepEqual(heard.shift(), ['signal', 'bob', { kind: 'description', description: answer }]);
  talk.heard({ type: 'candidate', userId: 'bob', candidate: { candidate: 'candidate:1', sdpMid: '0' } });
  assert.deepEqual(heard.shift(), ['signal', 'bob', { kind: 'candidate', candidate: { candidate: 'candidate:1', sdpMid: '0' } }]);
  talk.heard({ type: 'candidate', userId: 'bob', candidate: null });
  talk.heard({ type: 'chat', userId: 'ann', message: 'an echo' });
  talk.heard({ type: 'chat', message: 'from nobody' });
  assert.deepEqual(heard, []);
});

test('socketio: a member cannot pass for the server, whatever type it sends', () => {
  const [heard, events] = listener();
  const talk = conversation({ id: 'ann', room: 'studio', say: () => true }, events);
  talk.heard({ type: 'user-left', userId: 'bob', roomId: 'studio' });
  assert.deepEqual(heard, [['signal', 'bob', { kind: 'other', type: 'user-left' }]]);
});

test('join: the server puts us out of the room by the word which answers a leave', () => {
  const [heard, events] = listener();
  conversation({ id: 'ann', room: 'studio', say: () => true }, events).told({ type: 'leaved', userId: 'ann', roomId: 'studio' });
  assert.deepEqual(heard, [['dismissed', 'room closed']]);
});

for (const [form, said] of [
  ['beside the payload', (payload) => ({ sender: 'bob', payload })],
  ['in the payload', (payload) => ({ payload: { sender: 'bob', data: payload } })],
]) {
  test(`path: the sender is found ${form}`, () => {
    const { heard, receive } = onPath();
    receive({ type: 'room_users', target: 'ann', payload: { users: ['bob', 'ann'] } });
    assert.deepEqual(heard.shift(), ['joined', { id: 'ann', peers: [{ id: 'bob' }] }]);
    receive({ type: 'sdp_answer', target: 'ann', ...said({ sdp: 'v=0' }) });
    receive({ type: 'chat', target: '*', ...said({ message: 'hello' }) });
    receive({ type: 'user_left', ...said({ user_id: 'cyd' }) });
    assert.deepEqual(heard, [
      ['signal', 'bob', { kind: 'description', description: { type: 'answer', sdp: 'v=0' } }],
      ['signal', 'bob', { kind: 'chat', text: 'hello' }],
      ['signal', 'bob', { kind: 'other', type: 'user_left' }],
    ]);
  });
}

test('path: an error about one message is no trouble of the user, the end of the room is', () => {
  const { heard, receive } = onPath();
  const message = 'User bob not found';
  receive({ type: 'error', target: 'ann', payload: { message, code: 'target_not_found' } });
  receive({ type: 'room_closed', target: 'ann', payload: { reason: 'idle' } });
  assert.deepEqual(heard, [
    ['refused', { message, code: 'target_not_found', about: 'bob' }],
    ['dismissed', 'room closed: idle'],
  ]);
});

/** Takes down the events of a wire. */
function listener() {
  const heard = [];
  const names = ['joined', 'arrived', 'departed', 'signal', 'refused', 'dismissed', 'closed'];
  const events = Object.fromEntries(names.map((name) => [name, (...values) => heard.push([name, ...values])]));
  return [heard, events];
}

/** Ann on the `path` wire, with a socket of cardboard. */
function onPath() {
  let socket;
  globalThis.WebSocket = class {
    constructor() {
      socket = this;
    }
  };
  const [heard, events] = listener();
  path.connect({ base: new URL('http://localhost/'), id: 'ann', room: 'studio', log: new Log() }, events);
  return { heard, receive: (message) => socket.onmessage({ data: JSON.stringify(message) }) };
}

test('an SDP tells which connection made it', () => {
  assert.equal(sessionOf('v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n'), '4611731400430051336');
  assert.equal(sessionOf('v=0\r\ns=-\r\n'), '');
});
