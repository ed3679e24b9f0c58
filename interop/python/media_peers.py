"""A video sender and a video receiver on aiortc, which signal as the published `register` clients do.

Like the published receiver, both die of any exception: a message which they cannot read ends the scenario.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import VideoFrame
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

WIDTH, HEIGHT = 320, 240
BAR = 64
DARK, BRIGHT = 40, 210


class MovingBar(VideoStreamTrack):
    """A bright bar that wanders over a dark picture: no two neighbouring frames are the same."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma, *chroma = frame.planes
        start = self._number * 4 % (WIDTH - BAR)
        row = bytes([DARK]) * start + bytes([BRIGHT]) * BAR + bytes([DARK]) * (luma.line_size - BAR - start)
        luma.update(row * luma.height)
        for plane in chroma:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        self._number += 1
        return frame


class Peer:
    """A registered client with a websocket and a task that reads it."""

    role = ""

    def __init__(self, url: str, client_id: str, room_id: str | None) -> None:
        self.url, self.client_id, self.room_id = url, client_id, room_id
        self.websocket: ClientConnection

    async def connect(self) -> None:
        self.websocket = await connect(self.url, proxy=None)
        await self.send({"type": "register", "client_id": self.client_id})
        assert await self.receive() == {"type": "registered", "client_id": self.client_id}
        if self.room_id is not None:
            await self.send({"type": "join", "room_id": self.room_id, "role": self.role})
            joined = await self.receive()
            assert joined["type"] == "joined", joined
            for peer in joined["peers"]:
                await self.peer_joined(peer["client_id"], peer["role"])
        self.reader = asyncio.create_task(self._read())

    async def send(self, message: dict[str, Any]) -> None:
        await self.websocket.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.websocket.recv(), 10))
        return message

    async def peer_joined(self, client_id: str, role: str) -> None:
        """Somebody is in the room, or has come."""

    async def peer_left(self, client_id: str) -> None:
        """Somebody has left the room."""

    async def signal(self, message: dict[str, Any]) -> None:
        """An offer, answer or candidate came."""

    async def close(self) -> None:
        await self.websocket.close()
        await self.reader

    async def _read(self) -> None:
        try:
            while True:
                message = json.loads(await self.websocket.recv())
                match message["type"]:
                    case "peer-joined":
                        await self.peer_joined(message["client_id"], message["role"])
                    case "peer-left":
                        await self.peer_left(message["client_id"])
                    case "error":
                        raise AssertionError(f"{self.client_id}: {message}")
                    case _:
                        await self.signal(message)
        except ConnectionClosed:
            return


class Sender(Peer):
    """Offers its video: to `target_id`, to everybody with "" (broadcast), or to each receiver of the room with None."""

    role = "sender"

    def __init__(self, url: str, client_id: str, room_id: str | None, codec: str, target_id: str | None) -> None:
        super().__init__(url, client_id, room_id)
        self.codec, self.target_id = codec, target_id
        self.calls: dict[str, RTCPeerConnection] = {}

    async def offer(self, target_id: str) -> None:
        call = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.calls[target_id] = call
        transceiver = call.addTransceiver(MovingBar(), direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == f"video/{self.codec}"])
        await call.setLocalDescription(await call.createOffer())
        address = {"target_id": target_id} if target_id else {}
        # The C++ sender tells its candidates one by one, after the offer.
        lines = call.localDescription.sdp.split("\r\n")
        trickled = [line for line in lines if line.startswith("a=candidate:")]
        kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
        await self.send({"type": "offer", "sdp": "\r\n".join(kept), **address})
        for line in trickled:
            candidate = {"candidate": line.removeprefix("a="), "sdpMid": transceiver.mid, "sdpMLineIndex": 0}
            await self.send({"type": "candidate", "candidate": candidate, **address})

    async def connect(self) -> None:
        await super().connect()
        if self.target_id is not None:
            await self.offer(self.target_id)

    async def peer_joined(self, client_id: str, role: str) -> None:
        if self.target_id is None and role == "receiver":
            await self.offer(client_id)

    async def peer_left(self, client_id: str) -> None:
        if call := self.calls.pop(client_id, None):
            await call.close()

    async def signal(self, message: dict[str, Any]) -> None:
        if message["type"] == "answer":
            call = self.calls.get(message["from"]) or self.calls[""]
            await call.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))

    async def close(self) -> None:
        await super().close()
        for call in self.calls.values():
            await call.close()


class Receiver(Peer):
    """Answers an offer to its `from`, and counts the pictures."""

    role = "receiver"

    def __init__(self, url: str, client_id: str, room_id: str | None) -> None:
        super().__init__(url, client_id, room_id)
        self.call: RTCPeerConnection | None = None
        self.pictures: set[bytes] = set()
        self.frames = 0
        self.codec = ""
        self._watcher: asyncio.Task[None] | None = None
        self._progress = asyncio.Condition()

    async def signal(self, message: dict[str, Any]) -> None:
        if message["type"] == "offer":
            self.call = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            self.call.on("track", self._on_track())
            await self.call.setRemoteDescription(RTCSessionDescription(message["sdp"], "offer"))
            await self.call.setLocalDescription(await self.call.createAnswer())
            sdp = self.call.localDescription.sdp
            self.codec = next(codec for codec in ("H264", "VP8") if f" {codec}/90000" in sdp)
            await self.send({"type": "answer", "sdp": sdp, "target_id": message["from"]})
        elif message["type"] == "candidate":
            assert self.call is not None
            candidate = candidate_from_sdp(message["candidate"]["candidate"].split(":", 1)[1])
            candidate.sdpMid = message["candidate"]["sdpMid"]
            candidate.sdpMLineIndex = message["candidate"]["sdpMLineIndex"]
            await self.call.addIceCandidate(candidate)

    async def has_frames(self, count: int, seconds: float = 40) -> None:
        """Waits until more than `count` frames have been decoded; a reader which died fails at once."""

        async def enough() -> None:
            async with self._progress:
                await self._progress.wait_for(lambda: self.frames > count)

        waiting = asyncio.create_task(enough())
        done, _ = await asyncio.wait({waiting, self.reader}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.reader in done:
            self.reader.result()
        assert waiting in done, f"{self.client_id}: {self.frames} frames after {seconds} s"

    def report(self) -> dict[str, Any]:
        return {"frames": self.frames, "pictures": len(self.pictures), "codec": self.codec}

    async def close(self) -> None:
        await super().close()
        if self._watcher is not None:
            self._watcher.cancel()
        if self.call is not None:
            await self.call.close()

    def _on_track(self) -> Callable[[MediaStreamTrack], None]:
        def watch(track: MediaStreamTrack) -> None:
            self._watcher = asyncio.create_task(self._watch(track))

        return watch

    async def _watch(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            assert (frame.width, frame.height) == (WIDTH, HEIGHT)
            luma = bytes(frame.planes[0])
            assert min(luma) < DARK + 40 and max(luma) > BRIGHT - 40, "not the picture that was sent"
            self.pictures.add(hashlib.blake2b(luma, digest_size=16).digest())
            async with self._progress:
                self.frames += 1
                self._progress.notify_all()
