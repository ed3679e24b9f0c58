/* Text of a description as elements: nothing in it is ever read as HTML. */

import { make } from '../dom.js';

/** One line of text in which what stands between backticks is code. @param {string} text */
export function line(text) {
  return text.split('`').map((words, n) => (n % 2 === 0 ? words : code(words)));
}

/** Paragraphs, which an empty line parts. @param {string | undefined} text */
export function paragraphs(text) {
  const parts = (text ?? '').split(/\n\s*\n/).filter((part) => part.trim());
  return parts.map((part) => make('p', { className: 'soft' }, ...line(part.replace(/\s+/g, ' '))));
}

/** @param {string} words */
export function code(words) {
  return make('code', {}, words);
}

/** What is of less interest. @param {...(Node | string)} words */
export function aside(...words) {
  return make('div', { className: 'fine' }, ...words);
}

/** A table without a head. @param {(Node | string)[][][]} rows */
export function table(rows) {
  const cells = (row) => row.map((cell) => make('td', {}, ...cell));
  return make('table', {}, make('tbody', {}, ...rows.map((row) => make('tr', {}, ...cells(row)))));
}
