/** The chat: what people write, and between it who came and went. */

import { clock, make, part } from './dom.js';
import { onLanguage, t } from './i18n.js';

/** Lines kept. */
const CAPACITY = 300;

/**
 * @param {{send(text: string): boolean, unread(): void}} surroundings `send` returns whether it was
 *   sent; `unread` is called when somebody else wrote
 */
export function chatView({ send, unread }) {
  const list = part('chat-list');
  const form = /** @type {HTMLFormElement} */ (part('chat-form'));
  const input = /** @type {HTMLInputElement} */ (part('chat-input'));

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text !== '' && send(text)) input.value = '';
  });

  onLanguage(() => {
    for (const line of list.querySelectorAll('.event')) line.textContent = eventText(line);
  });

  /** @param {HTMLElement} line */
  function append(line) {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(line);
    while (list.children.length > CAPACITY) list.firstElementChild?.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  return {
    /** @param {string} from @param {string} text @param {boolean} own */
    message(from, text, own) {
      append(
        make(
          'div',
          { className: own ? 'line own' : 'line', data: { from } },
          make('div', { className: 'who' }, make('b', { textContent: from }), make('time', { textContent: clock(new Date()) })),
          make('p', { textContent: text }),
        ),
      );
      if (!own) unread();
    },
    /** @param {'here' | 'left'} event @param {string} name */
    event(event, name) {
      const line = make('div', { className: 'event', data: { event, name } });
      line.textContent = eventText(line);
      append(line);
    },
    clear: () => list.replaceChildren(),
  };
}

function eventText(line) {
  return t(`chat.${line.dataset.event}`, { name: line.dataset.name });
}
