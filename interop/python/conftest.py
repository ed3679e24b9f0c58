"""Fixtures: a server for each test, and a stage of clients on it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from siege import HANDSHAKE_SECONDS, Pair
from stage import Stage
from support import Server


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers with settings of the test's own; each must end politely with exit code 0."""
    servers: list[Server] = []

    def start(**settings: object) -> Server:
        servers.append(Server.start(tmp_path, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.finish()


@pytest_asyncio.fixture
async def stage_with(start_server: Callable[..., Server]) -> AsyncIterator[Callable[..., Stage]]:
    """`stage_with(limits__rooms=2)`: a stage on a server with these settings."""
    stages: list[Stage] = []

    def set_up(**settings: object) -> Stage:
        stages.append(Stage(start_server(**settings)))
        return stages[-1]

    yield set_up
    for stage in stages:
        await stage.close()


@pytest_asyncio.fixture
async def stage(stage_with: Callable[..., Stage]) -> Stage:
    """A stage on a server with its default settings."""
    return stage_with()


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all the attacks of a module: what one of them leaves behind would hurt the next ones."""
    server = Server.start(tmp_path_factory.mktemp("besieged"), timeouts__handshake=f"{HANDSHAKE_SECONDS}s")
    yield server
    server.finish()


@pytest_asyncio.fixture
async def pair(besieged: Server) -> AsyncIterator[Pair]:
    """A healthy pair, there before the attack; the test ends with proof that all is well (`Pair.healthy`)."""
    stage = Stage(besieged)
    pair = Pair(stage, await stage.room("join-room", f"healthy {time.monotonic_ns()}", "ann", "bob"))
    yield pair
    await pair.healthy()
    await stage.close()
