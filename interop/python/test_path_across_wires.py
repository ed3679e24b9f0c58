"""X.1 with the `path` wire: its members and those of each other wire see and hear one another in their own words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from path_wire import PathMember
from rest import EVERY_WIRE, arrive
from stage import Stage, silent
from test_across_wires import INIT, SDP, candidate, description
from wires import Json, Member

OTHERS = [wire for wire in EVERY_WIRE if wire != "path"]
ENDS = {
    "null": None,
    "empty line": {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0},
}
kinds = pytest.mark.parametrize("kind", ["offer", "answer"])


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def bob(stage: Stage, other: str) -> AsyncIterator[Member]:
    """Somebody on the other wire, who is there first."""
    bob = await arrive(stage.server, other, "会议室 1", "bob")
    yield bob
    await bob.close()


@pytest_asyncio.fixture
async def ann(stage: Stage, bob: Member) -> PathMember:
    """Somebody on the `path` wire, who comes to him."""
    ann = await stage.path("会议室 1", "ann")
    assert ann.users == ["bob", "ann"]
    await bob.expect_joined("ann")
    return ann


async def heard_by(listener: Member) -> Json:
    """The next message, without the number and time that messages of S1 carry."""
    message = await listener.receive()
    if type(listener).__name__ == "JoinRoom":
        stamps = (message.pop("messageId", None), message.pop("timestamp", None))
        if message["type"] in ("offer", "answer", "ice-candidate"):
            assert all(stamps), "the S1 application ignores what has no messageId"
    return message


async def test_x1_each_sees_the_other_come_and_go(stage: Stage, ann: PathMember, bob: Member, other: str) -> None:
    cy = await arrive(stage.server, other, "会议室 1", "cy")
    await ann.expect_joined("cy")
    await bob.expect_joined("cy")
    await cy.drop()
    await ann.expect_left("cy")
    await bob.expect_left("cy")
    dan = await stage.path("会议室 1", "dan")
    assert dan.users == ["bob", "ann", "dan"]
    await ann.expect_joined("dan")
    await bob.expect_joined("dan")
    await dan.close()
    await ann.expect_left("dan")
    await bob.expect_left("dan")
    await ann.drop(reset=True)
    await bob.expect_left("ann")
    await silent(bob)


@kinds
async def test_x1_descriptions_cross(ann: PathMember, bob: Member, other: str, kind: str) -> None:
    form = "join-room" if other == "join-room" else "plain"
    await ann.send(ann.words(f"sdp_{kind}", sdp=SDP))
    expected = bob.heard(kind, "ann", **description(form, kind))
    if other == "join-room":
        expected[kind] = {"type": kind, "sdp": SDP}
    assert await heard_by(bob) == expected
    await bob.send(bob.words(kind, **description(form, kind)))
    await ann.expect(ann.heard(f"sdp_{kind}", "bob", sdp=SDP))
    await bob.send(bob.addressed(kind, "ann", **description(form, kind)))
    await ann.expect({**ann.heard(f"sdp_{kind}", "bob", sdp=SDP), "target": "ann"})
    await silent(ann, bob)


async def test_x1_candidates_cross(ann: PathMember, bob: Member, other: str) -> None:
    kind, body = candidate(other, INIT)
    await ann.send({"type": "ice_candidate", "target": "bob", "payload": INIT})
    expected = bob.heard(kind, "ann", **body)
    if other == "join-room":
        expected["candidate"] = INIT
    message = await heard_by(bob)
    assert {name: message.get(name) for name in expected} == expected
    await bob.send(bob.words(kind, **body))
    await ann.expect(ann.heard("ice_candidate", "bob", **INIT))
    await silent(ann, bob)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_x1_the_end_of_candidates_crosses_but_to_register(
    ann: PathMember, bob: Member, other: str, end: object
) -> None:
    kind, body = candidate(other, end)
    await bob.send(bob.words(kind, **body))
    if end is None and other == "register":
        # Its clients do not say it this way, and are not told in words that would kill them.
        await bob.probe()
    message = await ann.receive()
    assert (message["type"], message["sender"], message["payload"]["candidate"]) == ("ice_candidate", "bob", "")
    await ann.send({"type": "ice_candidate", "payload": {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}})
    if other != "register":  # the published receiver dies of it
        message = await heard_by(bob)
        (field,) = body
        assert message["type"] == kind
        assert message[field] is None or message[field]["candidate"] == ""
    await silent(ann, bob)


async def test_x1_chat_and_anything_else_cross(ann: PathMember, bob: Member) -> None:
    await ann.send(ann.words("chat", message='你好 "Bob" 😀'))
    assert await heard_by(bob) == bob.heard("chat", "ann", message='你好 "Bob" 😀')
    await bob.send(bob.words("chat", message='你好 "Ann" 😀'))
    await ann.expect(ann.heard("chat", "bob", message='你好 "Ann" 😀'))
    body: dict[str, Any] = {"x": [1, {"deep": None}], "on": True, "text": "é"}
    await ann.send(ann.words("whiteboard", **body))
    assert await heard_by(bob) == bob.heard("whiteboard", "ann", **body)
    await bob.send(bob.words("whiteboard", **body))
    assert body.items() <= (await ann.receive())["payload"].items()
    await ann.send({"type": "numbers", "payload": [1, 2]})
    assert await heard_by(bob) == bob.heard("numbers", "ann", payload=[1, 2])
    await silent(ann, bob)


async def test_x1_targets_work_both_ways(stage: Stage, ann: PathMember, bob: Member, other: str) -> None:
    cy = await stage.path("会议室 1", "cy")
    dan = await arrive(stage.server, other, "会议室 1", "dan")
    for member in (ann, bob):
        await member.expect_joined("cy")
    for member in (ann, bob, cy):
        await member.expect_joined("dan")
    await ann.send(ann.addressed("chat", "dan", message="only you"))
    message = await heard_by(dan)
    assert (message["type"], message["message"]) == ("chat", "only you")
    await dan.send(dan.addressed("chat", "cy", message="only you"))
    message = await cy.receive()
    assert (message["type"], message["sender"], message["target"]) == ("chat", "dan", "cy")
    assert message["payload"] == {"message": "only you"}
    await dan.send(dan.addressed("chat", "ghost", message="nobody"))
    await dan.expect_error("target_not_found")
    await ann.send(ann.addressed("chat", "ghost", message="nobody"))
    await ann.expect_error("target_not_found", message="User ghost not found")
    await silent(ann, bob, cy, dan)
    await dan.close()


async def test_x1_a_forged_sender_does_not_cross(ann: PathMember, bob: Member, other: str) -> None:
    names = {"join-room": ["sender"], "register": ["from"]}.get(other, ["userId", "from"])
    for field in ("sender", "from", "userId"):
        await ann.send({**ann.words("chat", message=field), field: "eve"})
        await ann.send(ann.words("chat", message=field, **{field: "eve"}))
        await ann.send(ann.words("whiteboard", message=field, **{field: "eve"}))
        await bob.send({**bob.words("chat", message=field), field: "eve"})
        await bob.send({**bob.words("whiteboard", message=field), field: "eve"})
    await ann.send(ann.words("chat", message="the end"))
    await bob.send(bob.words("chat", message="the end"))
    while (message := await heard_by(bob)).get("message") != "the end" or message["type"] == "error":
        if message["type"] != "error":  # its own forgeries may be refused, those of others may not reach it
            assert [message[name] for name in names] == ["ann"] * len(names), message
    while (message := await ann.receive())["payload"].get("message") != "the end":
        if message["type"] != "error":
            assert message["sender"] == "bob", message
