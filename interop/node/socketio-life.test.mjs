/** How connections of S0 with `socket.io-client` end, last and come back. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Company, KINDS, Member, puppet, silent } from "./socketio_support.mjs";
import { Server, onServer } from "./support.mjs";

const IDLE = 50_000;
const QUICK_PINGS = { TIMEOUTS__PING_INTERVAL: "1s", TIMEOUTS__PING_TIMEOUT: "1s" };

/** A test with a server and a company of its own. */
function scene(name, scenario, settings = {}) {
  test(
    name,
    onServer(async (server) => {
      const company = new Company(server);
      try {
        await scenario(company);
      } finally {
        company.close();
      }
    }, settings),
  );
}

/** They have been there all the time, and each hears the others. */
async function stillHere(members) {
  for (const speaker of members) {
    const said = speaker.say({ text: "still here" });
    for (const member of members) if (member !== speaker) await member.expect("message", said);
  }
  assert.deepEqual(members.map((member) => member.connections), members.map(() => 1));
  await silent(...members);
}

describe("the life of socket.io-client's connections", { concurrency: true }, () => {
  scene("50 seconds of idling end nothing", async (company) => {
    const members = await company.mixed(KINDS.map((kind) => [kind, kind.name]));
    await sleep(IDLE);
    await stillHere(members);
  });

  scene(
    "many pings are answered",
    async (company) => {
      const members = await company.mixed(KINDS.map((kind) => [kind, kind.name]));
      await sleep(5_000);
      await stillHere(members);
    },
    QUICK_PINGS,
  );

  for (const kind of KINDS) {
    // Over polling nothing but the polls that fail to come tells that somebody is gone.
    const settings = kind.mode === "polling" ? QUICK_PINGS : {};
    scene(
      `s0_4 a killed client leaves its room: ${kind.name}`,
      async (company) => {
        const [ann] = await company.room(kind, "ann");
        const bob = await puppet(company.server, kind, company.name, "bob");
        await ann.expectJoined("bob");
        await bob.kill();
        await ann.expectLeft("bob");
        await silent(ann);
      },
      settings,
    );
  }

  test("clients come back by themselves to a server that was restarted", async () => {
    let server = await Server.start();
    const options = { reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 500 };
    const members = [];
    try {
      for (const kind of KINDS) members.push(await Member.connect(server, kind, { id: kind.name, ...options }));
      const sids = members.map((member) => member.socket.id);
      for (const member of members) await member.enter(`room of ${member.id}`);
      assert.equal(await server.stop(), 0);
      server = await Server.start({}, Number(server.address.split(":")[1]));
      for (const [index, member] of members.entries()) {
        const { sid } = await member.receive("connected");
        assert.notEqual(sid, sids[index]);
        assert.equal(member.connections, 2);
        await member.enter(`room of ${member.id}`);
      }
      await silent(...members);
    } finally {
      for (const member of members) member.close();
      assert.equal(await server.stop(), 0);
    }
  });

  test("a server that stops ends every connection and exits with 0", async () => {
    const server = await Server.start();
    const members = [];
    try {
      for (const kind of KINDS) members.push(await Member.connect(server, kind, { id: kind.name }));
      await sleep(200); // the polls are pending
      const started = performance.now();
      assert.equal(await server.stop(), 0);
      assert.ok(performance.now() - started < 5_000);
      for (const member of members) await member.end();
    } finally {
      for (const member of members) member.close();
    }
  });
});
