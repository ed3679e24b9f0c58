"""S2: rooms of registered clients with roles; played with `websockets`."""

from __future__ import annotations

import pytest

from stage import Stage, silent
from wires import Register

OFFER = {"type": "offer", "sdp": "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\no=- 46118 2 IN IP4 127.0.0.1\r\n"}
CANDIDATE = {
    "type": "candidate",
    "candidate": {
        "candidate": "candidate:1 1 UDP 2122317823 10.0.0.1 50000 typ host",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
    },
}


async def member(stage: Stage, room: str, id: str, role: str = "receiver") -> Register:
    client = await stage.register(id)
    await client.enter(room, role)
    return client


async def test_s2_1_joined_lists_the_others_with_their_roles(stage: Stage) -> None:
    camera = await stage.register("camera")
    assert await camera.enter("living_room", "sender") == []
    phone = await stage.register("phone")
    assert await phone.enter("living_room", "receiver") == [{"client_id": "camera", "role": "sender"}]
    laptop = await stage.register("laptop")
    assert await laptop.enter("living_room", "receiver") == [
        {"client_id": "camera", "role": "sender"},
        {"client_id": "phone", "role": "receiver"},
    ]


async def test_s2_1_the_others_see_peers_come_and_go(stage: Stage) -> None:
    camera = await member(stage, "living_room", "camera", "sender")
    phone = await member(stage, "living_room", "phone", "receiver")
    await camera.expect({"type": "peer-joined", "client_id": "phone", "role": "receiver", "room_id": "living_room"})
    second = await member(stage, "living_room", "second", "sender")
    for other in (camera, phone):
        await other.expect({"type": "peer-joined", "client_id": "second", "role": "sender", "room_id": "living_room"})
    await second.leave()
    for other in (camera, phone):
        await other.expect({"type": "peer-left", "client_id": "second", "role": "sender", "room_id": "living_room"})
    await phone.drop()
    await camera.expect({"type": "peer-left", "client_id": "phone", "role": "receiver", "room_id": "living_room"})
    await silent(camera, second)


async def test_s2_1_leave_may_omit_the_room(stage: Stage) -> None:
    phone = await member(stage, "living_room", "phone")
    await phone.send({"type": "leave"})
    await phone.expect({"type": "left", "room_id": "living_room", "client_id": "phone"})


async def test_s2_1_leave_without_a_room_or_of_another_room_is_an_error(stage: Stage) -> None:
    phone = await stage.register("phone")
    await phone.send({"type": "leave"})
    await phone.expect_error("not_in_room")
    await phone.enter("living_room")
    await phone.send({"type": "leave", "room_id": "kitchen"})
    await phone.expect_error("room_mismatch", "not_in_room")
    camera = await stage.register("camera")
    assert await camera.enter("living_room", "sender") == [{"client_id": "phone", "role": "receiver"}]


async def test_s2_1_a_join_without_a_room_or_with_an_unknown_role_is_an_error(stage: Stage) -> None:
    phone = await stage.register("phone")
    await phone.send({"type": "join", "role": "receiver"})
    await phone.expect_error("missing_field")
    await phone.send({"type": "join", "room_id": "living_room", "role": "emperor"})
    await phone.expect_error()
    await phone.enter("living_room")


async def test_s2_2_signaling_between_a_sender_and_a_receiver(stage: Stage) -> None:
    sender = await member(stage, "room_001", "sender_001", "sender")
    receiver = await member(stage, "room_001", "receiver_001")
    await sender.expect_joined("receiver_001", "receiver")
    await sender.send(OFFER)
    await receiver.expect({**OFFER, "from": "sender_001"})
    await receiver.send({**ANSWER, "target_id": "sender_001"})
    await sender.expect({**ANSWER, "target_id": "sender_001", "from": "receiver_001"})
    await sender.send(CANDIDATE)
    await receiver.expect({**CANDIDATE, "from": "sender_001"})
    await receiver.send({**CANDIDATE, "target_id": "sender_001"})
    await sender.expect({**CANDIDATE, "target_id": "sender_001", "from": "receiver_001"})
    await silent(sender, receiver)


async def test_s2_3_one_to_many_by_broadcast_and_by_target(stage: Stage) -> None:
    sender = await member(stage, "room_broadcast", "sender_001", "sender")
    receivers: list[Register] = []
    for number in (1, 2, 3):
        receiver = await member(stage, "room_broadcast", f"receiver_00{number}")
        for other in (sender, *receivers):
            await other.expect_joined(receiver.id)
        receivers.append(receiver)
    await sender.send(OFFER)
    for receiver in receivers:
        await receiver.expect({**OFFER, "from": "sender_001"})
    for receiver in receivers:
        await receiver.send({**ANSWER, "target_id": "sender_001"})
        await sender.expect({**ANSWER, "target_id": "sender_001", "from": receiver.id})
    await sender.send({**OFFER, "target_id": "receiver_002"})
    await receivers[1].expect({**OFFER, "target_id": "receiver_002", "from": "sender_001"})
    await silent(sender, *receivers)


async def test_s2_3_rooms_are_isolated_even_with_the_same_ids(stage: Stage) -> None:
    sender_a = await member(stage, "room_A", "sender", "sender")
    receiver_a = await member(stage, "room_A", "receiver")
    await sender_a.expect_joined("receiver")
    sender_b = await member(stage, "room_B", "sender", "sender")
    receiver_b = await member(stage, "room_B", "receiver")
    await sender_b.expect_joined("receiver")
    await sender_a.send({**OFFER, "room": "A"})
    await receiver_a.expect({**OFFER, "room": "A", "from": "sender"})
    await receiver_b.send({**ANSWER, "room": "B", "target_id": "sender"})
    await sender_b.expect({**ANSWER, "room": "B", "target_id": "sender", "from": "receiver"})
    await receiver_b.drop()
    await sender_b.expect_left("receiver")
    await silent(sender_a, receiver_a, sender_b)


async def test_s2_2_a_target_in_another_room_is_unknown(stage: Stage) -> None:
    ann = await member(stage, "room_A", "ann", "sender")
    bob = await member(stage, "room_B", "bob")
    await ann.send({**OFFER, "target_id": "bob"})
    error = await ann.expect_error("target_not_found", target_id="bob")
    assert error["message"] == "Target not found: bob"
    await silent(ann, bob)


async def test_s2_2_a_forged_from_is_replaced(stage: Stage) -> None:
    ann = await member(stage, "room_A", "ann", "sender")
    bob = await member(stage, "room_A", "bob")
    await ann.expect_joined("bob")
    await ann.send({**OFFER, "from": "bob", "target_id": "bob"})
    await bob.expect({**OFFER, "from": "ann", "target_id": "bob"})
    await silent(ann)


async def test_joining_another_room_leaves_the_old_one_with_a_left_first(stage: Stage) -> None:
    ann = await member(stage, "room_A", "ann")
    bob = await member(stage, "room_A", "bob")
    await ann.expect_joined("bob")
    cy = await member(stage, "room_B", "cy")
    await bob.send({"type": "join", "room_id": "room_B", "role": "sender"})
    await bob.expect({"type": "left", "room_id": "room_A", "client_id": "bob"})
    await bob.expect(
        {
            "type": "joined",
            "room_id": "room_B",
            "role": "sender",
            "client_id": "bob",
            "peers": [{"client_id": "cy", "role": "receiver"}],
        }
    )
    await ann.expect_left("bob")
    await cy.expect_joined("bob", "sender")
    await silent(bob, ann, cy)


async def test_the_same_join_again_succeeds_and_changes_nothing(stage: Stage) -> None:
    ann = await member(stage, "room_A", "ann", "sender")
    bob = await member(stage, "room_A", "bob")
    await ann.expect_joined("bob")
    assert await bob.enter("room_A") == [{"client_id": "ann", "role": "sender"}]
    await silent(bob, ann)


async def test_register_again_in_a_room_under_the_same_id_changes_nothing(stage: Stage) -> None:
    ann = await member(stage, "room_A", "ann", "sender")
    bob = await member(stage, "room_A", "bob")
    await ann.expect_joined("bob")
    await bob.send({"type": "register", "client_id": "bob"})
    await bob.expect({"type": "registered", "client_id": "bob"})
    await ann.send(OFFER)
    await bob.expect({**OFFER, "from": "ann"})
    await silent(bob, ann)


async def test_register_in_a_room_under_another_id_leaves_it_first(stage: Stage) -> None:
    ann = await member(stage, "room_A", "ann", "sender")
    bob = await member(stage, "room_A", "bob")
    await ann.expect_joined("bob")
    await bob.send({"type": "register", "client_id": "robert"})
    await bob.expect({"type": "left", "room_id": "room_A", "client_id": "bob"})
    await bob.expect({"type": "registered", "client_id": "robert"})
    await ann.expect_left("bob")
    bob.id = "robert"
    assert await bob.enter("room_A") == [{"client_id": "ann", "role": "sender"}]
    await ann.expect_joined("robert")
    await silent(bob, ann)


async def test_a_parked_connection_does_not_change_the_role_of_its_peer(stage: Stage) -> None:
    """Role and wire of a peer are those of its active connection."""
    await member(stage, "room_A", "ann", "receiver")
    await member(stage, "room_A", "ann", "sender")
    bob = await stage.register("bob")
    assert await bob.enter("room_A") == [{"client_id": "ann", "role": "sender"}]


@pytest.mark.parametrize("wire", ["join-room", "join"])
async def test_members_of_other_wires_appear_as_receivers(stage: Stage, wire: str) -> None:
    page = await stage.join(wire, "room_A", "page")
    camera = await stage.register("camera")
    assert await camera.enter("room_A", "sender") == [{"client_id": "page", "role": "receiver"}]
    await page.expect_joined("camera")
    await page.drop()
    await camera.expect_left("page", "receiver")
