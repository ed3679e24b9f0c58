"""Rooms over Socket.IO (the wire `socketio`) on Flask-SocketIO, with eventlet as its published project has it."""

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit, join_room, leave_room  # noqa: E402

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet", logger=False, engineio_logger=False)
places: dict[str, tuple[str, str]] = {}  # sid -> user, room
rooms: dict[str, dict[str, str]] = {}  # room -> sid -> user


@socketio.on("connect")
def connect():
    emit("connected", {"sid": request.sid})


@socketio.on("join")
def join(data):
    user, room = data.get("userId"), data.get("roomId")
    if not user or not room:
        emit("error", {"message": "userId and roomId are required"})
        return
    depart()
    join_room(room)
    places[request.sid] = user, room
    members = rooms.setdefault(room, {})
    members[request.sid] = user
    emit("joined", {"userId": user, "roomId": room, "users": list(members.values())})
    emit("user-joined", {"userId": user, "roomId": room}, to=room, include_self=False)


@socketio.on("leave")
def leave(data):
    depart()
    emit("leaved", {"userId": data.get("userId"), "roomId": data.get("roomId")})


@socketio.on("message")
def message(data):
    room = data.get("roomId")
    if places.get(request.sid, (None, None))[1] != room or room is None:
        emit("error", {"message": "not in that room"})
        return
    emit("message", data, to=room, include_self=False)


@socketio.on("disconnect")
def disconnect(*_reason):
    depart()


def depart():
    place = places.pop(request.sid, None)
    if place is None:
        return
    user, room = place
    emit("user-left", {"userId": user, "roomId": room}, to=room, include_self=False)
    leave_room(room)
    del rooms[room][request.sid]
    if not rooms[room]:
        del rooms[room]


socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_output=False)
