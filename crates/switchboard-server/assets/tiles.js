/** The pictures: one tile for us and one per peer, as large as the room for them allows. */

import { icon, make, part } from './dom.js';
import { t } from './i18n.js';
import { avatar } from './people-view.js';

const RATIO = 16 / 9;
const GAP = 10;

/**
 * @typedef {object} Shown one tile's content
 * @property {string} id
 * @property {MediaStream | null} stream
 * @property {boolean} own ours: silent, and mirrored if it is a camera
 * @property {boolean} [mirrored]
 * @property {string} state RTCPeerConnectionState
 * @property {string} [facts] a short line about the picture
 * @property {boolean} [muted] our microphone is off
 * @property {boolean} [hidden] there is no picture, though there is a track for one
 */

/** @param {() => void} silenced the browser plays no sound until the user allows it */
export function tileGrid(silenced) {
  const grid = part('tiles');
  /** @type {Map<string, HTMLElement>} */
  const tiles = new Map();

  new ResizeObserver(arrange).observe(grid);

  function arrange() {
    const width = fit(tiles.size, grid.clientWidth, grid.clientHeight);
    grid.style.setProperty('--tile-size', `${width}px`);
  }

  return {
    /** @param {Shown[]} all in the order to show them */
    draw(all) {
      const keys = new Set(all.map(keyOf));
      for (const [key, tile] of tiles) {
        if (keys.has(key)) continue;
        tile.remove();
        tiles.delete(key);
      }
      for (const shown of all) {
        let tile = tiles.get(keyOf(shown));
        if (!tile) {
          tile = newTile(shown);
          tiles.set(keyOf(shown), tile);
          grid.append(tile);
        }
        update(tile, shown, silenced);
      }
      arrange();
    },
    /** After the user allowed it. */
    playAll() {
      for (const video of grid.querySelectorAll('video')) {
        video.muted = video.closest('.own') !== null;
        video.play().catch(() => {});
      }
    },
  };
}

/** Somebody else may have our id, seen from here; the own tile keeps apart. */
function keyOf({ id, own }) {
  return own ? 'own' : `peer ${id}`;
}

function newTile({ id, own }) {
  const video = make('video', { autoplay: true, playsInline: true, muted: own });
  return make(
    'figure',
    { className: own ? 'tile own' : 'tile', data: { peer: id } },
    video,
    make('div', { className: 'cover' }, avatar(id)),
    make(
      'figcaption',
      {},
      make('span', { className: 'dot' }),
      make('span', { className: 'name', textContent: own ? `${id} (${t('people.you')})` : id }),
      make('span', { className: 'mute' }, icon('mic-off')),
      make('span', { className: 'facts' }),
    ),
  );
}

/** @param {HTMLElement} tile @param {Shown} shown */
function update(tile, shown, silenced) {
  const video = /** @type {HTMLVideoElement} */ (tile.querySelector('video'));
  const picture = shown.stream?.getVideoTracks().length ? !shown.hidden : false;
  tile.dataset.state = shown.state;
  tile.classList.toggle('mirrored', Boolean(shown.mirrored));
  tile.classList.toggle('without-picture', !picture);
  tile.classList.toggle('muted', Boolean(shown.muted));
  text(tile, '.name', shown.own ? `${shown.id} (${t('people.you')})` : shown.id);
  text(tile, '.facts', shown.facts ?? '');
  if (video.srcObject === shown.stream) return;
  video.srcObject = shown.stream;
  if (!shown.stream) return;
  video.play().catch((error) => {
    if (error.name !== 'NotAllowedError') return;
    video.muted = true;
    video.play().catch(() => {});
    silenced();
  });
}

function text(tile, selector, content) {
  const element = tile.querySelector(selector);
  if (element.textContent !== content) element.textContent = content;
}

/** The largest width at which all tiles fit, over every number of columns. */
function fit(count, width, height) {
  let best = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = ((height - GAP * (rows - 1)) / rows) * RATIO;
    best = Math.max(best, Math.floor(Math.min(byWidth, byHeight)));
  }
  return best;
}
