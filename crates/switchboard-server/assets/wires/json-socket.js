/**
 * A WebSocket of JSON text frames, with every frame in the log. The transport of all plain
 * WebSocket wires.
 */

/**
 * @param {URL} url `http(s):` or `ws(s):`
 * @param {{
 *   log: import('../log.js').Log,
 *   peerOf(message: any): string | undefined,
 *   opened(): void,
 *   received(message: any): void,
 *   closed(end: import('./index.js').End): void,
 * }} handlers `closed` is called once, also when the socket never opened; never after `close()`
 */
export function openJsonSocket(url, { log, peerOf, opened, received, closed }) {
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  let done = false;

  socket.onopen = () => {
    if (done) return;
    log.note('socket open', url.href);
    opened();
  };

  socket.onmessage = ({ data }) => {
    if (done) return;
    const message = parse(data);
    if (!message) {
      log.note('no message', String(data).slice(0, 200));
      return;
    }
    log.add({ direction: 'in', type: message.type, peer: peerOf(message), text: data });
    received(message);
  };

  socket.onclose = ({ code, reason }) => {
    if (done) return;
    done = true;
    log.note('socket closed', reason ? `${code} ${reason}` : String(code));
    closed({ code, reason });
  };

  return {
    /** @param {any} message @returns {boolean} whether the socket took it */
    send(message) {
      if (done || socket.readyState !== WebSocket.OPEN) return false;
      const text = JSON.stringify(message);
      log.add({ direction: 'out', type: message.type, peer: peerOf(message), text });
      socket.send(text);
      return true;
    },
    close() {
      if (done) return;
      done = true;
      log.note('socket closed', 'by this page');
      socket.close(1000);
    },
  };
}

/** @param {unknown} data @returns {any} the message, its `type` a text in any case; null if it is no JSON object */
function parse(data) {
  if (typeof data !== 'string') return null;
  try {
    const message = JSON.parse(data);
    if (message === null || typeof message !== 'object' || Array.isArray(message)) return null;
    return { ...message, type: String(message.type ?? 'message') };
  } catch {
    return null;
  }
}
