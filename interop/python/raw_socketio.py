"""A member of a room over Socket.IO on one raw WebSocket, without a Socket.IO library: what it says and hears is
the JSON of S0, and this file shows how little there is around it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from support import Server
from wires import WAIT_SECONDS, Client, JoinJson, Json

PATH = "/socket.io/?EIO=4&transport=websocket"
EVENT = "42"


class RawSocketIo(JoinJson):
    """S0: events named like the type of their payload, `message` for everything else."""

    sid: str

    @classmethod
    async def join(cls, server: Server, room: str, id: str, path: str = PATH, **options: Any) -> RawSocketIo:
        client = cls((await Client.connect(server, path, **options)).connection)
        opening = await client._packet()
        assert opening.startswith("0{"), opening
        await client.connection.send("40")
        connected = await client._packet()
        assert connected.startswith("40{"), connected
        client.sid = json.loads(connected[2:])["sid"]
        await client.expect({"type": "connected", "sid": client.sid})
        await client.enter(room, id)
        return client

    async def send(self, message: Json | str | bytes) -> str | bytes:
        kind = message.get("type") if isinstance(message, dict) else None
        event = kind if kind in ("join", "leave") else "message"
        data = EVENT + json.dumps([event, message if isinstance(message, dict) else str(message)], ensure_ascii=False)
        await asyncio.wait_for(self.connection.send(data), WAIT_SECONDS)
        return data

    async def receive_text(self) -> str:
        packet = await self._packet()
        assert packet.startswith(EVENT + "["), f"{self!r}: no event: {packet[:200]}"
        event, payload = json.loads(packet[len(EVENT) :])
        assert isinstance(payload, dict), packet
        assert event in ("message", payload.get("type")), packet
        return json.dumps(payload, ensure_ascii=False)

    async def probe(self) -> None:
        """A `message` that is no object is answered with an error, to the sender alone."""
        await self.send("?probe?")
        message = await self.receive()
        assert message.get("type") == "error", f"{self!r}: expected silence, got {message}"

    async def _packet(self) -> str:
        """The next packet; the server's pings are answered on the way."""
        while True:
            data = await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS)
            assert isinstance(data, str), f"{self!r}: a binary frame came: {data[:80]!r}"
            if data != "2":
                return data
            await self.connection.send("3")
