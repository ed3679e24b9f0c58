"""S1: rooms over plain WebSocket, played with `websockets`."""

from __future__ import annotations

import pytest

from stage import Stage, silent
from wires import JoinRoom

ORIGINS = [None, "null", "http://localhost:5173", "https://calls.example.org"]
PATHS = ["/", "/ws", "/ws/"]

# What a relay which parses and prints again would change. {room} and {sender} are filled in as they are.
ODDLY_WRITTEN = {
    "whitespace": ' \r\n{\t"type" :  "offer" ,\n "roomId":"studio","sender" : "ann" , "data":{ } }\t\n ',
    "key order": '{"zz":1,"sender":"ann","a":2,"type":"answer","m":{"z":1,"a":2},"roomId":"studio"}',
    "unicode": '{"type":"chat","roomId":"studio","sender":"ann","message":"你好 é e\u0301 😀 \u2028"}',
    "escapes": r'{"type":"chat","roomId":"studio","sender":"ann","message":"\u4f60\/\ud83d\ude00\r\n\t\"\\\u0000"}',
    "numbers": '{"type":"n","sender":"ann","v":[1.0,1e3,1E+400,-0,0.10,123456789012345678901234567890]}',
    "sdp": r'{"type":"offer","sender":"ann","data":{"type":"offer","sdp":"v=0\r\no=- 1 2 IN IP4 0\r\n"}}',
    "repeated body keys": '{"type":"x","roomId":"studio","sender":"ann","data":{"a":1,"a":2},"b":1,"b":2}',
    "no room, no sender": '{"type":"ice-candidate","data":{"candidate":"","sdpMid":null}}',
    "nested envelope words": '{"type":"x","sender":"ann","data":{"type":"y","sender":"eve","roomId":"other","from":0}}',
    "empty names": '{"":0,"type":"","roomId":"studio"}',
}


async def test_s1_1_join_is_confirmed_and_announced_to_the_others(stage: Stage) -> None:
    ann = await stage.join_room("studio", "ann")
    bob = await stage.join_room("studio", "bob")
    await ann.expect({"type": "user-joined", "userId": "bob"})
    await silent(bob, ann)


async def test_s1_1_leave_room_is_announced_to_the_others_and_not_answered(stage: Stage) -> None:
    ann, bob, cy = await stage.room("join-room", "studio", "ann", "bob", "cy")
    assert isinstance(bob, JoinRoom)
    await bob.leave()
    await ann.expect({"type": "user-left", "userId": "bob"})
    await cy.expect({"type": "user-left", "userId": "bob"})
    await silent(bob, ann, cy)


@pytest.mark.parametrize("end", ["close", "drop", "reset"])
async def test_s1_1_an_ended_connection_leaves_its_room(stage: Stage, end: str) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    await (bob.close() if end == "close" else bob.drop(reset=end == "reset"))
    await ann.expect({"type": "user-left", "userId": "bob"})
    await silent(ann)


async def test_s1_1_who_left_hears_nothing_and_may_come_back(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    assert isinstance(bob, JoinRoom)
    await bob.leave()
    await ann.expect_left("bob")
    await ann.send(ann.words("chat", message="is anybody here?"))
    await silent(ann, bob)
    await bob.send({"type": "chat", "message": "not from outside"})
    await bob.expect_error("not_in_room")
    await bob.enter("studio", "bob")
    await ann.expect_joined("bob")


@pytest.mark.parametrize(
    "kind", ["offer", "answer", "ice-candidate", "chat", "whiteboard", "join", "register", "user-left"]
)
async def test_s1_2_every_other_type_goes_to_the_others_and_not_back(stage: Stage, kind: str) -> None:
    ann, bob, cy = await stage.room("join-room", "studio", "ann", "bob", "cy")
    sent = await ann.send(ann.words(kind, data={"any": ["thing", 1, None]}))
    assert isinstance(sent, str)
    await bob.expect_text(sent)
    await cy.expect_text(sent)
    await silent(ann, bob, cy)


@pytest.mark.parametrize("text", ODDLY_WRITTEN.values(), ids=ODDLY_WRITTEN.keys())
async def test_s1_2_messages_arrive_byte_for_byte(stage: Stage, text: str) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    await ann.send(text)
    await bob.expect_text(text)


async def test_s1_2_a_binary_frame_with_json_is_forwarded_as_text(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    text = '{"type":"chat","roomId":"studio","sender":"ann","message":"二进制"}'
    await ann.send(text.encode())
    await bob.expect_text(text)


async def test_s1_2_messages_keep_their_order(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    for number in range(500):
        await ann.send(ann.words("n", number=number))
    for number in range(500):
        await bob.expect(ann.words("n", number=number))


async def test_s1_2_rooms_do_not_hear_each_other(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    # The same ids in another room are other people.
    ann_elsewhere, bob_elsewhere = await stage.room("join-room", "Studio", "ann", "bob")
    await silent(ann, bob)
    await ann.send(ann.words("chat", message="to the studio"))
    await bob.expect(ann.words("chat", message="to the studio"))
    await bob_elsewhere.drop()
    await ann_elsewhere.expect_left("bob")
    await silent(ann, bob, ann_elsewhere)


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        ({"sender": "bob"}, "sender_mismatch"),
        ({"sender": "nobody"}, "sender_mismatch"),
        ({"sender": "ANN"}, "sender_mismatch"),
        ({"roomId": "other"}, "room_mismatch"),
        ({"roomId": "other", "sender": "ann"}, "room_mismatch"),
    ],
)
async def test_s1_2_a_forged_sender_or_room_is_refused(stage: Stage, forged: dict[str, str], code: str) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    stranger = await stage.join_room("other", "stranger")
    await ann.send({"type": "offer", "data": {}, **forged})
    await ann.expect_error(code)
    await silent(ann, bob, stranger)


async def test_s1_2_a_message_before_join_room_is_an_error_and_the_connection_lives(stage: Stage) -> None:
    client = await stage.connect()
    for _ in range(2):
        await client.send({"type": "offer", "roomId": "studio", "sender": "ann", "data": {}})
        await client.expect_error("not_in_room")
    late = JoinRoom(client.connection)
    await late.enter("studio", "ann")


@pytest.mark.parametrize(
    "first", [{"type": "hello", "sender": "ann"}, {"roomId": "studio"}, {"type": 5, "roomId": "r"}]
)
async def test_an_unrecognised_first_message_in_the_shape_of_s1_gets_an_error_and_may_try_again(
    stage: Stage, first: dict[str, object]
) -> None:
    client = await stage.connect()
    await client.send(first)
    await client.expect_error()
    await JoinRoom(client.connection).enter("studio", "ann")


async def test_joining_another_room_leaves_the_old_one_first(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    cy = await stage.join_room("kitchen", "cy")
    assert isinstance(bob, JoinRoom)
    await bob.enter("kitchen", "bob")  # this wire has no word for having left
    await ann.expect_left("bob")
    await cy.expect_joined("bob")
    await bob.send(bob.words("chat", message="here now"))
    await cy.expect(bob.words("chat", message="here now"))
    await silent(bob, ann, cy)


async def test_joining_under_another_id_leaves_as_the_old_one_first(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    assert isinstance(bob, JoinRoom)
    await bob.enter("studio", "robert")
    await ann.expect_left("bob")
    await ann.expect_joined("robert")
    await silent(bob, ann)


async def test_the_same_join_again_succeeds_and_changes_nothing(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    assert isinstance(bob, JoinRoom)
    await bob.enter("studio", "bob")
    await silent(bob, ann)
    await ann.send(ann.words("chat", message="still there?"))
    await bob.expect(ann.words("chat", message="still there?"))


async def test_a_target_delivers_to_that_peer_only(stage: Stage) -> None:
    ann, bob, cy = await stage.room("join-room", "studio", "ann", "bob", "cy")
    sent = await ann.send(ann.addressed("offer", "cy", data={"type": "offer", "sdp": "v=0"}))
    assert isinstance(sent, str)
    await cy.expect_text(sent)
    await silent(ann, bob, cy)


async def test_an_unknown_target_is_reported_to_the_sender(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    await stage.join_room("other", "cy")
    await ann.send(ann.addressed("offer", "cy", data={}))
    await ann.expect_error("target_not_found")
    await silent(ann, bob)


@pytest.mark.parametrize("path", PATHS)
async def test_s1_3_the_wire_is_at_the_root_and_at_ws(stage: Stage, path: str) -> None:
    ann = await stage.join_room("studio", "ann", path=path)
    await stage.join_room("studio", "bob")
    await ann.expect_joined("bob")


@pytest.mark.parametrize("origin", ORIGINS)
async def test_s1_3_pages_of_every_origin_may_connect(stage: Stage, origin: str | None) -> None:
    await stage.join_room("studio", "ann", origin=origin)


async def test_clients_without_permessage_deflate_connect(stage: Stage) -> None:
    ann = await stage.join_room("studio", "ann", compression=None)
    bob = await stage.join_room("studio", "bob")
    await ann.expect_joined("bob")
    await bob.send(bob.words("chat", message="x" * 70_000))
    await ann.expect(bob.words("chat", message="x" * 70_000))


async def test_pings_of_the_client_library_are_answered(stage: Stage) -> None:
    ann = await stage.join_room("studio", "ann", ping_interval=0.05, ping_timeout=5)
    for _ in range(5):
        pong = await ann.connection.ping()
        assert await pong < 5.0
    await silent(ann)
