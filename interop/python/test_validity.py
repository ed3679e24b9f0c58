"""What is refused on a recognised wire, always with an error of that wire, and what is an id."""

from __future__ import annotations

import json

import pytest

from stage import WIRES, Stage, silent
from wires import JoinJson, JoinRoom, Json, Member, Register

MALFORMED = {
    "text": "hello?",
    "nothing": "",
    "half": '{"type":"x","data":',
    "two objects": '{"type":"x"}{"type":"y"}',
    "trailing comma": '{"type":"x",}',
    "single quotes": "{'type':'x'}",
    "no quotes": '{type:"x"}',
    "NaN": '{"type":"x","n":NaN}',
    "a bare plus": '{"type":"x","n":+1}',
    "a leading zero": '{"type":"x","n":01}',
    "a raw line feed in a string": '{"type":"x","s":"a\nb"}',
    "a raw NUL in a string": '{"type":"x","s":"a\x00b"}',
    "a bad escape": '{"type":"x","s":"\\x41"}',
    "a lone surrogate escape": '{"type":"x","s":"\\ud800"}',
    "a byte order mark": '\ufeff{"type":"x"}',
    "an array": '[{"type":"x"}]',
    "a string": '"x"',
    "a number": "42",
    "null": "null",
}
NOT_AN_OBJECT = ("malformed_json", "not_an_object")

ENVELOPE_KEYS = {
    "join-room": ["type", "roomId", "sender", "target"],
    "register": ["type", "from", "target_id"],
    "join": ["type", "roomId", "userId", "target"],
}
ENVELOPES = [(wire, key) for wire, keys in ENVELOPE_KEYS.items() for key in keys]

WRONG_TYPES: dict[str, object] = {"object": {}, "array": [], "list of ids": ["bob"], "true": True}


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def still_talks(speaker: Member, listener: Member) -> None:
    """After a refusal nothing was forwarded, and both connections work."""
    await silent(speaker, listener)
    await speaker.send(speaker.words("chat", message="still here"))
    assert (await listener.receive())["message"] == "still here"


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_messages_are_an_error_and_close_nothing(stage: Stage, wire: str, text: str) -> None:
    ann, bob = await stage.room(wire, "studio", "ann", "bob")
    await ann.send(text)
    await ann.expect_error(*NOT_AN_OBJECT)
    await still_talks(ann, bob)


@pytest.mark.parametrize(("wire_name", "key"), ENVELOPES, ids=[f"{wire}-{key}" for wire, key in ENVELOPES])
async def test_an_envelope_key_that_occurs_twice_is_refused(stage: Stage, wire_name: str, key: str) -> None:
    ann, bob = await stage.room(wire_name, "studio", "ann", "bob")
    words = ann.addressed("chat", "bob", message="hello", **({"from": "ann"} if wire_name == "register" else {}))
    text = json.dumps(words)
    twice = text[:-1] + f', "{key}": {json.dumps(words[key])}}}'
    await ann.send(twice)
    await ann.expect_error("duplicate_key")
    await still_talks(ann, bob)


@pytest.mark.parametrize(("wire_name", "key"), ENVELOPES, ids=[f"{wire}-{key}" for wire, key in ENVELOPES])
async def test_an_envelope_key_spelled_with_escapes_is_refused(stage: Stage, wire_name: str, key: str) -> None:
    ann, bob = await stage.room(wire_name, "studio", "ann", "bob")
    words = ann.addressed("chat", "bob", message="hello", **({"from": "ann"} if wire_name == "register" else {}))
    escaped = f"\\u{ord(key[0]):04x}{key[1:]}"
    await ann.send(json.dumps(words).replace(f'"{key}":', f'"{escaped}":', 1))
    await ann.expect_error("escaped_key")
    # Beside the plain spelling it would be a second, hidden value.
    await ann.send(json.dumps(words)[:-1] + f', "{escaped}": "bob"}}')
    await ann.expect_error("escaped_key", "duplicate_key")
    await still_talks(ann, bob)


@pytest.mark.parametrize(("depth", "accepted"), [(64, True), (65, False), (10_000, False)])
async def test_nesting_is_bounded_at_64(stage: Stage, wire: str, depth: int, accepted: bool) -> None:
    ann, bob = await stage.room(wire, "studio", "ann", "bob")
    room = {"roomId": "studio"} if wire == "join" else {}
    text = json.dumps({"type": "x", **room, "data": 0}).replace("0}", "[" * (depth - 1) + "]" * (depth - 1) + "}")
    await ann.send(text)
    if accepted:
        assert (await bob.receive())["type"] == "x"
    else:
        await ann.expect_error("too_deep")
    await still_talks(ann, bob)


@pytest.mark.parametrize("value", WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
@pytest.mark.parametrize(
    ("wire_name", "key"),
    [
        ("join-room", "type"),
        ("join-room", "roomId"),
        ("join-room", "sender"),
        ("register", "type"),
        ("register", "target_id"),
        ("join", "type"),
        ("join", "roomId"),
        ("join", "userId"),
    ],
)
async def test_an_envelope_field_of_the_wrong_type_is_refused(
    stage: Stage, wire_name: str, key: str, value: object
) -> None:
    ann, bob = await stage.room(wire_name, "studio", "ann", "bob")
    await ann.send({**ann.words("chat", message="hello"), key: value})
    await ann.expect_error("wrong_type")
    await still_talks(ann, bob)


@pytest.mark.parametrize("value", WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
@pytest.mark.parametrize("key", ["room_id", "role"])
async def test_a_join_with_fields_of_the_wrong_type_is_refused(stage: Stage, key: str, value: object) -> None:
    ann = await stage.register("ann")
    await ann.send({"type": "join", "room_id": "studio", "role": "sender", key: value})
    await ann.expect_error("wrong_type")
    await ann.enter("studio")


IDS = {
    "one character": "a",
    "128 characters": "a" * 128,
    "128 characters of three bytes": "房" * 128,
    "unicode": "用户 é 😀",
    "quotes and backslashes": 'a"b\\c/d',
    "markup": "<b>&amp;</b>",
    "words of the wire": "null",
    "spaces": " a b ",
}
BAD_IDS = {
    "129 characters": "a" * 129,
    "very long": "a" * 100_000,
    "NUL": "a\x00b",
    "a line feed": "a\nb",
    "escape": "\x1b[31m",
    "delete": "a\x7f",
}


@pytest.mark.parametrize("id", IDS.values(), ids=IDS.keys())
async def test_ids_and_room_names_may_be_any_text(stage: Stage, wire: str, id: str) -> None:
    named = await stage.join(wire, id, id)
    other = await stage.join(wire, id, "other")
    await named.expect_joined("other")
    await other.send(other.addressed("chat", id, message="hello"))
    assert (await named.receive())["message"] == "hello"
    await named.send(named.words("chat", message="hello"))
    assert (await other.receive())["message"] == "hello"
    await named.drop()
    await other.expect_left(id)


@pytest.mark.parametrize("bad", BAD_IDS.values(), ids=BAD_IDS.keys())
@pytest.mark.parametrize("field", ["id", "room"])
async def test_bad_ids_and_room_names_are_refused(stage: Stage, wire: str, field: str, bad: str) -> None:
    room, id = ("studio", bad) if field == "id" else (bad, "ann")
    words: Json
    match wire:
        case "join-room":
            client, words = await stage.connect(), {"type": "join-room", "roomId": room, "sender": id}
        case "join":
            client, words = await stage.connect(), {"type": "join", "roomId": room, "userId": id}
        case _ if field == "id":
            client, words = await stage.connect(), {"type": "register", "client_id": id}
        case _:
            client, words = await stage.register("ann"), {"type": "join", "room_id": room, "role": "sender"}
    await client.send(words)
    await client.expect_error("invalid_id")


async def test_numbers_are_ids_by_their_decimal_text(stage: Stage) -> None:
    page = await stage.connect()
    await page.send('{"type":"join-room","roomId":7,"sender":42}')
    await page.expect({"type": "join-success", "roomId": "7", "userId": "42"})
    camera = await stage.connect()
    await camera.send('{"type":"register","client_id":43}')
    await camera.expect({"type": "registered", "client_id": "43"})
    await camera.send('{"type":"join","room_id":7,"role":"sender"}')
    await camera.expect(
        {
            "type": "joined",
            "room_id": "7",
            "role": "sender",
            "client_id": "43",
            "peers": [{"client_id": "42", "role": "receiver"}],
        }
    )
    await page.expect({"type": "user-joined", "userId": "43"})
    tab = await stage.connect()
    await tab.send('{"type":"join","userId":44,"roomId":7}')
    await tab.expect({"type": "joined", "userId": "44", "roomId": "7", "users": ["42", "43", "44"]})
    await page.expect({"type": "user-joined", "userId": "44"})
    await camera.expect({"type": "peer-joined", "client_id": "44", "role": "receiver", "room_id": "7"})

    # A number also names a target, and the sender itself.
    await camera.send('{"type":"chat","message":"hi","target_id":42}')
    assert (await page.receive())["message"] == "hi"
    await page.send('{"type":"chat","roomId":7,"sender":42,"message":"hello"}')
    await camera.expect({"type": "chat", "message": "hello", "from": "42"})
    assert (await tab.receive())["message"] == "hello"
    await page.send('{"type":"chat","roomId":7,"sender":43,"message":"forged"}')
    await page.expect_error("sender_mismatch")
    await silent(page, camera, tab)


async def test_a_number_and_its_text_are_the_same_id(stage: Stage) -> None:
    witness = await stage.join_room("studio", "witness")
    client = await stage.connect()
    await client.send('{"type":"join-room","roomId":"studio","sender":1.50}')
    await client.expect({"type": "join-success", "roomId": "studio", "userId": "1.50"})
    await witness.expect_joined("1.50")
    again = JoinRoom((await stage.connect()).connection)
    await again.enter("studio", "1.50")
    await silent(again, witness)


async def test_fields_that_are_missing_are_named(stage: Stage) -> None:
    ann = await stage.join_room("studio", "ann")
    for incomplete in ({"type": "join-room", "roomId": "r"}, {"type": "join-room", "sender": "ann"}):
        await ann.send(incomplete)
        await ann.expect_error("missing_field")
    tab = await stage.join("join", "studio", "tab")
    assert isinstance(tab, JoinJson)
    await ann.expect_joined("tab")
    await tab.send({"type": "join", "userId": "tab"})
    await tab.expect_error("missing_field")
    camera = await stage.register("camera")
    assert isinstance(camera, Register)
    await camera.send({"type": "join"})
    await camera.expect_error("missing_field")
    await silent(ann, tab, camera)
