"""Across the wires: S1, S2 and S0.10 in one room see one another, and each hears the others in its own words."""

from __future__ import annotations

from typing import Any

import pytest

from stage import WIRES, Stage, silent
from wires import Json, Member

SDP = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\na=x:"é 房"\r\n'
INIT = {
    "candidate": "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "Yf8o",
}
PAIRS = [(one, other) for one in WIRES for other in WIRES if one != other]
pairs = pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{one} to {other}" for one, other in PAIRS])
kinds = pytest.mark.parametrize("kind", ["offer", "answer"])


def description(wire: str, kind: str) -> Json:
    """The body of an offer or answer as the published clients of a wire write it."""
    return {"data": {"type": kind, "sdp": SDP}} if wire == "join-room" else {"sdp": SDP}


def candidate(wire: str, init: object) -> tuple[str, Json]:
    return ("ice-candidate", {"data": init}) if wire == "join-room" else ("candidate", {"candidate": init})


async def hear(listener: Member, wire: str) -> Json:
    """The next message; the ids and times that the S1 application wants on each message are checked and taken off."""
    message = await listener.receive()
    if wire == "join-room":
        stamps = (message.pop("messageId", None), message.pop("timestamp", None))
        if message["type"] in ("offer", "answer", "ice-candidate"):
            assert all(stamps), "the S1 application ignores what has no messageId"
    return message


async def meet(stage: Stage, one: str, other: str) -> tuple[Member, Member]:
    ann = await stage.join(one, "studio", "ann")
    bob = await stage.join(other, "studio", "bob")
    await ann.expect_joined("bob")
    return ann, bob


@pairs
async def test_x1_presence_crosses(stage: Stage, one: str, other: str) -> None:
    ann, bob = await meet(stage, one, other)
    await bob.leave()  # type: ignore[attr-defined]
    await ann.expect_left("bob")
    cy = await stage.join(other, "studio", "cy")
    await ann.expect_joined("cy")
    await ann.drop()
    await cy.expect_left("ann")
    await silent(bob, cy)


async def test_x1_presence_crosses_with_the_role_of_a_sender(stage: Stage) -> None:
    viewer = await stage.register("viewer")
    await viewer.enter("studio")
    page = await stage.join_room("studio", "page")
    tab = await stage.join("join", "studio", "tab")
    camera = await stage.register("camera")
    assert await camera.enter("studio", "sender") == [
        {"client_id": "page", "role": "receiver"},
        {"client_id": "tab", "role": "receiver"},
        {"client_id": "viewer", "role": "receiver"},
    ]
    await viewer.expect_joined("page")
    await viewer.expect_joined("tab")
    await viewer.expect_joined("camera", "sender")
    await page.expect_joined("tab")
    await page.expect_joined("camera")
    await tab.expect_joined("camera")


@pairs
@kinds
async def test_x1_descriptions_are_translated(stage: Stage, one: str, other: str, kind: str) -> None:
    ann, bob = await meet(stage, one, other)
    await ann.send(ann.words(kind, **description(one, kind)))
    expected = bob.heard(kind, "ann", **description(other, kind))
    if other == "join-room":
        expected[kind] = {"type": kind, "sdp": SDP}
    assert await hear(bob, other) == expected
    await silent(ann, bob)


@kinds
@pytest.mark.parametrize("other", ["register", "join"])
@pytest.mark.parametrize("form", ["sdp string", "top level", "top level string"])
async def test_x1_the_other_forms_of_s1_descriptions_are_read(stage: Stage, other: str, kind: str, form: str) -> None:
    ann, bob = await meet(stage, "join-room", other)
    whole = {"type": kind, "sdp": SDP}
    body: Json = {"data": SDP} if form == "sdp string" else {kind: whole if form == "top level" else SDP}
    await ann.send(ann.words(kind, **body))
    await bob.expect(bob.heard(kind, "ann", sdp=SDP))


@kinds
async def test_x1_the_other_form_of_s0_descriptions_is_read(stage: Stage, kind: str) -> None:
    ann, bob = await meet(stage, "join", "register")
    await ann.send(ann.words(kind, **{kind: {"type": kind, "sdp": SDP}}))
    await bob.expect(bob.heard(kind, "ann", sdp=SDP))


@pairs
async def test_x1_candidates_are_translated(stage: Stage, one: str, other: str) -> None:
    ann, bob = await meet(stage, one, other)
    kind, body = candidate(one, INIT)
    await ann.send(ann.words(kind, **body))
    kind, body = candidate(other, INIT)
    expected = bob.heard(kind, "ann", **body)
    if other == "join-room":
        expected["candidate"] = INIT
    assert await hear(bob, other) == expected
    await silent(ann, bob)


@pytest.mark.parametrize("end", [None, {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}], ids=["null", "empty"])
@pytest.mark.parametrize("one", ["join-room", "join"])
async def test_x1_the_end_of_candidates_is_dropped_towards_register(stage: Stage, one: str, end: object) -> None:
    """The published Python receiver dies of it."""
    ann, bob = await meet(stage, one, "register")
    kind, body = candidate(one, end)
    await ann.send(ann.words(kind, **body))
    await silent(ann, bob)


@pytest.mark.parametrize("end", [None, {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}], ids=["null", "empty"])
@pytest.mark.parametrize(("one", "other"), [("join-room", "join"), ("join", "join-room"), ("register", "join-room")])
async def test_x1_the_end_of_candidates_reaches_the_other_wires(
    stage: Stage, one: str, other: str, end: object
) -> None:
    ann, bob = await meet(stage, one, other)
    kind, body = candidate(one, end)
    await ann.send(ann.words(kind, **body))
    message = await hear(bob, other)
    kind, body = candidate(other, end)
    assert message["type"] == kind
    (field,) = body
    # Both spellings mean the end of candidates.
    assert message[field] is None or message[field]["candidate"] == ""


@pairs
async def test_x1_chat_is_translated(stage: Stage, one: str, other: str) -> None:
    ann, bob = await meet(stage, one, other)
    await ann.send(ann.words("chat", message='你好 "Bob" 😀'))
    assert await hear(bob, other) == bob.heard("chat", "ann", message='你好 "Bob" 😀')
    await silent(ann, bob)


@pairs
async def test_x1_other_types_are_carried_with_their_fields(stage: Stage, one: str, other: str) -> None:
    ann, bob = await meet(stage, one, other)
    body: dict[str, Any] = {"x": [1, {"deep": None}], "on": True, "text": "é"}
    await ann.send(ann.words("whiteboard", **body))
    assert await hear(bob, other) == bob.heard("whiteboard", "ann", **body)
    await silent(ann, bob)


@pairs
async def test_x1_targets_work_across_wires(stage: Stage, one: str, other: str) -> None:
    ann, bob = await meet(stage, one, other)
    cy = await stage.join(other, "studio", "cy")
    await ann.expect_joined("cy")
    await bob.expect_joined("cy")
    await ann.send(ann.addressed("chat", "cy", message="only you"))
    message = await hear(cy, other)
    assert (message["type"], message["message"]) == ("chat", "only you")
    await ann.send(ann.addressed("chat", "ghost", message="nobody"))
    await ann.expect_error("target_not_found")
    await silent(ann, bob, cy)


@pairs
async def test_x1_a_forged_sender_does_not_cross(stage: Stage, one: str, other: str) -> None:
    ann, bob = await meet(stage, one, other)
    # What is a harmless field on the speaker's wire may be the name of the sender on the listener's.
    for field in ("sender", "from", "userId"):
        await ann.send({**ann.words("chat", message=field), field: "eve"})
    await ann.send(ann.words("chat", message="the end"))
    names = {"join-room": ["sender"], "register": ["from"], "join": ["userId", "from"]}[other]
    heard = 0
    while (message := await hear(bob, other))["message"] != "the end":
        assert [message[name] for name in names] == ["ann"] * len(names), message
        heard += 1
    assert 1 <= heard <= 3


async def test_x1_a_broadcast_reaches_each_wire_in_its_own_words(stage: Stage) -> None:
    members: dict[str, Member] = {}
    for wire in WIRES:
        newcomer = await stage.join(wire, "studio", f"{wire} user")
        for member in members.values():
            await member.expect_joined(newcomer.id)
        members[wire] = newcomer
    for wire, speaker in members.items():
        await speaker.send(speaker.words("chat", message="hello"))
        for other, listener in members.items():
            if other != wire:
                assert await hear(listener, other) == listener.heard("chat", speaker.id, message="hello")
    await silent(*members.values())


async def test_x1_the_same_wire_is_not_translated_in_a_mixed_room(stage: Stage) -> None:
    ann, bob = await stage.room("join-room", "studio", "ann", "bob")
    cam = await stage.join("register", "studio", "cam")
    await ann.expect_joined("cam")
    await bob.expect_joined("cam")
    text = ' {"sender":"ann" ,"n":1.0,"type":"ice-candidate","data":{"candidate":"a","sdpMid":"0","b":1e400}} '
    await ann.send(text)
    await bob.expect_text(text)
    assert (await cam.receive())["candidate"]["candidate"] == "a"
    await silent(ann, bob, cam)


async def test_x1_other_rooms_of_other_wires_hear_nothing(stage: Stage) -> None:
    ann, bob = await meet(stage, "join-room", "register")
    outsiders = [await stage.join(wire, f"room of {wire}", wire) for wire in WIRES]
    lobbyist = await stage.register("lobbyist")
    await ann.send(ann.words("chat", message="hello"))
    await bob.expect(bob.heard("chat", "ann", message="hello"))
    await bob.send(bob.words("chat", message="hello"))
    assert (await hear(ann, "join-room"))["sender"] == "bob"
    await silent(ann, bob, lobbyist, *outsiders)
