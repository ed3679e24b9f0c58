"""A `python-socketio` client that joins a room and stays until it is killed: FLAVOUR MODE URL ROOM ID."""

from __future__ import annotations

import asyncio
import sys
import time

import socketio

# Nobody must outlive the test run, whatever happens to it.
LIFETIME_SECONDS = 60.0


def joined(*_: object) -> None:
    print("joined", flush=True)


def play_sync(transports: list[str] | None, url: str, join: dict[str, str]) -> None:
    client = socketio.Client(reconnection=False)
    client.on("joined", joined)
    client.connect(url, transports=transports, wait_timeout=10)
    client.emit("join", join)
    time.sleep(LIFETIME_SECONDS)


async def play_async(transports: list[str] | None, url: str, join: dict[str, str]) -> None:
    client = socketio.AsyncClient(reconnection=False)
    client.on("joined", joined)
    await client.connect(url, transports=transports, wait_timeout=10)
    await client.emit("join", join)
    await asyncio.sleep(LIFETIME_SECONDS)


def main() -> None:
    flavour, mode, url, room, id = sys.argv[1:]
    transports = None if mode == "upgrade" else [mode]
    join = {"type": "join", "userId": id, "roomId": room}
    if flavour == "sync":
        play_sync(transports, url, join)
    else:
        asyncio.run(play_async(transports, url, join))


if __name__ == "__main__":
    main()
