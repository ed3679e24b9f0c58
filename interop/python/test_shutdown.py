"""S1.4: SIGTERM and SIGINT close every client with 1001, cut nothing that was accepted, and end with exit code 0."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest

from stage import Stage
from support import Server
from wires import Client

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def exit_code(server: Server) -> int:
    return await asyncio.to_thread(server.wait)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_s1_4_every_client_gets_close_1001_and_the_process_exits_0(stage: Stage, sign: signal.Signals) -> None:
    clients: list[Client] = [
        await stage.join_room("studio", "ann"),
        await stage.register("lobbyist"),
        await stage.join("register", "hall", "camera"),
        await stage.join("join", "room1", "tab"),
        await stage.connect(),  # has said nothing yet
    ]
    stage.server.process.send_signal(sign)
    assert [await client.close_code() for client in clients] == [1001] * len(clients)
    assert await exit_code(stage.server) == 0


async def test_s1_4_accepted_messages_are_delivered_before_the_close(stage: Stage) -> None:
    ann, bob = await stage.room("register", "studio", "ann", "bob")
    for number in range(300):
        await ann.send({"type": "n", "number": number, "padding": "x" * 2_000})
    await ann.probe()  # all of them have been accepted
    stage.server.terminate()
    for number in range(300):
        assert (await bob.receive())["number"] == number
    while True:
        try:
            assert await bob.close_code() == 1001
            break
        except AssertionError as other:
            assert "peer-left" in str(other), other
    assert await exit_code(stage.server) == 0


async def test_s1_4_a_client_that_does_not_answer_the_close_holds_nothing_up_for_long(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(timeouts__shutdown="2s")
    _, mute = await asyncio.open_connection(server.host, server.port)
    mute.write(UPGRADE)
    _, half_open = await asyncio.open_connection(server.host, server.port)
    half_open.write(UPGRADE[:20])
    polite = await Client.connect(server)
    server.terminate()
    assert await polite.close_code() == 1001
    assert not await let_in(server), "somebody new was let in while the server was going"
    assert await asyncio.to_thread(server.wait, 10) == 0
    mute.close()
    half_open.close()


async def let_in(server: Server) -> bool:
    try:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(UPGRADE)
        head = await asyncio.wait_for(reader.read(12), 1)
        writer.close()
        return head.endswith(b"101")
    except (OSError, TimeoutError):
        return False
