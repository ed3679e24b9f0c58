"""Engine.IO v4 over polling, by hand: what published clients rely on and cannot be made to show."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from engineio_raw import Http, Socket, answer_to, event, heard
from support import Server

HELLO = "EIO=4&transport=polling"
ORIGIN = "https://pages.example.org"


@pytest_asyncio.fixture
async def http(host: Server) -> AsyncIterator[Http]:
    async with Http(host) as http:
        yield http


@pytest.mark.parametrize("query", [HELLO, "transport=polling&EIO=4", "t=P1x.2&transport=polling&b64=1&EIO=4"])
async def test_the_handshake_says_what_clients_expect(http: Http, query: str) -> None:
    answer = await http.request("GET", query)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    handshake = json.loads(answer.text.removeprefix("0"))
    sid = handshake.pop("sid")
    assert isinstance(sid, str) and len(sid) >= 20
    assert handshake == {"upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}


async def test_sessions_have_different_sids_and_the_socket_io_sid_is_another_one(http: Http) -> None:
    one, other = await http.polling(), await http.polling()
    assert one.sid != other.sid
    await one.post("40")
    connected = await one.packets(2)
    assert one.sid not in connected[0]


async def test_one_answer_holds_at_most_16_packets_and_the_rest_comes_in_the_next(http: Http) -> None:
    bob = await http.member("sixteen", "bob")
    ann = await Socket.member(http.server, "sixteen", "ann")
    assert heard((await bob.packets(1))[0])[0] == "user-joined"
    for number in range(40):
        await ann.send(event("message", {"roomId": "sixteen", "number": number}))
    await ann.probe()
    answers = [await bob.get()]
    while sum(map(len, answers)) < 40:
        answers.append(await bob.get())
    assert all(1 <= len(answer) <= 16 for answer in answers), [len(answer) for answer in answers]
    numbers = [heard(packet)[1]["number"] for answer in answers for packet in answer]
    assert numbers == list(range(40))
    await ann.close()


async def test_an_answer_with_attachments_never_tears_an_event_from_them(http: Http) -> None:
    bob = await http.member("torn", "bob")
    ann = await Socket.member(http.server, "torn", "ann")
    await bob.packets(1)
    for number in range(10):
        body = (
            f'{{"roomId":"torn","n":{number},"x":{{"_placeholder":true,"num":0}},"y":{{"_placeholder":true,"num":1}}}}'
        )
        await ann.send(f'452-["message",{body}]', bytes([number]), b"\xff")
    await ann.probe()
    packets = await bob.packets(30)
    for number in range(10):
        head, *attachments = packets[3 * number : 3 * number + 3]
        assert head.startswith('452-["message",') and f'"n":{number},' in head
        assert attachments == ["b" + base64.b64encode(data).decode() for data in (bytes([number]), b"\xff")]
    await ann.close()


async def test_200_packets_in_one_post_are_taken(http: Http) -> None:
    ann = await http.member("two hundred", "ann")
    bob = await Socket.member(http.server, "two hundred", "bob")
    assert heard((await ann.packets(1))[0])[0] == "user-joined"
    await ann.post(*(event("message", {"roomId": "two hundred", "number": number}) for number in range(200)))
    for number in range(200):
        assert await bob.hear() == ("message", {"roomId": "two hundred", "number": number})
    await bob.probe()
    await bob.close()


async def test_a_pending_poll_is_answered_at_once_when_something_comes_and_when_the_client_closes(http: Http) -> None:
    bob = await http.member("pending", "bob")
    ann = await Socket.member(http.server, "pending", "ann")
    await bob.packets(1)
    poll = asyncio.create_task(bob.get())
    await asyncio.sleep(0.1)
    await ann.send(event("message", {"roomId": "pending"}))
    assert heard((await asyncio.wait_for(poll, 2))[0])[0] == "message"

    poll = asyncio.create_task(bob.get())
    await asyncio.sleep(0.1)
    started = time.monotonic()
    await bob.post("41", "1")
    assert await asyncio.wait_for(poll, 2) in (["6"], ["1"])
    assert time.monotonic() - started < 2
    assert await ann.hear() == ("user-left", {"type": "user-left", "userId": "bob", "roomId": "pending"})
    await bob.expect_gone()
    await ann.close()


async def test_a_pending_poll_is_answered_when_the_client_leaves_the_namespace(http: Http) -> None:
    # python-socketio may leave out the packet that closes the session, and then waits for its poll.
    bob = await http.member("leaving", "bob")
    poll = asyncio.create_task(bob.get())
    await asyncio.sleep(0.1)
    await bob.post("41")
    await asyncio.wait_for(poll, 2)
    await bob.post("40")
    packets: list[str] = []
    while len(packets) < 2:
        packets += [packet for packet in await bob.get() if packet != "6"]
    assert packets[0].startswith("40{")
    assert heard(packets[1])[0] == "connected"


async def test_a_second_poll_takes_the_place_of_the_first(http: Http) -> None:
    bob = await http.member("twice", "bob")
    ann = await Socket.member(http.server, "twice", "ann")
    await bob.packets(1)
    first = asyncio.create_task(bob.get())
    await asyncio.sleep(0.1)
    second = asyncio.create_task(bob.get())
    assert await asyncio.wait_for(first, 2) == ["6"]
    await ann.send(event("message", {"roomId": "twice"}))
    assert heard((await asyncio.wait_for(second, 2))[0])[0] == "message"
    await ann.probe()
    await ann.close()


@pytest.mark.parametrize("body", ["abc", "4\x1e\x1e4", "9", "\x1e", "b***", "4abc", "b", "2probe\x1e5\x1e6"], ids=repr)
async def test_packets_that_are_none_are_errors_and_the_session_lives(http: Http, body: str) -> None:
    bob = await http.member("garbage", "bob")
    assert (await http.request("POST", bob.query, body)).status_code == 200
    await bob.post(event("join", {}))
    codes: list[str] = []
    while "missing_field" not in codes:
        for packet in await bob.get():
            name, error = heard(packet)
            assert name == "error"
            codes.append(error["code"])
    assert codes[-1] == "missing_field"
    await bob.post("1")
    await bob.expect_gone()


async def test_bytes_that_are_no_text_are_refused(http: Http) -> None:
    session = await http.polling()
    answer = await http.request("POST", session.query, b"4\xff\xfe")
    assert (answer.status_code, answer.json()) == (400, {"code": 3, "message": "Bad request"})


@pytest.mark.parametrize("announced", [True, False], ids=["length", "chunks"])
async def test_a_post_over_the_limit_is_413(http: Http, announced: bool) -> None:
    session = await http.polling()
    head = f"POST /socket.io/?{session.query} HTTP/1.1\r\nHost: localhost\r\nOrigin: {ORIGIN}\r\n".encode()
    if announced:
        pieces = [head, b"Content-Length: 5000000\r\n\r\n"]
    else:
        chunk = b"186a0\r\n" + b"4" * 100_000 + b"\r\n"
        pieces = [head, b"Transfer-Encoding: chunked\r\n\r\n", chunk * 40, b"1\r\n4\r\n"]
    status, headers = await answer_to(http.server, *pieces)
    assert status == 413
    assert headers["access-control-allow-origin"] in ("*", ORIGIN)


@pytest.mark.parametrize(
    ("method", "query", "code", "message"),
    [
        ("GET", "EIO=4&transport=carrier-pigeon", 0, "Transport unknown"),
        ("GET", "EIO=4", 0, "Transport unknown"),
        ("GET", "EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"),
        ("POST", "EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"),
        ("POST", HELLO, 2, "Bad handshake method"),
        ("GET", "EIO=3&transport=polling", 5, "Unsupported protocol version"),
        ("GET", "EIO=abc&transport=polling", 5, "Unsupported protocol version"),
        ("GET", "transport=polling", 5, "Unsupported protocol version"),
    ],
)
async def test_a_request_that_makes_no_sense_is_a_400_with_its_reason(
    http: Http, method: str, query: str, code: int, message: str
) -> None:
    answer = await http.request(method, query, "4" if method == "POST" else "", origin=ORIGIN)
    assert (answer.status_code, answer.json()) == (400, {"code": code, "message": message})
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(http: Http, method: str) -> None:
    assert (await http.request(method, HELLO)).status_code in (400, 405)
    session = await http.polling()
    assert (await http.request(method, session.query)).status_code in (400, 405)


async def test_s0_6_every_answer_lets_pages_of_other_origins_read_it(http: Http) -> None:
    async def allowed(method: str, query: str, body: str = "") -> int:
        answer = await http.request(method, query, body, origin=ORIGIN)
        assert answer.headers.get("access-control-allow-origin") in ("*", ORIGIN), (method, query, answer)
        return answer.status_code

    session = await http.polling()
    assert await allowed("GET", HELLO) == 200
    assert await allowed("POST", session.query, "40") == 200
    assert await allowed("GET", session.query) == 200
    assert await allowed("GET", HELLO + "&sid=nobody") == 400
    assert await allowed("PUT", session.query) in (400, 405)


async def test_s0_6_a_preflight_allows_what_clients_ask_for(http: Http) -> None:
    answer = await http.request(
        "OPTIONS",
        HELLO,
        origin=ORIGIN,
        access_control_request_method="POST",
        access_control_request_headers="content-type,x-of-my-own",
    )
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)
    assert "POST" in answer.headers["access-control-allow-methods"].upper()
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert allowed == "*" or {"content-type", "x-of-my-own"} <= set(allowed.replace(" ", "").split(","))


async def test_s0_6_other_pages_may_not_when_the_operator_says_so(start_server: Callable[..., Server]) -> None:
    async with Http(start_server(http__allowed_origins='["https://mine.example.org"]')) as http:
        answer = await http.request("GET", HELLO, origin="https://mine.example.org")
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://mine.example.org"
        answer = await http.request("GET", HELLO, origin=ORIGIN)
        assert answer.headers.get("access-control-allow-origin") not in ("*", ORIGIN)
        assert (await http.request("GET", HELLO)).status_code == 200  # no page at all


async def test_pings_come_in_time_and_who_answers_none_is_gone(start_server: Callable[..., Server]) -> None:
    server = start_server(timeouts__ping_interval="1s", timeouts__ping_timeout="1s")
    async with Http(server) as http:
        ann = await Socket.member(server, "studio", "ann")
        mute, quiet = await http.member("studio", "mute"), await http.member("studio", "quiet")
        assert [(await ann.hear())[1]["userId"] for _ in range(2)] == ["mute", "quiet"]
        assert heard((await mute.packets(1))[0])[0] == "user-joined"
        poll = await http.request("GET", mute.query)
        assert poll.text == "2", "a pending poll gets the ping"  # and no pong follows; `quiet` does not poll at all
        left = {(await ann.hear())[1]["userId"] for _ in range(2)}
        assert left == {"mute", "quiet"}
        await mute.expect_gone()
        await quiet.expect_gone()
        await ann.close()
