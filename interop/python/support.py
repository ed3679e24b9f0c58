"""Starts the real server for a test, and stops it the way an operator does.

The binary is found through the environment variable SWITCHBOARD_BIN. Every wait here has a bound, so that a server
which hangs shows up as a readable failure and never as a test run that does not end.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path

START_SECONDS = 20.0
STOP_SECONDS = 20.0


class Server:
    """One `switchboard serve` child process on a free port of 127.0.0.1."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.tail: deque[str] = deque(maxlen=60)
        self._addresses: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.host, self.port = self._wait_until_listening()

    @classmethod
    def start(cls, directory: Path, *, port: int = 0, **settings: object) -> Server:
        """Starts a server in `directory`; `limits__rooms=2` sets the configuration key `limits.rooms`.

        Port 0 is a free one; another is for a server that comes back where it was.
        """
        binary = os.environ.get("SWITCHBOARD_BIN")
        if not binary:
            raise RuntimeError("SWITCHBOARD_BIN must hold the path of the switchboard binary")
        # A PORT or a SWITCHBOARD__ variable of the caller's shell must not change what is tested.
        environment = {
            name: value for name, value in os.environ.items() if name != "PORT" and not name.startswith("SWITCHBOARD__")
        }
        environment |= {f"SWITCHBOARD__{key.upper()}": str(value) for key, value in settings.items()}
        process = subprocess.Popen(
            [os.path.abspath(binary), "serve", "--listen", f"127.0.0.1:{port}", "--log-format", "json"],
            cwd=directory,  # neither a `.env` nor a `switchboard.toml` of the caller's directory
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        try:
            return cls(process)
        except BaseException:
            process.kill()
            process.wait()
            raise

    @property
    def pid(self) -> int:
        return self.process.pid

    def url(self, path: str = "/") -> str:
        return f"ws://{self.host}:{self.port}{path}"

    def resident_bytes(self) -> int:
        """The server's resident set, as the kernel counts it."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server is gone\n" + self.log_tail())

    def terminate(self) -> None:
        """SIGTERM, without waiting for what follows."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """The exit code; fails when the process is still there after `seconds`."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not exit within {seconds} s\n{self.log_tail()}") from None
        self._reader.join(5)
        return code

    def finish(self) -> None:
        """The end of a test: the server must still be alive, and must go politely when asked."""
        if self.process.poll() is not None:
            return self._assert_polite_exit(self.process.returncode)
        self.terminate()
        self._assert_polite_exit(self.wait())

    def log_tail(self) -> str:
        return "--- server log ---\n" + "".join(self.tail)

    def _assert_polite_exit(self, code: int) -> None:
        assert code == 0, f"the server ended with exit code {code}\n{self.log_tail()}"
        assert not any("panicked" in line for line in self.tail), self.log_tail()

    def _read_log(self) -> None:
        # Reads until the pipe closes: a full pipe would stop the server.
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.tail.append(line)
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and event.get("message") == "listening":
                self._addresses.put(str(event.get("addr")))
        self._addresses.put(None)

    def _wait_until_listening(self) -> tuple[str, int]:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                address = self._addresses.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no `listening` line within {START_SECONDS} s\n{self.log_tail()}") from None
            if address is None:
                raise AssertionError(f"the server ended before it listened\n{self.log_tail()}")
            host, _, port = address.rpartition(":")
            if host and port.isdigit():
                return host, int(port)
