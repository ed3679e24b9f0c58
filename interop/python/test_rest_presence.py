"""S3.4 and S3.12: REST tells who is really there, whatever they speak."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest
import pytest_asyncio

from path_wire import PathMember
from rest import EVERY_WIRE, Rest, arrive, moment, now
from stage import Stage
from wires import Member

Come = Callable[[str, str, str], Awaitable[Member]]

# Two clocks tell the time here, the server's as milliseconds.
SLACK = timedelta(milliseconds=50)
NAMES = ["ann of the studio", "会议室 一号", "100% + a?b#c&d=e", "😀", "..", "%2F", "\"'\\<b>"]


@pytest_asyncio.fixture
async def rest(stage: Stage) -> AsyncIterator[Rest]:
    rest = Rest(stage.server)
    yield rest
    await rest.close()


@pytest_asyncio.fixture
async def come(stage: Stage) -> AsyncIterator[Come]:
    """`come("register", "studio", "ann")`: somebody in a room, on any wire."""
    members: list[Member] = []

    async def come(wire: str, room: str, id: str) -> Member:
        members.append(await arrive(stage.server, wire, room, id))
        return members[-1]

    yield come
    await asyncio.gather(*(member.close() for member in members), return_exceptions=True)


@pytest.fixture(params=EVERY_WIRE)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_s3_4_an_empty_server_says_so(rest: Rest) -> None:
    assert await rest.json("/rooms") == []
    assert await rest.users("studio") is None
    assert await rest.user("ann") is None
    stats = await rest.stats()
    assert [stats[name] for name in ("active_rooms", "total_rooms", "total_users")] == [0, 0, 0]


async def test_s3_4_the_users_of_a_room_and_when_they_joined(rest: Rest, come: Come, wire: str) -> None:
    before = now()
    await come(wire, "studio", "ann")
    between = now()
    await come(wire, "studio", "bob")
    after = now()
    users = await rest.users("studio")
    assert users is not None
    ann, bob = users
    for user, id in ((ann, "ann"), (bob, "bob")):
        joined_at = user.pop("joined_at")
        user["joined"] = moment(joined_at)
        assert {**user, "joined": None} == {"user_id": id, "role": "receiver", "dialect": wire, "joined": None}
    assert before - SLACK <= ann["joined"] <= between + SLACK
    assert between - SLACK <= bob["joined"] <= after + SLACK
    assert ann["joined"] <= bob["joined"]


async def test_s3_4_a_user_and_where_it_is(rest: Rest, come: Come, wire: str) -> None:
    await come(wire, "studio", "ann")
    users = await rest.users("studio")
    assert users is not None
    joined_at = users[0]["joined_at"]
    place = {"room_id": "studio", "joined_at": joined_at, "role": "receiver", "dialect": wire}
    assert await rest.user("ann") == {"user_id": "ann", "rooms": [place], "room_id": "studio", "joined_at": joined_at}


async def test_s3_12_a_room_in_the_list(rest: Rest, come: Come, wire: str) -> None:
    before = now()
    await come(wire, "studio", "ann")
    await come(wire, "studio", "bob")
    after = now()
    rooms = await rest.json("/rooms")
    assert len(rooms) == 1
    created_at, last_activity = moment(rooms[0].pop("created_at")), moment(rooms[0].pop("last_activity"))
    assert rooms == [{"room_id": "studio", "owner": "ann", "has_password": False, "user_count": 2}]
    assert before - SLACK <= created_at <= after + SLACK
    assert created_at - SLACK <= last_activity <= now() + SLACK


@pytest.mark.parametrize("how", ["leave", "close", "drop", "reset"])
async def test_s3_4_who_has_gone_is_not_there(rest: Rest, come: Come, wire: str, how: str) -> None:
    ann, bob = await come(wire, "studio", "ann"), await come(wire, "studio", "bob")
    await rest.agrees({"studio": ["ann", "bob"]})
    for member, left in ((ann, {"studio": ["bob"]}), (bob, {})):
        match how:
            case "leave":
                # The others' notices wait in the socket; a new client's answer does not.
                await member.send(leave_of(member)) if not isinstance(member, PathMember) else await member.close()
            case "close":
                await member.close()
            case _:
                await member.drop(reset=how == "reset")
        await rest.agrees(left)
    assert await rest.user("ann") is None and await rest.users("studio") is None


def leave_of(member: Member) -> dict[str, object]:
    """The word of a wire with which somebody leaves a room and keeps the connection."""
    match type(member).__name__:
        case "JoinRoom":
            return {"type": "leave-room", "roomId": member.room, "sender": member.id}
        case "Register":
            return {"type": "leave", "room_id": member.room}
        case _:
            return {"type": "leave", "userId": member.id, "roomId": member.room}


@pytest.mark.parametrize("wire", [wire for wire in EVERY_WIRE if wire != "path"])
async def test_s3_4_who_moves_to_another_room_is_there_only(rest: Rest, come: Come, wire: str) -> None:
    ann = await come(wire, "studio", "ann")
    await rest.agrees({"studio": ["ann"]})
    await ann.send(
        {
            "join-room": {"type": "join-room", "roomId": "hall", "sender": "ann"},
            "register": {"type": "join", "room_id": "hall", "role": "sender"},
            "join": {"type": "join", "roomId": "hall", "userId": "ann"},
            "socketio": {"type": "join", "roomId": "hall", "userId": "ann"},
        }[wire]
    )
    await rest.agrees({"hall": ["ann"]})
    user = await rest.user("ann")
    assert user is not None
    assert (user["room_id"], user["rooms"][0]["role"]) == ("hall", "sender" if wire == "register" else "receiver")


async def test_s3_4_a_room_of_every_wire(rest: Rest, come: Come) -> None:
    for wire in EVERY_WIRE:
        await come(wire, "studio", f"{wire} user")
    users = await rest.users("studio")
    assert users is not None
    assert [(user["user_id"], user["dialect"]) for user in users] == [(f"{wire} user", wire) for wire in EVERY_WIRE]
    await rest.agrees({"studio": [f"{wire} user" for wire in EVERY_WIRE]})


async def test_s3_4_one_id_with_several_connections_is_one_user(rest: Rest, come: Come) -> None:
    """Its wire is the one of the connection that receives; it came when the first of them did."""
    connections = [await come("join-room", "studio", "ann")]
    first = await rest.users("studio")
    assert first is not None
    for wire in ("path", "socketio", "register"):
        connections.append(await come(wire, "studio", "ann"))
        users = await rest.users("studio")
        assert users == [{**first[0], "dialect": wire}]
        await rest.agrees({"studio": ["ann"]})
    for wire in ("socketio", "path", "join-room"):
        await connections.pop().close()
        for _ in range(200):
            users = await rest.users("studio")
            if users == [{**first[0], "dialect": wire}]:
                break
            await asyncio.sleep(0.02)
        assert users == [{**first[0], "dialect": wire}]
    await connections.pop().close()
    await rest.agrees({})


async def test_s3_4_the_same_user_in_several_rooms(rest: Rest, come: Come) -> None:
    """The newest place is told at the top level, for programs that know one only."""
    for wire, room in (("path", "b"), ("join", "c"), ("socketio", "a")):
        await come(wire, room, "ann")
        await asyncio.sleep(0.005)  # times are told in milliseconds
    user = await rest.user("ann")
    assert user is not None
    assert {(place["room_id"], place["dialect"]) for place in user["rooms"]} == {
        ("a", "socketio"),
        ("b", "path"),
        ("c", "join"),
    }
    newest = max(user["rooms"], key=lambda place: moment(place["joined_at"]))
    assert (user["room_id"], user["joined_at"]) == ("a", newest["joined_at"])
    await rest.agrees({"a": ["ann"], "b": ["ann"], "c": ["ann"]})


async def test_s3_4_the_role_of_a_registered_sender(rest: Rest, stage: Stage) -> None:
    camera = await stage.register("camera")
    await camera.enter("studio", "sender")
    users = await rest.users("studio")
    assert users is not None and users[0]["role"] == "sender"
    await camera.send({"type": "join", "room_id": "hall", "role": "receiver"})
    assert [(await camera.receive())["type"] for _ in range(2)] == ["left", "joined"]
    user = await rest.user("camera")
    assert user is not None and [place["role"] for place in user["rooms"]] == ["receiver"]


async def test_s3_4_clients_in_no_room_are_counted_and_not_listed(rest: Rest, stage: Stage) -> None:
    await stage.lobby("one", "two")
    await stage.connect()
    await rest.agrees({})
    assert await rest.user("one") is None
    assert (await rest.stats())["lobby_users"] == 2


@pytest.mark.parametrize("name", NAMES)
async def test_s3_4_any_name_can_be_asked_for(rest: Rest, come: Come, wire: str, name: str) -> None:
    await come(wire, name, name)
    await rest.agrees({name: [name]})


@pytest.mark.parametrize("wire", [wire for wire in EVERY_WIRE if wire != "path"])
async def test_s3_4_a_name_with_a_slash_is_none_of_the_path_wire_but_of_the_others(
    rest: Rest, come: Come, wire: str
) -> None:
    await come(wire, "floor 1/room 2", "a/b")
    await rest.agrees({"floor 1/room 2": ["a/b"]})


async def test_s3_12_the_owner_is_who_opened_the_room_as_long_as_it_lives(rest: Rest, come: Come) -> None:
    ann, bob = await come("path", "studio", "ann"), await come("path", "studio", "bob")
    created_at = (await rest.rooms())["studio"]["created_at"]
    await ann.close()
    await rest.agrees({"studio": ["bob"]})
    room = (await rest.rooms())["studio"]
    assert (room["owner"], room["created_at"]) == ("ann", created_at)
    await bob.close()
    await rest.agrees({})
    await come("path", "studio", "cy")
    room = (await rest.rooms())["studio"]
    assert room["owner"] == "cy" and moment(room["created_at"]) > moment(created_at)


async def test_s3_12_a_message_is_activity(rest: Rest, come: Come) -> None:
    ann = await come("path", "studio", "ann")
    before = moment((await rest.rooms())["studio"]["last_activity"])
    await asyncio.sleep(0.4)
    await ann.send(ann.words("chat", message="hello?"))
    await ann.probe()
    after = moment((await rest.rooms())["studio"]["last_activity"])
    assert after - before >= timedelta(milliseconds=200)
    assert after <= now() + SLACK


async def test_s3_12_numbers_of_the_server(rest: Rest, stage: Stage, come: Come) -> None:
    before = await rest.stats()
    ann, bob = await come("path", "studio", "ann"), await come("register", "studio", "bob")
    await ann.expect_joined("bob")
    await come("socketio", "hall", "cy")
    await stage.connect()  # says nothing
    for number in range(10):
        await ann.send(ann.addressed("chat", "bob", message=str(number)))
        await bob.receive()
    stats = await rest.stats()
    assert [stats[name] for name in ("active_rooms", "total_rooms", "total_users")] == [2, 2, 3]
    there = {wire: count for wire, count in stats["connections_by_dialect"].items() if count}
    assert there == {"path": 1, "register": 1, "socketio": 1}
    assert (stats["connections"], stats["connections_unidentified"]) == (3, 1)
    assert stats["messages_received"] - before["messages_received"] >= 10
    assert stats["messages_delivered"] - before["messages_delivered"] == 10
    assert stats["redis_connections"] is None and stats["redis_memory_usage"] is None
    assert before["uptime"] < stats["uptime"] < 60
    assert now() - timedelta(seconds=60) < moment(stats["started_at"]) < now()
    assert stats["resources"]["memory_bytes"] > 1_000_000


async def test_s3_4_who_may_still_come_back_is_there_without_a_wire(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(timeouts__grace="4s")
    rest = Rest(stage.server)
    ann = await stage.path("studio", "ann")
    here = await rest.users("studio")
    await ann.drop()
    for _ in range(100):
        if (users := await rest.users("studio")) != here:
            break
        await asyncio.sleep(0.02)
    assert here is not None and users == [{**here[0], "dialect": None}]
    stats = await rest.stats()
    assert [stats[name] for name in ("active_rooms", "total_rooms", "total_users")] == [0, 1, 1]
    await stage.path("studio", "ann")
    assert await rest.users("studio") == here
    await rest.close()


async def test_s3_4_while_people_come_and_go_every_answer_is_one(rest: Rest, stage: Stage) -> None:
    """What is asked in the middle of it is answered with people who were there, each of them once."""
    until = time.monotonic() + 2.0

    async def wander(number: int) -> None:
        wires = list(EVERY_WIRE)
        while time.monotonic() < until:
            member = await arrive(stage.server, wires[number % len(wires)], f"room {number % 3}", f"user {number}")
            await asyncio.sleep(number % 7 / 100)
            await member.drop(reset=number % 2 == 0)  # a polite close would wait for all that came to be read

    async def ask() -> int:
        answered = 0
        while time.monotonic() < until:
            for room in await rest.json("/rooms"):
                assert room["user_count"] >= 1 and moment(room["created_at"]) <= moment(room["last_activity"]), room
            for number in range(3):
                users = await rest.users(f"room {number}") or []
                ids = [user["user_id"] for user in users]
                assert len(set(ids)) == len(ids) and all(int(id.split()[1]) % 3 == number for id in ids), ids
                times = [moment(user["joined_at"]) for user in users]
                # Of two who come in the same moment, the one who is first in the room may have knocked second.
                assert all(one <= other + SLACK for one, other in pairwise(times)), users
                answered += len(users)
        return answered

    asking = asyncio.create_task(ask())
    await asyncio.gather(*(wander(number) for number in range(15)))
    assert await asking > 0
    await rest.agrees({})


async def test_s3_4_a_crowd(rest: Rest, come: Come) -> None:
    wires = list(EVERY_WIRE)
    people = {f"room {number % 7}": [] for number in range(60)}  # type: dict[str, list[str]]
    for number in range(60):
        room, id = f"room {number % 7}", f"user {number}"
        await come(wires[number % len(wires)], room, id)
        people[room].append(id)
    await rest.agrees(people)
