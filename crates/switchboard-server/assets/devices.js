/** The choice of camera and microphone: two lists of what there is, with what the page makes itself. */

import { make } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { devicesAllowed } from './media.js';

/** @typedef {{audio: import('./media.js').Source, video: import('./media.js').Source}} Sources */

/** What to choose where nothing was chosen: devices if there are any. @returns {Promise<Sources>} */
export async function usualSources() {
  const present = await kindsPresent();
  return { video: present.video ? '' : 'pattern', audio: present.audio ? '' : 'none' };
}

/** The sources with those replaced for which there is no device at all. @param {Sources} sources */
export async function withoutMissing(sources) {
  const present = await kindsPresent();
  return {
    video: present.video || MADE.video.includes(sources.video) ? sources.video : 'pattern',
    audio: present.audio || MADE.audio.includes(sources.audio) ? sources.audio : 'none',
  };
}

/**
 * Keeps two lists filled with the present devices.
 * @param {{video: HTMLSelectElement, audio: HTMLSelectElement}} lists
 * @param {() => void} changed a choice was made by the user
 */
export function deviceChooser(lists, changed) {
  /** @type {MediaDeviceInfo[]} */
  let devices = [];

  async function refresh() {
    devices = await listDevices();
    draw();
  }

  function draw() {
    fill(lists.video, [
      ...deviceOptions(devices, 'videoinput', 'source.camera', 'lobby.camera'),
      ['pattern', t('source.pattern')],
      ['none', t('source.noCamera')],
    ]);
    fill(lists.audio, [
      ...deviceOptions(devices, 'audioinput', 'source.microphone', 'lobby.microphone'),
      ['tone', t('source.tone')],
      ['none', t('source.noMicrophone')],
    ]);
  }

  lists.video.addEventListener('change', changed);
  lists.audio.addEventListener('change', changed);
  navigator.mediaDevices?.addEventListener('devicechange', refresh);
  onLanguage(draw);
  draw();
  refresh();

  return {
    /** Asks the browser anew: names are given only after permission. */
    refresh,
    /** @returns {Sources} */
    get sources() {
      return { audio: lists.audio.value, video: lists.video.value };
    },
    set sources({ audio, video }) {
      choose(lists.audio, audio);
      choose(lists.video, video);
    },
  };
}

/** What needs no device. */
const MADE = { video: ['pattern', 'none'], audio: ['tone', 'none'] };

async function listDevices() {
  if (!devicesAllowed()) return [];
  try {
    return await navigator.mediaDevices.enumerateDevices();
  } catch {
    return [];
  }
}

async function kindsPresent() {
  const devices = await listDevices();
  return {
    video: devices.some(({ kind }) => kind === 'videoinput'),
    audio: devices.some(({ kind }) => kind === 'audioinput'),
  };
}

/** @returns {[string, string][]} id and label; the default first, and alone while ids are withheld */
function deviceOptions(devices, kind, defaultKey, numberedKey) {
  if (!devicesAllowed()) return [];
  const named = devices.filter(
    (device) => device.kind === kind && !['', 'default', 'communications'].includes(device.deviceId),
  );
  return [
    ['', t(defaultKey)],
    ...named.map((device, index) => [
      device.deviceId,
      device.label || t('source.numbered', { kind: t(numberedKey), number: index + 1 }),
    ]),
  ];
}

function fill(list, options) {
  const { value } = list;
  list.replaceChildren(...options.map(([id, label]) => make('option', { value: id, textContent: label })));
  choose(list, value);
}

/** A device that is not there (any more) leaves the choice at the first entry. */
function choose(list, value) {
  list.value = value;
  if (list.selectedIndex < 0) list.selectedIndex = 0;
}
