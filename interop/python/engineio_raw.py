"""Engine.IO v4 by hand, for what no published client can be made to do: one session over polling or WebSocket.

Packets are texts here: `4` and a Socket.IO packet is a message, `b` and base64 an attachment in a polling payload.
"""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from support import Server

WAIT_SECONDS = 10.0
SEPARATOR = "\x1e"
Json = dict[str, Any]


def event(name: str, payload: Json, ack: str = "") -> str:
    """An event as a packet."""
    return f"42{ack}" + json.dumps([name, payload], separators=(",", ":"), ensure_ascii=False)


def heard(packet: str) -> tuple[str, Json]:
    """The name and the payload of an event's packet."""
    assert packet.startswith("42["), packet[:200]
    name, payload = json.loads(packet[2:])
    return name, payload


class Http:
    """Requests to `/socket.io/` with any query."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._sids: list[str] = []
        # A connection for each request: one that was idle may be closed just when the next request is sent.
        self.client = httpx.AsyncClient(
            base_url=f"http://{server.host}:{server.port}",
            timeout=WAIT_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A server that stops waits a while for those who may still poll.
        for sid in self._sids:
            await self.request("POST", f"EIO=4&transport=polling&sid={sid}", "1")
        await self.client.aclose()

    async def request(self, method: str, query: str, body: str | bytes = "", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body or None
        answer = await self.client.request(method, f"/socket.io/?{query}", content=content, headers=named)
        if answer.status_code == 200 and answer.text.startswith("0{"):
            self._sids.append(json.loads(answer.text[1:])["sid"])
        return answer

    async def polling(self) -> Polling:
        """A new session, which has said and heard nothing but its handshake."""
        answer = await self.request("GET", "EIO=4&transport=polling")
        assert answer.status_code == 200, answer.text
        assert answer.text.startswith("0{"), answer.text
        return Polling(self, json.loads(answer.text[1:]))

    async def member(self, room: str, id: str) -> Polling:
        """Somebody in a room who polls by hand."""
        session = await self.polling()
        await session.post("40")
        connected = await session.packets(2)
        sid = json.loads(connected[0].removeprefix("40"))["sid"]
        assert heard(connected[1]) == ("connected", {"type": "connected", "sid": sid})
        await session.post(event("join", {"userId": id, "roomId": room}))
        name, payload = heard((await session.packets(1))[0])
        assert (name, payload["userId"], payload["roomId"]) == ("joined", id, room)
        return session


async def answer_to(server: Server, *pieces: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a request that is sent as it is, and may not be whole."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.writelines(pieces)
        await asyncio.wait_for(writer.drain(), WAIT_SECONDS)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS)
    finally:
        writer.close()
    status, *lines = head.decode("ascii").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status.split()[1]), headers


class Polling:
    """One polling session."""

    def __init__(self, http: Http, handshake: Json) -> None:
        self.http = http
        self.handshake = handshake
        self.sid = str(handshake["sid"])
        self.query = f"EIO=4&transport=polling&sid={self.sid}"

    async def get(self) -> list[str]:
        """The packets of one answer; pings are answered on the way and left out."""
        answer = await self.http.request("GET", self.query)
        assert answer.status_code == 200, answer.text
        packets = answer.text.split(SEPARATOR)
        if "2" in packets:
            await self.post("3")
        return [packet for packet in packets if packet != "2"]

    async def packets(self, count: int) -> list[str]:
        """Polls until so many packets have come; more than that is an error."""
        packets: list[str] = []
        while len(packets) < count:
            packets += await self.get()
        assert len(packets) == count, packets
        return packets

    async def post(self, *packets: str) -> None:
        answer = await self.http.request("POST", self.query, SEPARATOR.join(packets))
        assert (answer.status_code, answer.text) == (200, "ok")

    async def expect_gone(self) -> None:
        """The server knows this session no more; until then it may still be asked for what waits."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (answer := await self.http.request("GET", self.query)).status_code == 200:
                pass
        assert (answer.status_code, answer.json()) == (400, {"code": 1, "message": "Session ID unknown"})


class Socket:
    """One WebSocket to `/socket.io/`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    @classmethod
    async def open(cls, server: Server, query: str = "EIO=4&transport=websocket", **options: Any) -> Socket:
        url = server.url(f"/socket.io/?{query}")
        return cls(await connect(url, open_timeout=WAIT_SECONDS, proxy=None, **options))

    @classmethod
    async def member(cls, server: Server, room: str, id: str) -> Socket:
        """Somebody in a room over WebSocket."""
        socket = await cls.open(server)
        assert (await socket.receive()).startswith("0{")
        await socket.send("40")
        assert (await socket.receive()).startswith("40{")
        assert heard(await socket.receive())[0] == "connected"
        await socket.send(event("join", {"userId": id, "roomId": room}))
        assert heard(await socket.receive())[0] == "joined"
        return socket

    async def send(self, *packets: str | bytes) -> None:
        for packet in packets:
            await self.connection.send(packet)

    async def receive(self) -> str:
        """The next packet, which must be text; pings are answered on the way and left out."""
        while (data := await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS)) == "2":
            await self.connection.send("3")
        assert isinstance(data, str), data[:80]
        return data

    async def receive_bytes(self) -> bytes:
        data = await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS)
        assert isinstance(data, bytes), data[:80]
        return data

    async def hear(self) -> tuple[str, Json]:
        """The next event."""
        return heard(await self.receive())

    async def error(self) -> str:
        """The code of the error that comes next."""
        name, payload = await self.hear()
        assert name == "error" and payload["type"] == "error" and payload["message"], payload
        return str(payload["code"])

    async def probe(self) -> None:
        """Nothing has come, and everything that was sent has been handled."""
        await self.send(event("join", {}))
        assert await self.error() == "missing_field"

    async def ended(self) -> int | None:
        """Waits until the server closed; the close code, if it said one."""
        try:
            while True:
                await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None

    async def close(self) -> None:
        await self.connection.close()
