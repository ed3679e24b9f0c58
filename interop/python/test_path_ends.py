"""S3.6: `user_left` on every kind of end, and the end of those who do nothing for too long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from path_wire import PathMember, place
from raw_socket import UPGRADE, RawSocket
from rest import EVERY_WIRE, arrive
from stage import Stage, silent
from support import Server
from wires import Json, Member

StageWith = Callable[..., Stage]
ENDS = ["close", "drop", "reset"]
PINGS = {"timeouts__ping_interval": "300ms", "timeouts__ping_timeout": "1s"}
IDLE_SECONDS = 2.0
# Those who fall silent at about the same time go together; with more time, a slow machine has more of it to be slow in.
ALL_IDLE_SECONDS = 4.0


def mute(server: Server, room: str, id: str) -> RawSocket:
    """Somebody who came and never answers anything, not even a ping."""
    raw = RawSocket(server)
    raw.write(UPGRADE.replace(b"GET / ", f"GET {place(room, id)} ".encode()))
    head = raw.read_head()
    assert head.startswith(b"HTTP/1.1 101 "), head
    return raw


async def end(member: PathMember, how: str) -> None:
    if how == "close":
        await member.close()
    else:
        await member.drop(reset=how == "reset")


@asynccontextmanager
async def busy(*members: Member) -> AsyncIterator[None]:
    """Has members send to nobody in particular, far more often than the idle time."""

    async def talk() -> None:
        while True:
            for member in members:
                await member.send(member.words("busy", n=0))
            await asyncio.sleep(IDLE_SECONDS / 8)

    talking = asyncio.create_task(talk())
    try:
        yield
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def next_but(member: Member, *kinds: str) -> Json:
    """The next message that is of none of these types."""
    while (message := await member.receive())["type"] in kinds:
        pass
    return message


@pytest.mark.parametrize("how", ENDS)
async def test_s3_6_user_left_on_every_end_that_a_client_makes(stage: Stage, how: str) -> None:
    ann, bob, cy = await stage.paths("studio", "ann", "bob", "cy")
    await end(bob, how)
    await ann.expect_left("bob")
    await cy.expect_left("bob")
    await silent(ann, cy)


async def test_s3_6_user_left_when_the_server_ends_a_connection_that_breaks_the_protocol(stage: Stage) -> None:
    ann = await stage.path("studio", "ann")
    with mute(stage.server, "studio", "bob") as bob:
        await ann.expect_joined("bob")
        bob.write(b"\x81\x05hello")  # a frame that is not masked
        await ann.expect_left("bob")


async def test_s3_6_user_left_when_a_client_answers_no_ping(stage_with: StageWith) -> None:
    stage = stage_with(**PINGS)
    ann = await stage.path("studio", "ann")
    with mute(stage.server, "studio", "bob"):
        await ann.expect_joined("bob")
        began = time.monotonic()
        await ann.expect_left("bob")
        assert time.monotonic() - began < 5.0
    await silent(ann)


async def test_s3_6_when_the_server_stops_everybody_gets_a_close(stage: Stage) -> None:
    members = await stage.paths("studio", "ann", "bob")
    stage.server.terminate()
    for member in members:
        assert await member.close_code() == 1001
    assert await asyncio.to_thread(stage.server.wait) == 0


@pytest.mark.parametrize("how", ENDS)
async def test_s3_6_several_connections_under_one_id_are_one_user(stage: Stage, how: str) -> None:
    """The close of an old connection must not remove the one that took its place."""
    ann, older = await stage.paths("studio", "ann", "bob")
    newer = await stage.path("studio", "bob")
    assert newer.users == ["ann", "bob"]
    await ann.send(ann.addressed("chat", "bob", message="which one?"))
    assert (await newer.receive())["payload"] == {"message": "which one?"}
    await older.send(older.words("chat", message="I may still send"))
    assert (await ann.receive())["sender"] == "bob"
    await silent(ann, older, newer)
    await end(older, how)
    await ann.send(ann.words("chat", message="still there?"))
    assert (await newer.receive())["payload"] == {"message": "still there?"}
    await end(newer, how)
    await ann.expect_left("bob")  # the first and only one
    await silent(ann)


@pytest.mark.parametrize("how", ENDS)
async def test_s3_6_when_the_newest_connection_ends_the_one_before_it_receives(stage: Stage, how: str) -> None:
    ann, older = await stage.paths("studio", "ann", "bob")
    newer = await stage.path("studio", "bob")
    await end(newer, how)
    # The end of a connection is not confirmed to others: what is sent meanwhile is for the dying one.
    asked = asyncio.create_task(older.receive())
    for _ in range(500):
        await ann.send(ann.addressed("chat", "bob", message="are you there?"))
        done, _ = await asyncio.wait({asked}, timeout=0.02)
        if done:
            break
    assert (await asked)["payload"] == {"message": "are you there?"}
    await silent(ann)


async def test_s3_6_a_room_in_which_everybody_is_idle_is_closed(stage_with: StageWith) -> None:
    stage = stage_with(rooms__idle=f"{ALL_IDLE_SECONDS}s", rooms__idle_counts="messages", **PINGS)
    began = time.monotonic()
    members = await stage.paths("studio", "ann", "bob", "cy")
    for member in members:
        await member.expect({"type": "room_closed", "target": member.id, "payload": {"reason": "idle"}})
        assert await member.close_code() == 1000
    assert ALL_IDLE_SECONDS - 0.3 < time.monotonic() - began < 2 * ALL_IDLE_SECONDS
    again = await stage.path("studio", "dan")
    assert again.users == ["dan"]


async def test_s3_6_of_a_busy_room_only_the_silent_go(stage_with: StageWith) -> None:
    stage = stage_with(rooms__idle=f"{IDLE_SECONDS}s", rooms__idle_counts="messages", **PINGS)
    ann, bob, cy = await stage.paths("studio", "ann", "bob", "cy")
    async with busy(ann, cy):
        for member in (ann, cy):
            assert await next_but(member, "busy") == member.presence("bob", "")[1]
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(10):
                while message := await bob.connection.recv():
                    assert '"busy"' in str(message) or '"room_closed"' in str(message), message
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1000
        # Whoever is busy stays, for much longer than the idle time.
        until = time.monotonic() + 1.5 * IDLE_SECONDS
        while time.monotonic() < until:
            assert (await ann.receive())["type"] == "busy"
    dan = await stage.path("studio", "dan")
    assert dan.users == ["ann", "cy", "dan"]
    # A polite close would wait for all that was said to be read.
    await asyncio.gather(ann.drop(), cy.drop())


async def test_s3_6_by_default_nobody_who_answers_pings_is_idle(stage_with: StageWith) -> None:
    """A call of an hour has no signaling after its first seconds."""
    stage = stage_with(rooms__idle=f"{IDLE_SECONDS}s", **PINGS)
    members = await stage.paths("studio", "ann", "bob")
    await asyncio.sleep(2 * IDLE_SECONDS)
    await silent(*members)
    dan = await stage.path("studio", "dan")
    assert dan.users == ["ann", "bob", "dan"]


async def test_s3_6_without_an_idle_time_nobody_is_idle(stage_with: StageWith) -> None:
    stage = stage_with(rooms__idle="0s", rooms__idle_counts="messages", **PINGS)
    members = await stage.paths("studio", "ann", "bob")
    await asyncio.sleep(1.5 * IDLE_SECONDS)
    await silent(*members)


@pytest_asyncio.fixture
async def idlers(stage_with: StageWith) -> AsyncIterator[tuple[Stage, dict[str, Member]]]:
    """A room with somebody on each wire, where only messages count."""
    # The client of Socket.IO answers pings only while it is read from.
    pings = {**PINGS, "timeouts__ping_timeout": "20s"}
    stage = stage_with(rooms__idle=f"{ALL_IDLE_SECONDS}s", rooms__idle_counts="messages", **pings)
    members = {wire: await arrive(stage.server, wire, "studio", f"{wire} user") for wire in EVERY_WIRE}
    yield stage, members
    await asyncio.gather(*(member.drop() for member in members.values()), return_exceptions=True)


async def test_s3_6_a_room_of_every_wire_is_closed_when_everybody_is_idle(
    idlers: tuple[Stage, dict[str, Member]],
) -> None:
    stage, members = idlers
    for wire, member in members.items():
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(10):
                while message := str(await member.connection.recv()):
                    assert "left" not in message or wire == "register", f"{wire}: nobody has left: {message}"
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1000, wire
    assert (await stage.path("studio", "dan")).users == ["dan"]


async def test_s3_6_the_idle_of_every_wire_go_where_somebody_is_busy(
    idlers: tuple[Stage, dict[str, Member]],
) -> None:
    stage, members = idlers
    ann = await stage.path("studio", "ann")
    async with busy(ann):
        gone: set[object] = set()
        while len(gone) < len(members):
            message = await ann.receive()
            assert message["type"] == "user_left", message
            gone.add(message["payload"]["user_id"])
        assert gone == {f"{wire} user" for wire in EVERY_WIRE}
    assert (await stage.path("studio", "dan")).users == ["ann", "dan"]
