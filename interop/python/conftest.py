"""Fixtures: a server for each test, and a stage of clients on it."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from siege import HANDSHAKE_SECONDS, Pair
from socketio_members import Company
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


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with its default settings for all the tests of a module, each in rooms of its own."""
    server = Server.start(tmp_path_factory.mktemp("host"))
    yield server
    server.finish()


@pytest_asyncio.fixture
async def company(host: Server) -> AsyncIterator[Company]:
    """Socket.IO clients on the module's server."""
    company = Company(host, f"room {uuid.uuid4()}")
    yield company
    await company.close()


@pytest_asyncio.fixture
async def company_with(start_server: Callable[..., Server]) -> AsyncIterator[Callable[..., Company]]:
    """`company_with(limits__rooms=2)`: Socket.IO clients on a server with these settings."""
    companies: list[Company] = []

    def set_up(**settings: object) -> Company:
        companies.append(Company(start_server(**settings), "studio"))
        return companies[-1]

    yield set_up
    for company in companies:
        await company.close()
