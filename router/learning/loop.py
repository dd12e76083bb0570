# SPDX-License-Identifier: Apache-2.0
"""The schedule: every so often a candidate is trained in a child process; the loop only waits for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from router.config.models import LearningSettings
from router.interfaces import Clock, Store
from router.learning.records import RoundEnd
from router.records import AuditRow, Commit

__all__ = ["Child", "LearningLoop", "run_child"]

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 600.0
_LAST = ("learning", "schedule", "last")  # when the newest round that came to an end was begun
_TRIES = ("learning", "schedule", "tries")  # since then: how many were begun, and when the newest
_FIRST_RETRY = timedelta(hours=1)  # doubles with each round that fails, up to the period
Child = Callable[[Path, float], Awaitable[dict[str, Any]]]


class _Tries(NamedTuple):
    begun: int
    newest: datetime


class LearningLoop:
    """``folder`` is that of the configuration; ``child`` trains and says what became of it; ``told`` hears how each
    round ended."""

    def __init__(
        self,
        store: Store,
        *,
        settings: LearningSettings,
        folder: Path,
        clock: Clock,
        child: Child | None = None,
        told: Callable[[RoundEnd], None] = lambda end: None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._child = child or run_child
        self._told = told

    async def run(self) -> None:
        """Train whenever it is due, until cancelled. What goes wrong is logged and tried again, later each time."""
        while True:
            try:
                await self.step()
            except Exception:
                log.exception("learning_failed")
            await self._clock.sleep(_LOOK_SECONDS)

    async def step(self) -> bool:
        """Train if it is due; whether it was. The first round comes one period after the first start."""
        period, now = self._settings.period, self._clock.now()
        if period is None:
            return False
        last = await self._store.cursor(*_LAST)
        if not last:
            await self._store.set_cursor(*_LAST, now.isoformat())
            return False
        tries = await self._tries()
        if now < _due(datetime.fromisoformat(last), tries, period):
            return False
        begun = 1 + (tries.begun if tries is not None else 0)
        # before: a round that ends with us, by a stop or by a crash, is not begun again at each start
        await self._store.set_cursor(*_TRIES, f"{begun} {now.isoformat()}")
        log.info("learning_started", attempt=begun)
        answer = await self._child(self._folder, timedelta(minutes=self._settings.minutes).total_seconds())
        end = await self._note(answer, begun, period)
        if end != "failed":
            await self._store.set_cursor(*_LAST, now.isoformat())
            await self._store.set_cursor(*_TRIES, "")
        self._told(end)
        return True

    async def _tries(self) -> _Tries | None:
        value = await self._store.cursor(*_TRIES)
        if not value:
            return None
        count, _, newest = value.partition(" ")
        return _Tries(int(count), datetime.fromisoformat(newest))

    async def _note(self, answer: dict[str, Any], attempt: int, period: timedelta) -> RoundEnd:
        if "nothing" in answer:
            log.info("learning_found_nothing", reason=answer["nothing"])
            return "nothing"
        end: RoundEnd
        if "model" not in answer:
            end, action = "failed", "model_training_failed"
            detail = {"reason": str(answer.get("error", ""))[:500]}
            again = _wait(attempt, period).total_seconds() / 3600
            log.error("learning_failed", reason=detail["reason"], attempt=attempt, again_in_hours=again)
        else:
            good = "yes" if answer["good"] else "no"
            end = "promoted" if answer["in_force"] else "waiting" if answer["good"] else "refused"
            action = "model_promoted" if answer["in_force"] else "model_trained"
            detail = {"model": str(answer["model"])[:12], "good": good}
            fields = {"model": detail["model"], "reason": str(answer.get("reason", ""))}
            if end == "promoted":
                log.info("candidate_promoted", **fields)
            else:  # a person is to look
                log.warning("candidate_waiting" if end == "waiting" else "candidate_refused", **fields)
        row = AuditRow(at=self._clock.now(), actor="schedule", action=action, detail=detail)
        await self._store.commit(Commit(audit=(row,)))
        return end


def _wait(tries: int, period: timedelta) -> timedelta:
    """From the beginning of the newest of so many rounds that failed to the next."""
    times: int = 2 ** min(tries - 1, 16)
    return min(period, _FIRST_RETRY * times)


def _due(last: datetime, tries: _Tries | None, period: timedelta) -> datetime:
    return last + period if tries is None else max(last + period, tries.newest + _wait(tries.begun, period))


async def run_child(folder: Path, seconds: float) -> dict[str, Any]:
    """Train in a process of its own; it is ended after ``seconds``, and with the task that waits for it."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "router.learning.child", str(folder), str(os.getpid()),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        return {"error": f"the training process could not be started: {error.strerror}"}
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate()
    except TimeoutError:
        return {"error": f"the training took longer than {seconds / 60:.0f} minutes and was ended"}
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        answer = json.loads(out.decode(errors="replace").strip().rpartition("\n")[2])
    except ValueError:
        return {"error": _silent_end(process.returncode or 0)}
    return answer if isinstance(answer, dict) else {"error": "the training process said something odd"}


def _silent_end(code: int) -> str:
    if code >= 0:
        return f"the training process ended with {code} and said nothing"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    more = "; the system does that where memory runs out" if -code == signal.SIGKILL else ""
    return f"the training process was ended from outside by {name}{more}"
