# SPDX-License-Identifier: Apache-2.0
"""The stream of changes: at once, only one's own, and over when it must be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from router.web.pages import events


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.02)


async def _next(answer: Any) -> tuple[str, list[str]]:
    """The next event; comments are passed over."""
    name = ""
    async with asyncio.timeout(5):
        while line := (await answer.content.readline()).decode().rstrip("\n"):
            if line.startswith(":"):
                await answer.content.readline()
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                await answer.content.readline()
                return name, json.loads(line[6:])["cases"]
    raise EOFError


async def test_stream_begins_with_a_refresh_and_goes_on_with_changes(world: Any) -> None:
    """Nothing between loading the page and opening the stream is missed."""
    client = await world.client("anna")
    async with client.get("/events?team=delivery") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert await _next(answer) == ("queue", [])
        await world.store.add_note("D1111-AAAAA", "news", actor="ben")
        world.bell.event.set()
        assert await _next(answer) == ("queue", ["D1111-AAAAA"])


async def test_stream_says_nothing_of_other_teams(world: Any) -> None:
    """Changes elsewhere pass by, without id and without sign."""
    client = await world.client("anna")
    async with client.get("/events") as answer:
        await _next(answer)
        await world.store.add_note("B2222-BBBBB", "secret", actor="otto")
        await world.store.add_note("D1111-AAAAA", "ours", actor="ben")
        assert await _next(answer) == ("queue", ["D1111-AAAAA"])


async def test_stream_of_a_case_ends_when_the_case_leaves_the_team(world: Any) -> None:
    """Whoever may not see it any more hears no more of it."""
    client, boss = await world.client("anna"), await world.client("mia")
    async with client.get("/events?case=D1111-AAAAA") as answer:
        assert await _next(answer) == ("case", ["D1111-AAAAA"])
        await world.post(boss, "/cases/D1111-AAAAA", version="1", team="billing")
        with pytest.raises(EOFError):
            await _next(answer)


async def test_stream_ends_when_the_user_is_disabled(world: Any) -> None:
    """Open streams are cut like everything else."""
    client = await world.client("anna")
    async with client.get("/events?team=delivery") as answer:
        await _next(answer)
        await world.store.put_user((await world.store.user("anna")).model_copy(update={"disabled": True}))
        with pytest.raises(EOFError):
            await _next(answer)


async def test_streams_end_when_the_server_stops(world: Any) -> None:
    """They do not hold a stopping server."""
    client = await world.client("anna")
    async with client.get("/events?team=delivery") as answer:
        await _next(answer)
        await events.end_streams(world.server.app)
        with pytest.raises(EOFError):
            await _next(answer)
