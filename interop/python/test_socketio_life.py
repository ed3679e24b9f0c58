"""How connections of row S0 end, last and come back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from socketio_members import KINDS, WAIT_SECONDS, Company, Kind, Puppet, SocketIoMember, silent
from support import Server

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
IDLE_SECONDS = 50.0


async def test_50_seconds_of_idling_end_nothing(company: Company) -> None:
    everybody = await company.everybody()
    await asyncio.sleep(IDLE_SECONDS)
    for speaker in everybody:
        payload = await speaker.say(text="still here")
        for member in everybody:
            if member is not speaker:
                await member.expect("message", payload)
    assert [member.connections for member in everybody] == [1] * len(everybody)
    assert not any(member.ended.is_set() for member in everybody)
    await silent(*everybody)


async def test_many_pings_are_answered(company_with: Callable[..., Company]) -> None:
    company = company_with(timeouts__ping_interval="1s", timeouts__ping_timeout="1s")
    everybody = await company.everybody()
    await asyncio.sleep(5)
    payload = await everybody[0].say(text="still here")
    for member in everybody[1:]:
        await member.expect("message", payload)
    assert [member.connections for member in everybody] == [1] * len(everybody)
    await silent(*everybody)


@each_kind
async def test_a_polite_disconnect_is_prompt(company: Company, kind: Kind) -> None:
    # A polling client waits for the answer to its pending poll, up to half a minute.
    ann, bob = await company.room(kind, "ann", "bob")
    await asyncio.sleep(0.2)  # the poll is pending
    started = time.monotonic()
    await bob.disconnect()
    await ann.expect_left("bob")
    assert time.monotonic() - started < 3
    await silent(ann)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.transport == "websocket"], ids=str)
async def test_s0_4_a_killed_client_leaves_its_room_at_once(company: Company, kind: Kind) -> None:
    ann = await company.join(kind, "ann")
    bob = await Puppet.join(company.server, kind, company.name, "bob")
    await ann.expect_joined("bob")
    await bob.kill()
    await ann.expect_left("bob")
    await silent(ann)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.transport == "polling"], ids=str)
async def test_s0_4_a_killed_polling_client_leaves_its_room_when_it_polls_no_more(
    company_with: Callable[..., Company], kind: Kind
) -> None:
    company = company_with(timeouts__ping_interval="1s", timeouts__ping_timeout="1s")
    ann = await company.join(kind, "ann")
    bob = await Puppet.join(company.server, kind, company.name, "bob")
    await ann.expect_joined("bob")
    await bob.kill()
    await ann.expect_left("bob")
    await silent(ann)


async def test_clients_come_back_by_themselves_to_a_server_that_was_restarted(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    members = [await SocketIoMember.connect(server, kind, reconnection=True) for kind in KINDS]
    try:
        for member in members:
            await member.enter("studio", str(member.kind))
        await asyncio.to_thread(server.finish)
        server = start_server(port=server.port)
        await asyncio.gather(*(come_back(member) for member in members))
    finally:
        await asyncio.gather(*(member.close() for member in members))


async def come_back(member: SocketIoMember) -> None:
    """What came before the end does not matter: the others left one by one. Then the new connection says hello."""
    deadline = time.monotonic() + 2 * WAIT_SECONDS
    while await member.receive_one_of("connected", "user-joined", "user-left") != "connected":
        assert time.monotonic() < deadline
    assert member.connections == 2
    users = await member.enter("somewhere else " + member.id, "me")
    assert users == ["me"]


async def test_a_server_that_stops_ends_every_connection_and_exits_with_0(start_server: Callable[..., Server]) -> None:
    server = start_server()
    members = [await SocketIoMember.connect(server, kind) for kind in KINDS]
    try:
        await asyncio.sleep(0.2)  # the polls are pending
        started = time.monotonic()
        server.terminate()
        assert await asyncio.to_thread(server.wait) == 0
        assert time.monotonic() - started < 5
        await asyncio.gather(*(member.expect_end() for member in members))
    finally:
        await asyncio.gather(*(member.close() for member in members))
