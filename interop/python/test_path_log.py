"""S3.5: what an operator can read in the log."""

from __future__ import annotations

import json
from collections.abc import Callable

from server_log import lines, logged
from stage import Stage
from support import Server


async def test_s3_5_the_start_and_the_end_of_the_server(start_server: Callable[..., Server]) -> None:
    server = start_server()
    await logged(server, "listening", level="INFO")
    server.finish()
    words = [str(line["message"]) for line in lines(server)]
    assert any(message.startswith("stopping") for message in words), words
    assert "stopped" in words, words


async def test_s3_5_who_comes_and_who_goes(stage: Stage) -> None:
    ann, bob = await stage.paths("会议室 一", "ann", "bob")
    await logged(stage.server, "joined", level="INFO", room="会议室 一", peer="ann", dialect="path")
    await logged(stage.server, "joined", level="INFO", room="会议室 一", peer="bob", dialect="path")
    await bob.drop()
    await ann.expect_left("bob")
    await logged(stage.server, "left", level="INFO", room="会议室 一", peer="bob")


async def test_s3_5_what_is_relayed_where_the_operator_wants_to_know(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(log__relay="true")
    ann, bob = await stage.paths("studio", "ann", "bob")
    await ann.send(ann.addressed("sdp_offer", "bob", sdp="v=0 very private"))
    await bob.receive()
    line = await logged(stage.server, "relayed", level="INFO", target="switchboard::relay", to="bob")
    assert (line["room"], line["from"], line["dialect"]) == ("studio", "ann", "path")


async def test_s3_5_what_people_say_to_each_other_is_not_logged(stage_with: Callable[..., Stage]) -> None:
    stage = stage_with(log__relay="true", log__level="info")
    ann, bob = await stage.paths("studio", "ann", "bob")
    secrets = ["very private", "password=1234", "token.of.ann"]
    cy = await stage.path("studio", "cy", path=f"/ws/studio/cy?token={secrets[2]}")
    await ann.send(ann.addressed("chat", "bob", message=secrets[0]))
    await ann.send(ann.addressed("chat", "ghost", message=secrets[1]))
    await ann.send(f'{{"type": {secrets[1]}')
    await cy.close()
    await logged(stage.server, "left", peer="cy")
    text = json.dumps(lines(stage.server))
    assert not any(secret in text for secret in secrets), text
