"""S4: the id router, registered clients that are in no room; played with `websockets`."""

from __future__ import annotations

import pytest

from stage import Stage, silent
from wires import PROBE, Client, Json

WRONG_FIRST_MESSAGES: dict[str, Json | str | bytes] = {
    "another type": {"type": "offer", "sdp": "v=0"},
    "a type of later": {"type": "hello"},
    "a join without ids": {"type": "join", "room_id": "studio", "role": "sender"},
    "no type": {},
    "an array": "[1,2,3]",
    "a string": '"register"',
    "plain text": "hello?",
    "half an object": '{"type":"register"',
    "nothing": "",
    "binary": b"\x00\xff\x00",
}

CANDIDATE = {"candidate": "candidate:1 1 UDP 2122317823 10.0.0.1 50000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


def without_from(text: str, sender: str) -> set[str]:
    """The text without the field which the server adds, wherever in the object it put it."""
    added = f'"from":"{sender}"'
    return {text.replace(f",{added}", "", 1), text.replace(f"{added},", "", 1)}


async def test_s4_1_register_is_answered_with_the_id(stage: Stage) -> None:
    await silent(await stage.register("sender_001"))


@pytest.mark.parametrize(
    "first", [{"type": "register"}, {"type": "register", "client_id": ""}], ids=["absent", "empty"]
)
async def test_s2_1_a_client_without_an_id_gets_one(stage: Stage, first: Json) -> None:
    ids = []
    for _ in range(2):
        client = await stage.connect()
        await client.send(first)
        answer = await client.receive()
        ids.append(answer["client_id"])
        assert answer == {"type": "registered", "client_id": ids[-1]}
        assert isinstance(ids[-1], str) and 1 <= len(ids[-1]) <= 128
    assert len(set(ids)) == 2
    ann = await stage.register("ann")
    await ann.send(ann.addressed("hello", ids[1]))
    await client.expect(ann.heard("hello", "ann", target_id=ids[1]))


@pytest.mark.parametrize("first", WRONG_FIRST_MESSAGES.values(), ids=WRONG_FIRST_MESSAGES.keys())
async def test_s4_1_anything_but_register_first_is_an_error_and_a_close(
    stage: Stage, first: Json | str | bytes
) -> None:
    ann = await stage.register("ann")
    client = await stage.connect()
    await client.send(first)
    error = await client.expect_error("registration_required")
    assert error["message"] == "First message must be 'register' with client_id"
    assert await client.close_code() is not None
    await silent(ann)


@pytest.mark.parametrize("client_id", [{}, [], True, ["ann"]])
async def test_s4_1_an_id_of_the_wrong_type_is_an_error_and_a_close(stage: Stage, client_id: object) -> None:
    client = await stage.connect()
    await client.send({"type": "register", "client_id": client_id})
    await client.expect_error("wrong_type", "registration_required")
    assert await client.close_code() is not None


async def test_s4_1_a_message_with_target_id_reaches_that_client_only(stage: Stage) -> None:
    sender, receiver, other = await stage.lobby("sender_001", "receiver_001", "receiver_002")
    await sender.send({"type": "offer", "sdp": "v=0...", "target_id": "receiver_001"})
    # `target_id` stays as sent; only `from` is added.
    await receiver.expect({"type": "offer", "sdp": "v=0...", "target_id": "receiver_001", "from": "sender_001"})
    await receiver.send({"type": "answer", "sdp": "v=0...", "target_id": "sender_001"})
    await sender.expect({"type": "answer", "sdp": "v=0...", "target_id": "sender_001", "from": "receiver_001"})
    await silent(sender, receiver, other)


@pytest.mark.parametrize("target", [{}, {"target_id": ""}, {"target_id": None}], ids=["absent", "empty", "null"])
async def test_s4_1_a_message_without_target_goes_to_all_others(stage: Stage, target: Json) -> None:
    ann, bob, cy = await stage.lobby("ann", "bob", "cy")
    await ann.send({"type": "candidate", "candidate": CANDIDATE, **target})
    for other in (bob, cy):
        await other.expect({"type": "candidate", "candidate": CANDIDATE, **target, "from": "ann"})
    await silent(ann, bob, cy)


@pytest.mark.parametrize(
    "kind", ["offer", "answer", "candidate", "chat", "bye", "join-room", "registered", "peer-left", "ping"]
)
async def test_s4_1_all_types_are_forwarded(stage: Stage, kind: str) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send({"type": kind, "sdp": "v=0", "n": 1})
    await bob.expect({"type": kind, "sdp": "v=0", "n": 1, "from": "ann"})
    await silent(ann, bob)


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"offer","sdp":"v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\n"}',
        ' { "type" : "offer" ,\n\t"sdp" : "\\u0076=0" , "n" : [ 1.0 , 1e400 , 0.10 , 12345678901234567890123 ] } \r\n',
        '{"zz":{"z":1,"a":2,"a":3},"type":"x","target_id":null,"a":"你好 😀 \\ud83d\\ude00 \\/"}',
    ],
    ids=["offer", "odd spacing and numbers", "key order and escapes"],
)
async def test_s4_1_everything_but_from_stays_byte_for_byte(stage: Stage, text: str) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send(text)
    received = await bob.receive_text()
    assert text in without_from(received, "ann"), received


@pytest.mark.parametrize("forged", ['"bob"', '"eve"', '""', "null", "5", "true", '{"id":"bob"}', "[1,2]"])
async def test_s4_1_a_forged_from_is_replaced(stage: Stage, forged: str) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send('{"type":"offer","from":' + forged + ',"sdp":"v=0"}')
    text = await bob.receive_text()
    assert text.count('"from"') == 1
    assert '"from":"ann"' in text
    assert forged not in text or forged == '""'
    await silent(ann)


async def test_s4_1_a_forged_from_inside_the_body_is_not_touched(stage: Stage) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send({"type": "x", "data": {"from": "eve", "target_id": "cy"}})
    await bob.expect({"type": "x", "data": {"from": "eve", "target_id": "cy"}, "from": "ann"})


async def test_s4_1_coming_and_going_is_not_announced_in_the_lobby(stage: Stage) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await bob.drop()
    cy = await stage.register("cy")
    await cy.send({"type": "x"})
    await ann.expect({"type": "x", "from": "cy"})
    await silent(ann, cy)


async def test_s4_2_an_unknown_target_is_reported_and_nothing_else_breaks(stage: Stage) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send({"type": "offer", "sdp": "v=0", "target_id": "ghost"})
    error = await ann.expect_error("target_not_found", target_id="ghost")
    assert error["message"] == "Target not found: ghost"
    await ann.send({"type": "offer", "sdp": "v=0", "target_id": "bob"})
    await bob.expect({"type": "offer", "sdp": "v=0", "target_id": "bob", "from": "ann"})
    await silent(ann, bob)


async def test_s4_2_a_client_that_went_is_an_unknown_target(stage: Stage) -> None:
    ann, bob, cy = await stage.lobby("ann", "bob", "cy")
    await bob.close()
    # The close handshake may be over a moment before the server has let go of the client.
    for _ in range(100):
        await ann.send(ann.addressed("x", "bob"))
        await ann.send(PROBE)
        answer = await ann.receive()
        if answer["code"] != "malformed_json":
            break
    assert answer["code"] == "target_not_found", answer
    await ann.expect_error("malformed_json")
    await silent(cy)


async def test_register_under_the_same_id_again_changes_nothing(stage: Stage) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send({"type": "register", "client_id": "ann"})
    await ann.expect({"type": "registered", "client_id": "ann"})
    await bob.send(bob.addressed("x", "ann"))
    await ann.expect(bob.heard("x", "bob", target_id="ann"))
    await silent(ann, bob)


async def test_register_under_another_id_moves_the_client(stage: Stage) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await ann.send({"type": "register", "client_id": "anna"})
    await ann.expect({"type": "registered", "client_id": "anna"})
    await bob.send(bob.addressed("x", "ann"))
    await bob.expect_error("target_not_found", target_id="ann")
    await bob.send(bob.addressed("x", "anna"))
    await ann.expect(bob.heard("x", "bob", target_id="anna"))


async def test_s2_rooms_and_the_lobby_do_not_hear_each_other(stage: Stage) -> None:
    ann, bob, cy = await stage.lobby("ann", "bob", "cy")
    await cy.enter("studio", "sender")
    await ann.send({"type": "x"})
    await bob.expect({"type": "x", "from": "ann"})
    await ann.send(ann.addressed("x", "cy"))
    await ann.expect_error("target_not_found", target_id="cy")
    await cy.send({"type": "y"})
    await cy.send(cy.addressed("y", "ann"))
    await cy.expect_error("target_not_found", target_id="ann")
    await silent(cy, ann, bob)


async def test_s2_leaving_a_room_leads_back_to_the_lobby(stage: Stage) -> None:
    ann, bob = await stage.lobby("ann", "bob")
    await bob.enter("studio")
    await bob.leave()
    await ann.send({"type": "x"})
    await bob.expect({"type": "x", "from": "ann"})


async def test_the_lobby_can_be_an_ordinary_room(stage_with: object) -> None:
    stage = stage_with(dialects__register__lobby_room="hall")  # type: ignore[operator]
    page = await stage.join_room("hall", "page")
    camera = await stage.register("camera")
    await page.expect_joined("camera")
    await camera.send({"type": "chat", "message": "recording"})
    message = await page.receive()
    assert (message["type"], message["sender"], message["message"]) == ("chat", "camera", "recording")
    await page.send(page.words("chat", message="thank you"))
    await expect_among_presence(camera, {"type": "chat", "message": "thank you", "from": "page"})


async def expect_among_presence(client: Client, expected: Json) -> None:
    """A client of the lobby may be told of those who come and go; it does not have to be."""
    for _ in range(5):
        message = await client.receive()
        if message["type"] not in ("peer-joined", "peer-left"):
            assert message == expected
            return
    raise AssertionError("only presence came")
