"""A video sender and a video receiver on aiortc, which signal as the published clients of their wire do.

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
from websockets.exceptions import ConnectionClosed

from media_lines import Heard, Line

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
    """A client on a line of some wire, with a task that listens to it."""

    role = ""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.id = line.id

    async def connect(self) -> None:
        for peer, role in await self.line.open(self.role):
            await self.came(peer, role)
        self.reader = asyncio.create_task(self._listen())

    async def came(self, peer: str, role: str) -> None:
        """Somebody is in the room, or has come."""

    async def went(self, peer: str) -> None:
        """Somebody has left the room."""

    async def signal(self, heard: Heard) -> None:
        """An offer, answer or candidate came."""

    async def close(self) -> None:
        await self.line.websocket.close()
        await self.reader

    async def _listen(self) -> None:
        try:
            while True:
                heard = self.line.heard(json.loads(await self.line.websocket.recv()))
                match heard.kind:
                    case "came":
                        await self.came(heard.peer, heard.body)
                    case "went":
                        await self.went(heard.peer)
                    case _:
                        await self.signal(heard)
        except ConnectionClosed:
            return


class Sender(Peer):
    """Offers its video: to `target`, to everybody with "" (broadcast), or to each receiver of the room with None."""

    role = "sender"

    def __init__(self, line: Line, codec: str, target: str | None) -> None:
        super().__init__(line)
        self.codec, self.target = codec, target
        self.calls: dict[str, RTCPeerConnection] = {}

    async def offer(self, target: str) -> None:
        call = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.calls[target] = call
        transceiver = call.addTransceiver(MovingBar(), direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == f"video/{self.codec}"])
        await call.setLocalDescription(await call.createOffer())
        # The C++ sender tells its candidates one by one, after the offer.
        lines = call.localDescription.sdp.split("\r\n")
        trickled = [line for line in lines if line.startswith("a=candidate:")]
        kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
        await self.line.send(self.line.described("offer", "\r\n".join(kept), target))
        for line in trickled:
            candidate = {"candidate": line.removeprefix("a="), "sdpMid": transceiver.mid, "sdpMLineIndex": 0}
            await self.line.send(self.line.candidate(candidate, target))

    async def connect(self) -> None:
        await super().connect()
        if self.target is not None:
            await self.offer(self.target)

    async def came(self, peer: str, role: str) -> None:
        if self.target is None and role == "receiver":
            await self.offer(peer)

    async def went(self, peer: str) -> None:
        if call := self.calls.pop(peer, None):
            await call.close()

    async def signal(self, heard: Heard) -> None:
        if heard.kind == "answer":
            call = self.calls.get(heard.peer) or self.calls[""]
            await call.setRemoteDescription(RTCSessionDescription(heard.body, "answer"))

    async def close(self) -> None:
        await super().close()
        for call in self.calls.values():
            await call.close()


class Receiver(Peer):
    """Answers an offer to whoever made it, and counts the pictures."""

    role = "receiver"

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.call: RTCPeerConnection | None = None
        self.pictures: set[bytes] = set()
        self.frames = 0
        self.codec = ""
        self._watcher: asyncio.Task[None] | None = None
        self._progress = asyncio.Condition()

    async def signal(self, heard: Heard) -> None:
        if heard.kind == "offer":
            self.call = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            self.call.on("track", self._on_track())
            await self.call.setRemoteDescription(RTCSessionDescription(heard.body, "offer"))
            await self.call.setLocalDescription(await self.call.createAnswer())
            sdp = self.call.localDescription.sdp
            self.codec = next(codec for codec in ("H264", "VP8") if f" {codec}/90000" in sdp)
            await self.line.send(self.line.described("answer", sdp, heard.peer))
        elif heard.kind == "candidate":
            assert self.call is not None
            candidate = candidate_from_sdp(heard.body["candidate"].split(":", 1)[1])
            candidate.sdpMid = heard.body["sdpMid"]
            candidate.sdpMLineIndex = heard.body["sdpMLineIndex"]
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
        assert waiting in done, f"{self.id}: {self.frames} frames after {seconds} s"

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
