"""Hostile messages in frames that are in order, beside a healthy pair that must not notice."""

from __future__ import annotations

import pytest

from raw_socket import BINARY, TEXT, RawSocket, frame
from siege import Pair
from support import Server

NESTED = '{"type":"x","data":' + "[" * 10_000 + "]" * 10_000 + "}"
NESTED_OBJECTS = '{"a":' * 10_000 + "0" + "}" * 10_000

# Each is sent first on a new connection (S4 error and close), then by a member of a room (error, connection lives).
INVALID_MESSAGES = {
    "plain text": b"hello",
    "nothing": b"",
    "half an object": b'{"type":"offer","sdp":"v=0',
    "an array": b"[1,2,3]",
    "null": b"null",
    "deep arrays": NESTED.encode(),
    "deep objects": NESTED_OBJECTS.encode(),
    "deep and never closed": b"[" * 100_000,
    "a megabyte of opening quotes": b'"' * 900_000,
    "a megabyte of backslashes": b'{"type":"' + b"\\" * 900_000,
    "many keys": ("{" + ",".join(f'"k{n}":{n}' for n in range(50_000)) + ",}").encode(),
    "a huge number": b'{"type":' + b"9" * 500_000 + b"e}",
}


@pytest.mark.parametrize("payload", INVALID_MESSAGES.values(), ids=INVALID_MESSAGES.keys())
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
def test_invalid_messages(besieged: Server, pair: Pair, opcode: int, payload: bytes) -> None:
    with RawSocket.upgraded(besieged) as stranger:
        stranger.write(frame(opcode, payload))
        assert stranger.read_json()["code"] == "registration_required"
        assert stranger.read_close_code() is not None
    with RawSocket.joined(besieged, "hostile", "eve") as member:
        member.write(frame(opcode, payload))
        error = member.read_json()
        assert error["type"] == "error"
        assert error["code"] in ("malformed_json", "not_an_object", "too_deep"), error
        assert len(error["message"]) < 1_000, "an error must not echo the message"
        member.write_json({"type": "join-room", "roomId": "hostile", "sender": "eve"})
        assert member.read_json()["type"] == "join-success"


BINARY_RUBBISH = {"zeros": bytes(1_000), "no utf-8": b'{"type":"\xff\xfe"}', "every byte": bytes(range(256))}


@pytest.mark.parametrize("payload", BINARY_RUBBISH.values(), ids=BINARY_RUBBISH.keys())
def test_binary_frames_without_json_are_an_error_and_close_nothing(
    besieged: Server, pair: Pair, payload: bytes
) -> None:
    with RawSocket.joined(besieged, "hostile", "eve") as member:
        member.write(frame(BINARY, payload))
        assert member.read_json()["code"] == "malformed_json"
        member.write_json({"type": "join-room", "roomId": "hostile", "sender": "eve"})
        assert member.read_json()["type"] == "join-success"


WRONG_VALUES: list[object] = [None, True, 0, -1.5e300, "", "x" * 200, [], ["a"], {}, {"type": "x"}]
FIELDS = {
    "join-room": ["type", "roomId", "sender", "target", "data", "message"],
    "register": ["type", "client_id", "room_id", "role", "target_id", "from", "candidate"],
    "join": ["type", "userId", "roomId", "target", "from"],
}


@pytest.mark.parametrize("wire", FIELDS)
async def test_wrong_types_of_every_envelope_field(pair: Pair, wire: str) -> None:
    witness = await pair.stage.join(wire, f"wrong types {wire}", "witness")
    for field in FIELDS[wire]:
        eve = await pair.stage.join(wire, f"wrong types {wire}", "eve")
        await witness.expect_joined("eve")
        for kind in ("chat", "offer", "candidate", "ice-candidate", "answer"):
            for value in WRONG_VALUES:
                await eve.send({**eve.words(kind, message="hello"), field: value})
        # All were answered with errors or relayed, and the connection lives: the last answer is that of the probe.
        await eve.send("?")
        while (answer := await eve.receive())["code"] != "malformed_json":
            assert answer["type"] == "error", answer
        await eve.drop()
        while (heard := await witness.receive()) != witness.presence("eve", "receiver")[1]:
            assert heard["type"] not in ("error", "user-left", "peer-left"), heard


@pytest.mark.parametrize("wire", FIELDS)
async def test_wrong_types_in_the_first_message(pair: Pair, wire: str) -> None:
    first: dict[str, dict[str, object]] = {
        "join-room": {"type": "join-room", "roomId": "r", "sender": "eve"},
        "register": {"type": "register", "client_id": "eve"},
        "join": {"type": "join", "roomId": "r", "userId": "eve"},
    }
    for field in first[wire]:
        for value in WRONG_VALUES:
            eve = await pair.stage.connect()
            await eve.send({**first[wire], field: value})
            answer = await eve.receive()
            assert answer["type"] in ("error", "join-success", "registered", "joined"), answer
            await eve.drop()


def test_messages_just_under_and_just_over_a_megabyte(besieged: Server, pair: Pair) -> None:
    head = b'{"type":"x","data":"'
    for _ in range(3):
        with RawSocket.joined(besieged, "large", "eve") as eve, RawSocket.joined(besieged, "large", "bob") as bob:
            assert eve.read_json() == {"type": "user-joined", "userId": "bob"}
            message = head + b"x" * (1_000_000 - len(head) - 2) + b'"}'
            eve.write(frame(TEXT, message))
            assert bob.read_frame() == (TEXT, message)
            eve.write(frame(TEXT, message[:-2] + b'x"}'))
            assert eve.read_close_code() == 1009
            assert bob.read_json() == {"type": "user-left", "userId": "eve"}
