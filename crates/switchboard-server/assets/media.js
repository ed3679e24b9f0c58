/**
 * What this page sends: at most one audio and one video track, each from a device, from a source
 * drawn or played by the page itself, or none at all.
 *
 * @typedef {'none' | 'pattern' | 'tone' | '' | string} Source a device id; `''` is the default
 *   device, `pattern` (video) and `tone` (audio) are made here
 */

import { openPattern } from './pattern.js';
import { openTone } from './tone.js';

/** Small enough that a full mesh of several tabs fits one modest machine. */
const CAMERA = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 25, max: 30 } };

export class Media {
  /** Groups our tracks for the receiver; never holds more than one of a kind. */
  stream = new MediaStream();
  /** @type {{audio: Source, video: Source}} */
  sources = { audio: 'none', video: 'none' };
  sharing = false;

  #muted = { audio: false, video: false };
  /** Ends what produces a track. @type {{audio: () => void, video: () => void}} */
  #stop = { audio: () => {}, video: () => {} };
  #name = '';
  #changed;
  #lost;

  /**
   * @param {() => void} changed called after the tracks or their muting changed
   * @param {(kind: 'audio' | 'video') => void} lost called when a device went away by itself
   */
  constructor(changed, lost) {
    this.#changed = changed;
    this.#lost = lost;
  }

  /** @param {'audio' | 'video'} kind @returns {MediaStreamTrack | null} */
  track(kind) {
    return this.stream.getTracks().find((track) => track.kind === kind) ?? null;
  }

  /**
   * Opens the given sources; what already runs stays. Nothing changes if one of them cannot be had.
   * @param {{audio: Source, video: Source}} sources
   * @param {string} name drawn into the test pattern
   * @throws {MediaTrouble}
   */
  async open(sources, name) {
    const renamed = name !== this.#name && sources.video === 'pattern';
    this.#name = name;
    const audio = sources.audio !== this.sources.audio || !this.#runs('audio', sources.audio);
    const video =
      !this.sharing && (sources.video !== this.sources.video || renamed || !this.#runs('video', sources.video));
    const devices = await openDevices({
      audio: audio && isDevice('audio', sources.audio) ? sources.audio : null,
      video: video && isDevice('video', sources.video) ? sources.video : null,
    });
    this.sources = { ...sources };
    if (audio) this.#use('audio', sources.audio === 'tone' ? openTone() : devices.audio);
    if (video) this.#use('video', sources.video === 'pattern' ? openPattern(name) : devices.video);
    this.#watch('audio', devices.audio);
    this.#watch('video', devices.video);
    this.#changed();
  }

  /**
   * Shows the screen instead of the camera, until `unshare` or the browser's own stop button.
   * @throws {MediaTrouble}
   */
  async share() {
    if (!navigator.mediaDevices?.getDisplayMedia) throw new MediaTrouble('no-screen');
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } });
    } catch (error) {
      throw new MediaTrouble(error.name === 'NotAllowedError' ? 'screen-refused' : 'no-screen', error);
    }
    const [track] = stream.getVideoTracks();
    track.contentHint = 'detail';
    track.onended = () => this.unshare();
    this.sharing = true;
    this.#use('video', { track, stop: () => track.stop() });
    this.#changed();
  }

  /** Goes back from the screen to what was shown before; `lost` tells if that is gone by now. */
  async unshare() {
    if (!this.sharing) return;
    this.sharing = false;
    this.#use('video', null);
    this.#changed();
    try {
      await this.open(this.sources, this.#name);
    } catch {
      this.#lost('video');
    }
  }

  /** @param {'audio' | 'video'} kind */
  muted(kind) {
    return this.#muted[kind];
  }

  /** @param {'audio' | 'video'} kind @param {boolean} muted */
  mute(kind, muted) {
    this.#muted[kind] = muted;
    const track = this.track(kind);
    if (track) track.enabled = !muted;
    this.#changed();
  }

  close() {
    this.sharing = false;
    this.sources = { audio: 'none', video: 'none' };
    this.#use('audio', null);
    this.#use('video', null);
    this.#changed();
  }

  /** Our own `stop()` does not end a track in this sense; an unplugged device does. */
  #watch(kind, opened) {
    if (!opened) return;
    opened.track.onended = () => {
      this.#use(kind, null);
      this.#changed();
      this.#lost(kind);
    };
  }

  #runs(kind, source) {
    return source === 'none' ? !this.track(kind) : this.track(kind)?.readyState === 'live';
  }

  /** @param {'audio' | 'video'} kind @param {Opened | null} opened */
  #use(kind, opened) {
    const old = this.track(kind);
    if (old) this.stream.removeTrack(old);
    this.#stop[kind]();
    this.#stop[kind] = opened?.stop ?? (() => {});
    if (!opened) return;
    opened.track.enabled = !this.#muted[kind];
    this.stream.addTrack(opened.track);
  }
}

/** Why there is no picture or sound: a key of the page's words, `trouble.<reason>`. */
export class MediaTrouble extends Error {
  /**
   * @param {'refused' | 'missing' | 'busy' | 'insecure' | 'screen-refused' | 'no-screen' | 'other'} reason
   * @param {DOMException} [cause] what the browser said
   */
  constructor(reason, cause) {
    super(cause?.message ?? reason, { cause });
    this.reason = reason;
  }
}

/** Whether this page may ask for a camera at all; browsers give it to https and localhost only. */
export function devicesAllowed() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/** @typedef {{track: MediaStreamTrack, stop: () => void}} Opened */

/**
 * @param {{audio: string | null, video: string | null}} ids null for what is not wanted
 * @returns {Promise<{audio: Opened | null, video: Opened | null}>}
 */
async function openDevices({ audio, video }) {
  if (audio === null && video === null) return { audio: null, video: null };
  if (!devicesAllowed()) throw new MediaTrouble('insecure');
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: audio === null ? false : device(audio, {}),
      video: video === null ? false : device(video, CAMERA),
    });
    return { audio: opened(stream.getAudioTracks()[0]), video: opened(stream.getVideoTracks()[0]) };
  } catch (error) {
    throw new MediaTrouble(REASONS[error.name] ?? 'other', error);
  }
}

function isDevice(kind, source) {
  return source !== 'none' && source !== (kind === 'audio' ? 'tone' : 'pattern');
}

function device(id, wishes) {
  return id === '' ? (Object.keys(wishes).length > 0 ? wishes : true) : { ...wishes, deviceId: { exact: id } };
}

function opened(track) {
  return track ? { track, stop: () => track.stop() } : null;
}

/** DOMException names of getUserMedia. @type {Record<string, MediaTrouble['reason']>} */
const REASONS = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};
