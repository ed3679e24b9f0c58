"""A replica of a C++ video sender whose WebSocket was written by hand, with every habit that a server must bear.

- The handshake names the host without its port, sends no Origin, and always the sample key of RFC 6455.
- Every frame is masked with the same four bytes.
- One `recv` of at most 8192 bytes is one message: what follows the first frame in it is lost, and a frame that is not
  complete in it is broken. Nothing is reassembled.
- It handles a message before it reads on, which takes a moment.
- A ping is answered with an empty pong that is not masked. Text that contains "ping", "pong" or "keepalive" is ignored.
- Its candidates never carry a `target_id`.

It registers and broadcasts an offer. When its standard input has closed it listens a moment longer, then prints what
each `recv` held, a JSON line for each. It runs as a process of its own so that nothing else delays its reads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from typing import Any

SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x12\x34\x56\x78"
RECEIVE_BYTES = 8192
IDLE_SECONDS = 60
LAST_SECONDS = 1.5
HANDLING_SECONDS = 0.004

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Sender:
    """The sender's connection, and a record of what came over it."""

    def __init__(self, host: str, port: int) -> None:
        self.received: list[dict[str, object]] = []
        self.socket = socket.create_connection((host, port), 10)
        request = (
            "GET / HTTP/1.1\r\n"
            f"Host: {host}\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {SAMPLE_KEY}\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "\r\n"
        )
        self.socket.sendall(request.encode())
        response = self.socket.recv(4096)
        head, _, rest = response.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 ") or SAMPLE_ACCEPT.encode() not in head:
            raise SystemExit(f"handshake refused: {response[:200]!r}")
        if rest:
            raise SystemExit(f"sent together with the handshake, and lost: {rest[:200]!r}")

    def send(self, message: dict[str, object]) -> None:
        payload = json.dumps(message).encode()
        if len(payload) < 126:
            header = struct.pack("!BB", 0x80 | TEXT, 0x80 | len(payload))
        else:
            header = struct.pack("!BBH", 0x80 | TEXT, 0x80 | 126, len(payload))
        mixed = bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall(header + MASK + mixed)

    def receive(self) -> bool:
        """One `recv`, one frame; false at the end of the connection."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            self.received.append({"kind": "end"})
            return False
        opcode, length, start = data[0] & 0x0F, data[1] & 0x7F if len(data) > 1 else 0, 2
        if length == 126:
            length, start = struct.unpack("!H", data[2:4])[0], 4
        elif length == 127:
            length, start = struct.unpack("!Q", data[2:10])[0], 10
        payload = data[start : start + length]
        frame: dict[str, object] = {"missing": length - len(payload), "lost": max(0, len(data) - start - length)}
        match opcode:
            case 0x1:
                text = payload.decode(errors="replace")
                if not any(word in text for word in ("ping", "pong", "keepalive")):
                    self.received.append({"kind": "text", "text": text, **frame})
            case 0x8:
                self.received.append({"kind": "close", **frame})
            case 0x9:
                self.socket.sendall(bytes([0x80 | PONG, 0]))
                self.received.append({"kind": "ping", "bytes": length, **frame})
            case _:
                self.received.append({"kind": f"opcode {opcode:#x}", **frame})
        time.sleep(HANDLING_SECONDS)
        return True


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=8765)
    arguments.add_argument("--client-id", default="sender_001")
    options = arguments.parse_args()

    # The real one has a machine to itself: where it is allowed, a busy test machine does not delay its reads either.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    sender = Sender(options.host, options.port)
    sender.send({"type": "register", "client_id": options.client_id})
    sender.receive()
    sender.send({"type": "offer", "sdp": "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"})
    for number in range(3):
        candidate = f"candidate:{number} 1 UDP 2122317823 10.0.0.{number} 5000{number} typ host"
        sender.send({"type": "candidate", "candidate": {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0}})

    inputs: list[Any] = [sender.socket, sys.stdin]
    end = time.monotonic() + IDLE_SECONDS
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select(inputs, [], [], left)
        if sender.socket in ready:
            if not sender.receive():
                break
        elif sys.stdin in ready:
            # The test says how to go on: a line is a message to send; after the end of input it only listens on.
            line = os.read(sys.stdin.fileno(), 65_536)
            if line:
                sender.send(json.loads(line))
            else:
                inputs.remove(sys.stdin)
                end = time.monotonic() + LAST_SECONDS
    for frame in sender.received:
        print(json.dumps(frame), flush=True)


if __name__ == "__main__":
    main()
