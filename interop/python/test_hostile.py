"""Hostile connections: frames, handshakes and connects out of order, beside a healthy pair that must not notice."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest

from raw_socket import CLOSE, CONTINUATION, PING, PONG, TEXT, UPGRADE, RawSocket, frame
from siege import HANDSHAKE_SECONDS, Pair
from support import Server


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
    **{f"text with {name}": (frame(TEXT, b'{"type":"' + bad + b'"}'), 1007) for name, bad in INVALID_UTF8.items()},
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
                quick.sendall(
                    UPGRADE + frame(TEXT, json.dumps({"type": "register", "client_id": f"quick {number}"}).encode())
                )


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
