"""S0: rooms over Socket.IO; played with both clients of `python-socketio` over each transport."""

from __future__ import annotations

import asyncio
import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from socketio_members import KINDS, WAIT_SECONDS, Company, Kind, SocketIoMember, silent

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def test_these_clients_are_of_the_version_this_run_is_for() -> None:
    requirements = Path(__file__).parent.parent.joinpath("requirements.txt").read_text()
    newest = re.search(r"^python-socketio==(\S+)$", requirements, re.MULTILINE)
    assert newest
    assert version("python-socketio") == os.environ.get("SOCKETIO_VERSION", newest[1])


@each_kind
async def test_s0_1_connected_comes_first_and_names_the_sid_of_the_client(company: Company, kind: Kind) -> None:
    client = company.keep(SocketIoMember(kind))
    await client.open(company.server)
    assert client.client.transport() == kind.transport
    assert await client.receive("connected") == {"type": "connected", "sid": client.sid}
    other = await company.connect(kind)
    assert other.sid != client.sid
    await silent(client, other)


@each_kind
async def test_scenario_1_join_and_leave(company: Company, kind: Kind) -> None:
    ann, bob = await company.connect(kind), await company.connect(kind)
    assert await ann.enter(company.name, "ann") == ["ann"]
    assert await bob.enter(company.name, "bob") == ["ann", "bob"]
    await ann.expect_joined("bob")
    await ann.leave()
    await bob.expect_left("ann")
    await silent(ann, bob)


@each_kind
async def test_scenario_2_rooms_do_not_hear_each_other(company: Company, kind: Kind) -> None:
    ann = await company.join(kind, "ann", room="1")
    bob = await company.join(kind, "bob", room="2")
    await ann.say(text="hello")
    await bob.say(text="hello")
    await silent(ann, bob)
    await bob.disconnect()
    await silent(ann)


@each_kind
async def test_scenario_3_who_disconnects_leaves_the_room(company: Company, kind: Kind) -> None:
    ann, bob = await company.room(kind, "ann", "bob")
    await bob.disconnect()
    await ann.expect_left("bob")
    back = await company.connect(kind)
    assert await back.enter(company.name, "bob") == ["ann", "bob"]
    await ann.expect_joined("bob")
    await silent(ann, back)


@each_kind
async def test_s0_2_joined_lists_everybody_and_the_last_leave_ends_the_room(company: Company, kind: Kind) -> None:
    members: list[SocketIoMember] = []
    for number, id in enumerate(["zoe", "ann", "mia"]):
        members.append(await company.connect(kind))
        assert await members[-1].enter(company.name, id) == ["zoe", "ann", "mia"][: number + 1]
    zoe, ann, mia = members
    await zoe.expect_joined("ann")
    await zoe.expect_joined("mia")
    await ann.expect_joined("mia")
    await zoe.leave()
    await ann.expect_left("zoe")
    await mia.expect_left("zoe")
    await ann.leave()
    await mia.expect_left("ann")
    await mia.leave()
    assert await ann.enter(company.name, "ann") == ["ann"]
    await silent(*members)


@each_kind
async def test_s0_2_joining_another_room_leaves_the_old_one_first(company: Company, kind: Kind) -> None:
    ann, bob = await company.room(kind, "ann", "bob")
    cy = await company.join(kind, "cy", room="2")
    old, new = company.name, company.name + "2"
    await bob.emit("join", {"userId": "bob", "roomId": new})  # `type` may be left out
    await bob.expect("leaved", {"type": "leaved", "userId": "bob", "roomId": old})
    await bob.expect("joined", {"type": "joined", "userId": "bob", "roomId": new, "users": ["cy", "bob"]})
    await ann.expect_left("bob")
    await cy.expect_joined("bob")
    assert await cy.enter(new, "cy") == ["cy", "bob"]  # the same again changes nothing
    bob.room = new
    await silent(ann, bob, cy)


@each_kind
async def test_s0_3_a_message_reaches_the_others_of_the_room_as_sent(company: Company, kind: Kind) -> None:
    ann, bob, cy = await company.room(kind, "ann", "bob", "cy")
    payload = await ann.say(
        type="offer", sdp="v=0\r\n", n=[1.5, None, True, -3], deep={"a": [{"b": ""}]}, text="你好 😀"
    )
    await bob.expect("message", payload)
    await cy.expect("message", payload)
    await silent(ann, bob, cy)


@each_kind
async def test_s0_3_a_target_is_the_only_one_to_hear(company: Company, kind: Kind) -> None:
    ann, bob, cy = await company.room(kind, "ann", "bob", "cy")
    payload = await ann.say(target="cy", text="psst")
    await cy.expect("message", payload)
    await ann.say(target="ghost", text="psst")
    assert (await ann.expect_error("target_not_found"))["target"] == "ghost"
    await silent(ann, bob, cy)


@each_kind
async def test_s0_3_only_members_may_send_to_a_room_and_only_as_themselves(company: Company, kind: Kind) -> None:
    ann = await company.join(kind, "ann")
    eve = await company.connect(kind)
    await eve.emit("message", {"roomId": company.name, "text": "before any join"})
    await eve.expect_error("not_in_room")
    await eve.enter(company.name + "2", "eve")
    await eve.emit("message", {"roomId": company.name, "text": "from the next room"})
    await eve.expect_error("room_mismatch")
    await eve.say(userId="ann", text="as somebody else")
    await eve.expect_error("sender_mismatch")
    await eve.leave()
    await eve.say(text="after the leave")
    await eve.expect_error("not_in_room")
    await silent(ann, eve)


@each_kind
async def test_s0_5_what_is_missing_is_an_error_and_the_connection_lives(company: Company, kind: Kind) -> None:
    client = await company.connect(kind)
    for incomplete in [{"userId": "ann"}, {"roomId": company.name}, {"userId": "", "roomId": company.name}, {}]:
        await client.emit("join", incomplete)
        error = await client.expect_error("missing_field", "invalid_id")
        assert "userId" in error["message"] or "roomId" in error["message"]
    await client.emit("message", {"text": "to which room?"})
    await client.expect_error("missing_field", "not_in_room")
    await client.emit("leave", {"userId": "ann", "roomId": company.name})
    await client.expect_error("not_in_room")
    assert await client.enter(company.name, "ann") == ["ann"]


@each_kind
async def test_s0_5_what_is_no_object_and_what_is_no_event_of_ours_is_an_error(company: Company, kind: Kind) -> None:
    ann, bob = await company.room(kind, "ann", "bob")
    for values in [("hello",), (17,), (["roomId", company.name],), ()]:
        await ann.emit("message", *values)
        await ann.expect_error()
    await ann.emit("join")
    await ann.expect_error()
    await ann.emit("dance", {"roomId": company.name})
    await ann.expect_error()
    payload = await ann.say(text="still here")
    await bob.expect("message", payload)
    await silent(ann, bob)


@each_kind
async def test_every_event_is_acknowledged_to_those_who_ask(company: Company, kind: Kind) -> None:
    ann, bob = await company.connect(kind), await company.join(kind, "bob")
    about = {"userId": "ann", "roomId": company.name}
    assert await ann.call("join", about) is None
    await ann.expect("joined", {"type": "joined", **about, "users": ["bob", "ann"]})
    await bob.expect_joined("ann")
    message = {"roomId": company.name, "text": "hello"}
    assert await ann.call("message", message) is None
    await bob.expect("message", message)
    assert await ann.call("message", message | {"roomId": "elsewhere"}) is None
    await ann.expect_error("room_mismatch")
    assert await ann.call("join", {}) is None
    await ann.expect_error("missing_field")
    assert await ann.call("message", "no object") is None
    await ann.expect_error()
    assert await ann.call("leave", about) is None
    await ann.expect("leaved", {"type": "leaved", **about})
    await bob.expect_left("ann")
    await silent(ann, bob)


@each_kind
async def test_another_namespace_is_refused_and_ours_lives_on_beside_it(company: Company, kind: Kind) -> None:
    client = company.keep(SocketIoMember(kind))
    refused: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    client.on_refused("/admin", refused)
    await client.open(company.server, namespaces=["/", "/admin"], wait=False)
    assert await asyncio.wait_for(refused, WAIT_SECONDS) == {"message": "Invalid namespace"}
    await client.receive("connected")
    assert await client.enter(company.name, "ann") == ["ann"]


@each_kind
async def test_ids_and_rooms_may_be_any_text(company: Company, kind: Kind) -> None:
    ids = ["用户 一", "Žofie/😀", 'a"b\\c']
    ann, bob, cy = await company.room(kind, *ids)
    payload = await cy.say(target=ids[0], text="\u2028 \0 😀 ␞")
    await ann.expect("message", payload)
    await bob.leave()
    await ann.expect_left(ids[1])
    await cy.expect_left(ids[1])
    await silent(ann, bob, cy)


@each_kind
async def test_an_id_on_two_connections_is_one_peer_whose_newest_receives(company: Company, kind: Kind) -> None:
    ann, bob = await company.room(kind, "ann", "bob")
    again = await company.connect(kind)
    assert await again.enter(company.name, "bob") == ["ann", "bob"]
    payload = await ann.say(text="one")
    await again.expect("message", payload)
    payload = await bob.say(text="the older one may speak")
    await ann.expect("message", payload)
    await again.leave()
    payload = await ann.say(text="two")
    await bob.expect("message", payload)
    await bob.disconnect()
    await ann.expect_left("bob")
    await silent(ann)
