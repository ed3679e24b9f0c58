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
  const composed = ['state.', 'link.', 'route.', 'trouble.', 'notice.lost.', 'chat.here', 'chat.left', 'log.in', 'log.out', 'log.note'];
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

test('an SDP tells which connection made it', () => {
  assert.equal(sessionOf('v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n'), '4611731400430051336');
  assert.equal(sessionOf('v=0\r\ns=-\r\n'), '');
});
