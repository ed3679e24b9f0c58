"""S2, S3 and S4 with media: aiortc receivers get the video of an aiortc sender, signaled through the server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("media_scenarios.py")
FRAMES = 30
SECONDS = 100


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    """The command that starts a program in a network namespace of its own."""
    for tool in ("unshare", "ip"):
        if shutil.which(tool) is None:
            pytest.fail(f"`{tool}` is missing (Debian: util-linux, iproute2); video needs a network namespace")
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    trial = subprocess.run([*command, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, timeout=20)
    if trial.returncode != 0:
        pytest.fail(f"network namespaces are not allowed here, and video needs one: {trial.stderr.strip()}")
    return command


def play(namespace: list[str], *arguments: str) -> dict[str, dict[str, Any]]:
    # A session of its own, so that the end of a scenario which hangs takes its server along.
    with subprocess.Popen(
        [*namespace, sys.executable, str(PROGRAM), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, complaint = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, complaint = process.communicate()
            pytest.fail(f"the scenario did not end within {SECONDS} s\n{complaint}")
    assert process.returncode == 0, complaint
    report: dict[str, dict[str, Any]] = json.loads(output.splitlines()[-1])
    return report


def assert_moving_video(report: dict[str, dict[str, Any]], codec: str, *receivers: str) -> None:
    assert set(report) == set(receivers)
    for name, got in report.items():
        assert got["codec"] == codec, (name, got)
        assert got["frames"] > FRAMES, (name, got)
        assert got["pictures"] > FRAMES / 2, f"{name}: the pictures do not move: {got}"


@pytest.mark.parametrize("codec", ["H264", "VP8"])
@pytest.mark.parametrize("addressing", ["direct", "broadcast"])
@pytest.mark.parametrize("place", ["room", "lobby"])
def test_s2_2_a_receiver_gets_the_video_of_a_sender(
    namespace: list[str], place: str, addressing: str, codec: str
) -> None:
    report = play(namespace, "one-to-one", "--place", place, "--addressing", addressing, "--codec", codec)
    assert_moving_video(report, codec, "receiver_001")


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_s2_3_three_receivers_get_the_video_of_one_sender(namespace: list[str], codec: str) -> None:
    report = play(namespace, "one-to-many", "--codec", codec)
    assert_moving_video(report, codec, "receiver_001", "receiver_002", "receiver_003")


def test_s2_3_receivers_come_late_and_go_early(namespace: list[str]) -> None:
    report = play(namespace, "come-and-go", "--codec", "VP8")
    assert_moving_video(report, "VP8", "stays", "early", "late", "early again")


ACROSS = [("path", "path"), ("path", "register"), ("register", "path")]
across = pytest.mark.parametrize(("sender", "receiver"), ACROSS, ids=[f"{one} to {other}" for one, other in ACROSS])


@pytest.mark.parametrize(("addressing", "codec"), [("direct", "H264"), ("broadcast", "VP8")])
@across
def test_x1_a_receiver_gets_the_video_of_a_sender_on_whatever_wires(
    namespace: list[str], sender: str, receiver: str, addressing: str, codec: str
) -> None:
    wires = ["--sender", sender, "--receiver", receiver]
    report = play(namespace, "one-to-one", *wires, "--addressing", addressing, "--codec", codec)
    assert_moving_video(report, codec, "receiver_001")


@pytest.mark.parametrize(("sender", "receiver"), [("path", "register"), ("register", "path")])
def test_x1_receivers_on_two_wires_get_the_video_of_one_sender(
    namespace: list[str], sender: str, receiver: str
) -> None:
    report = play(namespace, "one-to-many", "--sender", sender, "--receiver", receiver, "--codec", "VP8")
    assert_moving_video(report, "VP8", "receiver_001", "receiver_002", "receiver_003")


def test_s3_2_receivers_on_the_path_wire_come_late_and_go_early(namespace: list[str]) -> None:
    report = play(namespace, "come-and-go", "--sender", "path", "--receiver", "path", "--codec", "VP8")
    assert_moving_video(report, "VP8", "stays", "early", "late", "early again")
