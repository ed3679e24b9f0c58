"""S3.4, S3.12: the shapes of REST's answers, whoever asks and however."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import pytest
import pytest_asyncio
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from rest import Rest
from stage import Stage
from test_path_arrival import expect_detail

FOUND = ["/rooms", "/rooms/studio/users", "/users/ann", "/stats"]
UNKNOWN = ["/rooms/nowhere/users", "/users/nobody", "/rooms/studio", "/rooms/studio/users/ann", "/users", "/stats/x"]
INVALID = {
    "too long": quote("房" * 129, safe=""),
    "a NUL": "%00",
    "a line feed": "an%0An",
    "delete": "%7F",
    "a control character of Latin 1": quote("\x85", safe=""),
    "no utf-8": "%FF%FE",
}
ORIGIN = {"origin": "https://page.example"}


@pytest_asyncio.fixture
async def rest(stage: Stage) -> AsyncIterator[Rest]:
    """On a server with ann in the room "studio"."""
    await stage.path("studio", "ann")
    rest = Rest(stage.server)
    yield rest
    await rest.close()


@pytest.mark.parametrize("path", FOUND)
async def test_s3_4_with_and_without_a_slash_at_the_end(rest: Rest, path: str) -> None:
    one, other = await rest.json(path), await rest.json(path + "/")
    if path == "/stats":
        assert set(one) == set(other)  # its numbers move
    else:
        assert one == other


@pytest.mark.parametrize("path", FOUND)
async def test_s3_4_head_is_get_without_the_body(rest: Rest, path: str) -> None:
    for slash in ("", "/"):
        head = await rest.http.head(path + slash)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", UNKNOWN)
async def test_s3_4_what_is_not_there_is_404(rest: Rest, path: str) -> None:
    expect_detail(await rest.get(path), 404)
    assert (await rest.http.head(path)).status_code == 404


@pytest.mark.parametrize("name", INVALID.values(), ids=INVALID.keys())
@pytest.mark.parametrize("path", ["/rooms/{}/users", "/users/{}"])
async def test_s3_4_a_name_that_cannot_be_one_is_400(rest: Rest, path: str, name: str) -> None:
    expect_detail(await rest.get(path.format(name)), 400)
    expect_detail(await rest.get(path.format(name) + "/"), 400)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", FOUND)
async def test_s3_4_what_only_asks_cannot_change_anything(rest: Rest, path: str, method: str) -> None:
    for slash in ("", "/"):
        answer = await rest.http.request(method, path + slash)
        expect_detail(answer, 405)
        allowed = {name.strip() for name in answer.headers["allow"].split(",")}
        assert {"GET", "HEAD"} <= allowed and method not in allowed, allowed


@pytest.mark.parametrize("path", [*FOUND[1:], "/rooms/nowhere/users", "/users/nobody", "/users/%00", "/openapi.json"])
async def test_s0_6_a_page_of_any_origin_may_ask(rest: Rest, path: str) -> None:
    answer = await rest.get(path, headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "*", answer.headers
    preflight = await rest.http.options(
        path, headers={**ORIGIN, "access-control-request-method": "GET", "access-control-request-headers": "x-anything"}
    )
    assert preflight.status_code in (200, 204), preflight.status_code
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "GET" in preflight.headers["access-control-allow-methods"]


async def test_s0_6_the_origins_that_may_ask_are_a_setting(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(http__allowed_origins="https://page.example")
    rest = Rest(stage.server)
    try:
        answer = await rest.get("/stats", headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == ORIGIN["origin"]
        answer = await rest.get("/stats", headers={"origin": "https://other.example"})
        assert "access-control-allow-origin" not in answer.headers
    finally:
        await rest.close()


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
@pytest.mark.parametrize("path", ["/rooms", "/rooms/"])
async def test_s3_12_the_names_of_all_rooms_are_for_this_machine(rest: Rest, path: str, header: str) -> None:
    """Who came through a proxy is from elsewhere; who knows the name of a room may ask for it."""
    away = {header: "192.0.2.7"}
    expect_detail(await rest.get(path, headers=away), 403)
    # A browser on this machine may have a page of anybody open.
    assert "access-control-allow-origin" not in (await rest.get(path, headers=ORIGIN)).headers
    assert (await rest.get("/rooms/studio/users", headers=away)).status_code == 200


async def test_s3_12_the_list_of_rooms_can_be_opened_to_everybody(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(http__room_list="open")
    await stage.path("studio", "ann")
    rest = Rest(stage.server)
    try:
        answer = await rest.get("/rooms", headers={"x-forwarded-for": "192.0.2.7", **ORIGIN})
        assert [room["room_id"] for room in answer.json()] == ["studio"]
        assert answer.headers["access-control-allow-origin"] == "*"
    finally:
        await rest.close()


async def test_s3_12_a_long_list_of_rooms_comes_in_pieces(rest: Rest, stage: Stage) -> None:
    names = sorted(["studio", *(f"房 {number:03} & more" for number in range(30))])
    for name in names:
        if name != "studio":
            await stage.path(name, "bob")
    seen: list[str] = []
    while True:
        answer = await rest.get("/rooms", params={"limit": 7, **({"after": seen[-1]} if seen else {})})
        assert answer.status_code == 200, answer.text
        piece = [room["room_id"] for room in answer.json()]
        if not piece:
            break
        assert len(piece) <= 7
        seen += piece
    assert seen == names
    seen, path = [], "/rooms?limit=7"
    while path:
        answer = await rest.get(path)
        seen += [room["room_id"] for room in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == names
    assert list(await rest.rooms()) == names


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=many", "limit=", "limit=10001", "limit=99999999999999999999"]
)
async def test_s3_12_a_bound_that_cannot_be_one_is_400(rest: Rest, query: str) -> None:
    expect_detail(await rest.get(f"/rooms?{query}"), 400)


async def test_s3_4_answers_are_not_kept(rest: Rest) -> None:
    """Who is there changes all the time: no cache may answer for the server."""
    for path in FOUND:
        assert "no-store" in (await rest.get(path)).headers.get("cache-control", ""), path


async def test_s3_12_the_description_of_the_interface_is_valid(rest: Rest) -> None:
    description = await rest.json("/openapi.json")
    assert description["openapi"].startswith("3.1")
    validate(description, cls=OpenAPIV31SpecValidator)
    for path in ("/rooms", "/rooms/{room_id}/users", "/users/{user_id}", "/stats"):
        operation = description["paths"][path]["get"]
        assert operation["summary"] or operation["description"], path
        assert "200" in operation["responses"], path


async def test_s3_12_the_page_of_the_interface_needs_nothing_from_elsewhere(rest: Rest) -> None:
    answer = await rest.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    files = re.findall(r"""(?:src|href)=["']([^"'#]+)["']""", answer.text)
    assert files, "a script and a style at least"
    for file in files:
        assert not re.match("(?:[a-z]+:)?//", file), f"from elsewhere: {file}"
        assert (await rest.get(str(answer.url.join(file)))).status_code == 200, file
