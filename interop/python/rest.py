"""REST as a program outside asks it, and members of rooms on every wire for it to tell of."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from path_wire import PathMember
from raw_socketio import RawSocketIo
from stage import WIRES
from support import Server
from wires import Json, Member

WAIT_SECONDS = 5.0

#: Every wire by the name under which REST tells of it.
EVERY_WIRE: dict[str, Any] = {**WIRES, "path": PathMember, "socketio": RawSocketIo}

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


async def arrive(server: Server, wire: str, room: str, id: str) -> Member:
    """Somebody in a room, on any wire."""
    member: Member = await EVERY_WIRE[wire].join(server, room, id)
    return member


class Rest:
    """An HTTP client of the server's REST interface."""

    def __init__(self, server: Server) -> None:
        self.http = httpx.AsyncClient(base_url=f"http://{server.host}:{server.port}", trust_env=False, timeout=10)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def json(self, path: str) -> Any:
        answer = await self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/json", answer.headers
        return answer.json()

    async def rooms(self) -> dict[str, Json]:
        """All rooms by their names."""
        found = await self.json("/rooms")
        assert [room["room_id"] for room in found] == sorted({room["room_id"] for room in found}), found
        return {room["room_id"]: room for room in found}

    async def users(self, room: str) -> list[Json] | None:
        """Who is in a room; none where there is no such room."""
        found: list[Json] | None = await self._or_none(f"/rooms/{segment(room)}/users", "Room not found")
        return found

    async def user(self, id: str) -> Json | None:
        found: Json | None = await self._or_none(f"/users/{segment(id)}", "User not found")
        return found

    async def stats(self) -> Json:
        found: Json = await self.json("/stats")
        return found

    async def agrees(self, rooms: dict[str, list[str]]) -> None:
        """Waits until every question is answered with these rooms and the people in them, in the order of joining.

        A client's end is handled a moment after it; whatever was true before that moment may be answered until then,
        but nothing else.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while (seen := await self._census(rooms)) != rooms:
            assert time.monotonic() < deadline, f"expected {rooms}, REST says {seen}"
            await asyncio.sleep(0.02)
        people = {id for ids in rooms.values() for id in ids}
        for id in people:
            user = await self.user(id)
            assert user is not None and user["user_id"] == id, user
            assert {place["room_id"] for place in user["rooms"]} == {room for room in rooms if id in rooms[room]}
        stats = await self.stats()
        assert (stats["total_rooms"], stats["total_users"]) == (len(rooms), sum(map(len, rooms.values()))), stats

    async def close(self) -> None:
        await self.http.aclose()

    async def _census(self, expected: dict[str, list[str]]) -> dict[str, list[str]]:
        listed = await self.rooms()
        census = {}
        for room in {*listed, *expected}:
            users = await self.users(room)
            if users is not None:
                census[room] = [user["user_id"] for user in users]
        counted = {room: listed[room]["user_count"] for room in listed}
        if {room: len(ids) for room, ids in census.items()} != counted:
            return {}  # somebody came or went between the questions
        return census

    async def _or_none(self, path: str, detail: str) -> Any:
        answer = await self.get(path)
        if answer.status_code == 404:
            assert answer.json() == {"detail": detail}, answer.text
            return None
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()


def segment(name: str) -> str:
    """A name as one part of a path; clients take a bare `..` for the way up."""
    return "%2E" * len(name) if name in (".", "..") else quote(name, safe="")


def moment(text: object) -> datetime:
    """A time as REST tells it: RFC 3339, UTC, written with a Z."""
    assert isinstance(text, str) and RFC_3339_UTC.fullmatch(text), text
    return datetime.fromisoformat(text)


def now() -> datetime:
    return datetime.now(UTC)
