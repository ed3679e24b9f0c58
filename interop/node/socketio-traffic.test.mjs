/** S0 with `socket.io-client` under load and at its bounds: bursts, attachments, big messages, between all kinds. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Company, KINDS, silent } from "./socketio_support.mjs";
import { Server } from "./support.mjs";

const BURST = 200;

let server;
before(async () => (server = await Server.start()));
after(async () => assert.equal(await server.stop(), 0));

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
  describe(`socket.io-client ${kind.name}`, () => {
    scene("200 messages in one tick arrive once and in order everywhere", async (company) => {
      const [speaker, everybody] = await company.everybodyAnd(kind);
      const said = Array.from({ length: BURST }, (_, number) => speaker.say({ number, padding: "x".repeat(100) }));
      await Promise.all(
        everybody.map(async (member) => {
          for (const message of said) await member.expect("message", message);
        }),
      );
      await silent(speaker, ...everybody);
    });

    scene("200 acks in one tick are all given", async (company) => {
      const [ann, bob] = await company.room(kind, "ann", "bob");
      const calls = Array.from({ length: BURST }, (_, number) =>
        ann.call("message", { roomId: company.name, number }),
      );
      assert.equal((await Promise.all(calls)).length, BURST);
      for (let number = 0; number < BURST; number += 1) {
        await bob.expect("message", { roomId: company.name, number });
      }
      await silent(ann, bob);
    });

    scene("attachments arrive as bytes at every kind of client", async (company) => {
      const [speaker, everybody] = await company.everybodyAnd(kind);
      const payload = speaker.say({
        type: "file",
        head: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
        parts: [{ bytes: Buffer.alloc(0) }, "text", Buffer.alloc(30_000, "\u001e\u00ff", "latin1")],
      });
      const after = speaker.say({ text: "after it" });
      await speaker.call("message", payload);
      for (const member of everybody) {
        await member.expect("message", payload);
        await member.expect("message", after);
        await member.expect("message", payload);
      }
      await silent(speaker, ...everybody);
    });

    // The newest client closes the connection on an event with more than 10, so nobody may make others receive one.
    scene("10 attachments pass, and an event with more is an error", async (company) => {
      const [ann, bob] = await company.room(kind, "ann", "bob");
      const parts = Array.from({ length: 10 }, (_, number) => Buffer.from([number]));
      await bob.expect("message", ann.say({ parts }));
      await silent(ann, bob);
      ann.say({ parts: [...parts, Buffer.from("one too many")] });
      await ann.expectError();
      await bob.probe();
    });

    scene("a message of 900 kilobytes passes", async (company) => {
      const [speaker, everybody] = await company.everybodyAnd(kind);
      const text = speaker.say({ text: "x".repeat(900_000) });
      const bytes = speaker.say({ bytes: Buffer.alloc(600_000, "x") });
      for (const member of everybody) {
        await member.expect("message", text);
        await member.expect("message", bytes);
      }
      await silent(speaker, ...everybody);
    });

    scene("a message over the limit is an error for its sender only", async (company) => {
      const [ann, bob, cy] = await company.room(kind, "ann", "bob", "cy");
      ann.say({ text: "x".repeat(1_100_000) });
      if (kind.mode === "polling") {
        // It came whole; over a WebSocket the server stops reading in the middle of it, and can only close.
        await ann.expectError("message_too_big");
        await ann.probe();
      } else {
        await bob.expectLeft("ann");
        await cy.expectLeft("ann");
        await ann.end();
      }
      await cy.expect("message", bob.say({ text: "still here", target: "cy" }));
      await silent(bob, cy);
    });
  });
}
