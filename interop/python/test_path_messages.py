"""S3.1 and S3.2: to whom a message goes, what the receiver is told of its sender, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from path_wire import PathMember
from server_log import logged
from stage import Stage, silent
from support import Server
from test_validity import MALFORMED
from wires import Json

SDP = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n"
CANDIDATE = {
    "candidate": "candidate:0 1 UDP 2122260223 192.0.2.7 46154 typ host",
    "sdpMid": "audio",
    "sdpMLineIndex": 0,
}
MESSAGES: dict[str, object] = {
    "sdp_offer": {"sdp": SDP},
    "sdp_answer": {"sdp": SDP},
    "ice_candidate": CANDIDATE,
    "chat": {"message": '你好 "Bob" 😀'},
    "file_transfer_request": {"name": "a.txt", "size": 12_345, "parts": [1, {"of": None}]},
    "user defined": [],
    "a string": "text",
    "a number": 1.5,
    "nothing": None,
}
messages = pytest.mark.parametrize(("kind", "payload"), MESSAGES.items(), ids=MESSAGES.keys())

EVERYBODY: dict[str, Json] = {"star": {"target": "*"}, "empty": {"target": ""}, "null": {"target": None}, "absent": {}}


@messages
async def test_s3_2_a_message_reaches_its_target_and_nobody_else(stage: Stage, kind: str, payload: object) -> None:
    ann, bob, cy = await stage.paths("studio", "ann", "bob", "cy")
    sent = {"type": kind, "target": "bob", "payload": payload}
    await ann.send(sent)
    await bob.expect({**sent, "sender": "ann"})
    await silent(ann, bob, cy)


@pytest.mark.parametrize("everybody", EVERYBODY.values(), ids=EVERYBODY.keys())
@messages
async def test_s3_2_a_broadcast_reaches_the_others(stage: Stage, everybody: Json, kind: str, payload: object) -> None:
    ann, bob, cy = await stage.paths("studio", "ann", "bob", "cy")
    sent = {"type": kind, **everybody, "payload": payload}
    await ann.send(sent)
    await bob.expect({**sent, "sender": "ann"})
    await cy.expect({**sent, "sender": "ann"})
    await silent(ann, bob, cy)


async def test_s3_2_the_message_travels_as_it_was_written(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    body = r'{ "n" : 1.0e400 , "big":12345678901234567890123, "s":"\u00e9\/\ud83d\ude00", "twice":1, "twice":2 }'
    await ann.send(f' {{"payload":{body},"extra": [1 ,2],\t"target":"bob" , "type":"x"}}\n')
    text = await bob.receive_text()
    assert body in text
    assert '"extra": [1 ,2]' in text
    assert json.loads(text)["sender"] == "ann"


async def test_s3_2_a_message_without_a_payload_is_forwarded(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send({"type": "hand_raised"})
    message = await bob.receive()
    assert (message["type"], message["sender"]) == ("hand_raised", "ann")
    await silent(ann, bob)


@pytest.mark.parametrize("target", ["bob", "*", None], ids=["to one", "to all", "no target"])
async def test_s3_2_a_forged_sender_is_replaced(stage: Stage, target: str | None) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    for sender in ("bob", "eve", "", None, 7, {"id": "eve"}):
        await ann.send({"type": "chat", "target": target, "sender": sender, "payload": {"message": "it is me"}})
    heard = 0
    await ann.send({"type": "chat", "payload": {"message": "the end"}})
    while True:
        # A sender that cannot be one may be refused instead; to believe it is not allowed.
        text = await bob.receive_text()
        assert text.count('"sender"') == 1, text
        message = json.loads(text)
        assert message["sender"] == "ann", message
        if message["payload"] == {"message": "the end"}:
            break
        heard += 1
    assert heard >= 2


async def test_s3_2_an_unknown_target_is_an_error_to_the_sender_and_a_warning_in_the_log(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await stage.path("hall", "dan")
    for target in ("ghost", "dan", "ANN", "用户 九"):  # nobody, in another room, another spelling
        await ann.send(ann.addressed("sdp_offer", target, sdp=SDP))
        await ann.expect_error("target_not_found", message=f"User {target} not found")
        line = await logged(stage.server, "target not found", level="WARN", dialect="path", to=target)
        assert SDP not in json.dumps(line)
    await silent(ann, bob)


async def test_s3_2_who_has_left_is_no_target_any_more(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await bob.close()
    await ann.expect_left("bob")
    await ann.send(ann.addressed("chat", "bob", message="are you there?"))
    await ann.expect_error("target_not_found", message="User bob not found")


async def test_s3_2_the_one_who_speaks_is_no_target(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send(ann.addressed("chat", "ann", message="to myself"))
    await ann.expect_error("target_not_found")
    await silent(ann, bob)


async def still_talks(ann: PathMember, bob: PathMember) -> None:
    await silent(ann, bob)
    await ann.send(ann.words("chat", message="still here"))
    assert (await bob.receive())["payload"] == {"message": "still here"}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
async def test_s3_2_an_error_in_the_json_does_not_kill_the_connection(stage: Stage, text: str) -> None:
    """In the published server it did."""
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send(text)
    await ann.expect_error("malformed_json", "not_an_object")
    await still_talks(ann, bob)


REFUSED = {
    "no type": ('{"payload":{}}', ["missing_field"]),
    "an empty type": ('{"type":"","payload":{}}', ["missing_field", "wrong_value"]),
    "a type that is no text": ('{"type":{},"payload":{}}', ["wrong_type"]),
    "a target that is no text": ('{"type":"x","target":["bob"],"payload":{}}', ["wrong_type"]),
    "type twice": ('{"type":"x","type":"y","payload":{}}', ["duplicate_key"]),
    "target twice": ('{"type":"x","target":"bob","target":"cy","payload":{}}', ["duplicate_key"]),
    "sender twice": ('{"type":"x","sender":"bob","sender":"cy","payload":{}}', ["duplicate_key"]),
    "sender with an escape": ('{"type":"x","\\u0073ender":"bob","payload":{}}', ["escaped_key"]),
    "target with an escape": ('{"type":"x","targe\\u0074":"bob","payload":{}}', ["escaped_key"]),
    "nested too deep": ('{"type":"x","payload":' + "[" * 64 + "]" * 64 + "}", ["too_deep"]),
}


@pytest.mark.parametrize(("text", "codes"), REFUSED.values(), ids=REFUSED.keys())
async def test_s3_2_what_no_message_may_be_is_an_error_and_closes_nothing(
    stage: Stage, text: str, codes: list[str]
) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send(text)
    await ann.expect_error(*codes)
    await still_talks(ann, bob)


ABOUT_OTHERS = {"user_id": "eve", "users": ["ann", "eve"]}


@pytest.mark.parametrize("kind", ["user_joined", "user_left", "room_users", "room_closed"])
async def test_s3_2_nobody_can_say_that_others_came_or_went(stage: Stage, kind: str) -> None:
    """What the server says in its own name is no client's to say of somebody else."""
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send({"type": kind, "target": "bob", "payload": ABOUT_OTHERS})
    await ann.expect_error("sender_mismatch")
    await still_talks(ann, bob)


async def test_s3_2_a_number_is_its_digits_as_a_target(stage: Stage) -> None:
    ann, bob, other = await stage.paths("studio", "ann", "42", "4.2e1")
    await ann.send({"type": "chat", "target": 42, "payload": {"message": "to 42"}})
    message = await bob.receive()
    assert (message["sender"], message["payload"]) == ("ann", {"message": "to 42"})
    await silent(ann, bob, other)


async def test_s3_2_a_client_over_the_rate_is_slowed_down_and_loses_nothing(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(limits__messages_per_second=50)
    ann, bob = await stage.paths("studio", "ann", "bob")
    began = time.monotonic()
    for number in range(150):
        await ann.send({"type": "n", "target": "bob", "payload": number})
    assert [(await bob.receive())["payload"] for _ in range(150)] == list(range(150))
    assert time.monotonic() - began > 1.0


async def test_s3_2_a_binary_frame_with_json_is_a_message(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send(json.dumps({"type": "chat", "payload": {"message": "in bytes"}}).encode())
    assert (await bob.receive())["payload"] == {"message": "in bytes"}
    await ann.send(b"\xff\xfe\x00")
    await ann.expect_error("malformed_json")
    await still_talks(ann, bob)


@pytest.mark.parametrize(("size", "accepted"), [(1_000_000, True), (1_000_001, False)])
async def test_s3_2_messages_are_bounded_at_a_million_bytes(stage: Stage, size: int, accepted: bool) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    head = '{"type":"x","target":"bob","payload":{"data":"'
    text = head + "x" * (size - len(head) - 3) + '"}}'
    assert len(text) == size
    try:
        await ann.send(text)
    except ConnectionClosed:
        assert not accepted  # refused by the frame's header, before all of it was sent
    if accepted:
        assert len((await bob.receive())["payload"]["data"]) == size - len(head) - 3
        await silent(ann, bob)
        return
    try:
        assert await ann.close_code() == 1009
    except AssertionError as error:
        assert "message_too_big" in str(error), error
        assert await ann.close_code() == 1009
    await bob.expect_left("ann")


async def test_s3_2_messages_arrive_in_order(stage: Stage) -> None:
    ann, bob, cy = await stage.paths("studio", "ann", "bob", "cy")
    for number in range(300):
        target = ("bob", "*")[number % 2]
        await ann.send({"type": "n", "target": target, "payload": number})
    assert [(await bob.receive())["payload"] for _ in range(300)] == list(range(300))
    assert [(await cy.receive())["payload"] for _ in range(150)] == list(range(1, 300, 2))
    await silent(ann, bob, cy)


def wrapped_by_file(start: Callable[..., Server], directory: Path) -> Server:
    (directory / "switchboard.toml").write_text('[dialects.path]\npayload = "wrapped"\n')
    return start()


def wrapped_by_environment(start: Callable[..., Server], directory: Path) -> Server:
    return start(dialects__path__payload="wrapped")


@pytest.mark.parametrize("setting", [wrapped_by_file, wrapped_by_environment], ids=["file", "environment"])
async def test_s3_2_the_published_form_of_a_message_is_a_setting(
    start_server: Callable[..., Server], tmp_path: Path, setting: Callable[[Callable[..., Server], Path], Server]
) -> None:
    stage = Stage(setting(start_server, tmp_path))
    try:
        ann, bob = await stage.paths("studio", "ann", "bob")
        for kind, payload in MESSAGES.items():
            await ann.send({"type": kind, "target": "bob", "sender": "eve", "payload": payload})
            message = await bob.receive()
            assert message == {"type": kind, "target": "bob", "payload": {"sender": "ann", "data": payload}}
            await ann.send({"type": kind, "target": "*", "payload": payload})
            message = await bob.receive()
            assert message == {"type": kind, "target": "*", "payload": {"sender": "ann", "data": payload}}
        body = r'{ "n" : 1.0e400 , "s":"\u00e9\/" }'
        await ann.send(f'{{"payload":{body},"type":"x"}}')
        assert body in await bob.receive_text()
        page = await stage.join_room("studio", "page")
        await ann.expect_joined("page")
        await bob.expect_joined("page")
        await page.send(page.words("chat", message="from another wire"))
        for member in (ann, bob):
            message = await member.receive()
            assert message["payload"] == {"sender": "page", "data": {"message": "from another wire"}}, message
            assert "sender" not in message
        await ann.send(ann.addressed("chat", "ghost", message="?"))
        await ann.expect_error("target_not_found", message="User ghost not found")
        await silent(ann, bob)
    finally:
        await stage.close()
