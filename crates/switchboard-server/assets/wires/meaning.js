/**
 * What wires carry, read with tolerance: clients of one wire write the same thing in several
 * shapes, and a shape we cannot read must not end the conversation.
 */

/**
 * An offer or answer: `{type, sdp}`, `{sdp}` or the SDP text itself.
 * @param {'offer' | 'answer'} type
 * @param {any} value
 * @returns {{type: 'offer' | 'answer', sdp: string} | null} null when there is no SDP in it
 */
export function readDescription(type, value) {
  const sdp = typeof value === 'string' ? value : value?.sdp;
  return typeof sdp === 'string' && sdp !== '' ? { type, sdp } : null;
}

/**
 * A candidate: an RTCIceCandidateInit, or the candidate line with `sdpMid` / `sdpMLineIndex` beside it.
 * @param {any} value
 * @param {any} [beside] where the loose fields stand
 * @returns {RTCIceCandidateInit | null} null for the end of candidates, which needs no action
 */
export function readCandidate(value, beside = {}) {
  const init =
    typeof value === 'string'
      ? { candidate: value, sdpMid: beside.sdpMid, sdpMLineIndex: beside.sdpMLineIndex }
      : value;
  if (!init || typeof init.candidate !== 'string' || init.candidate === '') return null;
  // A candidate that names no media section belongs to the first one.
  if (init.sdpMid == null && init.sdpMLineIndex == null) return { ...init, sdpMLineIndex: 0 };
  return init;
}
