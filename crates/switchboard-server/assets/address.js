/** What the page's own address says and what an invite link says. */

import { friendlyName } from './names.js';
import { WIRES, wireNamed } from './wires/index.js';

/** Where the page lives; everything else is found relative to it, so it may live under a sub-path. */
export const BASE = new URL('.', document.baseURI);

/**
 * @typedef {object} Wishes the parameters of the address
 * @property {string} name `?name=`
 * @property {string} room `?room=`
 * @property {'pattern' | 'none' | null} media `?media=`; null asks for camera and microphone
 * @property {import('./wires/index.js').Wire} wire `?wire=`
 */

/** @returns {Wishes} */
export function readAddress() {
  const parameters = new URLSearchParams(location.search);
  const media = parameters.get('media');
  return {
    name: parameters.get('name')?.trim() || nameBeforeReload() || friendlyName(),
    room: parameters.get('room')?.trim() || 'demo',
    media: media === 'pattern' || media === 'none' ? media : null,
    wire: wireNamed(parameters.get('wire')),
  };
}

/**
 * Makes a reload, or a copied address, lead to the same room on the same wire.
 * @param {string} name
 * @param {string} room
 * @param {import('./wires/index.js').Wire} wire
 */
export function keepInAddress(name, room, wire) {
  const here = new URL(location.href);
  here.searchParams.set('room', room);
  if (wire === WIRES[0]) here.searchParams.delete('wire');
  else here.searchParams.set('wire', wire.name);
  history.replaceState(null, '', here);
  try {
    sessionStorage.setItem('name', name);
  } catch {
    // A reload gives a new name then.
  }
}

/** @param {string} room @returns {string} */
export function inviteLink(room) {
  const link = new URL(BASE);
  link.search = new URLSearchParams({ room }).toString();
  return link.href;
}

/** Only a reload is the same person again: a duplicated tab has a copy of the storage as well. */
function nameBeforeReload() {
  const [navigation] = performance.getEntriesByType('navigation');
  if (/** @type {PerformanceNavigationTiming} */ (navigation)?.type !== 'reload') return null;
  try {
    return sessionStorage.getItem('name');
  } catch {
    return null;
  }
}
