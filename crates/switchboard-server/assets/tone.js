/** A tone just above silence: exercises the audio path without disturbing anybody. */

/** @returns {import('./media.js').Opened} */
export function openTone() {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: 220 });
  const volume = new GainNode(context, { gain: 0.003 });
  const out = new MediaStreamAudioDestinationNode(context);
  oscillator.connect(volume).connect(out);
  oscillator.start();
  const [track] = out.stream.getAudioTracks();
  return {
    track,
    stop() {
      track.stop();
      oscillator.stop();
      context.close();
    },
  };
}
