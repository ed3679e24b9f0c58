/** npm `ws` gives up when it offered a subprotocol and the server chooses none. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket } from "ws";
import { Server } from "./support.mjs";

async function chosen(url, offered) {
  const socket = new WebSocket(url, offered);
  await once(socket, "open");
  const { protocol } = socket;
  socket.close();
  await once(socket, "close");
  return protocol;
}

test("a client that offers subprotocols gets the first one, and one that offers none gets none", async () => {
  const server = await Server.start();
  try {
    assert.equal(await chosen(server.url(), ["signaling", "json"]), "signaling");
    assert.equal(await chosen(server.url(), []), "");
    // A name that will mean something one day is not promised before.
    assert.equal(await chosen(server.url(), ["switchboard.v1", "json"]), "json");
    await assert.rejects(chosen(server.url(), ["switchboard.v1"]), /no subprotocol/);
  } finally {
    await server.stop();
  }
});
