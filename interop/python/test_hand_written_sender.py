"""The hand-written C++ sender of S2 and S4, in its replica, against a receiver on `websockets`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from stage import Stage, silent
from support import Server
from wires import Register

PROGRAM = Path(__file__).with_name("hand_written_sender.py")
PINGS = 5

ANSWER_SDP = "v=0\r\n" + "".join(f"a=rtpmap:{number} H264/90000\r\n" for number in range(96, 200))
CANDIDATES = [
    {
        "type": "candidate",
        "candidate": {
            "candidate": f"candidate:{number} 1 udp 2122260223 192.0.2.{number} 4000{number} typ host generation 0",
            "sdpMid": "0",
            "sdpMLineIndex": 0,
        },
        "target_id": "sender_001",
    }
    for number in range(10)
]


class Replica:
    """The sender's process; `frames` is what it received, once it has ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        await self.process.stdin.drain()

    async def frames(self) -> list[dict[str, Any]]:
        assert self.process.stdin is not None
        self.process.stdin.close()
        output, complaint = await asyncio.wait_for(self.process.communicate(), 20)
        assert self.process.returncode == 0, complaint.decode()
        return [json.loads(line) for line in output.splitlines()]


@asynccontextmanager
async def hand_written_sender(server: Server) -> AsyncIterator[Replica]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        "--host",
        server.host,
        "--port",
        str(server.port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Replica(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def expect_offer_and_candidates(receiver: Register) -> None:
    offer = await receiver.receive()
    assert (offer["type"], offer["from"]) == ("offer", "sender_001")
    for number in range(3):
        candidate = await receiver.receive()
        assert (candidate["type"], candidate["from"]) == ("candidate", "sender_001")
        assert candidate["candidate"]["candidate"].startswith(f"candidate:{number} ")


async def burst(receiver: Register) -> None:
    """An answer and ten candidates, as fast as the socket takes them."""
    await receiver.send({"type": "answer", "sdp": ANSWER_SDP, "target_id": "sender_001"})
    for candidate in CANDIDATES:
        await receiver.send(candidate)


def texts(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(frame["text"]) for frame in frames if frame["kind"] == "text"]


def assert_every_frame_came_alone(frames: list[dict[str, Any]]) -> None:
    broken = [frame for frame in frames if frame.get("lost") or frame.get("missing")]
    assert not broken, f"{len(broken)} of {len(frames)} reads held more or less than a frame: {broken}"


EXPECTED_BURST = [
    {"type": "registered", "client_id": "sender_001"},
    {"type": "answer", "sdp": ANSWER_SDP, "target_id": "sender_001", "from": "receiver_001"},
    *({**candidate, "from": "receiver_001"} for candidate in CANDIDATES),
]


async def test_each_message_of_a_burst_arrives_in_a_read_of_its_own(stage: Stage) -> None:
    receiver = await stage.register("receiver_001")
    async with hand_written_sender(stage.server) as sender:
        await expect_offer_and_candidates(receiver)
        await burst(receiver)
        await silent(receiver)
        frames = await sender.frames()
    assert_every_frame_came_alone(frames)
    assert texts(frames) == EXPECTED_BURST


async def test_messages_a_moment_apart_are_spaced_too(stage: Stage) -> None:
    """Each is alone when the server writes it, but the sender may still be busy with the one before."""
    receiver = await stage.register("receiver_001")
    async with hand_written_sender(stage.server) as sender:
        await expect_offer_and_candidates(receiver)
        for candidate in CANDIDATES:
            await receiver.send(candidate)
            await asyncio.sleep(0.001)
        await silent(receiver)
        frames = await sender.frames()
    assert_every_frame_came_alone(frames)
    assert len(texts(frames)) == 1 + len(CANDIDATES)


async def test_a_burst_of_several_receivers_is_paced_too(stage: Stage) -> None:
    receivers = await stage.lobby("receiver_001", "receiver_002", "receiver_003")
    async with hand_written_sender(stage.server) as sender:
        for receiver in receivers:
            await expect_offer_and_candidates(receiver)
        await asyncio.gather(*(burst(receiver) for receiver in receivers))
        await silent(*receivers)
        frames = await sender.frames()
    assert_every_frame_came_alone(frames)
    for receiver in receivers:
        of_this_one = [message for message in texts(frames) if message.get("from") == receiver.id]
        assert [message["type"] for message in of_this_one] == ["answer", *["candidate"] * 10]


async def test_it_stays_connected_across_pings_which_it_answers_unmasked(stage_with: Any) -> None:
    stage: Stage = stage_with(timeouts__ping_interval="300ms", timeouts__ping_timeout="1s")
    receiver = await stage.register("receiver_001")
    async with hand_written_sender(stage.server) as sender:
        await expect_offer_and_candidates(receiver)
        await asyncio.sleep(0.3 * (PINGS + 3))
        await burst(receiver)
        await silent(receiver)
        await sender.send({"type": "candidate", "candidate": {"candidate": "candidate:9", "sdpMid": "0"}})
        assert (await receiver.receive())["candidate"]["candidate"] == "candidate:9"
        frames = await sender.frames()
    assert_every_frame_came_alone(frames)
    pings = [frame for frame in frames if frame["kind"] == "ping"]
    assert len(pings) >= PINGS
    assert all(ping["bytes"] == 0 for ping in pings), "pings to a hand-written client are empty"
    assert texts(frames) == EXPECTED_BURST


async def test_in_a_room_it_hears_presence_and_messages_one_by_one(stage: Stage) -> None:
    """`register` and `join` of the room version of the same sender."""
    watcher = await stage.register("watcher")
    await watcher.enter("living_room")
    async with hand_written_sender(stage.server) as sender:
        await sender.send({"type": "join", "room_id": "living_room", "role": "sender"})
        await watcher.expect_joined("sender_001", "sender")
        receiver = await stage.register("receiver_001")
        await receiver.enter("living_room")
        await burst(receiver)
        await silent(receiver)
        await receiver.leave()
        frames = await sender.frames()
    assert_every_frame_came_alone(frames)
    kinds = [message["type"] for message in texts(frames)]
    assert kinds == ["registered", "joined", "peer-joined", "answer", *["candidate"] * 10, "peer-left"]
