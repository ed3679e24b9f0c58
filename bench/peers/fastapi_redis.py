"""Rooms in the path (the wire `path`) on FastAPI with Redis, served by uvicorn with uvloop and httptools.

Who is where stands in Redis, written in transactions that renew the expiry; messages between connections of this
process go straight across.
"""

import json
import os
import time
from collections import defaultdict

import redis.asyncio as redis
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

PREFIX = "webrtc:"
EXPIRY = 30 * 60

app = FastAPI()
store = redis.Redis(
    host=os.environ.get("REDIS_HOST", "127.0.0.1"),
    port=int(os.environ.get("REDIS_PORT", "6379")),
    decode_responses=True,
)
sockets: dict[str, dict[str, WebSocket]] = defaultdict(dict)  # room -> user -> socket


def encode(message):
    return json.dumps(message, separators=(",", ":"))


@app.websocket("/ws/{room}/{user}")
async def connect(socket: WebSocket, room: str, user: str):
    await socket.accept()
    await join(socket, room, user)
    try:
        while True:
            await relay(socket, room, user, await socket.receive_text())
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        await leave(socket, room, user)


async def join(socket, room, user):
    members = f"{PREFIX}room:{room}"
    async with store.pipeline(transaction=True) as pipe:
        pipe.sadd(members, user)
        pipe.expire(members, EXPIRY)
        pipe.set(f"{PREFIX}user:{user}", encode({"room_id": room, "joined_at": time.time()}), ex=EXPIRY)
        pipe.smembers(members)
        *_, users = await pipe.execute()
    sockets[room][user] = socket
    await socket.send_text(encode({"type": "room_users", "target": user, "payload": {"users": sorted(users)}}))
    await tell_others("user_joined", room, user)


async def leave(socket, room, user):
    if sockets[room].get(user) is not socket:
        return
    del sockets[room][user]
    await tell_others("user_left", room, user)
    if not sockets[room]:
        del sockets[room]
    async with store.pipeline(transaction=True) as pipe:
        pipe.srem(f"{PREFIX}room:{room}", user)
        pipe.delete(f"{PREFIX}user:{user}")
        await pipe.execute()


async def relay(socket, room, user, text):
    try:
        message = json.loads(text)
        target = message.get("target")
        told = {"type": message["type"], "target": target, "sender": user, "payload": message.get("payload")}
    except (ValueError, KeyError, AttributeError):
        return await fail(socket, user, "type, target and payload are required")
    members = sockets[room]
    if not target or target == "*":
        text = encode(told)
        for other, member in list(members.items()):
            if other != user:
                await member.send_text(text)
    elif target in members:
        await members[target].send_text(encode(told))
    else:
        await fail(socket, user, f"User {target} not found")


async def tell_others(kind, room, user):
    for other, member in list(sockets[room].items()):
        if other != user:
            await send_if_open(member, encode({"type": kind, "target": other, "payload": {"user_id": user}}))


async def send_if_open(socket, text):
    try:
        await socket.send_text(text)
    except (WebSocketDisconnect, RuntimeError):
        pass  # its own task will see it leave


async def fail(socket, user, message):
    await socket.send_text(encode({"type": "error", "target": user, "payload": {"message": message}}))


uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    loop="uvloop",
    http="httptools",
    ws="websockets-sansio",
    ws_per_message_deflate=False,
    log_level="error",
    access_log=False,
    backlog=4096,
)
