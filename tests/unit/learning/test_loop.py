# SPDX-License-Identifier: Apache-2.0
"""The schedule of learning: when it is due, what is written down, and that nothing hangs on the child."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from router.config.models import LearningSettings
from router.interfaces import Store
from router.learning import child
from router.learning import loop as module
from router.learning.loop import LearningLoop, run_child
from router.testing.clock import ManualClock
from router.testing.store import memory_store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await memory_store()
    yield store
    await store.close()


def made(
    store: Store, clock: ManualClock, answer: dict[str, Any], ends: list[str] | None = None, **settings: Any
) -> tuple[LearningLoop, list[float]]:
    calls: list[float] = []

    async def child(folder: Path, seconds: float) -> dict[str, Any]:
        calls.append(seconds)
        return answer

    chosen = LearningSettings(**{"every": "7d", **settings})
    told = ends.append if ends is not None else lambda end: None
    return LearningLoop(store, settings=chosen, folder=Path("conf"), clock=clock, child=child, told=told), calls


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
    ("answer", "actions", "end", "event"),
    [
        ({"nothing": "0 corrections"}, [], "nothing", "learning_found_nothing"),
        ({"error": "broken"}, ["model_training_failed"], "failed", "learning_failed"),
        ({"model": "b" * 64, "good": True, "in_force": True}, ["model_promoted"], "promoted", "candidate_promoted"),
        ({"model": "b" * 64, "good": True, "in_force": False}, ["model_trained"], "waiting", "candidate_waiting"),
        ({"model": "b" * 64, "good": False, "in_force": False}, ["model_trained"], "refused", "candidate_refused"),
    ],
    ids=["nothing", "error", "promoted", "waiting", "refused"],
)
async def test_step_writes_down_what_became(
    store: Store, answer: dict[str, Any], actions: list[str], end: str, event: str
) -> None:
    """Candidates and failures are in the audit trail, a round without anything new is not; all are logged, counted."""
    clock, ends = ManualClock(), list[str]()
    watch, _ = made(store, clock, answer, ends, every="1h")
    await watch.step()
    clock.advance(timedelta(hours=1).total_seconds())
    with capture_logs() as lines:
        assert await watch.step()
    assert [row.action for row in await store.audit()] == actions
    assert ends == [end]
    assert event in {line["event"] for line in lines}


async def test_failed_round_is_tried_again_sooner_than_the_next(store: Store) -> None:
    """After one hour, two, four and so on, never less often than the period; a restart in between changes nothing."""
    clock, answer, tried = ManualClock(), {"error": "killed"}, list[int]()
    await made(store, clock, answer)[0].step()
    for hour in range(1, 21 * 24):
        clock.advance(timedelta(hours=1).total_seconds())
        if await made(store, clock, answer)[0].step():
            tried.append(hour)
    assert tried[0] == 7 * 24
    assert [later - before for before, later in pairwise(tried)] == [1, 2, 4, 8, 16, 32, 64, 128]


async def test_round_that_ends_well_ends_the_trying(store: Store) -> None:
    """The next comes one period after the beginning of the one that did."""
    clock = ManualClock()
    await made(store, clock, {})[0].step()
    clock.advance(timedelta(days=7).total_seconds())
    assert await made(store, clock, {"error": "killed"})[0].step()
    clock.advance(timedelta(hours=1).total_seconds())
    assert await made(store, clock, {"nothing": "0"})[0].step()
    clock.advance(timedelta(days=6, hours=23).total_seconds())
    assert not await made(store, clock, {"nothing": "0"})[0].step()
    clock.advance(timedelta(hours=1).total_seconds())
    assert await made(store, clock, {"nothing": "0"})[0].step()


async def test_round_cut_off_with_us_is_not_begun_at_each_start(store: Store) -> None:
    """A training that takes the whole machine down with it is put off further each time."""
    clock, begun = ManualClock(), list[float]()

    async def dies(folder: Path, seconds: float) -> dict[str, Any]:
        begun.append(1)
        raise asyncio.CancelledError

    settings = LearningSettings(every="7d")
    await made(store, clock, {})[0].step()
    clock.advance(timedelta(days=7).total_seconds())
    for _ in range(12):  # a start every ten minutes
        loop = LearningLoop(store, settings=settings, folder=Path("conf"), clock=clock, child=dies)
        with suppress(asyncio.CancelledError):
            await loop.step()
        clock.advance(600)
    assert len(begun) == 2


async def test_loop_goes_on_after_an_error_of_its_own(store: Store) -> None:
    """What nobody thought of is logged, and the loop lives and tries again."""
    clock, again = ManualClock(), asyncio.Event()
    rounds: list[float] = []

    async def breaks(folder: Path, seconds: float) -> dict[str, Any]:
        rounds.append(seconds)
        if len(rounds) == 2:
            again.set()
        raise RuntimeError("broken")

    loop = LearningLoop(store, settings=LearningSettings(every="1h"), folder=Path("conf"), clock=clock, child=breaks)
    with capture_logs() as lines:
        task = asyncio.create_task(loop.run())
        async with asyncio.timeout(10):
            await again.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert "learning_failed" in {line["event"] for line in lines}


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
    script.write_text(f"#!{python}\nimport os\nos.kill(os.getpid(), 9)\n", encoding="utf-8")
    assert "SIGKILL; the system does that where memory runs out" in (await run_child(tmp_path, 20))["error"]
    script.unlink()
    assert "could not be started" in (await run_child(tmp_path, 20))["error"]


async def test_child_ends_with_the_task_that_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stopping us stops it, at once."""
    script, number = tmp_path / "python", tmp_path / "pid"
    body = f"import os, time\nopen({str(number)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    script.write_text(f"#!{sys.executable}\n{body}", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(script))
    task = asyncio.create_task(run_child(tmp_path, 60))
    while not (number.exists() and number.read_text()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{number.read_text()}").exists()


async def test_child_tells_an_error_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody thought of is told by its kind and place; the values it met may quote a customer."""

    async def breaks(folder: Path) -> dict[str, object]:
        raise KeyError("the words of a customer")

    monkeypatch.setattr(child, "_run", breaks)
    monkeypatch.setattr(child.sys, "argv", ["child", "conf"])
    monkeypatch.setattr(child.os, "nice", lambda by: 0)
    assert await asyncio.to_thread(child.main) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["error"].startswith("unexpected KeyError in test_loop.py:")
    assert "customer" not in said["error"]


async def test_child_tells_a_broken_configuration(tmp_path: Path) -> None:
    """The real child answers in one line what is wrong."""
    assert "router.yaml" in (await run_child(tmp_path, 60))["error"]


@pytest.mark.parametrize(("every", "days"), [("12h", 0.5), ("7d", 7), ("2w", 14), ("off", None)])
def test_period_is_read(every: str, days: float | None) -> None:
    """Hours, days and weeks."""
    assert LearningSettings(every=every).period == (None if days is None else timedelta(days=days))
