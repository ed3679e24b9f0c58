/**
 * The page in the reader's language: as chosen here, else the browser's. Static text carries
 * `data-i18n` (or `data-i18n-title`, `-placeholder`, `-label`, `-empty`) with a key of words.js; everything
 * made by scripts uses `t` and draws itself again on `onLanguage`.
 */

import { recall, remember } from './memory.js';
import { WORDS } from './words.js';

/** @typedef {keyof typeof WORDS} Language */

/** @type {Language} */
let language = initial();
const listeners = new Set();

/** @param {string} key @param {Record<string, string | number>} [values] for `{name}` in the text */
export function t(key, values = {}) {
  const text = WORDS[language][key] ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

export function currentLanguage() {
  return language;
}

/** @param {Language} chosen */
export function chooseLanguage(chosen) {
  language = chosen;
  remember('language', chosen);
  translate();
  for (const listener of listeners) listener();
}

/** @param {() => void} listener */
export function onLanguage(listener) {
  listeners.add(listener);
}

/** Fills the static text of the page. */
export function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-i18n]')) {
    element.textContent = t(element.getAttribute('data-i18n') ?? '');
  }
  for (const [attribute, name] of Object.entries(ATTRIBUTES)) {
    for (const element of document.querySelectorAll(`[data-i18n-${attribute}]`)) {
      element.setAttribute(name, t(element.getAttribute(`data-i18n-${attribute}`) ?? ''));
    }
  }
}

const ATTRIBUTES = { title: 'title', placeholder: 'placeholder', label: 'aria-label', empty: 'data-empty' };

function initial() {
  const chosen = recall('language') ?? navigator.language;
  return chosen.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
