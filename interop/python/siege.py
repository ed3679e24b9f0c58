"""A server under attack, and the healthy pair that must not notice."""

from __future__ import annotations

import time

from stage import Stage
from wires import Member

#: The time limit of a handshake on the besieged server, in seconds.
HANDSHAKE_SECONDS = 1
RESIDENT_BOUND = 256 * 1024 * 1024


class Pair:
    """Two peers who talk; the test is over when they still can."""

    def __init__(self, stage: Stage, members: list[Member]) -> None:
        self.stage = stage
        self.members = members

    async def talk(self) -> None:
        ann, bob = self.members
        began = time.monotonic()
        for speaker, listener in ((ann, bob), (bob, ann)):
            sent = await speaker.send(speaker.words("chat", message=f"{began}"))
            assert isinstance(sent, str)
            await listener.expect_text(sent)
        assert time.monotonic() - began < 1.0

    async def healthy(self) -> None:
        await self.talk()
        newcomers = await self.stage.room("join-room", f"after {time.monotonic_ns()}", "ann", "bob")
        await Pair(self.stage, newcomers).talk()
        resident = self.stage.server.resident_bytes()
        assert resident < RESIDENT_BOUND, f"{resident / 1e6:.0f} MB resident"
