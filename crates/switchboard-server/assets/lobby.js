/** The way in: a name, a room, a camera; and what to do if there is no camera to be had. */

import { deviceChooser, usualSources, withoutMissing } from './devices.js';
import { make, part } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { MediaTrouble, devicesAllowed } from './media.js';
import { tell, untell } from './notices.js';
import { WIRES, wireNamed } from './wires/index.js';

/** @typedef {import('./devices.js').Sources} Sources */

/** What `?media=` stands for. @type {Record<'pattern' | 'none', Sources>} */
const MADE_HERE = {
  pattern: { video: 'pattern', audio: 'tone' },
  none: { video: 'none', audio: 'none' },
};

/**
 * @param {{
 *   wishes: import('./address.js').Wishes,
 *   media: import('./media.js').Media,
 *   enter(name: string, room: string, wire: import('./wires/index.js').Wire): Promise<void>,
 * }} surroundings `enter` is called with the media open
 */
export function lobby({ wishes, media, enter }) {
  const form = /** @type {HTMLFormElement} */ (part('join-form'));
  const name = /** @type {HTMLInputElement} */ (part('name'));
  const room = /** @type {HTMLInputElement} */ (part('room-name'));
  const wires = /** @type {HTMLSelectElement} */ (part('wire'));
  const join = /** @type {HTMLButtonElement} */ (part('join'));
  const preview = /** @type {HTMLVideoElement} */ (part('preview'));
  const previewButton = part('preview-start');
  const chooser = deviceChooser(
    {
      video: /** @type {HTMLSelectElement} */ (part('camera')),
      audio: /** @type {HTMLSelectElement} */ (part('microphone')),
    },
    () => changePreview(),
  );
  /** Whether the user asked to see the camera before joining. */
  let asked = false;
  let inside = false;

  name.value = wishes.name;
  room.value = wishes.room;
  if (!devicesAllowed()) tell('insecure', { kind: 'info', key: 'notice.insecure' });
  name.addEventListener('change', () => changePreview());
  previewButton.addEventListener('click', () => {
    asked = true;
    changePreview();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  onLanguage(drawPreview);
  onLanguage(() => drawWires(wires.value));
  drawWires(wishes.wire.name);

  /** @param {string} chosen */
  function drawWires(chosen) {
    wires.replaceChildren(...WIRES.map(({ name }) => make('option', { value: name, textContent: t(`wire.${name}`) })));
    wires.value = chosen;
  }

  async function choose() {
    chooser.sources = wishes.media ? MADE_HERE[wishes.media] : await usualSources();
    await changePreview();
  }

  /** Shows what would be sent, if that needs no question to the user or was asked for. */
  async function changePreview() {
    if (inside) return;
    const { video } = chooser.sources;
    try {
      if (video === 'pattern' || (asked && video !== 'none')) {
        await media.open({ video, audio: 'none' }, name.value.trim());
        await chooser.refresh();
        untell('media');
      } else {
        media.close();
      }
    } catch (error) {
      media.close();
      explain(error);
    }
    drawPreview();
  }

  function drawPreview() {
    const { video } = chooser.sources;
    const showing = !inside && media.track('video') !== null;
    preview.srcObject = showing ? media.stream : null;
    preview.classList.toggle('mirrored', video !== 'pattern');
    part('preview-cover').hidden = showing;
    part('preview-hint').textContent = t(video === 'none' ? 'lobby.noVideo' : 'lobby.noPreview');
    previewButton.hidden = video === 'none';
  }

  async function submit() {
    const names = { name: name.value.trim(), room: room.value.trim() };
    if (names.name === '' || names.room === '' || join.disabled) return;
    join.disabled = true;
    join.textContent = t('lobby.joining');
    try {
      await openMedia(names.name);
      inside = true;
      untell('refused');
      drawPreview();
      await enter(names.name, names.room, wireNamed(wires.value));
    } catch (error) {
      inside = false;
      explain(error);
    } finally {
      join.disabled = false;
      join.textContent = t('lobby.join');
    }
  }

  /** A machine without a camera sends the pattern and is told so; a refusal is for the user to decide. */
  async function openMedia(name) {
    untell('media');
    try {
      await media.open(chooser.sources, name);
    } catch (error) {
      if (!(error instanceof MediaTrouble) || error.reason !== 'missing') throw error;
      const possible = await withoutMissing(chooser.sources);
      const same = possible.video === chooser.sources.video && possible.audio === chooser.sources.audio;
      if (same) throw error;
      chooser.sources = possible;
      await media.open(possible, name);
      tell('media', { kind: 'info', key: 'notice.substituted', seconds: 10 });
    }
  }

  /** @param {unknown} error */
  function explain(error) {
    if (!(error instanceof MediaTrouble)) throw error;
    const joinWith = (kind) => () => {
      chooser.sources = MADE_HERE[kind];
      submit();
    };
    tell('media', {
      kind: 'error',
      key: `trouble.${error.reason}`,
      values: () => ({ detail: error.message }),
      actions: [
        { key: 'trouble.usePattern', run: joinWith('pattern') },
        { key: 'trouble.useNone', run: joinWith('none') },
      ],
    });
  }

  const ready = choose();
  return {
    /** Settled once the choice of sources is made. */
    ready,
    /** Back from the room. */
    async reopen() {
      inside = false;
      await chooser.refresh();
      await changePreview();
    },
  };
}
