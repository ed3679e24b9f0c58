/** The buttons under the pictures: mute, camera, screen, devices, invite, leave. */

import { deviceChooser } from './devices.js';
import { icon, part } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { MediaTrouble } from './media.js';
import { tell } from './notices.js';

/**
 * @param {{
 *   media: import('./media.js').Media,
 *   name(): string,
 *   invite(): void,
 *   leave(): void,
 * }} surroundings
 */
export function controls({ media, name, invite, leave }) {
  const dialog = /** @type {HTMLDialogElement} */ (part('devices'));
  const chooser = deviceChooser(
    {
      video: /** @type {HTMLSelectElement} */ (part('call-camera')),
      audio: /** @type {HTMLSelectElement} */ (part('call-microphone')),
    },
    () => reopen(),
  );

  async function reopen() {
    try {
      await media.open(chooser.sources, name());
    } catch (error) {
      chooser.sources = media.sources;
      tellTrouble(error);
    }
    await chooser.refresh();
  }

  async function chooseDevices() {
    await chooser.refresh();
    chooser.sources = media.sources;
    dialog.showModal();
  }

  /** Without a track there is nothing to mute; the button leads to the choice of one. */
  function toggle(kind) {
    if (media.track(kind)) media.mute(kind, !media.muted(kind));
    else chooseDevices();
  }

  async function share() {
    try {
      await (media.sharing ? media.unshare() : media.share());
    } catch (error) {
      tellTrouble(error);
    }
  }

  part('toggle-audio').addEventListener('click', () => toggle('audio'));
  part('toggle-video').addEventListener('click', () => toggle('video'));
  part('share').addEventListener('click', share);
  part('choose-devices').addEventListener('click', chooseDevices);
  part('invite').addEventListener('click', invite);
  part('leave').addEventListener('click', leave);
  onLanguage(draw);

  function draw() {
    const audio = media.track('audio') !== null && !media.muted('audio');
    const video = media.track('video') !== null && !media.muted('video');
    face('toggle-audio', audio ? 'mic' : 'mic-off', audio ? 'controls.mute' : 'controls.unmute', !audio);
    face('toggle-video', video ? 'camera' : 'camera-off', video ? 'controls.hide' : 'controls.show', !video);
    face('share', 'screen', media.sharing ? 'controls.unshare' : 'controls.share', media.sharing);
  }

  return {
    draw,
    close: () => dialog.close(),
  };
}

function face(id, iconName, key, pressed) {
  const button = part(id);
  button.replaceChildren(icon(iconName));
  button.title = t(key);
  button.setAttribute('aria-label', t(key));
  button.setAttribute('aria-pressed', String(pressed));
}

/** @param {unknown} error */
function tellTrouble(error) {
  if (!(error instanceof MediaTrouble)) throw error;
  tell('media', {
    kind: 'error',
    key: `trouble.${error.reason}`,
    values: () => ({ detail: error.message }),
    seconds: 15,
  });
}
