"""Clients register and meet in rooms (the wire `register`) on Python's `websockets`, with uvloop."""

import json
import logging
import os

import uvloop
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

rooms: dict[str, dict] = {}  # room -> connection -> client


class Client:
    __slots__ = ("id", "role", "room")

    def __init__(self, client_id):
        self.id = client_id
        self.room = None
        self.role = None


def encode(message):
    return json.dumps(message, separators=(",", ":"))


async def handle(connection):
    try:
        message = json.loads(await connection.recv())
        client_id = message.get("client_id")
        if message.get("type") != "register" or not isinstance(client_id, str):
            await fail(connection, "First message must be 'register' with client_id")
            return
        client = Client(client_id)
        await connection.send(encode({"type": "registered", "client_id": client_id}))
    except (ConnectionClosed, ValueError):
        return
    try:
        async for text in connection:
            await receive(connection, client, text)
    except ConnectionClosed:
        pass
    finally:
        leave(connection, client)


async def receive(connection, client, text):
    try:
        message = json.loads(text)
    except ValueError:
        await fail(connection, "not JSON")
        return
    kind = message.get("type")
    if kind == "join":
        await join(connection, client, message["room_id"], message.get("role", "receiver"))
    elif kind == "leave":
        room = client.room
        leave(connection, client)
        await connection.send(encode({"type": "left", "room_id": room, "client_id": client.id}))
    elif client.room is None:
        await fail(connection, "join a room first")
    else:
        message["from"] = client.id
        await relay(connection, client, message)


async def join(connection, client, room, role):
    leave(connection, client)
    client.room, client.role = room, role
    members = rooms.setdefault(room, {})
    others = list(members)
    peers = [{"client_id": peer.id, "role": peer.role} for peer in members.values()]
    members[connection] = client
    joined = {"type": "joined", "room_id": room, "role": role, "client_id": client.id, "peers": peers}
    await connection.send(encode(joined))
    broadcast(others, encode({"type": "peer-joined", "client_id": client.id, "role": role, "room_id": room}))


def leave(connection, client):
    if client.room is None:
        return
    room, client.room = client.room, None
    members = rooms[room]
    del members[connection]
    if not members:
        del rooms[room]
    left = {"type": "peer-left", "client_id": client.id, "role": client.role, "room_id": room}
    broadcast(members, encode(left))


async def relay(connection, client, message):
    members = rooms[client.room]
    target = message.get("target_id")
    text = encode(message)
    if not target:
        # With one other there is nothing to share, and its flow control is heeded.
        if len(members) == 2:
            for member in list(members):
                if member is not connection:
                    await member.send(text)
        else:
            broadcast([member for member in members if member is not connection], text)
        return
    found = [member for member, peer in members.items() if peer.id == target]
    if not found:
        await fail(connection, f"Target not found: {target}")
    for member in found:
        await member.send(text)


async def fail(connection, message):
    await connection.send(encode({"type": "error", "message": message}))


async def main():
    async with serve(
        handle, "127.0.0.1", int(os.environ["PORT"]), compression=None, max_size=1_000_000, backlog=4096
    ) as server:
        await server.serve_forever()


logging.getLogger("websockets").setLevel(logging.CRITICAL)
uvloop.run(main())
