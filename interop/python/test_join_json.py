"""S0.10: the documented Socket.IO JSON over a plain WebSocket; played with `websockets`."""

from __future__ import annotations

import pytest

from stage import Stage, silent
from wires import JoinJson, Json


async def test_scenario_1_join_and_leave(stage: Stage) -> None:
    ann = JoinJson((await stage.connect()).connection)
    assert await ann.enter("room1", "ann") == ["ann"]
    bob = JoinJson((await stage.connect()).connection)
    assert await bob.enter("room1", "bob") == ["ann", "bob"]
    await ann.expect({"type": "user-joined", "userId": "bob", "roomId": "room1"})
    await ann.leave()
    await bob.expect({"type": "user-left", "userId": "ann", "roomId": "room1"})
    await silent(ann, bob)


async def test_scenario_2_rooms_do_not_hear_each_other(stage: Stage) -> None:
    ann = await stage.join("join", "room1", "ann")
    bob = await stage.join("join", "room2", "bob")
    await ann.send(ann.words("message", text="hello"))
    await bob.send(bob.words("message", text="hello"))
    await silent(ann, bob)
    await bob.drop()
    await silent(ann)


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
async def test_scenario_3_a_dropped_connection_leaves_its_room(stage: Stage, reset: bool) -> None:
    ann, bob = await stage.room("join", "room1", "ann", "bob")
    await bob.drop(reset=reset)
    await ann.expect({"type": "user-left", "userId": "bob", "roomId": "room1"})
    back = await stage.join("join", "room1", "bob")
    await ann.expect({"type": "user-joined", "userId": "bob", "roomId": "room1"})
    await silent(ann, back)


async def test_s0_2_joined_lists_everybody_in_join_order(stage: Stage) -> None:
    for number, id in enumerate(["zoe", "ann", "mia", "bob"]):
        client = JoinJson((await stage.connect()).connection)
        assert await client.enter("room1", id) == ["zoe", "ann", "mia", "bob"][: number + 1]


async def test_s0_3_a_message_goes_to_the_others_as_sent(stage: Stage) -> None:
    ann, bob, cy = await stage.room("join", "room1", "ann", "bob", "cy")
    text = ' {"roomId" : "room1", "type":"message","n":[1.0,1e400],"text":"\\u4f60好 😀" }\n'
    await ann.send(text)
    await bob.expect_text(text)
    await cy.expect_text(text)
    await silent(ann, bob, cy)


async def test_s0_3_a_target_delivers_to_that_peer_only(stage: Stage) -> None:
    ann, bob, cy = await stage.room("join", "room1", "ann", "bob", "cy")
    sent = await ann.send(ann.addressed("message", "cy", text="psst"))
    assert isinstance(sent, str)
    await cy.expect_text(sent)
    await ann.send(ann.addressed("message", "ghost", text="psst"))
    await ann.expect_error("target_not_found")
    await silent(ann, bob, cy)


async def test_s0_3_only_members_may_send_to_a_room(stage: Stage) -> None:
    ann, bob = await stage.room("join", "room1", "ann", "bob")
    eve = await stage.join("join", "room2", "eve")
    await eve.send({"type": "message", "roomId": "room1", "text": "hello"})
    await eve.expect_error("room_mismatch", "not_in_room")
    assert isinstance(bob, JoinJson)
    await bob.leave()
    await ann.expect_left("bob")
    await bob.send({"type": "message", "roomId": "room1", "text": "hello"})
    await bob.expect_error("not_in_room")
    await silent(eve, bob, ann)


async def test_s0_3_a_forged_user_is_refused(stage: Stage) -> None:
    ann, bob = await stage.room("join", "room1", "ann", "bob")
    await ann.send({"type": "message", "roomId": "room1", "userId": "bob", "text": "hello"})
    await ann.expect_error("sender_mismatch")
    await silent(ann, bob)


@pytest.mark.parametrize(
    "incomplete",
    [
        {"type": "join", "userId": "ann"},
        {"type": "join", "roomId": "room1"},
        {"type": "join", "userId": "", "roomId": "room1"},
        {"type": "join", "userId": "ann", "roomId": ""},
    ],
)
async def test_s0_5_a_join_without_both_ids_is_an_error_and_the_connection_lives(
    stage: Stage, incomplete: Json
) -> None:
    client = await stage.connect()
    await client.send(incomplete)
    error = await client.expect_error("missing_field", "invalid_id")
    assert "userId" in error["message"] or "roomId" in error["message"]
    ann = JoinJson(client.connection)
    assert await ann.enter("room1", "ann") == ["ann"]


async def test_joining_another_room_leaves_the_old_one_with_a_leaved_first(stage: Stage) -> None:
    ann, bob = await stage.room("join", "room1", "ann", "bob")
    cy = await stage.join("join", "room2", "cy")
    await bob.send({"type": "join", "userId": "bob", "roomId": "room2"})
    await bob.expect({"type": "leaved", "userId": "bob", "roomId": "room1"})
    await bob.expect({"type": "joined", "userId": "bob", "roomId": "room2", "users": ["cy", "bob"]})
    await ann.expect_left("bob")
    await cy.expect_joined("bob")
    await silent(bob, ann, cy)


async def test_the_same_join_again_succeeds_and_changes_nothing(stage: Stage) -> None:
    ann, bob = await stage.room("join", "room1", "ann", "bob")
    assert isinstance(bob, JoinJson)
    assert await bob.enter("room1", "bob") == ["ann", "bob"]
    await silent(bob, ann)
