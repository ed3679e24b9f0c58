"""S3.12: schemathesis asks a live server everything that `/openapi.json` allows, and much that it does not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from rest import EVERY_WIRE, Rest, arrive
from stage import Stage
from support import Server

SECONDS = 150
EXAMPLES = 60
SEED = "20240229"
NOTHING_SAID = "[generation]\nallow-x00 = true\n"
# Names that are there, so that the questions about them have an answer. Told in the settings of schemathesis, so that
# the document which it reads is the one that everybody reads.
WHO_IS_THERE = '[parameters]\nroom_id = "会议室 1"\nuser_id = "socketio user"\n'


def ask(server: Server, directory: Path, settings: str) -> dict[str, set[int]]:
    """One run of the command line, as from a terminal; returns the statuses of the answers by path."""
    (directory / "schemathesis.toml").write_text(settings, encoding="utf-8")
    report = directory / "report.ndjson"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"http://{server.host}:{server.port}/openapi.json"),
        *("--checks", "all", "--mode", "all", "--max-examples", str(EXAMPLES), "--seed", SEED),
        *("--generation-database", "none", "--continue-on-failure", "--no-color"),
        *("--report", "ndjson", "--report-ndjson-path", str(report)),
    ]
    finished = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=SECONDS)
    assert finished.returncode == 0, finished.stdout[-20_000:] + finished.stderr[-2_000:]
    statuses: defaultdict[str, set[int]] = defaultdict(set)
    for line in report.read_text(encoding="utf-8").splitlines():
        if scenario := json.loads(line).get("ScenarioFinished"):
            record = scenario["recorder"]
            for case, interaction in record.get("interactions", {}).items():
                path = record["cases"][case]["value"]["path"]
                statuses[path].add(interaction["response"]["status_code"])
    return dict(statuses)


@pytest.mark.parametrize(
    ("settings", "present"), [(NOTHING_SAID, False), (WHO_IS_THERE, True)], ids=["any name", "names that are there"]
)
async def test_s3_12_the_server_does_what_its_description_says(
    stage: Stage, tmp_path: Path, settings: str, present: bool
) -> None:
    members = [await arrive(stage.server, wire, "会议室 1", f"{wire} user") for wire in EVERY_WIRE]
    rest = Rest(stage.server)
    paths = set((await rest.json("/openapi.json"))["paths"])
    assert paths > {"/rooms", "/rooms/{room_id}/users", "/users/{user_id}", "/stats"}

    statuses = await asyncio.to_thread(ask, stage.server, tmp_path, settings)
    assert set(statuses) == paths
    for path, seen in statuses.items():
        assert seen & {400, 404, 405}, f"{path}: nothing that is wrong was asked: {seen}"
        if present or "{" not in path:
            assert 200 in seen, f"{path}: never answered: {seen}"
    # All of that has changed nothing.
    await rest.agrees({"会议室 1": [f"{wire} user" for wire in EVERY_WIRE]})
    await rest.close()
    await asyncio.gather(*(member.close() for member in members))
