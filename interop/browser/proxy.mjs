/** A reverse proxy that serves an upstream below `/sub/`, as a web server in front would. */

import http from 'node:http';

const PREFIX = '/sub';

/**
 * @param {number} port of the upstream on 127.0.0.1
 * @returns {Promise<{url: string, close(): Promise<void>}>} `url` ends with the prefix and a slash
 */
export async function startSubPathProxy(port) {
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    const upstream = forward(request, response, port);
    upstream?.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const upstream = forward(request, null, port);
    if (!upstream) {
      socket.destroy();
      return;
    }
    upstream.on('upgrade', (answer, far, farHead) => {
      const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
      for (let i = 0; i < answer.rawHeaders.length; i += 2) lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      socket.write(farHead);
      far.write(head);
      far.pipe(socket).pipe(far);
      for (const end of [far, socket]) end.on('error', () => {}).on('close', () => [far, socket].forEach((each) => each.destroy()));
    });
    upstream.on('response', () => socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${PREFIX}/`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes the request on without the prefix; whatever lies outside of it is not found. */
function forward(request, response, port) {
  if (!request.url.startsWith(`${PREFIX}/`)) {
    response?.writeHead(404).end();
    return null;
  }
  const { method, headers } = request;
  const upstream = http.request({ host: '127.0.0.1', port, path: request.url.slice(PREFIX.length), method, headers });
  upstream.on('error', () => response?.destroy());
  request.pipe(upstream);
  return upstream;
}
