# SPDX-License-Identifier: Apache-2.0
"""The schedule: every so often a candidate is trained in a child process; the loop only waits for it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from router.config.models import LearningSettings
from router.interfaces import Clock, Store
from router.records import AuditRow, Commit

__all__ = ["Child", "LearningLoop", "run_child"]

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 600.0
_KEY = ("learning", "schedule", "last")
Child = Callable[[Path, float], Awaitable[dict[str, Any]]]


class LearningLoop:
    """``folder`` is that of the configuration; ``child`` trains and says what became of it."""

    def __init__(
        self, store: Store, *, settings: LearningSettings, folder: Path, clock: Clock, child: Child | None = None
    ) -> None:
        self._store = store
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._child = child or run_child

    async def run(self) -> None:
        """Train whenever it is due, until cancelled. What goes wrong is logged and tried again when next due."""
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
        last = await self._last()
        if last is None or now - last < period:
            if last is None:
                await self._store.set_cursor(*_KEY, now.isoformat())
            return False
        await self._store.set_cursor(*_KEY, now.isoformat())  # before: a round that kills us is not tried at once again
        length = timedelta(minutes=self._settings.minutes).total_seconds()
        log.info("learning_started")
        answer = await self._child(self._folder, length)
        await self._note(answer)
        return True

    async def _last(self) -> datetime | None:
        value = await self._store.cursor(*_KEY)
        return datetime.fromisoformat(value) if value else None

    async def _note(self, answer: dict[str, Any]) -> None:
        if "nothing" in answer:
            log.info("learning_found_nothing", reason=answer["nothing"])
            return
        if "model" not in answer:
            log.error("learning_failed", reason=answer.get("error", ""))
            action, detail = "model_training_failed", {"reason": str(answer.get("error", ""))[:500]}
        else:
            good = "yes" if answer["good"] else "no"
            action = "model_promoted" if answer["in_force"] else "model_trained"
            detail = {"model": str(answer["model"])[:12], "good": good}
            log.info(action, model=detail["model"], good=good)
        row = AuditRow(at=self._clock.now(), actor="schedule", action=action, detail=detail)
        await self._store.commit(Commit(audit=(row,)))


async def run_child(folder: Path, seconds: float) -> dict[str, Any]:
    """Train in a process of its own; it is ended after ``seconds``, and with the task that waits for it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "router.learning.child", str(folder),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
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
        return {"error": f"the training process ended with {process.returncode} and said nothing"}
    return answer if isinstance(answer, dict) else {"error": "the training process said something odd"}
