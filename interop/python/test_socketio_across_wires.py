"""Row S0 meets the plain WebSocket wires: one room of Socket.IO, `join`, `join-room` and `register`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from socketio_members import KINDS, Company, Kind, silent
from stage import Stage
from support import Server

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"
INIT = {"candidate": "candidate:1 1 udp 1 192.0.2.1 4000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest_asyncio.fixture
async def plain(host: Server) -> AsyncIterator[Stage]:
    """Plain WebSocket clients on the server which the Socket.IO clients use."""
    stage = Stage(host)
    yield stage
    await stage.close()


@each_kind
async def test_s0_10_objects_pass_between_socket_io_and_plain_json_unchanged(
    company: Company, plain: Stage, kind: Kind
) -> None:
    ann = await company.join(kind, "ann")
    tab = await plain.join("join", company.name, "tab")
    await ann.expect_joined("tab")
    payload = await ann.say(text="你好 \u2028", n=[1.0, 1e300, -0.0], userId="ann")
    await tab.expect_text(json.dumps(payload, separators=(",", ":")))
    back = {"type": "message", "roomId": company.name, "text": "你好", "deep": [{"a": None}], "userId": "tab"}
    await tab.send(back)
    await ann.expect("message", back)
    payload = await ann.say(target="tab", text="psst")
    await tab.expect(payload)
    await tab.drop()
    await ann.expect_left("tab")
    await silent(ann)


@each_kind
async def test_x1_a_call_between_socket_io_and_the_other_wires(company: Company, plain: Stage, kind: Kind) -> None:
    room = company.name
    page = await plain.join_room(room, "page")
    camera = await plain.join("register", room, "camera")
    await page.expect_joined("camera")
    ann = await company.connect(kind)
    assert await ann.enter(room, "ann") == ["page", "camera", "ann"]
    await page.expect_joined("ann")
    await camera.expect_joined("ann")

    await page.send(page.addressed("offer", "ann", data={"type": "offer", "sdp": SDP}))
    await ann.expect("message", {"type": "offer", "sdp": SDP, "roomId": room, "userId": "page", "from": "page"})
    await ann.say(type="answer", sdp=SDP, target="page")
    answer = await page.receive()
    assert answer["data"] == answer["answer"] == {"type": "answer", "sdp": SDP}
    assert (answer["type"], answer["sender"], answer["roomId"]) == ("answer", "ann", room)

    await ann.say(type="offer", offer={"type": "offer", "sdp": SDP}, target="camera")
    await camera.expect({"type": "offer", "sdp": SDP, "from": "ann"})
    await camera.send(camera.addressed("candidate", "ann", candidate=INIT))
    await ann.expect(
        "message", {"type": "candidate", "candidate": INIT, "roomId": room, "userId": "camera", "from": "camera"}
    )
    await ann.say(type="candidate", candidate=INIT, target="camera")
    await camera.expect({"type": "candidate", "candidate": INIT, "from": "ann"})

    await camera.send({"type": "chat", "message": "hello"})
    from_camera = {"roomId": room, "userId": "camera", "from": "camera"}
    await ann.expect("message", {"type": "chat", "message": "hello", **from_camera})
    assert (await page.receive())["message"] == "hello"
    await camera.send({"type": "wave", "hands": 2})
    await ann.expect("message", {"type": "wave", "hands": 2, **from_camera})
    assert (await page.receive())["hands"] == 2

    await ann.disconnect()
    await page.expect_left("ann")
    await camera.expect_left("ann")
    await page.probe()
    await camera.probe()


@each_kind
async def test_who_sends_attachments_is_told_whom_they_cannot_reach(company: Company, plain: Stage, kind: Kind) -> None:
    ann, bob = await company.room(kind, "ann", "bob")
    tab = await plain.join("join", company.name, "tab")
    for member in (ann, bob):
        await member.expect_joined("tab")
    payload = await ann.say(bytes=b"x")
    await ann.expect_error("untranslatable")
    await bob.expect("message", payload)
    await silent(ann, bob, tab)
