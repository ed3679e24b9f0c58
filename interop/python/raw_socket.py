"""A WebSocket client without manners: it writes what a test tells it to, byte for byte, and reads with a bound."""

from __future__ import annotations

import json
import os
import socket
import struct
from types import TracebackType
from typing import Any

from support import Server

WAIT_SECONDS = 10.0

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

UPGRADE = (
    b"GET / HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: c3dpdGNoYm9hcmQgdGVzdA==\r\n"
    b"\r\n"
)


class RawSocket:
    """One TCP connection to the server; `upgraded` opens one that has done its handshake."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()

    @classmethod
    def upgraded(cls, server: Server) -> RawSocket:
        raw = cls(server)
        raw.write(UPGRADE)
        head = raw.read_head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        return raw

    @classmethod
    def joined(cls, server: Server, room: str, id: str) -> RawSocket:
        """A member of a room on the `join-room` wire."""
        raw = cls.upgraded(server)
        raw.write_json({"type": "join-room", "roomId": room, "sender": id})
        assert raw.read_json()["type"] == "join-success"
        return raw

    def write(self, data: bytes) -> None:
        """Writes until the server closes; what it no longer takes is not an error of the test."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, BrokenPipeError):
            pass

    def write_json(self, message: dict[str, Any]) -> None:
        self.write(frame(TEXT, json.dumps(message).encode()))

    def read_head(self) -> bytes:
        """The head of an HTTP response."""
        while b"\r\n\r\n" not in self._received:
            if not self._fill():
                return bytes(self._received)
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        self._received = bytearray(rest)
        return head + b"\r\n\r\n"

    def read_frame(self) -> tuple[int, bytes] | None:
        """The next frame's opcode and payload; nothing at the end of the connection."""
        while True:
            if (found := self._take_frame()) is not None:
                return found
            if not self._fill():
                return None

    def read_json(self) -> dict[str, Any]:
        """The next text message; pings on the way are skipped."""
        while (found := self.read_frame()) is not None:
            opcode, payload = found
            if opcode == TEXT:
                message: dict[str, Any] = json.loads(payload)
                return message
            assert opcode in (PING, PONG), f"expected a message, got opcode {opcode:#x} {payload!r}"
        raise AssertionError("expected a message, the connection ended")

    def read_close_code(self) -> int | None:
        """Answers the close frame which must come, and reads until the connection ends; returns its code."""
        code = None
        while (found := self.read_frame()) is not None:
            opcode, payload = found
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None
                self.write(frame(CLOSE, payload))
        return code

    def ended(self) -> bool:
        """Whether the server ends the connection within the bound."""
        try:
            while self._fill():
                pass
        except TimeoutError:
            return False
        return True

    def open(self) -> bool:
        """Whether the server has not ended the connection so far."""
        try:
            data = self.socket.recv(65_536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        # A close frame is as good as the end.
        return bool(data) and data[0] & 0x0F != CLOSE

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> RawSocket:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _fill(self) -> bool:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self._received += data
        return bool(data)

    def _take_frame(self) -> tuple[int, bytes] | None:
        buffer = self._received
        if len(buffer) < 2:
            return None
        assert buffer[0] & 0x80, "the server fragmented a message"
        assert not buffer[1] & 0x80, "the server masked a frame"
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, start = struct.unpack("!H", buffer[2:4])[0], 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, start = struct.unpack("!Q", buffer[2:10])[0], 10
        if len(buffer) < start + length:
            return None
        found = buffer[0] & 0x0F, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return found


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    claim: int | None = None,
) -> bytes:
    """A client frame; `claim` is the length the header tells, when that is not the truth."""
    length = len(payload) if claim is None else claim
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if length < 126:
        header = struct.pack("!BB", first, mask_bit | length)
    elif length < 65_536:
        header = struct.pack("!BBH", first, mask_bit | 126, length)
    else:
        header = struct.pack("!BBQ", first, mask_bit | 127, length)
    if not masked:
        return header + payload
    key = os.urandom(4)
    stream = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return header + key + mixed.to_bytes(len(payload), "big")
