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

from media_peers import Peer, Receiver, Sender
from support import Server

# A second address of `lo` needs no kind of interface that a kernel may lack, and to aiortc it is no loopback address.
NETWORK = [
    "ip link set lo up",
    "ip addr add 10.77.0.1/24 dev lo",
]
FRAMES = 30

Report = dict[str, dict[str, Any]]


async def one_to_one(url: str, room: str | None, addressing: str, codec: str) -> Report:
    """One sender that knows its receiver by name, or offers to whoever is there."""
    receiver = Receiver(url, "receiver_001", room)
    await receiver.connect()
    target = "receiver_001" if addressing == "direct" else ""
    sender = Sender(url, "sender_001", room, codec, target)
    await sender.connect()
    await receiver.has_frames(FRAMES)
    await receiver.close()
    await sender.close()
    return {receiver.client_id: receiver.report()}


async def one_to_many(url: str, codec: str) -> Report:
    """One sender, three receivers, a peer connection for each; two come before the sender and one after it."""
    receivers = [Receiver(url, f"receiver_00{number}", "room_broadcast") for number in (1, 2, 3)]
    sender = Sender(url, "sender_001", "room_broadcast", codec, None)
    order: list[Peer] = [receivers[0], receivers[1], sender, receivers[2]]
    for peer in order:
        await peer.connect()
    await asyncio.gather(*(receiver.has_frames(FRAMES) for receiver in receivers))
    assert sorted(sender.calls) == [receiver.client_id for receiver in receivers]
    for peer in reversed(order):
        await peer.close()
    return {receiver.client_id: receiver.report() for receiver in receivers}


async def come_and_go(url: str, codec: str) -> Report:
    """Receivers that leave early and come late, one of them under an id that was there before."""
    sender = Sender(url, "sender_001", "room_001", codec, None)
    stays = Receiver(url, "stays", "room_001")
    early = Receiver(url, "early", "room_001")
    for peer in (sender, stays, early):
        await peer.connect()
    await asyncio.gather(stays.has_frames(FRAMES), early.has_frames(FRAMES))
    await early.close()
    late = Receiver(url, "late", "room_001")
    again = Receiver(url, "early", "room_001")
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
    match options.scenario:
        case "one-to-one":
            room = "room_001" if options.place == "room" else None
            return await one_to_one(url, room, options.addressing, options.codec)
        case "one-to-many":
            return await one_to_many(url, options.codec)
        case _:
            return await come_and_go(url, options.codec)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("scenario", choices=["one-to-one", "one-to-many", "come-and-go"])
    arguments.add_argument("--codec", choices=["H264", "VP8"], required=True)
    arguments.add_argument("--place", choices=["room", "lobby"], default="room")
    arguments.add_argument("--addressing", choices=["direct", "broadcast"], default="direct")
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
