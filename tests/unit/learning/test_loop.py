# SPDX-License-Identifier: Apache-2.0
"""The schedule of learning: when it is due, what is written down, and that nothing hangs on the child."""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.config.models import LearningSettings
from router.interfaces import Store
from router.learning import loop as module
from router.learning.loop import LearningLoop, run_child
from router.testing.clock import ManualClock
from router.testing.store import memory_store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await memory_store()
    yield store
    await store.close()


def made(store: Store, clock: ManualClock, answer: dict[str, Any], **settings: Any) -> tuple[LearningLoop, list[float]]:
    calls: list[float] = []

    async def child(folder: Path, seconds: float) -> dict[str, Any]:
        calls.append(seconds)
        return answer

    chosen = LearningSettings(**{"every": "7d", **settings})
    return LearningLoop(store, settings=chosen, folder=Path("conf"), clock=clock, child=child), calls


async def test_step_trains_once_a_period(store: Store) -> None:
    """The first start only starts the clock; a restart does not start it anew; each period brings one round."""
    clock = ManualClock()
    answer = {"model": "a" * 64, "good": True, "in_force": False, "reason": "fine"}
    watch, calls = made(store, clock, answer, minutes=3)
    assert not await watch.step()
    clock.advance(timedelta(days=6).total_seconds())
    again, more = made(store, clock, answer)
    assert not await again.step()
    clock.advance(timedelta(days=1).total_seconds())
    assert await watch.step()
    assert not await again.step()
    assert (calls, more) == ([180.0], [])
    [row] = await store.audit()
    assert (row.actor, row.action, row.detail) == ("schedule", "model_trained", {"model": "a" * 12, "good": "yes"})


@pytest.mark.parametrize(
    ("answer", "actions"),
    [
        ({"nothing": "0 corrections"}, []),
        ({"error": "broken"}, ["model_training_failed"]),
        ({"model": "b" * 64, "good": True, "in_force": True, "reason": ""}, ["model_promoted"]),
    ],
    ids=["nothing", "error", "promoted"],
)
async def test_step_writes_down_what_became(store: Store, answer: dict[str, Any], actions: list[str]) -> None:
    """Candidates and failures are in the audit trail; a round without anything new is not."""
    clock = ManualClock()
    watch, _ = made(store, clock, answer, every="1h")
    await watch.step()
    clock.advance(timedelta(hours=1).total_seconds())
    assert await watch.step()
    assert [row.action for row in await store.audit()] == actions


async def test_off_never_trains(store: Store) -> None:
    """Without a schedule nothing happens, and nothing is written."""
    watch, calls = made(store, ManualClock(), {}, every="off")
    assert not await watch.step()
    assert calls == []


async def test_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A training that takes too long is ended and told; one that says nothing is told too."""
    script, python = tmp_path / "python", sys.executable
    script.write_text(f"#!{python}\nimport time\ntime.sleep(60)\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(script))
    assert "longer than" in (await run_child(tmp_path, 0.2))["error"]
    script.write_text(f"#!{python}\nraise SystemExit(3)\n", encoding="utf-8")
    assert "ended with 3" in (await run_child(tmp_path, 20))["error"]


async def test_child_tells_a_broken_configuration(tmp_path: Path) -> None:
    """The real child answers in one line what is wrong."""
    assert "router.yaml" in (await run_child(tmp_path, 60))["error"]


@pytest.mark.parametrize(("every", "days"), [("12h", 0.5), ("7d", 7), ("2w", 14), ("off", None)])
def test_period_is_read(every: str, days: float | None) -> None:
    """Hours, days and weeks."""
    assert LearningSettings(every=every).period == (None if days is None else timedelta(days=days))
