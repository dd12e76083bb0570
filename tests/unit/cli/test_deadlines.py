# SPDX-License-Identifier: Apache-2.0
"""The command ``deadlines``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from router.config.loader import load
from router.core import open_installation_store
from router.deadlines.advance import plan_clocks
from router.testing.deadlines import make_book
from router.testing.store_contract import open_case

DEADLINES = (
    {"name": "soon", "clock": "first_response", "within": "2h", "calendar": "night"},
    {"name": "later", "clock": "resolution", "within": "50h", "calendar": "night"},
)


@pytest.fixture
def filled(conf: Path) -> Path:
    """A case with a deadline missed an hour ago and one in two days."""

    async def fill() -> None:
        now = datetime.now(UTC)
        store = await open_installation_store(load(conf))
        await open_case(store, created_at=now - timedelta(hours=3))
        await store.advance_clocks(partial(plan_clocks, deadlines=make_book(*DEADLINES)), now=now, limit=9)
        await store.close()

    asyncio.run(fill())
    return conf


def test_deadlines_lists_what_is_due(run: Any, rows: Any, filled: Path) -> None:
    """Those due within the time asked for, the nearest first, with how late they are."""
    assert [row["name"] for row in rows("deadlines", "--config", filled)] == ["soon", "later"]
    assert [row["name"] for row in rows("deadlines", "--config", filled, "--due", "24h")] == ["soon"]
    assert rows("deadlines", "--config", filled, "--team", "billing") == []
    shown = run("deadlines", "--config", filled).stdout
    assert "1 h late" in shown
    assert "46 h" in shown or "1 d" in shown


def test_deadlines_of_a_case(run: Any, rows: Any, filled: Path) -> None:
    """All clocks of one case; a case that does not exist is told."""
    assert {row["name"] for row in rows("deadlines", "aaaaa-bbbbb", "--config", filled)} == {"soon", "later"}
    assert run("deadlines", "ZZZZZ-ZZZZZ", "--config", filled, code=1).stderr


def test_deadlines_refuses_what_it_does_not_understand(run: Any, conf: Path) -> None:
    """A length of time that is none, an unknown team, options that do not go together; nothing due says so."""
    assert "write 90m, 24h" in run("deadlines", "--due", "soon", "--config", conf, code=2).stderr
    assert "unknown team" in run("deadlines", "--team", "nobody", "--config", conf, code=2).stderr
    assert "without a case" in run("deadlines", "X", "--due", "3d", "--config", conf, code=2).stderr
    assert run("deadlines", "--config", conf).stdout == "No deadlines.\n"
