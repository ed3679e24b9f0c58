"""The stage of a test: one server, and the clients that come and go on it."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from path_wire import PathMember
from support import Server
from wires import Client, JoinJson, JoinRoom, Member, Register

C = TypeVar("C", bound=Client)

#: The wires which can share a room, by the names that test ids show.
WIRES: dict[str, type[JoinRoom] | type[Register] | type[JoinJson]] = {
    "join-room": JoinRoom,
    "register": Register,
    "join": JoinJson,
}


class Stage:
    """Opens clients on one server and closes them when the test ends."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._clients: list[Client] = []

    async def connect(self, path: str = "/", **options: Any) -> Client:
        """A connection that has said nothing yet."""
        return self._keep(await Client.connect(self.server, path, **options))

    async def join_room(self, room: str, id: str, **options: Any) -> JoinRoom:
        return self._keep(await JoinRoom.join(self.server, room, id, **options))

    async def register(self, id: str, **options: Any) -> Register:
        return self._keep(await Register.register(self.server, id, **options))

    async def join(self, wire: str, room: str, id: str) -> Member:
        """Somebody in a room, on any wire."""
        return self._keep(await WIRES[wire].join(self.server, room, id))

    async def path(self, room: str, id: str, **options: Any) -> PathMember:
        """Somebody in a room on the `path` wire."""
        return self._keep(await PathMember.join(self.server, room, id, **options))

    async def paths(self, room: str, *ids: str) -> list[PathMember]:
        """Several of them, who have all seen one another come."""
        members: list[PathMember] = []
        for id in ids:
            newcomer = await self.path(room, id)
            for member in members:
                await member.expect_joined(id)
            members.append(newcomer)
        return members

    async def room(self, wire: str, room: str, *ids: str) -> list[Member]:
        """Several peers of one wire in a room, who have all seen one another come."""
        members: list[Member] = []
        for id in ids:
            newcomer = await self.join(wire, room, id)
            for member in members:
                await member.expect_joined(id)
            members.append(newcomer)
        return members

    async def lobby(self, *ids: str) -> list[Register]:
        return [await self.register(id) for id in ids]

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients), return_exceptions=True)

    def _keep(self, client: C) -> C:
        self._clients.append(client)
        return client


async def silent(*clients: Client) -> None:
    """Nothing has come to any of them, and everything they sent has been handled (see `Client.probe`)."""
    for client in clients:
        await client.probe()
