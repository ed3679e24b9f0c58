"""A client of the `path` wire (S3): the URL says who and where, and every message is `{type, target, payload}`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from support import Server
from wires import PROBE, Client, Json, Member


def place(room: str, id: str) -> str:
    """The path at which `id` is in `room`, percent-encoded."""
    return f"/ws/{quote(room, safe='')}/{quote(id, safe='')}"


class PathMember(Member):
    """S3: in its room from the first moment to the last."""

    room: str

    #: Who was in the room on arrival, in the order of joining, this one included.
    users: list[str]

    @classmethod
    async def join(cls, server: Server, room: str, id: str, path: str | None = None, **options: Any) -> PathMember:
        client = cls((await Client.connect(server, path or place(room, id), **options)).connection)
        client.room, client.id = room, id
        message = await client.receive()
        client.users = message.get("payload", {}).get("users")
        assert message == {"type": "room_users", "target": id, "payload": {"users": client.users}}
        assert isinstance(client.users, list) and client.users.count(id) == 1, message
        return client

    async def leave(self) -> None:
        """There is no word for it: who goes closes."""
        await self.close()

    def presence(self, other: str, role: str) -> tuple[Json, Json]:
        about = {"target": self.id, "payload": {"user_id": other}}
        return {"type": "user_joined", **about}, {"type": "user_left", **about}

    def words(self, kind: str, **body: Any) -> Json:
        return {"type": kind, "payload": body}

    def heard(self, kind: str, sender: str, **body: Any) -> Json:
        return {"type": kind, "target": "*", "sender": sender, "payload": body}

    def addressed(self, kind: str, target: str, **body: Any) -> Json:
        return {"type": kind, "target": target, "payload": body}

    async def expect_error(self, *codes: str, **fields: Any) -> Json:
        """An error of this wire; returns its payload."""
        message = await self.receive()
        assert set(message) == {"type", "target", "payload"}, f"{self!r}: expected an error, got {message}"
        assert (message["type"], message["target"]) == ("error", self.id), f"{self!r}: {message}"
        error: Json = message["payload"]
        assert isinstance(error.get("message"), str) and error["message"], message
        assert isinstance(error.get("code"), str) and re.fullmatch("[a-z_]+", error["code"]), message
        assert not codes or error["code"] in codes, f"{self!r}: expected one of {codes}, got {message}"
        for name, value in fields.items():
            assert error.get(name) == value, f"{self!r}: expected {name}={value!r}, got {message}"
        return error

    async def probe(self) -> None:
        await self.send(PROBE)
        message = await self.receive()
        payload = message.get("payload")
        assert message.get("type") == "error" and isinstance(payload, dict), f"expected silence, got {message}"
        assert payload.get("code") == "malformed_json", f"{self!r}: expected silence, got {message}"
