/** The live log of the signaling: one line per message, its JSON on a click. */

import { clock, make, part } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { ARROWS, asText, matches } from './log.js';

/** Characters of a frame shown before it is opened. */
const GLIMPSE = 160;

/**
 * @param {import('./log.js').Log} log
 * @param {(text: string) => void} copy
 */
export function logView(log, copy) {
  const list = part('log-list');
  const filter = /** @type {HTMLInputElement} */ (part('log-filter'));
  const counter = part('log-count');

  const visible = () => log.entries.filter((entry) => matches(entry, filter.value));

  function drawAll() {
    list.replaceChildren(...visible().map(row));
    list.scrollTop = list.scrollHeight;
    count();
  }

  /** @param {import('./log.js').Entry | null} added */
  function drawAdded(added) {
    if (!added) {
      drawAll();
      return;
    }
    if (matches(added, filter.value)) {
      const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
      list.append(row(added));
      if (atEnd) list.scrollTop = list.scrollHeight;
    }
    const oldest = log.entries[0].number;
    while (Number(/** @type {HTMLElement} */ (list.firstElementChild)?.dataset.number) < oldest) {
      list.firstElementChild?.remove();
    }
    count();
  }

  function count() {
    counter.textContent = String(log.entries.length);
  }

  log.listen(drawAdded);
  filter.addEventListener('input', drawAll);
  part('log-copy').addEventListener('click', () => copy(asText(visible())));
  part('log-clear').addEventListener('click', () => log.clear());
  onLanguage(drawAll);
  drawAll();
}

/** @param {import('./log.js').Entry} entry */
function row(entry) {
  const { direction } = entry;
  const head = [
    make('time', { textContent: clock(entry.time), title: entry.time.toISOString() }),
    make('span', { className: 'arrow', textContent: ARROWS[direction], title: t(`log.${direction}`) }),
    make('span', { className: 'type', textContent: entry.type }),
  ];
  const data = { number: entry.number, direction, type: entry.type };
  if (direction === 'note') {
    return make('div', { className: 'row note', data }, ...head, make('span', { className: 'detail', textContent: entry.text }));
  }
  const details = make(
    'details',
    { className: 'row', data },
    make(
      'summary',
      {},
      ...head,
      make('span', { className: 'peer', textContent: entry.peer ?? '' }),
      make('span', { className: 'detail', textContent: entry.text.slice(0, GLIMPSE) }),
      make('span', { className: 'size', textContent: bytes(entry.size) }),
    ),
  );
  // Hundreds of SDPs need no elements of their own until somebody looks at one.
  details.addEventListener('toggle', () => details.append(make('pre', { textContent: pretty(entry.text) })), { once: true });
  return details;
}

/** Indented JSON; an SDP's line ends become real ones, for reading. */
function pretty(text) {
  return JSON.stringify(JSON.parse(text), null, 2).replaceAll('\\r\\n', '\n    ');
}

function bytes(count) {
  return count < 1000 ? `${count} B` : `${(count / 1000).toFixed(1)} kB`;
}
