"""Video from an aiortc sender to aiortc receivers through the server, in a network of their own.

aiortc does not offer 127.0.0.1 as a candidate, so the scenarios run in a network namespace with an address of its own.
The test starts this file inside `unshare --net`; the result is printed as one JSON object: what each receiver got.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from media_lines import LINES
from media_peers import Peer, Receiver, Sender
from support import Server

# A second address of `lo` needs no kind of interface that a kernel may lack, and to aiortc it is no loopback address.
NETWORK = [
    "ip link set lo up",
    "ip addr add 10.77.0.1/24 dev lo",
]
FRAMES = 30

Report = dict[str, dict[str, Any]]


class Studio:
    """Makes peers of one room, or of the lobby, each on the wire that is asked for."""

    def __init__(self, url: str, room: str | None, codec: str) -> None:
        self.url, self.room, self.codec = url, room, codec

    def sender(self, wire: str, target: str | None) -> Sender:
        return Sender(LINES[wire](self.url, "sender_001", self.room), self.codec, target)

    def receiver(self, wire: str, id: str) -> Receiver:
        return Receiver(LINES[wire](self.url, id, self.room))


async def one_to_one(studio: Studio, wires: tuple[str, str], addressing: str) -> Report:
    """One sender that knows its receiver by name, or offers to whoever is there."""
    receiver = studio.receiver(wires[1], "receiver_001")
    await receiver.connect()
    sender = studio.sender(wires[0], "receiver_001" if addressing == "direct" else "")
    await sender.connect()
    await receiver.has_frames(FRAMES)
    await receiver.close()
    await sender.close()
    return {receiver.id: receiver.report()}


async def one_to_many(studio: Studio, wires: tuple[str, str]) -> Report:
    """One sender, three receivers, a peer connection for each; two come before the sender and one after it.

    The second receiver always speaks the wire of the sender.
    """
    speak = [wires[1], wires[0], wires[1]]
    receivers = [studio.receiver(wire, f"receiver_00{number}") for number, wire in enumerate(speak, 1)]
    sender = studio.sender(wires[0], None)
    order: list[Peer] = [receivers[0], receivers[1], sender, receivers[2]]
    for peer in order:
        await peer.connect()
    await asyncio.gather(*(receiver.has_frames(FRAMES) for receiver in receivers))
    assert sorted(sender.calls) == [receiver.id for receiver in receivers]
    for peer in reversed(order):
        await peer.close()
    return {receiver.id: receiver.report() for receiver in receivers}


async def come_and_go(studio: Studio, wires: tuple[str, str]) -> Report:
    """Receivers that leave early and come late, one of them under an id that was there before."""
    sender = studio.sender(wires[0], None)
    stays, early = studio.receiver(wires[1], "stays"), studio.receiver(wires[1], "early")
    for peer in (sender, stays, early):
        await peer.connect()
    await asyncio.gather(stays.has_frames(FRAMES), early.has_frames(FRAMES))
    await early.close()
    late, again = studio.receiver(wires[1], "late"), studio.receiver(wires[1], "early")
    await late.connect()
    await again.connect()
    frames_so_far = stays.frames
    await asyncio.gather(late.has_frames(FRAMES), again.has_frames(FRAMES), stays.has_frames(frames_so_far + FRAMES))
    assert sorted(sender.calls) == ["early", "late", "stays"]
    for peer in (stays, late, again, sender):
        await peer.close()
    return {
        "stays": stays.report(),
        "early": early.report(),
        "late": late.report(),
        "early again": again.report(),
    }


async def play(options: argparse.Namespace, url: str) -> Report:
    studio = Studio(url, "room_001" if options.place == "room" else None, options.codec)
    wires = (options.sender, options.receiver)
    match options.scenario:
        case "one-to-one":
            return await one_to_one(studio, wires, options.addressing)
        case "one-to-many":
            return await one_to_many(studio, wires)
        case _:
            return await come_and_go(studio, wires)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("scenario", choices=["one-to-one", "one-to-many", "come-and-go"])
    arguments.add_argument("--codec", choices=["H264", "VP8"], required=True)
    arguments.add_argument("--place", choices=["room", "lobby"], default="room")
    arguments.add_argument("--addressing", choices=["direct", "broadcast"], default="direct")
    arguments.add_argument("--sender", choices=LINES, default="register", help="the wire it speaks")
    arguments.add_argument("--receiver", choices=LINES, default="register", help="the wire it speaks")
    options = arguments.parse_args()
    for command in NETWORK:
        subprocess.run(command.split(), check=True)
    with tempfile.TemporaryDirectory() as directory:
        server = Server.start(Path(directory))
        try:
            report = asyncio.run(asyncio.wait_for(play(options, server.url()), 60))
        finally:
            server.finish()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
