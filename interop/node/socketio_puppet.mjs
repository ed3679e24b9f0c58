/** A `socket.io-client` that joins a room and stays until it is killed: VERSION MODE URL ROOM ID. */

import { once } from "node:events";
import { VERSIONS, optionsOf } from "./socketio_support.mjs";

// Nobody must outlive the test run, whatever happens to it.
const LIFETIME = 60_000;

const [version, mode, url, roomId, userId] = process.argv.slice(2);
const socket = VERSIONS[version](url, { reconnection: false, ...optionsOf(mode) });
const joined = once(socket, "joined");
socket.on("connected", () => socket.emit("join", { type: "join", userId, roomId }));
await joined;
const { engine } = socket.io;
if (mode === "upgrade" && engine.transport.name !== "websocket") await once(engine, "upgrade");
console.log("joined");
setTimeout(() => process.exit(), LIFETIME);
