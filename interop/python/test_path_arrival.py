"""S3.1: who comes to `/ws/{room_id}/{user_id}` is in the room, under any id that can be one, and under no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from path_wire import place
from stage import Stage, silent
from support import Server
from wires import WAIT_SECONDS, Json

IDS = {
    "plain": "user-42",
    "spaces": "ann of the  studio",
    "chinese": "会议室 一号",
    "emoji": "😀👩‍👩‍👧",
    "plus": "a+b",
    "percent": "100%",
    "percent and hex": "%2F",
    "url": "a?b=c&d#e;f:g@h",
    "quotes": "\"ann\" 'bob' \\ `cy`",
    "markup": "<b> &amp; <i>",
    "dots": "..",
    "backslash": "a\\b",
    "a star": "*",
    "128 characters": "房" * 128,
}
UNENCODED = "0123456789-._~!$&'()*+,;=:@"

INVALID = {
    "no user": "/ws/studio/",
    "no room": "/ws//ann",
    "neither": "/ws//",
    "user too long": place("studio", "x" * 129),
    "room too long": place("房" * 129, "ann"),
    "a NUL": place("studio", "an\0n"),
    "a line feed": place("stu\ndio", "ann"),
    "delete": place("studio", "ann\x7f"),
    "a control character of Latin 1": place("studio", "ann\x85"),
    "a slash in the user": place("studio", "a/b"),
    "a slash in the room": place("a/b", "ann"),
    "a slash in small letters": "/ws/studio/a%2fb",
    "no utf-8": "/ws/studio/%FF%FE",
    "half a character": "/ws/%E6%88/ann",
}


@pytest.fixture(params=IDS)
def id(request: pytest.FixtureRequest) -> str:
    return IDS[request.param]


async def refusal(server: Server, path: str, **options: object) -> httpx.Response:
    """The HTTP answer to a handshake that does not come to a WebSocket."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(server.url(path), open_timeout=WAIT_SECONDS, proxy=None, **options)  # type: ignore[arg-type]
    answer = refused.value.response
    return httpx.Response(
        answer.status_code, headers=list(answer.headers.raw_items()), content=bytes(answer.body or b"")
    )


def expect_detail(answer: httpx.Response, status: int) -> str:
    """An error of the HTTP side of S3."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: Json = answer.json()
    assert set(body) == {"detail"}, body
    assert isinstance(body["detail"], str) and body["detail"], body
    return body["detail"]


async def test_s3_1_on_connect_the_user_joins_and_is_told_who_is_there(stage: Stage) -> None:
    ann, bob, cy = await stage.paths("studio", "ann", "bob", "cy")
    assert [member.users for member in (ann, bob, cy)] == [["ann"], ["ann", "bob"], ["ann", "bob", "cy"]]
    await bob.close()
    await ann.expect_left("bob")
    await cy.expect_left("bob")
    dan = await stage.path("studio", "dan")
    assert dan.users == ["ann", "cy", "dan"]
    await ann.expect_joined("dan")
    await cy.expect_joined("dan")
    await silent(ann, cy, dan)


async def test_s3_1_any_id_may_be_a_user_and_a_room(stage: Stage, id: str) -> None:
    ann, someone = await stage.paths(id, "ann", id)
    assert someone.users == ["ann", id]
    if id != "*":  # as a target, a star is everybody
        await ann.send(ann.addressed("chat", id, message="for you"))
        message = await someone.receive()
        assert (message["target"], message["sender"], message["payload"]) == (id, "ann", {"message": "for you"})
    await someone.send(someone.addressed("chat", "ann", message="and for you"))
    assert (await ann.receive())["sender"] == id
    await someone.drop()
    await ann.expect_left(id)
    await silent(ann)


async def test_s3_1_what_a_url_allows_need_not_be_encoded(stage: Stage) -> None:
    """The client sends `+` and `=` as they are; a `+` is no space."""
    ann = await stage.path(UNENCODED, UNENCODED, path=f"/ws/{UNENCODED}/{UNENCODED}")
    bob = await stage.path(UNENCODED, "bob", path=f"/ws/{quote(UNENCODED, safe='')}/%62%6F%62")
    assert bob.users == [UNENCODED, "bob"]
    await ann.expect_joined("bob")


async def test_s3_1_people_write_their_own_characters_into_a_url(stage: Stage) -> None:
    """The client encodes what a URL may not hold."""
    ann = await stage.path("会议室 一", "张 三", path="/ws/会议室 一/张 三")
    bob = await stage.path("会议室 一", "bob")
    assert bob.users == ["张 三", "bob"]
    await ann.expect_joined("bob")


async def test_s3_1_a_client_that_offers_subprotocols_gets_one(stage: Stage) -> None:
    ann = await stage.path("studio", "ann", subprotocols=["signaling", "json"])
    assert ann.connection.subprotocol == "signaling"


async def test_s3_1_a_query_changes_nothing(stage: Stage) -> None:
    """The published clients bring `?token=`."""
    ann = await stage.path("studio", "ann", path="/ws/studio/ann?token=abc.def&room=hall&user_id=eve")
    bob = await stage.path("studio", "bob", path="/ws/studio/bob?")
    assert bob.users == ["ann", "bob"]
    await ann.expect_joined("bob")


@pytest.mark.parametrize("path", INVALID.values(), ids=INVALID.keys())
async def test_s3_1_an_invalid_id_is_refused_before_the_upgrade(stage: Stage, path: str) -> None:
    ann = await stage.path("studio", "ann")
    expect_detail(await refusal(stage.server, path), 400)
    await silent(ann)


@pytest.mark.parametrize(("bound", "fits", "too_long"), [(8, "房" * 8, "房" * 9), (200, "x" * 200, "x" * 201)])
async def test_s3_1_the_longest_id_is_a_setting(
    stage_with: Callable[..., Stage], bound: int, fits: str, too_long: str
) -> None:
    stage = stage_with(limits__id_length=bound, limits__peers_per_room=10)
    await stage.path(fits, fits)
    for path in (place(too_long, "ann"), place("studio", too_long)):
        detail = expect_detail(await refusal(stage.server, path), 400)
        assert str(bound) in detail, detail


@pytest.mark.parametrize("path", ["/ws/studio", "/ws/studio/ann/extra", "/ws/studio/ann/", "/ws/a/b/c/d"])
async def test_s3_1_a_path_with_more_or_fewer_parts_names_nobody(stage: Stage, path: str) -> None:
    detail = expect_detail(await refusal(stage.server, path), 400)
    assert "/ws/{room_id}/{user_id}" in detail


async def test_s3_1_without_an_upgrade_nobody_joins(stage: Stage) -> None:
    ann = await stage.path("studio", "ann")
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"http://{stage.server.host}:{stage.server.port}/ws/studio/bob"
        for method in ("GET", "HEAD", "POST", "DELETE"):
            assert 400 <= (await http.request(method, url)).status_code < 500, method
    await silent(ann)


async def test_s3_1_pages_of_other_origins_are_refused_where_a_list_is_set(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(http__allowed_origins="https://example.org")
    await stage.path("studio", "ann", origin="https://example.org")
    await stage.path("studio", "bob")  # a program: it tells no origin
    assert (await refusal(stage.server, place("studio", "eve"), origin="https://example.net")).status_code == 403


async def test_s3_1_rooms_are_apart(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    other_ann = await stage.path("hall", "ann")
    assert other_ann.users == ["ann"]
    await other_ann.send(other_ann.words("chat", message="hello?"))
    await other_ann.send(other_ann.addressed("chat", "bob", message="hello?"))
    await other_ann.expect_error("target_not_found", message="User bob not found")
    await other_ann.drop()
    await silent(ann, bob)


async def test_s3_1_the_last_to_leave_closes_the_room(stage: Stage) -> None:
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.close()
    await bob.expect_left("ann")
    await bob.close()
    for _ in range(200):
        late = await stage.path("studio", "late")
        if late.users == ["late"]:
            break
        await late.close()  # the close of the one before is handled by another task of the server
    assert late.users == ["late"]


async def test_s3_1_a_room_that_is_full_says_so(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(limits__peers_per_room=2)
    ann, bob = await stage.paths("studio", "ann", "bob")
    late = await stage.connect(place("studio", "cy"))
    message = await late.receive()
    assert (message["type"], message["payload"]["code"]) == ("error", "room_full"), message
    assert await late.close_code() == 1008
    await silent(ann, bob)


@pytest.mark.parametrize(
    ("setting", "code"), [("rooms", "too_many_rooms"), ("connections_per_peer", "too_many_connections")]
)
async def test_s3_1_who_comes_beyond_a_bound_is_told_and_closed(
    stage_with: Callable[..., Stage], setting: str, code: str
) -> None:
    stage = stage_with(**{f"limits__{setting}": 1})
    ann = await stage.path("studio", "ann")
    late = await stage.connect(place("hall" if setting == "rooms" else "studio", "ann"))
    message = await late.receive()
    assert (message["type"], message["payload"]["code"]) == ("error", code), message
    assert await late.close_code() == 1008
    await silent(ann)


async def test_s3_1_a_hundred_users_at_once_all_see_each_other(stage: Stage) -> None:
    ids = [f"user {number}" for number in range(100)]
    members = await asyncio.gather(*(stage.path("hall", id) for id in ids))
    for member in members:
        seen = set(member.users)
        while len(seen) < len(ids):
            message = await member.receive()
            assert (message["type"], message["target"]) == ("user_joined", member.id), message
            assert message["payload"]["user_id"] not in seen, "told twice"
            seen.add(message["payload"]["user_id"])
        assert seen == set(ids)
    await silent(*members)
    # One by one, each would read of the ends of all before it.
    await asyncio.gather(*(member.drop() for member in members))
