/** ICE servers, as the server hands them out. Credentials may be short-lived: ask for each call. */

import { BASE } from './address.js';

/**
 * @param {import('./log.js').Log} log
 * @returns {Promise<RTCIceServer[]>} empty when there are none or the server does not answer; calls
 *   within one network work without
 */
export async function fetchIceServers(log) {
  try {
    const response = await fetch(new URL('ice-servers', BASE), {
      cache: 'no-store',
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { iceServers } = await response.json();
    if (!Array.isArray(iceServers)) throw new Error('no iceServers');
    log.note('ice-servers', iceServers.flatMap(({ urls }) => urls).join(' ') || '–');
    return iceServers;
  } catch (error) {
    log.note('ice-servers', error.message);
    return [];
  }
}
