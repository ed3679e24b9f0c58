"""Clients of the plain WebSocket wires, on the PyPI package `websockets` as real applications use it.

`JoinRoom` speaks S1, `Register` S2 and S4, `JoinJson` S0.10. Nothing is skipped or sorted on the way: `receive` hands
over every message in the order in which it came, so a test that names the next message also says that nothing else came
before it.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from support import Server

WAIT_SECONDS = 10.0
# No JSON, no recognised word of any wire, and easy to find in a log.
PROBE = "?probe?"

Json = dict[str, Any]


class Client:
    """One WebSocket connection; knows how to wait, and no wire."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    @classmethod
    async def connect(cls, server: Server, path: str = "/", **options: Any) -> Client:
        return cls(await connect(server.url(path), open_timeout=WAIT_SECONDS, proxy=None, **options))

    async def send(self, message: Json | str | bytes) -> str | bytes:
        """Sends an object as JSON, text and bytes as they are; returns what was sent."""
        data = json.dumps(message, ensure_ascii=False) if isinstance(message, dict) else message
        await asyncio.wait_for(self.connection.send(data), WAIT_SECONDS)
        return data

    async def receive_text(self) -> str:
        """The next message as it came. Every message of the server is a text frame with a JSON object."""
        try:
            data = await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS)
        except TimeoutError:
            raise AssertionError(f"{self!r}: no message within {WAIT_SECONDS} s") from None
        except ConnectionClosed as end:
            raise AssertionError(f"{self!r}: closed while a message was expected: {end}") from None
        assert isinstance(data, str), f"{self!r}: a binary frame came: {data[:80]!r}"
        assert isinstance(json.loads(data), dict), f"{self!r}: not a JSON object: {data[:200]}"
        return data

    async def receive(self) -> Json:
        message: Json = json.loads(await self.receive_text())
        return message

    async def expect(self, expected: Json) -> Json:
        message = await self.receive()
        assert message == expected, f"{self!r}: expected {expected}, got {message}"
        return message

    async def expect_text(self, expected: str) -> None:
        assert await self.receive_text() == expected

    async def expect_error(self, *codes: str, **fields: Any) -> Json:
        """An error of the JSON wires; with `codes` given, its code is one of them."""
        message = await self.receive()
        assert message.get("type") == "error", f"{self!r}: expected an error, got {message}"
        assert isinstance(message.get("message"), str) and message["message"], message
        assert isinstance(message.get("code"), str) and re.fullmatch("[a-z_]+", message["code"]), message
        assert not codes or message["code"] in codes, f"{self!r}: expected one of {codes}, got {message}"
        for name, value in fields.items():
            assert message.get(name) == value, f"{self!r}: expected {name}={value!r}, got {message}"
        return message

    async def probe(self) -> None:
        """Proves that nothing waits for this client, by a message that the server answers to it alone.

        The answer follows, on the same connection, whatever was queued before. For the sender of an earlier message it
        also proves that the server has handled that message.
        """
        await self.send(PROBE)
        message = await self.receive()
        assert message.get("type") == "error", f"{self!r}: expected silence, got {message}"
        assert message.get("code") == "malformed_json", f"{self!r}: expected silence, got {message}"

    async def close_code(self) -> int | None:
        """Waits until the server closed; fails if another message comes first. None: TCP ended without a close."""
        try:
            data = await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None
        except TimeoutError:
            raise AssertionError(f"{self!r}: not closed within {WAIT_SECONDS} s") from None
        raise AssertionError(f"{self!r}: expected a close, got {data[:300]!r}")

    async def close(self) -> None:
        """The polite end, with a close handshake."""
        await asyncio.wait_for(self.connection.close(), WAIT_SECONDS)

    async def drop(self, *, reset: bool = False) -> None:
        """The end of a client that vanished: TCP closes without a close frame, with `reset` by RST."""
        if reset:
            raw = self.connection.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.transport.abort()
        await asyncio.wait_for(self.connection.wait_closed(), WAIT_SECONDS)

    def __repr__(self) -> str:
        return type(self).__name__


class Member(Client):
    """A client that is somebody in a room; what the wires share."""

    id: str
    room: str | None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self, 'id', '?')})"

    async def expect_joined(self, other: str, role: str = "receiver") -> None:
        await self.expect(self.presence(other, role)[0])

    async def expect_left(self, other: str, role: str = "receiver") -> None:
        await self.expect(self.presence(other, role)[1])

    def presence(self, other: str, role: str) -> tuple[Json, Json]:
        """How this wire says that somebody came, and that somebody went."""
        raise NotImplementedError

    def words(self, kind: str, **body: Any) -> Json:
        """A message of this wire as a published client would write it."""
        raise NotImplementedError

    def heard(self, kind: str, sender: str, **body: Any) -> Json:
        """How this wire shows a message that was translated from another wire."""
        raise NotImplementedError

    def addressed(self, kind: str, target: str, **body: Any) -> Json:
        """The same as `words`, to one peer only."""
        raise NotImplementedError


class JoinRoom(Member):
    """S1: `join-room`."""

    @classmethod
    async def join(cls, server: Server, room: str, id: str, path: str = "/", **options: Any) -> JoinRoom:
        client = cls((await Client.connect(server, path, **options)).connection)
        await client.enter(room, id)
        return client

    async def enter(self, room: str, id: str) -> None:
        self.room, self.id = room, id
        await self.send({"type": "join-room", "roomId": room, "sender": id})
        await self.expect({"type": "join-success", "roomId": room, "userId": id})

    async def leave(self) -> None:
        """This wire answers nothing to a leave."""
        await self.send({"type": "leave-room", "roomId": self.room, "sender": self.id})

    def presence(self, other: str, role: str) -> tuple[Json, Json]:
        return {"type": "user-joined", "userId": other}, {"type": "user-left", "userId": other}

    def words(self, kind: str, **body: Any) -> Json:
        return {"type": kind, "roomId": self.room, "sender": self.id, **body}

    def heard(self, kind: str, sender: str, **body: Any) -> Json:
        return {"type": kind, "roomId": self.room, "sender": sender, **body}

    def addressed(self, kind: str, target: str, **body: Any) -> Json:
        return self.words(kind, target=target, **body)


class Register(Member):
    """S2 and S4: `register`; in a room after `enter`, in the lobby before."""

    role = "receiver"
    room = None

    @classmethod
    async def register(cls, server: Server, id: str, path: str = "/", **options: Any) -> Register:
        client = cls((await Client.connect(server, path, **options)).connection)
        client.id = id
        await client.send({"type": "register", "client_id": id})
        await client.expect({"type": "registered", "client_id": id})
        return client

    @classmethod
    async def join(cls, server: Server, room: str, id: str, role: str = "receiver", **options: Any) -> Register:
        client = await cls.register(server, id, **options)
        await client.enter(room, role)
        return client

    async def enter(self, room: str, role: str = "receiver") -> list[Json]:
        """Joins a room; returns the roster by id."""
        self.room, self.role = room, role
        await self.send({"type": "join", "room_id": room, "role": role})
        message = await self.receive()
        peers: list[Json] = message.pop("peers", None)
        assert message == {"type": "joined", "room_id": room, "role": role, "client_id": self.id}
        assert isinstance(peers, list) and all(set(peer) == {"client_id", "role"} for peer in peers), peers
        return sorted(peers, key=lambda peer: str(peer["client_id"]))

    async def leave(self) -> None:
        await self.send({"type": "leave", "room_id": self.room})
        await self.expect({"type": "left", "room_id": self.room, "client_id": self.id})
        self.room = None

    def presence(self, other: str, role: str) -> tuple[Json, Json]:
        about = {"client_id": other, "role": role, "room_id": self.room}
        return {"type": "peer-joined", **about}, {"type": "peer-left", **about}

    def words(self, kind: str, **body: Any) -> Json:
        return {"type": kind, **body}

    def heard(self, kind: str, sender: str, **body: Any) -> Json:
        return {"type": kind, "from": sender, **body}

    def addressed(self, kind: str, target: str, **body: Any) -> Json:
        return self.words(kind, target_id=target, **body)


class JoinJson(Member):
    """S0.10: the JSON of the Socket.IO document over a plain WebSocket."""

    @classmethod
    async def join(cls, server: Server, room: str, id: str, path: str = "/", **options: Any) -> JoinJson:
        client = cls((await Client.connect(server, path, **options)).connection)
        await client.enter(room, id)
        return client

    async def enter(self, room: str, id: str) -> list[str]:
        """Joins a room; returns everybody who is there, the new user included."""
        self.room, self.id = room, id
        await self.send({"type": "join", "userId": id, "roomId": room})
        message = await self.receive()
        users: list[str] = message.pop("users", None)
        assert message == {"type": "joined", "userId": id, "roomId": room}
        assert isinstance(users, list) and users.count(id) == 1, users
        return users

    async def leave(self) -> None:
        about = {"userId": self.id, "roomId": self.room}
        await self.send({"type": "leave", **about})
        await self.expect({"type": "leaved", **about})

    def presence(self, other: str, role: str) -> tuple[Json, Json]:
        about = {"userId": other, "roomId": self.room}
        return {"type": "user-joined", **about}, {"type": "user-left", **about}

    def words(self, kind: str, **body: Any) -> Json:
        return {"type": kind, "roomId": self.room, "userId": self.id, **body}

    def heard(self, kind: str, sender: str, **body: Any) -> Json:
        return {"type": kind, "roomId": self.room, "userId": sender, "from": sender, **body}

    def addressed(self, kind: str, target: str, **body: Any) -> Json:
        return self.words(kind, target=target, **body)
