/** S1: the scenarios of rooms over plain WebSocket, played with `ws`. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client, joinRoom, onServer, silent } from "./support.mjs";

/** `ids.length` peers of one room, who have all seen one another come. */
async function room(server, name, ...ids) {
  const members = [];
  for (const id of ids) {
    const newcomer = await joinRoom(server, name, id);
    for (const member of members) await member.expect({ type: "user-joined", userId: id });
    members.push(newcomer);
  }
  return members;
}

const SDP = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n";

describe("S1 with ws", { concurrency: true }, () => {
  test("s1_1 join is confirmed, and seen by the others", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    await silent(bob, ann);
  }));

  test("s1_1 leave-room is seen by the others and not answered", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    bob.send({ type: "leave-room", roomId: "studio", sender: "bob" });
    await ann.expect({ type: "user-left", userId: "bob" });
    await silent(bob, ann);
  }));

  for (const end of ["close", "drop"]) {
    test(`s1_1 a connection that ends (${end}) leaves its room`, onServer(async (server) => {
      const [ann, bob] = await room(server, "studio", "ann", "bob");
      await bob[end]();
      await ann.expect({ type: "user-left", userId: "bob" });
      await silent(ann);
    }));
  }

  test("s1_2 a call: offer, answer, candidates and chat, to the others and not back", onServer(async (server) => {
    const [ann, bob, cy] = await room(server, "studio", "ann", "bob", "cy");
    const from = (sender, type, body) => ({ type, roomId: "studio", sender, ...body });
    const conversation = [
      [ann, from("ann", "offer", { data: { type: "offer", sdp: SDP } })],
      [bob, from("bob", "answer", { data: { type: "answer", sdp: SDP } })],
      [ann, from("ann", "ice-candidate", { data: { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 } })],
      [bob, from("bob", "ice-candidate", { data: null })],
      [cy, from("cy", "chat", { message: "你好 😀" })],
      [cy, from("cy", "whiteboard", { strokes: [[0, 1], [2, 3]] })],
    ];
    for (const [speaker, message] of conversation) {
      const text = speaker.send(message);
      for (const listener of [ann, bob, cy]) if (listener !== speaker) await listener.expectText(text);
    }
    await silent(ann, bob, cy);
  }));

  const odd = {
    whitespace: ' \r\n{\t"type" :  "offer" ,\n "roomId":"studio","sender" : "ann" , "data":{ } }\t\n ',
    "key order": '{"zz":1,"sender":"ann","2":0,"1":0,"type":"answer","roomId":"studio"}',
    escapes: '{"type":"chat","roomId":"studio","sender":"ann","message":"\\u4f60\\/\\ud83d\\ude00\\u0000"}',
    numbers: '{"type":"n","sender":"ann","v":[1.0,1E+400,-0,0.10,123456789012345678901234567890]}',
    "repeated keys": '{"type":"x","sender":"ann","data":{"a":1,"a":2},"b":1,"b":2}',
  };
  for (const [name, text] of Object.entries(odd)) {
    test(`s1_2 messages arrive byte for byte: ${name}`, onServer(async (server) => {
      const [ann, bob] = await room(server, "studio", "ann", "bob");
      ann.send(text);
      await bob.expectText(text);
    }));
  }

  test("s1_2 a binary frame with JSON is forwarded as text", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    const text = ann.send(Buffer.from('{"type":"chat","sender":"ann","message":"二进制"}'));
    await bob.expectText(text);
  }));

  test("s1_2 a fragmented message arrives whole", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    ann.socket.send('{"type":"chat","sen', { fin: false });
    ann.socket.ping();
    ann.socket.send('der":"ann","message":"', { fin: false });
    ann.socket.send('hello"}', { fin: true });
    await bob.expectText('{"type":"chat","sender":"ann","message":"hello"}');
  }));

  test("s1_2 rooms do not hear each other", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    const [other, elsewhere] = await room(server, "kitchen", "ann", "bob");
    const text = ann.send({ type: "chat", roomId: "studio", sender: "ann", message: "to the studio" });
    await bob.expectText(text);
    await elsewhere.drop();
    await other.expect({ type: "user-left", userId: "bob" });
    await silent(ann, bob, other);
  }));

  test("s1_2 a forged sender or room is refused", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    const cy = await joinRoom(server, "kitchen", "cy");
    ann.send({ type: "offer", roomId: "studio", sender: "bob", data: {} });
    await ann.expectError("sender_mismatch");
    ann.send({ type: "offer", roomId: "kitchen", sender: "ann", data: {} });
    await ann.expectError("room_mismatch");
    await silent(ann, bob, cy);
  }));

  test("s1_2 a message before join-room is an error, and the connection lives", onServer(async (server) => {
    const ann = await Client.connect(server, { name: "ann" });
    ann.send({ type: "offer", roomId: "studio", sender: "ann", data: {} });
    await ann.expectError("not_in_room");
    ann.send({ type: "join-room", roomId: "studio", sender: "ann" });
    await ann.expect({ type: "join-success", roomId: "studio", userId: "ann" });
    ann.send("{not json");
    await ann.expectError("malformed_json");
    await silent(ann);
  }));

  test("s1_2 a target delivers to that peer only, an unknown one is reported", onServer(async (server) => {
    const [ann, bob, cy] = await room(server, "studio", "ann", "bob", "cy");
    const text = ann.send({ type: "offer", roomId: "studio", sender: "ann", target: "cy", data: {} });
    await cy.expectText(text);
    ann.send({ type: "offer", roomId: "studio", sender: "ann", target: "ghost", data: {} });
    await ann.expectError("target_not_found");
    await silent(ann, bob, cy);
  }));

  test("an application that opens a second socket with the same sender is one user", onServer(async (server) => {
    const [witness, older] = await room(server, "studio", "witness", "bob");
    const newer = await joinRoom(server, "studio", "bob");
    const chat = (sender, message) => ({ type: "chat", roomId: "studio", sender, message });
    witness.send(chat("witness", "one"));
    await newer.expect(chat("witness", "one"));
    older.send(chat("bob", "from the older socket"));
    await witness.expect(chat("bob", "from the older socket"));
    await silent(witness, older, newer);
    await older.close(); // the late close of the first socket
    witness.send(chat("witness", "two"));
    await newer.expect(chat("witness", "two"));
    await newer.close();
    await witness.expect({ type: "user-left", userId: "bob" });
    await silent(witness);
  }));

  test("joining another room leaves the old one first", onServer(async (server) => {
    const [ann, bob] = await room(server, "studio", "ann", "bob");
    const cy = await joinRoom(server, "kitchen", "cy");
    bob.send({ type: "join-room", roomId: "kitchen", sender: "bob" });
    await bob.expect({ type: "join-success", roomId: "kitchen", userId: "bob" });
    await ann.expect({ type: "user-left", userId: "bob" });
    await cy.expect({ type: "user-joined", userId: "bob" });
    await silent(ann, bob, cy);
  }));

  for (const where of ["/", "/ws", "/ws/"]) {
    for (const origin of [undefined, "null", "https://calls.example.org"]) {
      test(`s1_3 pages connect at ${where} from ${origin ?? "no origin"}`, onServer(async (server) => {
        await joinRoom(server, "studio", "ann", { where, origin });
      }));
    }
  }

  test("s1_4 SIGTERM closes every client with 1001", onServer(async (server) => {
    const members = await room(server, "studio", "ann", "bob");
    const silentOne = await Client.connect(server);
    const stopped = server.stop();
    for (const client of [...members, silentOne]) assert.equal(await client.closeCode(), 1001);
    assert.equal(await stopped, 0);
  }));
});
