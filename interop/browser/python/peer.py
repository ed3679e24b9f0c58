"""An aiortc peer on the `register` wire for a call with a tab of the page.

It prints a JSON line when it is in the room, a receiver another one when it has seen enough, and leaves when its stdin
ends. Whatever goes wrong ends it with a traceback. The peers themselves stand in interop/python (PYTHONPATH).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import VideoFrame

from media_lines import Heard, Line, RegisterLine
from media_peers import Peer, Receiver, Sender

FRAMES = 30
FRAMES_SECONDS = 90
LIFE_SECONDS = 180


class TabReceiver(Receiver):
    """Takes what a tab sends: its camera, in whatever size the browser chose, and its microphone."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.sounds = 0
        self.size = (0, 0)
        self.colour = [0, 0, 0]
        self._watchers: list[asyncio.Task[None]] = []

    def report(self) -> dict[str, Any]:
        return {
            "frames": self.frames,
            "pictures": len(self.pictures),
            "sounds": self.sounds,
            "size": self.size,
            "colour": self.colour,
        }

    async def close(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        await super().close()

    def _on_track(self) -> Callable[[MediaStreamTrack], None]:
        def watch(track: MediaStreamTrack) -> None:
            self._watchers.append(asyncio.create_task(self._watch(track)))

        return watch

    async def _watch(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    await self._picture(frame)
                else:
                    self.sounds += 1
        except MediaStreamError:
            return

    async def _picture(self, frame: VideoFrame) -> None:
        planes = [bytes(plane) for plane in frame.planes]
        self.pictures.add(hashlib.blake2b(planes[0], digest_size=16).digest())
        self.size = (frame.width, frame.height)
        self.colour = [sum(plane) // len(plane) for plane in planes]
        async with self._progress:
            self.frames += 1
            self._progress.notify_all()


class OfferingReceiver(TabReceiver):
    """Does not wait for an offer: it offers to take what anybody who comes has to send."""

    async def came(self, peer: str, role: str) -> None:
        self.call = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.call.on("track", self._on_track())
        for kind in ("audio", "video"):
            self.call.addTransceiver(kind, direction="recvonly")
        await self.call.setLocalDescription(await self.call.createOffer())
        await self.line.send(self.line.described("offer", self.call.localDescription.sdp, peer))

    async def signal(self, heard: Heard) -> None:
        assert heard.kind != "offer", "the tab was to wait for ours"
        if heard.kind == "answer":
            assert self.call is not None
            await self.call.setRemoteDescription(RTCSessionDescription(heard.body, "answer"))
        else:
            await super().signal(heard)


class TabSender(Sender):
    """Offers to everybody, whatever their role: a tab is a `sender` as well. An offer of a tab it leaves unanswered."""

    def __init__(self, line: Line, codec: str) -> None:
        super().__init__(line, codec, None)

    async def came(self, peer: str, role: str) -> None:
        await self.offer(peer)

    async def signal(self, heard: Heard) -> None:
        await super().signal(heard)
        call = self.calls.get(heard.peer)
        # A candidate before the answer belongs to an offer of the tab's own.
        if heard.kind == "candidate" and call is not None and call.remoteDescription is not None:
            candidate = candidate_from_sdp(heard.body["candidate"].removeprefix("candidate:"))
            candidate.sdpMid = heard.body["sdpMid"]
            candidate.sdpMLineIndex = heard.body["sdpMLineIndex"]
            await call.addIceCandidate(candidate)


async def stdin_ends() -> None:
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    await stream.read()


def tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


async def take_part(peer: Peer) -> None:
    told_to_leave = asyncio.create_task(stdin_ends())
    await peer.connect()
    tell("joined")
    if isinstance(peer, TabReceiver):
        await peer.has_frames(FRAMES, FRAMES_SECONDS)
        tell("seen", **peer.report())
    await asyncio.wait({told_to_leave, peer.reader}, return_when=asyncio.FIRST_COMPLETED)
    if not told_to_leave.done():
        peer.reader.result()
        raise AssertionError(f"{peer.id}: the server ended the connection")
    await peer.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("role", choices=["receiver", "offering-receiver", "sender"])
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--client-id", required=True)
    arguments.add_argument("--room-id", required=True)
    arguments.add_argument("--codec", choices=["H264", "VP8"], default="H264", help="of a sender")
    options = arguments.parse_args()
    peer: Peer
    line = RegisterLine(options.url, options.client_id, options.room_id)
    match options.role:
        case "receiver":
            peer = TabReceiver(line)
        case "offering-receiver":
            peer = OfferingReceiver(line)
        case _:
            peer = TabSender(line, options.codec)
    asyncio.run(asyncio.wait_for(take_part(peer), LIFE_SECONDS))


if __name__ == "__main__":
    main()
