# SPDX-License-Identifier: Apache-2.0
"""The command ``assignments``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.config.loader import load
from router.core import open_installation_store
from router.records import User
from router.testing.store_contract import open_case


@pytest.fixture
def filled(conf: Path) -> Path:
    """Somebody who has a case, somebody who is away, and a case that waits."""
    today = datetime.now(UTC).date()
    path = conf / "teams.yaml"
    text = path.read_text(encoding="utf-8")
    members = (
        "    members:\n      - {name: anna, capacity: {all: 1}}\n"
        f'      - {{name: ben, absences: [{{from: "{today - timedelta(days=1)}", to: "{today + timedelta(days=2)}", '
        "deputy: anna}]}\n    assign: {strategy: skills}\n"
    )
    assert "    title: Delivery\n" in text
    path.write_text(text.replace("    title: Delivery\n", f"    title: Delivery\n{members}", 1), encoding="utf-8")

    async def fill() -> None:
        store = await open_installation_store(load(conf))
        for name in ("anna", "ben"):
            await store.put_user(User(name=name, teams=("delivery",)))
        await open_case(store, assigned_to="anna")
        await open_case(store, native_id="m2", case_id="WWWWW-WWWWW", created_at=datetime.now(UTC))
        await store.close()

    asyncio.run(fill())
    return conf


def test_assignments_tells_who_has_what_and_who_waits(run: Any, rows: Any, filled: Path) -> None:
    """Members with their load and absence; cases that wait with the reason."""
    [view] = rows("assignments", "--config", filled, "--team", "delivery")
    assert [(one["name"], one["open_cases"], one["missing"]) for one in view["members"]] == [
        ("anna", 1, ""), ("ben", 0, "absent"),
    ]  # fmt: skip
    assert [(one["id"], one["why"]) for one in view["waiting"]] == [
        ("WWWWW-WWWWW", "nobody can take it now: absent 1, full 1")
    ]
    shown = run("assignments", "--config", filled).stdout
    assert "deputy anna" in shown
    assert "1 case waiting" in shown
    assert "people take cases themselves" in shown  # the other teams


def test_assignments_of_unknown_team(run: Any, conf: Path) -> None:
    """A team that does not exist is told, with those that do."""
    assert "unknown team" in run("assignments", "--team", "nobody", "--config", conf, code=2).stderr
