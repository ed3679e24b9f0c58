/** S0 with `socket.io-client`, two versions over each transport: the document's scenarios, errors, acks, namespaces. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Company, KINDS, Member, silent } from "./socketio_support.mjs";
import { Server, joinJson, joinRoom, registerIn, within } from "./support.mjs";

let server;
before(async () => (server = await Server.start()));
after(async () => assert.equal(await server.stop(), 0));

/** A test with a company of its own on the file's server. */
function scene(name, scenario) {
  test(name, async () => {
    const company = new Company(server);
    try {
      await scenario(company);
    } finally {
      company.close();
    }
  });
}

for (const kind of KINDS) {
  describe(`socket.io-client ${kind.name}`, { concurrency: true }, () => {
    scene("s0_1 connected comes first and names the id of the socket", async (company) => {
      const [ann, bob] = [await company.connect(kind, "ann"), await company.connect(kind, "bob")];
      assert.notEqual(ann.socket.id, bob.socket.id);
      await silent(ann, bob);
    });

    scene("scenario 1: join and leave", async (company) => {
      const [ann, bob] = [await company.connect(kind, "ann"), await company.connect(kind, "bob")];
      await ann.enter(company.name);
      await bob.enter(company.name, ["ann", "bob"]);
      await ann.expectJoined("bob");
      await ann.leave();
      await bob.expectLeft("ann");
      await bob.leave();
      await ann.enter(company.name, ["ann"]);
      await silent(ann, bob);
    });

    scene("scenario 2: rooms do not hear each other", async (company) => {
      const [ann, bob] = [await company.connect(kind, "ann"), await company.connect(kind, "bob")];
      await ann.enter(`${company.name} one`);
      await bob.enter(`${company.name} two`);
      ann.say({ text: "hello" });
      bob.say({ text: "hello" });
      await silent(ann, bob);
      bob.close();
      await silent(ann);
    });

    scene("scenario 3: who disconnects leaves the room and may come back", async (company) => {
      const [ann, bob] = await company.room(kind, "ann", "bob");
      bob.close();
      await ann.expectLeft("bob");
      await bob.open();
      await bob.enter(company.name, ["ann", "bob"]);
      await ann.expectJoined("bob");
      await silent(ann, bob);
    });

    scene("s0_2 joining another room leaves the old one first", async (company) => {
      const [ann, bob] = await company.room(kind, "ann", "bob");
      const [old, other] = [company.name, `${company.name} other`];
      bob.emit("join", { userId: "bob", roomId: other });
      await bob.expect("leaved", { type: "leaved", userId: "bob", roomId: old });
      await bob.expect("joined", { type: "joined", userId: "bob", roomId: other, users: ["bob"] });
      await ann.expectLeft("bob");
      await silent(ann, bob);
    });

    scene("s0_3 a message reaches the others of the room as sent, or its target only", async (company) => {
      const [ann, bob, cy] = await company.room(kind, "ann", "bob", "cy");
      let said = ann.say({ type: "offer", sdp: "v=0\r\n", n: [1.5, null], deep: { a: [{ b: "" }] }, text: "你好 😀" });
      await bob.expect("message", said);
      await cy.expect("message", said);
      said = ann.say({ target: "cy", text: "psst" });
      await cy.expect("message", said);
      ann.say({ target: "ghost", text: "psst" });
      assert.equal((await ann.expectError("target_not_found")).target, "ghost");
      await silent(ann, bob, cy);
    });

    scene("s0_3 only members may send to a room, and only as themselves", async (company) => {
      const [ann] = await company.room(kind, "ann");
      const eve = await company.connect(kind, "eve");
      eve.emit("message", { roomId: company.name });
      await eve.expectError("not_in_room");
      await eve.enter(`${company.name} other`);
      eve.emit("message", { roomId: company.name });
      await eve.expectError("room_mismatch");
      eve.say({ userId: "ann" });
      await eve.expectError("sender_mismatch");
      await silent(ann, eve);
    });

    scene("s0_5 what is missing or not understood is an error and the connection lives", async (company) => {
      const ann = await company.connect(kind, "ann");
      const { name } = company;
      for (const incomplete of [{ userId: "ann" }, { roomId: name }, { userId: "", roomId: name }, {}]) {
        ann.emit("join", incomplete);
        const error = await ann.expectError("missing_field", "invalid_id");
        assert.match(error.message, /userId|roomId/);
      }
      for (const payload of [["hello"], [17], [null], [["roomId"]], []]) {
        ann.emit("message", ...payload);
        await ann.expectError();
      }
      ann.emit("dance", { roomId: company.name });
      await ann.expectError();
      await ann.enter(company.name);
    });

    scene("every event is acknowledged to those who ask", async (company) => {
      const [bob] = await company.room(kind, "bob");
      const ann = await company.connect(kind, "ann");
      const about = { userId: "ann", roomId: company.name };
      assert.equal(await ann.call("join", about), undefined);
      await ann.expect("joined", { type: "joined", ...about, users: ["bob", "ann"] });
      await bob.expectJoined("ann");
      const message = { roomId: company.name, text: "hello" };
      await ann.call("message", message);
      await bob.expect("message", message);
      await ann.call("message", { roomId: "elsewhere" });
      await ann.expectError("room_mismatch");
      await ann.call("join", {});
      await ann.expectError("missing_field");
      await ann.call("leave", about);
      await ann.expect("leaved", { type: "leaved", ...about });
      await bob.expectLeft("ann");
      await silent(ann, bob);
    });

    scene("another namespace is refused, and ours lives on beside it", async (company) => {
      const ann = await company.connect(kind, "ann");
      const admin = ann.socket.io.socket("/admin");
      const refused = new Promise((resolve) => admin.on("connect_error", resolve));
      admin.connect();
      assert.equal((await within(refused, "connect_error")).message, "Invalid namespace");
      await ann.enter(company.name);
      admin.disconnect();
    });

    scene("what the client says while it connects and upgrades is neither lost nor turned round", async (company) => {
      const [bob] = await company.room(kind, "bob");
      const ann = company.keep(new Member(server, kind, { id: "ann" }));
      ann.room = company.name;
      ann.emit("join", { userId: "ann", roomId: company.name });
      const opening = ann.open();
      const said = Array.from({ length: 50 }, (_, number) => ann.say({ number }));
      await opening;
      await ann.expect("joined", { type: "joined", userId: "ann", roomId: company.name, users: ["bob", "ann"] });
      await bob.expectJoined("ann");
      for (const message of said) await bob.expect("message", message);
      await silent(ann, bob);
    });

    scene("x1 one room with join, join-room and register", async (company) => {
      const room = company.name;
      const page = await joinRoom(server, room, "page");
      const camera = await registerIn(server, room, "camera", "sender", [{ client_id: "page", role: "receiver" }]);
      await page.expect({ type: "user-joined", userId: "camera" });
      const ann = await company.connect(kind, "ann");
      await ann.enter(room, ["page", "camera", "ann"]);
      await page.expect({ type: "user-joined", userId: "ann" });
      await camera.expect({ type: "peer-joined", client_id: "ann", role: "receiver", room_id: room });
      const tab = await joinJson(server, room, "tab", ["page", "camera", "ann", "tab"]);
      await ann.expectJoined("tab");

      const said = ann.say({ target: "tab", text: "你好", n: [1e21, -0.5] });
      await tab.expectText(JSON.stringify(said));
      const heard = { type: "message", roomId: room, deep: [{}], target: "ann" };
      tab.send(heard);
      await ann.expect("message", heard);
      const sdp = "v=0\r\n";
      camera.send({ type: "offer", sdp, target_id: "ann" });
      await ann.expect("message", { type: "offer", sdp, roomId: room, userId: "camera", from: "camera" });
      ann.say({ type: "answer", sdp, target: "camera" });
      await camera.receive(); // tab came
      await camera.expect({ type: "answer", sdp, from: "ann" });
      ann.close();
      await tab.expect({ type: "user-left", userId: "ann", roomId: room });
      await Promise.all([page, camera, tab].map((client) => client.drop()));
    });
  });
}
