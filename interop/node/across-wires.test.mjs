/** S0.10 with `ws`, and one room of three wires. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joinJson, joinRoom, onServer, registerIn, silent } from "./support.mjs";

const SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n";

describe("S0.10 with ws", { concurrency: true }, () => {
  test("s0_10 scenario 1: join and leave", onServer(async (server) => {
    const ann = await joinJson(server, "room1", "ann");
    const bob = await joinJson(server, "room1", "bob", ["ann", "bob"]);
    await ann.expect({ type: "user-joined", userId: "bob", roomId: "room1" });
    ann.send({ type: "leave", userId: "ann", roomId: "room1" });
    await ann.expect({ type: "leaved", userId: "ann", roomId: "room1" });
    await bob.expect({ type: "user-left", userId: "ann", roomId: "room1" });
    await silent(ann, bob);
  }));

  test("s0_10 scenario 2: rooms do not hear each other", onServer(async (server) => {
    const ann = await joinJson(server, "room1", "ann");
    const bob = await joinJson(server, "room2", "bob");
    ann.send({ type: "message", roomId: "room1", text: "hello" });
    await silent(ann, bob);
    await ann.drop();
    await silent(bob);
  }));

  test("s0_10 scenario 3: a dropped connection leaves its room", onServer(async (server) => {
    const ann = await joinJson(server, "room1", "ann");
    const bob = await joinJson(server, "room1", "bob", ["ann", "bob"]);
    await ann.expect({ type: "user-joined", userId: "bob", roomId: "room1" });
    await bob.drop();
    await ann.expect({ type: "user-left", userId: "bob", roomId: "room1" });
  }));
});

describe("across the wires with ws", { concurrency: true }, () => {
  test("x1 a page of S1 calls a receiver of S2, and S0.10 listens", onServer(async (server) => {
    const page = await joinRoom(server, "studio", "page");
    const tab = await joinJson(server, "studio", "tab", ["page", "tab"]);
    await page.expect({ type: "user-joined", userId: "tab" });
    const camera = await registerIn(server, "studio", "camera", "sender", [
      { client_id: "page", role: "receiver" },
      { client_id: "tab", role: "receiver" },
    ]);
    await page.expect({ type: "user-joined", userId: "camera" });
    await tab.expect({ type: "user-joined", userId: "camera", roomId: "studio" });

    page.send({ type: "offer", roomId: "studio", sender: "page", target: "camera", data: { type: "offer", sdp: SDP } });
    await camera.expect({ type: "offer", sdp: SDP, from: "page" });
    camera.send({ type: "answer", sdp: SDP, target_id: "page" });
    const answer = await page.receive();
    assert.ok(answer.messageId && answer.timestamp, JSON.stringify(answer));
    assert.deepEqual([answer.type, answer.sender, answer.roomId], ["answer", "camera", "studio"]);
    assert.deepEqual([answer.data, answer.answer], [{ type: "answer", sdp: SDP }, { type: "answer", sdp: SDP }]);

    const init = { candidate: "candidate:1 1 udp 1 192.0.2.1 4000 typ host", sdpMid: "0", sdpMLineIndex: 0 };
    camera.send({ type: "candidate", candidate: init });
    const candidate = await page.receive();
    assert.deepEqual([candidate.type, candidate.data, candidate.sender], ["ice-candidate", init, "camera"]);
    const heard = await tab.receive();
    assert.deepEqual(heard, { type: "candidate", candidate: init, roomId: "studio", userId: "camera", from: "camera" });
    page.send({ type: "ice-candidate", roomId: "studio", sender: "page", data: null });
    assert.equal((await tab.receive()).type, "candidate");
    await silent(page, camera, tab);

    tab.send({ type: "chat", roomId: "studio", message: "hello" });
    assert.equal((await page.receive()).message, "hello");
    await camera.expect({ type: "chat", message: "hello", from: "tab" });
    await page.drop();
    await tab.expect({ type: "user-left", userId: "page", roomId: "studio" });
    await camera.expect({ type: "peer-left", client_id: "page", role: "receiver", room_id: "studio" });
    await silent(tab, camera);
  }));
});
