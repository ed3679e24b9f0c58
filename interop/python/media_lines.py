"""How a media peer signals: the words of one wire for what every call needs.

Nothing is forgiven here: a message that is not as published is an exception, and the peer dies of it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from path_wire import place

Json = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """What a peer is told, without the words of its wire."""

    #: `came`, `went`, `offer`, `answer`, `candidate`, or `other`.
    kind: str
    peer: str
    #: The role of who came, the SDP, or the RTCIceCandidateInit.
    body: Any = None


class Line:
    """A websocket of one peer."""

    websocket: ClientConnection

    def __init__(self, url: str, id: str, room: str | None) -> None:
        self.url, self.id, self.room = url.rstrip("/"), id, room

    async def open(self, role: str) -> list[tuple[str, str]]:
        """Comes to the room; returns who is there already, with their roles."""
        raise NotImplementedError

    def described(self, kind: str, sdp: str, to: str) -> Json:
        """An offer or answer to one peer, or to everybody with ""."""
        raise NotImplementedError

    def candidate(self, init: Json, to: str) -> Json:
        raise NotImplementedError

    def heard(self, message: Json) -> Heard:
        raise NotImplementedError

    async def send(self, message: Json) -> None:
        await self.websocket.send(json.dumps(message))

    async def receive(self) -> Json:
        message: Json = json.loads(await asyncio.wait_for(self.websocket.recv(), 10))
        return message


class RegisterLine(Line):
    """S2, and S4 where there is no room."""

    async def open(self, role: str) -> list[tuple[str, str]]:
        self.websocket = await connect(f"{self.url}/", proxy=None)
        await self.send({"type": "register", "client_id": self.id})
        assert await self.receive() == {"type": "registered", "client_id": self.id}
        if self.room is None:
            return []
        await self.send({"type": "join", "room_id": self.room, "role": role})
        joined = await self.receive()
        assert joined["type"] == "joined", joined
        return [(peer["client_id"], peer["role"]) for peer in joined["peers"]]

    def described(self, kind: str, sdp: str, to: str) -> Json:
        return {"type": kind, "sdp": sdp, **({"target_id": to} if to else {})}

    def candidate(self, init: Json, to: str) -> Json:
        return {"type": "candidate", "candidate": init, **({"target_id": to} if to else {})}

    def heard(self, message: Json) -> Heard:
        match message["type"]:
            case "peer-joined":
                return Heard("came", message["client_id"], message["role"])
            case "peer-left":
                return Heard("went", message["client_id"])
            case "error":
                raise AssertionError(f"{self.id}: {message}")
            case "offer" | "answer" as kind:
                return Heard(kind, message["from"], message["sdp"])
            case "candidate":
                return Heard("candidate", message["from"], message["candidate"])
            case _:
                return Heard("other", message["from"])


class PathLine(Line):
    """S3: there are no roles, whoever is there receives."""

    async def open(self, role: str) -> list[tuple[str, str]]:
        assert self.room is not None
        self.websocket = await connect(self.url + place(self.room, self.id), proxy=None)
        message = await self.receive()
        assert message["type"] == "room_users", message
        return [(user, "receiver") for user in message["payload"]["users"] if user != self.id]

    def described(self, kind: str, sdp: str, to: str) -> Json:
        return {"type": f"sdp_{kind}", "target": to, "payload": {"sdp": sdp}}

    def candidate(self, init: Json, to: str) -> Json:
        return {"type": "ice_candidate", "target": to, "payload": init}

    def heard(self, message: Json) -> Heard:
        payload = message["payload"]
        match message["type"]:
            case "user_joined":
                return Heard("came", payload["user_id"], "receiver")
            case "user_left":
                return Heard("went", payload["user_id"])
            case "error" | "room_closed":
                raise AssertionError(f"{self.id}: {message}")
            case "sdp_offer" | "sdp_answer" as kind:
                return Heard(kind.removeprefix("sdp_"), message["sender"], payload["sdp"])
            case "ice_candidate":
                return Heard("candidate", message["sender"], payload)
            case _:
                return Heard("other", message["sender"])


LINES: dict[str, type[Line]] = {"register": RegisterLine, "path": PathLine}
