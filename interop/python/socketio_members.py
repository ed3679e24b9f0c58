"""Clients of S0 on the PyPI package `python-socketio`, as real applications use it: both clients, each transport.

Nothing is skipped or sorted on the way: `receive` hands over every event in the order in which it came, so a test that
names the next event also says that nothing else came before it.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import socketio

from support import Server

WAIT_SECONDS = 10.0
Json = dict[str, Any]


class Kind(NamedTuple):
    """Which of the two clients, and how it reaches the server."""

    flavour: str
    mode: str

    @property
    def transports(self) -> list[str] | None:
        """What the application asks for; nothing is the package's default: polling, then an upgrade."""
        return None if self.mode == "upgrade" else [self.mode]

    @property
    def transport(self) -> str:
        """What the connection must have come to."""
        return "polling" if self.mode == "polling" else "websocket"

    def __str__(self) -> str:
        return f"{self.flavour}-{self.mode}"


KINDS = [Kind(flavour, mode) for flavour in ("sync", "async") for mode in ("websocket", "polling", "upgrade")]


class SocketIoMember:
    """One Socket.IO client; somebody in a room after `enter`."""

    id = "?"
    room: str | None = None

    def __init__(self, kind: Kind, *, reconnection: bool = False) -> None:
        self.kind = kind
        self.connections = 0
        self.ended = asyncio.Event()
        self._events: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        options: Json = {"reconnection": reconnection, "reconnection_delay": 0.2, "handle_sigint": False}
        self.client = socketio.AsyncClient(**options) if kind.flavour == "async" else socketio.Client(**options)
        if kind.flavour == "sync":
            self._handle_in_order()
        self.client.on("*", lambda event, *args: self._soon(self._events.put_nowait, (event, args)))
        self.client.on("connect", lambda: self._soon(self._connected))
        self.client.on("disconnect", lambda *_: self._soon(self.ended.set))

    @classmethod
    async def connect(cls, server: Server, kind: Kind, *, reconnection: bool = False) -> SocketIoMember:
        """A client whose namespace is connected and which has heard so; in no room yet."""
        member = cls(kind, reconnection=reconnection)
        await member.open(server)
        assert member.client.transport() == kind.transport
        await member.expect("connected", {"type": "connected", "sid": member.sid})
        return member

    async def open(self, server: Server, **options: Any) -> None:
        url = f"http://{server.host}:{server.port}"
        options = {"transports": self.kind.transports, "wait_timeout": WAIT_SECONDS} | options
        await self._do(self.client.connect, url, **options)

    def on_refused(self, namespace: str, answer: asyncio.Future[object]) -> None:
        """Has `answer` hold what the server says when it refuses a namespace."""
        self.client.on("connect_error", lambda reason: self._soon(answer.set_result, reason), namespace=namespace)

    @property
    def sid(self) -> str:
        return str(self.client.get_sid())

    # --- what the application says -----------------------------------------------------------------------------------

    async def emit(self, event: str, *payload: Any) -> None:
        """Emits an event with the given payload, or with none."""
        await self._do(self.client.emit, event, *payload)

    async def call(self, event: str, *payload: Any) -> Any:
        """Emits an event and waits for its ack."""
        return await self._do(self.client.call, event, *payload, timeout=int(WAIT_SECONDS))

    async def say(self, **body: Any) -> Json:
        """A `message` to the room; returns its payload."""
        payload = {"roomId": self.room, **body}
        await self.emit("message", payload)
        return payload

    async def enter(self, room: str, id: str) -> list[str]:
        """Joins a room; returns everybody who is there, the new user included."""
        self.room, self.id = room, id
        await self.emit("join", {"type": "join", "userId": id, "roomId": room})
        payload = await self.receive("joined")
        users: list[str] = payload.pop("users", None)
        assert payload == {"type": "joined", "userId": id, "roomId": room}
        assert isinstance(users, list) and users.count(id) == 1, users
        return users

    async def leave(self) -> None:
        about = {"userId": self.id, "roomId": self.room}
        await self.emit("leave", {"type": "leave", **about})
        await self.expect("leaved", {"type": "leaved", **about})

    async def disconnect(self) -> None:
        """The polite end."""
        if self.kind.transport == "polling":
            # The package leaves out its goodbye, and what waits, while a POST is under way.
            await self._do(self.client.eio.queue.join)
        await self._do(self.client.disconnect)

    async def close(self) -> None:
        """The end of a test, in whatever state the client is."""
        if self.client.connected:
            with suppress(Exception):
                await self.disconnect()
        if self.kind.flavour == "async":
            await self._release()

    async def _release(self) -> None:
        """Closes what the older async client leaves open, once its goodbye is out: a stopping server waits for both."""
        engine = self.client.eio
        tasks = [task for task in (engine.write_loop_task, engine.read_loop_task) if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=2)
        if engine.http is not None:
            await engine.http.close()

    # --- what it hears -----------------------------------------------------------------------------------------------

    async def receive(self, event: str) -> Any:
        """The payload of the next event, which must be this one."""
        name, args = await self._next(event)
        assert name == event, f"{self!r}: expected {event}, got {name} {args}"
        assert len(args) == 1, f"{self!r}: {name} carries {len(args)} values"
        return args[0]

    async def receive_one_of(self, *events: str) -> str:
        """The name of the next event, which must be one of these."""
        name, args = await self._next(" or ".join(events))
        assert name in events, f"{self!r}: expected one of {events}, got {name} {args}"
        return name

    async def expect(self, event: str, payload: Any) -> None:
        received = await self.receive(event)
        assert received == payload, f"{self!r}: expected {event} {payload}, got {received}"

    async def expect_error(self, *codes: str) -> Json:
        error: Json = await self.receive("error")
        assert error.get("type") == "error", error
        assert isinstance(error.get("message"), str) and error["message"], error
        assert isinstance(error.get("code"), str) and re.fullmatch("[a-z_]+", error["code"]), error
        assert not codes or error["code"] in codes, f"{self!r}: expected one of {codes}, got {error}"
        return error

    async def expect_joined(self, other: str) -> None:
        await self.expect("user-joined", {"type": "user-joined", "userId": other, "roomId": self.room})

    async def expect_left(self, other: str) -> None:
        await self.expect("user-left", {"type": "user-left", "userId": other, "roomId": self.room})

    async def expect_end(self, seconds: float = WAIT_SECONDS) -> None:
        """The server, or the way to it, ended this connection."""
        try:
            await asyncio.wait_for(self.ended.wait(), seconds)
        except TimeoutError:
            raise AssertionError(f"{self!r}: still connected after {seconds} s") from None

    async def probe(self) -> None:
        """Proves that nothing waits for this client: the answer follows, on its connection, whatever was queued before.

        For the sender of an earlier message it also proves that the server has handled that message.
        """
        await self.emit("join", {"type": "join"})
        await self.expect_error("missing_field")

    def __repr__(self) -> str:
        return f"{self.id} ({self.kind})"

    async def _next(self, wanted: str) -> tuple[str, tuple[Any, ...]]:
        try:
            return await asyncio.wait_for(self._events.get(), WAIT_SECONDS)
        except TimeoutError:
            raise AssertionError(f"{self!r}: no {wanted} within {WAIT_SECONDS} s") from None

    # --- one face for both clients -----------------------------------------------------------------------------------

    async def _do(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        work: Awaitable[Any] = (
            method(*args, **options) if self.kind.flavour == "async" else asyncio.to_thread(method, *args, **options)
        )
        return await asyncio.wait_for(work, 2 * WAIT_SECONDS)

    def _connected(self) -> None:
        self.connections += 1

    def _soon(self, action: Callable[..., None], *args: Any) -> None:
        # A client that is told of its end when the test is over has nobody to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action, *args)

    def _handle_in_order(self) -> None:
        """The sync client starts a thread for each message, and threads may overtake each other: here they do not."""
        engine = self.client.eio
        start = engine.start_background_task

        def in_turn(target: Callable[..., Any], *args: Any, **options: Any) -> Any:
            if target == engine.handlers["message"]:
                return target(*args, **options)
            return start(target, *args, **options)

        engine.start_background_task = in_turn


class Company:
    """The clients of one test on one server, in a room of the test's own."""

    def __init__(self, server: Server, room: str) -> None:
        self.server = server
        self.name = room
        self._members: list[SocketIoMember] = []

    async def connect(self, kind: Kind, *, reconnection: bool = False) -> SocketIoMember:
        member = await SocketIoMember.connect(self.server, kind, reconnection=reconnection)
        self._members.append(member)
        return member

    def keep(self, member: SocketIoMember) -> SocketIoMember:
        """Closes it too when the test ends."""
        self._members.append(member)
        return member

    async def join(self, kind: Kind, id: str, room: str = "") -> SocketIoMember:
        member = await self.connect(kind)
        await member.enter(self.name + room, id)
        return member

    async def room(self, kind: Kind, *ids: str) -> list[SocketIoMember]:
        """Several clients of one kind in the room, who have all seen one another come."""
        return await self.mixed(*((kind, id) for id in ids))

    async def mixed(self, *newcomers: tuple[Kind, str]) -> list[SocketIoMember]:
        """Several clients in the room, who have all seen one another come."""
        members: list[SocketIoMember] = []
        for kind, id in newcomers:
            newcomer = await self.join(kind, id)
            for member in members:
                await member.expect_joined(id)
            members.append(newcomer)
        return members

    async def everybody(self) -> list[SocketIoMember]:
        """One client of every kind in the room, named after it."""
        return await self.mixed(*((kind, str(kind)) for kind in KINDS))

    async def close(self) -> None:
        await asyncio.gather(*(member.close() for member in self._members))


async def silent(*members: Any) -> None:
    """Nothing has come to any of them, and everything they sent has been handled."""
    for member in members:
        await member.probe()


class Puppet:
    """A client in a process of its own, to be killed: the kernel closes its sockets, and nobody says goodbye."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def join(cls, server: Server, kind: Kind, room: str, id: str) -> Puppet:
        program = Path(__file__).with_name("socketio_puppet.py")
        arguments = [kind.flavour, kind.mode, f"http://{server.host}:{server.port}", room, id]
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), *arguments, stdout=asyncio.subprocess.PIPE
        )
        puppet = cls(process)
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 2 * WAIT_SECONDS)
            assert line == b"joined\n", f"the client in its own process did not join: {line!r}"
        except BaseException:
            await puppet.kill()
            raise
        return puppet

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
