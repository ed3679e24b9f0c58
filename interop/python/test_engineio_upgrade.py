"""Engine.IO v4, by hand: the way from polling to a WebSocket, and back when it comes to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from websockets.exceptions import InvalidStatus

from engineio_raw import Http, Polling, Socket, event, heard
from support import Server


@pytest_asyncio.fixture
async def http(host: Server) -> AsyncIterator[Http]:
    async with Http(host) as http:
        yield http


async def probing(http: Http, session: Polling) -> Socket:
    """A socket for the session which the server has answered."""
    socket = await Socket.open(http.server, f"EIO=4&transport=websocket&sid={session.sid}")
    await socket.send("2probe")
    assert await socket.receive() == "3probe"
    return socket


async def pair(http: Http, room: str) -> tuple[Polling, Socket]:
    """Bob polls, Ann does not, and both know of each other."""
    bob = await http.member(room, "bob")
    ann = await Socket.member(http.server, room, "ann")
    assert heard((await bob.packets(1))[0])[0] == "user-joined"
    return bob, ann


async def test_an_upgrade_loses_nothing_and_ends_the_polling(http: Http) -> None:
    polled, ann = await pair(http, "upgrade")
    poll = asyncio.create_task(polled.get())
    bob = await probing(http, polled)
    # The pending poll is answered, so that the client can leave it.
    assert await asyncio.wait_for(poll, 2) == ["6"]
    for number in range(20):
        await ann.send(event("message", {"roomId": "upgrade", "number": number}))
    await ann.probe()
    await bob.send("5")
    for number in range(20):
        assert await bob.hear() == ("message", {"roomId": "upgrade", "number": number})
    await bob.send(event("message", {"roomId": "upgrade", "text": "hello"}))
    assert await ann.hear() == ("message", {"roomId": "upgrade", "text": "hello"})
    assert (await http.request("GET", polled.query)).status_code == 400
    await bob.probe()
    await bob.close()
    assert (await ann.hear())[0] == "user-left"
    await ann.close()


async def test_what_comes_while_a_client_probes_may_still_be_polled(http: Http) -> None:
    polled, ann = await pair(http, "probing")
    bob = await probing(http, polled)
    await ann.send(event("message", {"roomId": "probing", "number": 1}))
    await ann.probe()
    packets = [packet for packet in await polled.get() if packet != "6"]
    assert [heard(packet)[1]["number"] for packet in packets] == [1]
    await polled.post(event("message", {"roomId": "probing", "number": 2}))
    assert (await ann.hear())[1]["number"] == 2
    await bob.send("5")
    await ann.send(event("message", {"roomId": "probing", "number": 3}))
    assert (await bob.hear())[1]["number"] == 3
    await ann.close()
    await bob.close()


async def test_attachments_find_their_event_across_the_upgrade(http: Http) -> None:
    polled, ann = await pair(http, "parts")
    bob = await probing(http, polled)
    head = (
        '452-["message",{"roomId":"parts","x":{"_placeholder":true,"num":0},"y":{"_placeholder":true,"num":1}}]'
    )
    for _ in range(10):
        await ann.send(head, b"x", b"y")
    await ann.probe()
    packets = [packet for packet in await polled.get() if packet != "6"]
    assert 0 < len(packets) < 30
    await bob.send("5")
    while len(packets) < 30:
        data = await asyncio.wait_for(bob.connection.recv(), 5)
        packets.append(data if isinstance(data, str) else {b"x": "beA==", b"y": "beQ=="}[data])
    assert packets == [head, "beA==", "beQ=="] * 10
    await ann.close()
    await bob.close()


async def test_a_probe_that_comes_to_nothing_leaves_the_polling_as_it_was(http: Http) -> None:
    polled, ann = await pair(http, "failed")
    bob = await probing(http, polled)
    await bob.close()
    await ann.send(event("message", {"roomId": "failed", "number": 1}))
    packets: list[str] = []
    while not packets:
        packets = [packet for packet in await polled.get() if packet != "6"]
    assert [heard(packet)[1]["number"] for packet in packets] == [1]
    await polled.post(event("message", {"roomId": "failed", "number": 2}))
    assert (await ann.hear())[1]["number"] == 2
    # Polls wait again.
    poll = asyncio.create_task(polled.get())
    done, _ = await asyncio.wait([poll], timeout=0.5)
    assert not done
    await ann.send(event("message", {"roomId": "failed", "number": 3}))
    assert heard((await poll)[0])[1]["number"] == 3
    # And another probe may succeed.
    again = await probing(http, polled)
    await again.send("5")
    await again.probe()
    await again.close()
    assert (await ann.hear())[0] == "user-left"
    await ann.close()


async def test_a_second_socket_for_an_upgraded_session_is_refused(http: Http) -> None:
    polled, ann = await pair(http, "second")
    bob = await probing(http, polled)
    await bob.send("5")
    await bob.probe()
    try:
        second = await Socket.open(http.server, f"EIO=4&transport=websocket&sid={polled.sid}")
    except InvalidStatus as refused:
        assert refused.response.status_code == 400
    else:
        await second.ended()
    await bob.probe()
    await bob.close()
    await ann.close()


async def test_a_session_whose_client_goes_while_it_probes_is_gone(http: Http) -> None:
    polled, ann = await pair(http, "gone")
    bob = await probing(http, polled)
    await polled.post("1")
    assert (await ann.hear())[0] == "user-left"
    await bob.close()
    await polled.expect_gone()
    await ann.close()
