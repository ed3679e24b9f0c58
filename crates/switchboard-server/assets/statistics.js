/** What a peer connection delivers, from its `getStats`. */

/** So many readings in a row without a new frame mean that there is no picture any more. */
const STILL_READINGS = 2;

/**
 * @typedef {object} LinkStatistics
 * @property {number} framesDecoded video frames decoded so far
 * @property {number} framesPerSecond
 * @property {number} width of the picture, pixels
 * @property {number} height
 * @property {number} bytesReceived media bytes, audio and video
 * @property {number} audioPackets received
 * @property {number} still readings in a row that brought no new frame, see {@link reading}
 * @property {string | undefined} route type of our candidate in use: host, srflx, prflx or relay
 */

/** @param {RTCPeerConnection} pc @returns {Promise<LinkStatistics>} */
export async function statisticsOf(pc) {
  const report = await pc.getStats();
  const found = {
    framesDecoded: 0,
    framesPerSecond: 0,
    width: 0,
    height: 0,
    bytesReceived: 0,
    audioPackets: 0,
    still: 0,
    route: undefined,
  };
  for (const entry of report.values()) {
    if (entry.type === 'inbound-rtp') addInbound(found, entry);
    if (entry.type === 'transport') {
      const pair = report.get(entry.selectedCandidatePairId);
      found.route ??= report.get(pair?.localCandidateId)?.candidateType;
    }
  }
  return found;
}

/**
 * One of a series of readings, which notices when a picture stops.
 * @param {RTCPeerConnection} pc
 * @param {LinkStatistics | undefined} before the reading before
 */
export async function reading(pc, before) {
  const found = await statisticsOf(pc);
  const same = before !== undefined && before.framesDecoded === found.framesDecoded;
  return { ...found, still: same ? before.still + 1 : 0 };
}

/** Whether the peer's picture has stopped: it sends none any more. @param {LinkStatistics | undefined} found */
export function isStill(found) {
  return found !== undefined && found.still >= STILL_READINGS;
}

function addInbound(found, entry) {
  found.bytesReceived += entry.bytesReceived ?? 0;
  if (entry.kind === 'audio') found.audioPackets += entry.packetsReceived ?? 0;
  if (entry.kind !== 'video') return;
  found.framesDecoded += entry.framesDecoded ?? 0;
  found.framesPerSecond = Math.max(found.framesPerSecond, entry.framesPerSecond ?? 0);
  found.width = Math.max(found.width, entry.frameWidth ?? 0);
  found.height = Math.max(found.height, entry.frameHeight ?? 0);
}
