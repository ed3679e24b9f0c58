/** What a peer connection delivers, from its `getStats`. */

/**
 * @typedef {object} LinkStatistics
 * @property {number} framesDecoded video frames decoded so far
 * @property {number} framesPerSecond
 * @property {number} width of the picture, pixels
 * @property {number} height
 * @property {number} bytesReceived media bytes, audio and video
 * @property {number} audioPackets received
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

function addInbound(found, entry) {
  found.bytesReceived += entry.bytesReceived ?? 0;
  if (entry.kind === 'audio') found.audioPackets += entry.packetsReceived ?? 0;
  if (entry.kind !== 'video') return;
  found.framesDecoded += entry.framesDecoded ?? 0;
  found.framesPerSecond = Math.max(found.framesPerSecond, entry.framesPerSecond ?? 0);
  found.width = Math.max(found.width, entry.frameWidth ?? 0);
  found.height = Math.max(found.height, entry.frameHeight ?? 0);
}
