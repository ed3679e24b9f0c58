/** S3 with the npm package `ws`: `/ws/{room_id}/{user_id}`. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { WebSocket } from "ws";
import { Client, onServer } from "./support.mjs";

const where = (room, id) => `/ws/${encodeURIComponent(room)}/${encodeURIComponent(id)}`;

/** Somebody in a room; `users` is who must be there then, in join order. */
async function arrive(server, room, id, users = [id]) {
  const client = await Client.connect(server, { name: id, where: where(room, id) });
  await client.expect({ type: "room_users", target: id, payload: { users } });
  return client;
}

/** The error of this wire, which answers what is no message; nothing may have come before it. */
async function silent(...clients) {
  for (const client of clients) {
    client.send("?probe?");
    const { type, target, payload } = await client.receive();
    assert.deepEqual([type, target, payload.code], ["error", client.name, "malformed_json"]);
  }
}

/** The status and body of a handshake that is refused. */
async function refusal(server, path) {
  const socket = new WebSocket(server.url(path));
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  const parts = await response.toArray();
  return { status: response.statusCode, body: Buffer.concat(parts).toString() };
}

describe("S3 with ws", { concurrency: true }, () => {
  test("s3_1 s3_2 a call between two users, and a third who hears nothing of it", onServer(async (server) => {
    const room = "会议室 一";
    const ann = await arrive(server, room, "ann");
    const bob = await arrive(server, room, "鲍勃 2", ["ann", "鲍勃 2"]);
    await ann.expect({ type: "user_joined", target: "ann", payload: { user_id: "鲍勃 2" } });
    const cy = await arrive(server, room, "cy", ["ann", "鲍勃 2", "cy"]);
    for (const [client, target] of [[ann, "ann"], [bob, "鲍勃 2"]]) {
      await client.expect({ type: "user_joined", target, payload: { user_id: "cy" } });
    }

    const offer = { type: "sdp_offer", target: "鲍勃 2", payload: { sdp: "v=0\r\n" } };
    ann.send(offer);
    await bob.expect({ ...offer, sender: "ann" });
    const answer = { type: "sdp_answer", target: "ann", payload: { sdp: "v=0\r\n" }, sender: "cy" };
    bob.send(answer);
    await ann.expect({ ...answer, sender: "鲍勃 2" });
    await silent(ann, bob, cy);

    const chat = { type: "chat", target: "*", payload: { message: "hello" } };
    cy.send(chat);
    for (const client of [ann, bob]) await client.expect({ ...chat, sender: "cy" });

    cy.send({ type: "chat", target: "nobody", payload: {} });
    const error = await cy.receive();
    assert.deepEqual([error.type, error.target, error.payload.message], ["error", "cy", "User nobody not found"]);

    await bob.drop();
    await ann.expect({ type: "user_left", target: "ann", payload: { user_id: "鲍勃 2" } });
    await cy.expect({ type: "user_left", target: "cy", payload: { user_id: "鲍勃 2" } });
    await cy.close();
    await ann.expect({ type: "user_left", target: "ann", payload: { user_id: "cy" } });
    await silent(ann);
  }));

  test("s3_1 an id that cannot be one is refused before the upgrade, as JSON", onServer(async (server) => {
    for (const path of [where("studio", "a/b"), where("studio", "x".repeat(129)), "/ws/studio/", "/ws/studio/%00"]) {
      const { status, body } = await refusal(server, path);
      assert.equal(status, 400, path);
      const { detail, ...rest } = JSON.parse(body);
      assert.deepEqual(rest, {}, body);
      assert.ok(typeof detail === "string" && detail !== "", body);
    }
  }));
});
