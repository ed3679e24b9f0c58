"""Hostile input: whatever a stranger does, a healthy pair goes on talking, and the server's memory stays bounded.

Each test gets the same server, so that what one of them leaves behind would hurt the next ones; each ends with
`healthy`, which lets a pair that was there before the attack, and a new one, exchange messages within a second.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, UPGRADE, RawSocket, frame
from stage import Stage
from support import Server
from wires import Member

HANDSHAKE_SECONDS = 1
RESIDENT_BOUND = 256 * 1024 * 1024


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory: Path = tmp_path_factory.mktemp("besieged")
    server = Server.start(directory, timeouts__handshake=f"{HANDSHAKE_SECONDS}s")
    yield server
    server.finish()


class Pair:
    """Two peers who talk; the test is over when they still can."""

    def __init__(self, stage: Stage, members: list[Member]) -> None:
        self.stage = stage
        self.members = members

    async def talk(self) -> None:
        ann, bob = self.members
        began = time.monotonic()
        for speaker, listener in ((ann, bob), (bob, ann)):
            sent = await speaker.send(speaker.words("chat", message=f"{began}"))
            assert isinstance(sent, str)
            await listener.expect_text(sent)
        assert time.monotonic() - began < 1.0

    async def healthy(self) -> None:
        await self.talk()
        newcomers = await self.stage.room("join-room", f"after {time.monotonic_ns()}", "ann", "bob")
        await Pair(self.stage, newcomers).talk()
        resident = self.stage.server.resident_bytes()
        assert resident < RESIDENT_BOUND, f"{resident / 1e6:.0f} MB resident"


@pytest_asyncio.fixture
async def pair(besieged: Server) -> AsyncIterator[Pair]:
    stage = Stage(besieged)
    pair = Pair(stage, await stage.room("join-room", f"healthy {time.monotonic_ns()}", "ann", "bob"))
    yield pair
    await pair.healthy()
    await stage.close()


def text(payload: str | bytes) -> bytes:
    return frame(TEXT, payload.encode() if isinstance(payload, str) else payload)


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
def test_binary_frames_without_json_are_an_error_and_close_nothing(besieged: Server, pair: Pair, payload: bytes) -> None:
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
            eve.write(text(message))
            assert bob.read_frame() == (TEXT, message)
            eve.write(text(message[:-2] + b'x"}'))
            assert eve.read_close_code() == 1009
            assert bob.read_json() == {"type": "user-left", "userId": "eve"}


def test_a_length_that_is_only_claimed_costs_nothing(besieged: Server, pair: Pair) -> None:
    before = besieged.resident_bytes()
    sockets = []
    for _ in range(200):
        raw = RawSocket.upgraded(besieged)
        raw.write(frame(TEXT, b'{"type":"', claim=1_000_000))
        sockets.append(raw)
    with RawSocket.upgraded(besieged) as greedy:
        greedy.write(frame(TEXT, b"{", claim=2**62))
        assert greedy.read_close_code() == 1009
    assert besieged.resident_bytes() - before < 50_000_000
    for raw in sockets:
        raw.close()


def test_endless_fragments_are_bounded(besieged: Server, pair: Pair) -> None:
    with RawSocket.upgraded(besieged) as raw:
        raw.write(frame(TEXT, b'{"a":"', fin=False))
        for _ in range(40):
            raw.write(frame(CONTINUATION, b"x" * 60_000, fin=False))
        assert raw.read_close_code() == 1009
    with RawSocket.upgraded(besieged) as raw:
        raw.write(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 20_000)
        raw.write(frame(CONTINUATION, b'{"type":"register","client_id":"patient"}'))
        assert raw.read_json() == {"type": "registered", "client_id": "patient"}


INVALID_UTF8 = {
    "a lone continuation byte": b"\x80",
    "an overlong slash": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond the last code point": b"\xf4\x90\x80\x80",
    "cut in the middle": b"\xe6\x88",
}
VIOLATIONS = {
    "an unmasked text frame": (frame(TEXT, b'{"type":"x"}', masked=False), 1002),
    "an unmasked close frame": (frame(CLOSE, b"\x03\xe8", masked=False), 1002),
    "an unmasked ping": (frame(PING, b"", masked=False), 1002),
    "an unmasked pong with a payload": (frame(PONG, b"x", masked=False), 1002),
    "a reserved data opcode": (frame(0x3, b"x"), 1002),
    "a reserved control opcode": (frame(0xB, b""), 1002),
    "the last opcode": (frame(0xF, b""), 1002),
    "a reserved bit": (frame(TEXT, b"{}", reserved=4), 1002),
    "all reserved bits": (frame(TEXT, b"{}", reserved=7), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a message inside a message": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    "a fragmented ping": (frame(PING, b"", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a close code of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close code which nobody may send": (frame(CLOSE, b"\x03\xed"), 1002),
    "a close reason that is no text": (frame(CLOSE, b"\x03\xe8\xff\xff"), 1007),
    **{f"text with {name}": (text(b'{"type":"' + bad + b'"}'), 1007) for name, bad in INVALID_UTF8.items()},
}


@pytest.mark.parametrize(("data", "code"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_violations_of_the_protocol_are_closed_with_their_code(
    besieged: Server, pair: Pair, data: bytes, code: int
) -> None:
    for open_socket in (RawSocket.upgraded, lambda server: RawSocket.joined(server, "hostile", "eve")):
        with open_socket(besieged) as raw:
            raw.write(data)
            assert raw.read_close_code() == code


def test_an_unmasked_empty_pong_is_tolerated(besieged: Server, pair: Pair) -> None:
    with RawSocket.joined(besieged, "tolerant", "eve") as eve:
        for _ in range(10):
            eve.write(frame(PONG, b"", masked=False))
        eve.write_json({"type": "join-room", "roomId": "tolerant", "sender": "eve"})
        assert eve.read_json()["type"] == "join-success"


HALF_HANDSHAKES = {
    "nothing": b"",
    "one byte": b"G",
    "half a line": b"GET / HT",
    "half the headers": UPGRADE[:-30],
    "all but the last byte": UPGRADE[:-1],
}


@pytest.mark.parametrize("data", HALF_HANDSHAKES.values(), ids=HALF_HANDSHAKES.keys())
def test_half_handshakes_are_cut_after_the_time_limit(besieged: Server, pair: Pair, data: bytes) -> None:
    with RawSocket(besieged) as waits, RawSocket(besieged) as goes:
        waits.write(data)
        goes.write(data)
        goes.close()
        began = time.monotonic()
        assert waits.ended(), f"still open {time.monotonic() - began:.1f} s after half a handshake"


def test_slow_handshakes_are_cut_after_the_time_limit(besieged: Server, pair: Pair) -> None:
    """A byte now and then must not keep a connection alive without end."""
    sockets = [RawSocket(besieged) for _ in range(50)]
    deadline = time.monotonic() + HANDSHAKE_SECONDS + 5
    sent = 0
    while sent < len(UPGRADE) - 10 and time.monotonic() < deadline:
        for raw in sockets:
            raw.write(UPGRADE[sent : sent + 1])
        sent += 1
        time.sleep(0.1)
    for raw in sockets:
        raw.socket.settimeout(2)
        assert raw.ended()
        raw.close()


BAD_REQUESTS = {
    "no http at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "an endless line": b"GET /" + b"a" * 200_000,
    "endless headers": b"GET / HTTP/1.1\r\n" + b"X-Filler: " + b"a" * 300_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5_000)) + b"\r\n",
    "no key": UPGRADE.replace(b"Sec-WebSocket-Key: c3dpdGNoYm9hcmQgdGVzdA==\r\n", b""),
    "a key that is too short": UPGRADE.replace(b"c3dpdGNoYm9hcmQgdGVzdA==", b"c2hvcnQ="),
    "another version": UPGRADE.replace(b"Version: 13", b"Version: 8"),
    "a post": UPGRADE.replace(b"GET", b"POST"),
    "http 1.0": UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "bytes that are no header": b"GET / HTTP/1.1\r\n\xff\xfe\x00: x\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_bad_requests_are_refused(besieged: Server, pair: Pair, request_bytes: bytes) -> None:
    with RawSocket(besieged) as raw:
        raw.write(request_bytes)
        head = raw.read_head()
        assert not head.startswith(b"HTTP/1.1 101"), head
        assert head == b"" or head.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 505")), head


def test_a_thousand_quick_connects(besieged: Server, pair: Pair) -> None:
    address = (besieged.host, besieged.port)
    for number in range(1_000):
        with socket.create_connection(address, 10) as quick:
            if number % 3 == 1:
                quick.sendall(UPGRADE)
            elif number % 3 == 2:
                quick.sendall(UPGRADE + text(json.dumps({"type": "register", "client_id": f"quick {number}"})))


async def test_a_thousand_quick_clients_that_shake_hands(pair: Pair) -> None:
    slots = asyncio.Semaphore(50)

    async def visit(number: int) -> None:
        async with slots:
            client = await pair.stage.connect(compression=None)
            await client.send({"type": "join-room", "roomId": "crowd", "sender": f"visitor {number}"})
            await client.drop(reset=number % 2 == 0)

    await asyncio.gather(*(visit(number) for number in range(1_000)))
    # Everybody has gone again: whoever comes next is alone, once the last leave has been handled.
    for _ in range(200):
        late = await pair.stage.connect()
        await late.send({"type": "join", "roomId": "crowd", "userId": "late"})
        users = (await late.receive())["users"]
        await late.close()
        if users == ["late"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still in the room: {users}")


def test_floods_of_pings_are_answered_or_closed(besieged: Server, pair: Pair) -> None:
    with RawSocket.joined(besieged, "pings", "eve") as eve:
        eve.write(frame(PING, b"x" * 125) * 2_000)
        eve.write_json({"type": "join-room", "roomId": "pings", "sender": "eve"})
        pongs = 0
        while (found := eve.read_frame()) is not None:
            opcode, payload = found
            if opcode == PONG:
                assert payload == b"x" * 125
                pongs += 1
            elif opcode == TEXT:
                assert json.loads(payload)["type"] == "join-success"
                break
        assert pongs >= 1


def test_silent_sockets_over_the_bound_make_way(tmp_path: Path) -> None:
    """Sockets that say nothing may wait long, but not once there are too many of them."""
    server = Server.start(tmp_path, limits__unidentified=10, timeouts__first_message_busy="500ms")
    try:
        few = [RawSocket.upgraded(server) for _ in range(5)]
        time.sleep(1.5)
        few[0].write_json({"type": "register", "client_id": "patient"})
        assert few[0].read_json() == {"type": "registered", "client_id": "patient"}
        silent_sockets = few[1:] + [RawSocket.upgraded(server) for _ in range(20)]
        deadline = time.monotonic() + 10
        while sum(raw.open() for raw in silent_sockets) > 10:
            assert time.monotonic() < deadline, "too many sockets that have said nothing are kept"
            time.sleep(0.1)
        few[0].write_json({"type": "register", "client_id": "patient"})
        assert few[0].read_json() == {"type": "registered", "client_id": "patient"}
        for raw in (few[0], *silent_sockets):
            raw.close()
    finally:
        server.finish()
