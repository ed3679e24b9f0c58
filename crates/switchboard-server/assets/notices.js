/** Short messages at the top of the page: what went wrong, and what can be done about it. */

import { icon, make, part } from './dom.js';
import { onLanguage, t } from './i18n.js';

/**
 * @typedef {object} Notice
 * @property {'info' | 'error'} kind
 * @property {string} key of the words
 * @property {() => Record<string, string | number>} [values] read again whenever it is drawn
 * @property {{key: string, run: () => void}[]} [actions] buttons; each closes the notice
 * @property {number} [seconds] after which it goes by itself
 */

/** @type {Map<string, {notice: Notice, timer: number}>} */
const shown = new Map();

/** Shows a notice; one of the same topic is replaced. @param {string} topic @param {Notice} notice */
export function tell(topic, notice) {
  untell(topic);
  const timer = notice.seconds ? setTimeout(() => untell(topic), notice.seconds * 1000) : 0;
  shown.set(topic, { notice, timer });
  draw();
}

/** @param {string} topic */
export function untell(topic) {
  clearTimeout(shown.get(topic)?.timer);
  if (shown.delete(topic)) draw();
}

/** Draws the texts again, for values that count down. */
export function refreshNotices() {
  for (const element of part('notices').children) {
    const entry = shown.get(/** @type {HTMLElement} */ (element).dataset.topic ?? '');
    const text = element.querySelector('.text');
    if (entry && text) text.textContent = words(entry.notice);
  }
}

function draw() {
  part('notices').replaceChildren(...[...shown].map(([topic, { notice }]) => drawn(topic, notice)));
}

function drawn(topic, notice) {
  const actions = (notice.actions ?? []).map(({ key, run }) =>
    make('button', { type: 'button', className: 'small', textContent: t(key), data: { action: key }, onclick: () => {
      untell(topic);
      run();
    } }),
  );
  const close = make(
    'button',
    { type: 'button', className: 'bare', title: t('notice.close'), aria: { label: t('notice.close') }, onclick: () => untell(topic) },
    icon('close'),
  );
  const element = make(
    'div',
    { className: `notice ${notice.kind}`, data: { topic } },
    icon(notice.kind === 'error' ? 'alert' : 'info'),
    make('p', { className: 'text', textContent: words(notice) }),
    ...actions,
    close,
  );
  element.setAttribute('role', notice.kind === 'error' ? 'alert' : 'status');
  return element;
}

/** @param {Notice} notice */
function words({ key, values }) {
  return t(key, values?.());
}

onLanguage(draw);
