"""Engine.IO v4 over WebSocket, by hand; and Socket.IO packets that no published client would send."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from engineio_raw import Socket, event, heard
from support import Server

#: `await join("ann")`: somebody in the room of the test, whom those who are there already have seen come.
Join = Callable[[str], Awaitable[Socket]]


@pytest.fixture
def room() -> str:
    return f"room {uuid.uuid4()}"


@pytest_asyncio.fixture
async def join(host: Server, room: str) -> AsyncIterator[Join]:
    sockets: list[Socket] = []

    async def enter(id: str) -> Socket:
        newcomer = await Socket.member(host, room, id)
        for socket in sockets:
            assert (await socket.hear())[0] == "user-joined"
        sockets.append(newcomer)
        return newcomer

    yield enter
    for socket in sockets:
        await socket.close()


async def test_the_handshake_over_websocket_offers_no_upgrade(host: Server) -> None:
    socket = await Socket.open(host)
    handshake = json.loads((await socket.receive()).removeprefix("0"))
    assert isinstance(handshake.pop("sid"), str)
    assert handshake == {"upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
    await socket.close()


@pytest.mark.parametrize(
    "query", ["EIO=3&transport=websocket", "transport=websocket", "EIO=4&transport=websocket&sid=nobody"]
)
async def test_a_socket_that_makes_no_sense_is_refused(host: Server, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await Socket.open(host, query)
    assert refused.value.response.status_code == 400


async def test_s0_3_a_message_passes_byte_for_byte(join: Join, room: str) -> None:
    ann, bob = await join("ann"), await join("bob")
    body = f'{{"roomId" : "{room}", "n":[1.0,1e400, -0],"text":"\\u4f60好 😀","b":{{"a":1,"a":2}}}}'
    await ann.send(f'42["message",{body}]')
    assert await bob.receive() == f'42["message",{body}]'
    await ann.send(f'4212["message",{body}]')
    assert await bob.receive() == f'42["message",{body}]', "an ack is between the sender and the server"
    assert await ann.receive() == "4312[]"


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "abc",
        "9",
        "4",
        "4abc",
        "47",
        "42",
        "42{}",
        "42[]",
        "42[17]",
        '42["message"',
        '42["message",{"roomId":"ROOM"}',
        '42["message",{"roomId":"ROOM"}] ]',
        '42["message",{"roomId":"ROOM","roomId":"ROOM"}]',
        '42["message",{"room\\u0049d":"ROOM"}]',
        '42["message",{"roomId":"ROOM"},{"roomId":"ROOM"}]',
        '42abc["message",{"roomId":"ROOM"}]',
        '4299999999999999999999["message",{"roomId":"ROOM"}]',
        '42/admin,["message",{"roomId":"ROOM"}]',
        '4511-["message",{"roomId":"ROOM"}]',
        '45-["message",{"roomId":"ROOM"}]',
        "40",
    ],
)
async def test_packets_that_socket_io_knows_not_are_an_error_and_reach_nobody(
    join: Join, room: str, packet: str
) -> None:
    ann, bob = await join("ann"), await join("bob")
    await bob.send(packet.replace("ROOM", room))
    await bob.error()
    await bob.probe()
    await ann.probe()


async def test_deep_nesting_is_an_error(join: Join, room: str) -> None:
    ann, bob = await join("ann"), await join("bob")
    await ann.send(f'42["message",{{"roomId":"{room}","x":' + "[" * 5_000 + "]" * 5_000 + "}]")
    await ann.error()
    await ann.probe()
    await bob.probe()


async def test_text_where_an_attachment_must_come_drops_the_event(join: Join, room: str) -> None:
    ann, bob = await join("ann"), await join("bob")
    body = f'{{"roomId":"{room}","x":{{"_placeholder":true,"num":0}}}}'
    await ann.send(f'451-["message",{body}]')
    await ann.send(event("message", {"roomId": room, "text": "instead"}))
    await ann.error()
    await ann.send(b"late")
    await ann.error()
    await ann.probe()
    await bob.probe()
    await ann.send(f'451-7["message",{body}]', b"whole")
    assert await bob.receive() == f'451-["message",{body}]'
    assert await bob.receive_bytes() == b"whole"
    assert await ann.receive() == "437[]"


@pytest.mark.parametrize("place", ['{"_placeholder":true,"num":1}', '{"_placeholder":true,"num":-1}'])
async def test_an_attachment_without_its_place_in_the_event_is_an_error(join: Join, room: str, place: str) -> None:
    # A receiver would hold the event back, or fail on it.
    ann, bob = await join("ann"), await join("bob")
    await ann.send(f'451-["message",{{"roomId":"{room}","x":{place}}}]', b"lost")
    await ann.error()
    await ann.probe()
    await bob.probe()


async def test_other_namespaces_are_refused_and_ours_stays(join: Join) -> None:
    ann = await join("ann")
    await ann.send("40/admin,")
    assert await ann.receive() == '44/admin,{"message":"Invalid namespace"}'
    await ann.send('40/other,{"token":"x"}')
    assert await ann.receive() == '44/other,{"message":"Invalid namespace"}'
    await ann.probe()


async def test_who_leaves_the_namespace_leaves_the_room_and_may_come_again(join: Join, room: str) -> None:
    ann, bob = await join("ann"), await join("bob")
    await bob.send("41")
    assert await ann.hear() == ("user-left", {"type": "user-left", "userId": "bob", "roomId": room})
    await bob.send('40{"token":"whatever"}')
    assert (await bob.receive()).startswith("40{")
    assert (await bob.hear())[0] == "connected"
    await bob.send(event("join", {"userId": "bob", "roomId": room}))
    assert (await bob.hear())[1]["users"] == ["ann", "bob"]
    assert (await ann.hear())[0] == "user-joined"


async def test_events_before_the_namespace_is_connected_reach_nobody(host: Server, join: Join, room: str) -> None:
    ann = await join("ann")
    early = await Socket.open(host)
    assert (await early.receive()).startswith("0{")
    await early.send(event("join", {"userId": "bob", "roomId": room}))
    await early.send("40")
    while not (packet := await early.receive()).startswith("40{"):
        assert heard(packet)[0] == "error"
    assert (await early.hear())[0] == "connected"
    await ann.probe()
    await early.close()


async def test_a_close_packet_ends_the_session(join: Join) -> None:
    ann, bob = await join("ann"), await join("bob")
    await bob.send("1")
    await bob.ended()
    assert (await ann.hear())[0] == "user-left"


async def test_pings_come_in_time_and_who_answers_none_is_gone(start_server: Callable[..., Server]) -> None:
    server = start_server(timeouts__ping_interval="1s", timeouts__ping_timeout="1s")
    ann, bob = await Socket.member(server, "studio", "ann"), await Socket.member(server, "studio", "bob")
    assert (await ann.hear())[0] == "user-joined"

    async def wait_for_a_ping() -> None:
        while await asyncio.wait_for(bob.connection.recv(), 5) != "2":
            pass

    waiting = asyncio.create_task(wait_for_a_ping())
    assert await ann.hear() == ("user-left", {"type": "user-left", "userId": "bob", "roomId": "studio"})
    await waiting
    await bob.ended()
    await ann.close()
