/** S2 and S4: the scenarios of registered clients, in rooms and in the lobby, played with `ws`. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client, onServer, register, registerIn, silent } from "./support.mjs";

const OFFER = { type: "offer", sdp: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" };
const ANSWER = { type: "answer", sdp: "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\n" };
const CANDIDATE = {
  type: "candidate",
  candidate: { candidate: "candidate:1 1 UDP 2122317823 10.0.0.1 50000 typ host", sdpMid: "0", sdpMLineIndex: 0 },
};
const presence = (type, id, role, room) => ({ type, client_id: id, role, room_id: room });

describe("S4 with ws", { concurrency: true }, () => {
  test("s4_1 a session as with wscat: register, direct, answer", onServer(async (server) => {
    const sender = await register(server, "sender_001");
    const receiver = await register(server, "receiver_001");
    const other = await register(server, "receiver_002");
    sender.send({ ...OFFER, target_id: "receiver_001" });
    await receiver.expect({ ...OFFER, target_id: "receiver_001", from: "sender_001" });
    receiver.send({ ...ANSWER, target_id: "sender_001" });
    await sender.expect({ ...ANSWER, target_id: "sender_001", from: "receiver_001" });
    await silent(sender, receiver, other);
  }));

  for (const [name, target] of Object.entries({ absent: {}, empty: { target_id: "" }, null: { target_id: null } })) {
    test(`s4_1 without a target (${name}) everybody else hears it`, onServer(async (server) => {
      const [ann, bob, cy] = [await register(server, "ann"), await register(server, "bob"), await register(server, "cy")];
      for (const message of [OFFER, CANDIDATE, { type: "anything", n: 1 }]) {
        ann.send({ ...message, ...target });
        for (const other of [bob, cy]) await other.expect({ ...message, ...target, from: "ann" });
      }
      await silent(ann, bob, cy);
    }));
  }

  test("s4_1 everything but `from` stays byte for byte", onServer(async (server) => {
    const [ann, bob] = [await register(server, "ann"), await register(server, "bob")];
    const text = ' { "type" : "x" ,\n "n":[1.0,1E+400,123456789012345678901], "s":"\\u4f60\\/好" } ';
    ann.send(text);
    const received = await bob.text();
    const without = [received.replace(',"from":"ann"', ""), received.replace('"from":"ann",', "")];
    assert.ok(without.includes(text), received);
  }));

  test("s4_1 a forged `from` is replaced", onServer(async (server) => {
    const [ann, bob] = [await register(server, "ann"), await register(server, "bob")];
    for (const from of ["bob", "", 5, null, ["x"]]) {
      ann.send({ ...OFFER, from });
      await bob.expect({ ...OFFER, from: "ann" });
    }
    await silent(ann, bob);
  }));

  const wrong = { "another type": '{"type":"offer"}', text: "hello", nothing: "", binary: Buffer.from([0, 255, 1]) };
  for (const [name, first] of Object.entries(wrong)) {
    test(`s4_1 a first message that is not register (${name}) is an error and a close`, onServer(async (server) => {
      const client = await Client.connect(server);
      client.send(first);
      const error = await client.expectError("registration_required");
      assert.equal(error.message, "First message must be 'register' with client_id");
      await client.closeCode();
    }));
  }

  test("s4_1 without an id the server gives one", onServer(async (server) => {
    const client = await Client.connect(server);
    client.send({ type: "register" });
    const { type, client_id: id } = await client.receive();
    assert.equal(type, "registered");
    assert.ok(typeof id === "string" && id.length > 0);
    const ann = await register(server, "ann");
    ann.send({ type: "hello", target_id: id });
    await client.expect({ type: "hello", target_id: id, from: "ann" });
  }));

  test("s4_2 an unknown target is reported, and nothing else breaks", onServer(async (server) => {
    const [ann, bob] = [await register(server, "ann"), await register(server, "bob")];
    ann.send({ ...OFFER, target_id: "ghost" });
    const error = await ann.expectError("target_not_found");
    assert.equal(error.target_id, "ghost");
    assert.equal(error.message, "Target not found: ghost");
    ann.send({ ...OFFER, target_id: "bob" });
    await bob.expect({ ...OFFER, target_id: "bob", from: "ann" });
    await silent(ann, bob);
  }));

  test("s4 register of an id from a second connection, and the late close of the first", onServer(async (server) => {
    const witness = await register(server, "witness");
    const older = await register(server, "bob");
    const newer = await register(server, "bob");
    witness.send({ type: "one", target_id: "bob" });
    await newer.expect({ type: "one", target_id: "bob", from: "witness" });
    older.send({ type: "two" });
    await witness.expect({ type: "two", from: "bob" });
    await silent(witness, older, newer);
    await older.close();
    witness.send({ type: "three", target_id: "bob" });
    await newer.expect({ type: "three", target_id: "bob", from: "witness" });
    await silent(witness, newer);
  }));
});

describe("S2 with ws", { concurrency: true }, () => {
  test("s2_1 roster and presence with roles", onServer(async (server) => {
    const camera = await registerIn(server, "living_room", "camera", "sender");
    const phone = await registerIn(server, "living_room", "phone", "receiver", [{ client_id: "camera", role: "sender" }]);
    await camera.expect(presence("peer-joined", "phone", "receiver", "living_room"));
    phone.send({ type: "leave", room_id: "living_room" });
    await phone.expect({ type: "left", room_id: "living_room", client_id: "phone" });
    await camera.expect(presence("peer-left", "phone", "receiver", "living_room"));
    await silent(camera, phone);
  }));

  test("s2_3 scenario 1: one to one", onServer(async (server) => {
    const sender = await registerIn(server, "room_001", "sender_001", "sender");
    const receiver = await registerIn(server, "room_001", "receiver_001", "receiver", [
      { client_id: "sender_001", role: "sender" },
    ]);
    await sender.expect(presence("peer-joined", "receiver_001", "receiver", "room_001"));
    sender.send(OFFER);
    await receiver.expect({ ...OFFER, from: "sender_001" });
    receiver.send({ ...ANSWER, target_id: "sender_001" });
    await sender.expect({ ...ANSWER, target_id: "sender_001", from: "receiver_001" });
    sender.send(CANDIDATE);
    await receiver.expect({ ...CANDIDATE, from: "sender_001" });
    receiver.send({ ...CANDIDATE, target_id: "sender_001" });
    await sender.expect({ ...CANDIDATE, target_id: "sender_001", from: "receiver_001" });
    await silent(sender, receiver);
  }));

  test("s2_3 scenario 2: one to many", onServer(async (server) => {
    const roster = [{ client_id: "sender_001", role: "sender" }];
    const sender = await registerIn(server, "room_broadcast", "sender_001", "sender");
    const receivers = [];
    for (const id of ["receiver_001", "receiver_002", "receiver_003"]) {
      const sorted = [...roster].sort((one, other) => (one.client_id < other.client_id ? -1 : 1));
      const newcomer = await registerIn(server, "room_broadcast", id, "receiver", sorted);
      for (const other of [sender, ...receivers]) {
        await other.expect(presence("peer-joined", id, "receiver", "room_broadcast"));
      }
      roster.push({ client_id: id, role: "receiver" });
      receivers.push(newcomer);
    }
    sender.send(OFFER);
    for (const receiver of receivers) await receiver.expect({ ...OFFER, from: "sender_001" });
    for (const receiver of receivers) {
      receiver.send({ ...ANSWER, target_id: "sender_001" });
      await sender.expect({ ...ANSWER, target_id: "sender_001", from: receiver.name });
    }
    await receivers[0].drop();
    for (const other of [sender, ...receivers.slice(1)]) {
      await other.expect(presence("peer-left", "receiver_001", "receiver", "room_broadcast"));
    }
    sender.send({ ...OFFER, target_id: "receiver_001" });
    await sender.expectError("target_not_found");
    await silent(sender, ...receivers.slice(1));
  }));

  test("s2_3 scenario 3: isolated rooms", onServer(async (server) => {
    const inRoom = async (room) => {
      const sender = await registerIn(server, room, "sender", "sender");
      const receiver = await registerIn(server, room, "receiver", "receiver", [{ client_id: "sender", role: "sender" }]);
      await sender.expect(presence("peer-joined", "receiver", "receiver", room));
      return [sender, receiver];
    };
    const [senderA, receiverA] = await inRoom("room_A");
    const [senderB, receiverB] = await inRoom("room_B");
    senderA.send(OFFER);
    await receiverA.expect({ ...OFFER, from: "sender" });
    receiverB.send({ ...ANSWER, target_id: "sender" });
    await senderB.expect({ ...ANSWER, target_id: "sender", from: "receiver" });
    await receiverB.drop();
    await senderB.expect(presence("peer-left", "receiver", "receiver", "room_B"));
    await silent(senderA, receiverA, senderB);
  }));

  test("s2_1 joining another room leaves the old one with a `left`", onServer(async (server) => {
    const ann = await registerIn(server, "room_A", "ann", "sender");
    ann.send({ type: "join", room_id: "room_B", role: "receiver" });
    await ann.expect({ type: "left", room_id: "room_A", client_id: "ann" });
    await ann.expect({ type: "joined", room_id: "room_B", role: "receiver", client_id: "ann", peers: [] });
  }));

  test("s2 a second connection in the room, and the late close of the first", onServer(async (server) => {
    const witness = await registerIn(server, "room_A", "witness", "receiver");
    const others = [{ client_id: "witness", role: "receiver" }];
    const older = await registerIn(server, "room_A", "bob", "sender", others);
    await witness.expect(presence("peer-joined", "bob", "sender", "room_A"));
    const newer = await registerIn(server, "room_A", "bob", "sender", others);
    await silent(newer, witness);
    await older.drop();
    witness.send({ ...OFFER, target_id: "bob" });
    await newer.expect({ ...OFFER, target_id: "bob", from: "witness" });
    await newer.drop();
    await witness.expect(presence("peer-left", "bob", "sender", "room_A"));
    await silent(witness);
  }));
});
