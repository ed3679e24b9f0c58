"""Row S0 under load and at its bounds: bursts, big messages and binary attachments, between all kinds of clients."""

from __future__ import annotations

import asyncio

import pytest

from socketio_members import KINDS, Company, Kind, SocketIoMember, silent

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
BURST = 200


@each_kind
async def test_a_burst_of_200_messages_arrives_once_and_in_order_everywhere(company: Company, kind: Kind) -> None:
    everybody = await company.everybody()
    speaker = await company.join(kind, "speaker")
    for member in everybody:
        await member.expect_joined("speaker")
    for number in range(BURST):
        await speaker.say(number=number, padding="x" * 100)
    await asyncio.gather(*(hear_a_burst(member, ["speaker"]) for member in everybody))
    await silent(speaker, *everybody)


@each_kind
async def test_bursts_in_both_directions_at_once_do_not_disturb_each_other(company: Company, kind: Kind) -> None:
    ann, bob, cy = await company.room(kind, "ann", "bob", "cy")

    async def speak(member: SocketIoMember) -> None:
        for number in range(BURST):
            await member.say(userId=member.id, number=number)

    await asyncio.gather(speak(ann), speak(bob))
    await asyncio.gather(hear_a_burst(ann, ["bob"]), hear_a_burst(bob, ["ann"]), hear_a_burst(cy, ["ann", "bob"]))
    await silent(ann, bob, cy)


async def hear_a_burst(member: SocketIoMember, speakers: list[str]) -> None:
    numbers: dict[str, list[int]] = {}
    for _ in range(BURST * len(speakers)):
        message = await member.receive("message")
        numbers.setdefault(message.get("userId", "speaker"), []).append(message["number"])
    assert numbers == {speaker: list(range(BURST)) for speaker in speakers}, member


@each_kind
async def test_attachments_arrive_as_bytes_at_every_kind_of_client(company: Company, kind: Kind) -> None:
    everybody = await company.everybody()
    speaker = await company.join(kind, "speaker")
    for member in everybody:
        await member.expect_joined("speaker")
    payload = {
        "roomId": company.name,
        "type": "file",
        "head": bytes(range(256)),
        "parts": [{"bytes": b""}, "text", b"\x00\x1e\xff" * 10_000],
        "size": 30_256,
    }
    await speaker.emit("message", payload)
    await speaker.say(text="after it")
    assert await speaker.call("message", payload) is None
    for member in everybody:
        await member.expect("message", payload)
        await member.expect("message", {"roomId": company.name, "text": "after it"})
        await member.expect("message", payload)
    await silent(speaker, *everybody)


@each_kind
async def test_attachments_may_be_for_one_peer_and_are_checked_like_any_message(company: Company, kind: Kind) -> None:
    ann, bob, cy = await company.room(kind, "ann", "bob", "cy")
    payload = await ann.say(target="cy", bytes=b"psst")
    await cy.expect("message", payload)
    await ann.emit("message", {"roomId": "elsewhere", "bytes": b"x"})
    await ann.expect_error("room_mismatch")
    await ann.say(userId="bob", bytes=b"x")
    await ann.expect_error("sender_mismatch")
    await ann.emit("message", b"no object")
    await ann.expect_error()
    await ann.emit("join", {"userId": "ann", "roomId": company.name, "extra": b"x"})
    await ann.receive_one_of("joined", "error")
    await silent(ann, bob, cy)


@each_kind
async def test_a_message_of_900_kilobytes_passes(company: Company, kind: Kind) -> None:
    everybody = await company.everybody()
    speaker = await company.join(kind, "speaker")
    for member in everybody:
        await member.expect_joined("speaker")
    payload = await speaker.say(text="x" * 900_000)
    for member in everybody:
        await member.expect("message", payload)
    payload = await speaker.say(bytes=b"x" * 600_000)
    for member in everybody:
        await member.expect("message", payload)
    await silent(speaker, *everybody)


@each_kind
async def test_a_message_over_the_limit_is_an_error_for_its_sender_only(company: Company, kind: Kind) -> None:
    ann, bob, cy = await company.room(kind, "ann", "bob", "cy")
    await ann.say(text="x" * 1_100_000)
    if kind.transport == "polling":
        # It came whole; over a WebSocket the server stops reading in the middle of it, and can only close.
        await ann.expect_error("message_too_big")
        await ann.probe()
    else:
        await bob.expect_left("ann")
        await cy.expect_left("ann")
        await ann.expect_end()
    payload = await bob.say(text="still here", target="cy")
    await cy.expect("message", payload)
    await silent(bob, cy)
