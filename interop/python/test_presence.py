"""One id, several connections: presence is keyed by room and id, on every wire."""

from __future__ import annotations

import pytest

from stage import WIRES, Stage, silent
from wires import Member

ENDS = ["leave", "close", "drop", "reset"]


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def end(client: Member, how: str) -> None:
    match how:
        case "leave":
            await client.leave()  # type: ignore[attr-defined]
        case "close":
            await client.close()
        case _:
            await client.drop(reset=how == "reset")


async def two_connections(stage: Stage, wire: str) -> tuple[Member, Member, Member]:
    """A witness, and `bob` twice in the same room; the witness has seen bob come once."""
    witness, older = await stage.room(wire, "studio", "witness", "bob")
    newer = await stage.join(wire, "studio", "bob")
    await silent(newer, witness, older)
    return witness, older, newer


async def test_a_second_connection_of_an_id_is_no_second_join(stage: Stage, wire: str) -> None:
    await two_connections(stage, wire)


async def test_the_newest_connection_receives(stage: Stage, wire: str) -> None:
    witness, older, newer = await two_connections(stage, wire)
    await witness.send(witness.words("message", text="to all"))
    await witness.send(witness.addressed("message", "bob", text="to bob"))
    assert (await newer.receive())["text"] == "to all"
    assert (await newer.receive())["text"] == "to bob"
    await silent(witness, newer, older)


async def test_a_parked_connection_may_still_send(stage: Stage, wire: str) -> None:
    witness, older, newer = await two_connections(stage, wire)
    await older.send(older.words("message", text="from the older"))
    assert (await witness.receive())["text"] == "from the older"
    await older.send(older.addressed("message", "witness", text="to the witness"))
    assert (await witness.receive())["text"] == "to the witness"
    # Another connection of the same id is the same peer: it is not one of "the others".
    await silent(older, newer, witness)


async def test_replies_and_errors_go_to_the_connection_that_asked(stage: Stage, wire: str) -> None:
    witness, older, newer = await two_connections(stage, wire)
    await older.send(older.addressed("message", "ghost"))
    await older.expect_error("target_not_found")
    await silent(older, newer, witness)


@pytest.mark.parametrize("how", ENDS)
async def test_the_late_end_of_the_first_connection_is_no_leave(stage: Stage, wire: str, how: str) -> None:
    witness, older, newer = await two_connections(stage, wire)
    await end(older, how)
    await witness.send(witness.words("message", text="still there?"))
    assert (await newer.receive())["text"] == "still there?"
    await newer.send(newer.words("message", text="yes"))
    assert (await witness.receive())["text"] == "yes"
    await end(newer, how)
    await witness.expect_left("bob")  # the first and only leave
    await silent(witness)


@pytest.mark.parametrize("how", ENDS)
async def test_when_the_active_connection_ends_the_parked_one_becomes_active(stage: Stage, wire: str, how: str) -> None:
    witness, older, newer = await two_connections(stage, wire)
    await end(newer, how)
    # The end of a connection is not confirmed to others: what is sent meanwhile is for the dying connection.
    for _ in range(200):
        await witness.send(witness.words("message", text="are you there?"))
        await witness.probe()
        if await waiting(older):
            break
    else:
        raise AssertionError("the parked connection never became active")
    await end(older, how)
    await witness.expect_left("bob")
    await silent(witness)


async def test_of_several_parked_connections_the_newest_becomes_active(stage: Stage, wire: str) -> None:
    witness, oldest, newer = await two_connections(stage, wire)
    newest = await stage.join(wire, "studio", "bob")
    await newest.leave()  # type: ignore[attr-defined]
    await silent(newest)  # the leave has been handled
    await witness.send(witness.words("message", text="hello"))
    assert (await newer.receive())["text"] == "hello"
    await silent(witness, oldest, newest, newer)


async def test_another_wire_may_take_over_an_id(stage: Stage, wire: str) -> None:
    """A peer is one peer whatever its connections speak; the active one receives in its own wire."""
    witness, older = await stage.room(wire, "studio", "witness", "bob")
    for other in WIRES:
        if other == wire:
            continue
        newer = await stage.join(other, "studio", "bob")
        await silent(newer, witness)
        await witness.send(witness.words("chat", message="which one?"))
        heard = await newer.receive()
        assert (heard["type"], heard["message"]) == ("chat", "which one?")
        await silent(witness, older)
        await newer.leave()  # type: ignore[attr-defined]
        await silent(newer)
    await witness.send(witness.words("chat", message="and now?"))
    assert (await older.receive())["message"] == "and now?"
    await silent(witness, older)


async def waiting(client: Member) -> bool:
    """Whether anything but the answer to a probe has come; takes all of it."""
    await client.send("?")
    found = False
    while (message := await client.receive()).get("code") != "malformed_json":
        assert message.get("text") == "are you there?", message
        found = True
    return found
