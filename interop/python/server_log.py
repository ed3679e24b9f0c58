"""What the server wrote to its log, as one dictionary for each line."""

from __future__ import annotations

import asyncio
import json
import time

from support import Server
from wires import Json

WAIT_SECONDS = 5.0


def lines(server: Server) -> list[Json]:
    """The last lines, oldest first."""
    found = []
    for line in list(server.tail):
        try:
            event = json.loads(line)
        except ValueError:
            continue  # no line of the log, and `Server.finish` looks for panics
        if isinstance(event, dict):
            found.append(event)
    return found


async def logged(server: Server, message: str, **fields: object) -> Json:
    """Waits for a line with this message and these fields; the log is written by a thread of its own."""
    deadline = time.monotonic() + WAIT_SECONDS
    wanted = {"message": message, **fields}
    while True:
        for line in lines(server):
            if all(line.get(name) == value for name, value in wanted.items()):
                return line
        assert time.monotonic() < deadline, f"no line with {wanted}\n{server.log_tail()}"
        await asyncio.sleep(0.02)
