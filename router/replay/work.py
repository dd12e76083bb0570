# SPDX-License-Identifier: Apache-2.0
"""Runs a replay: reads stored messages in batches, in this process or in several that share the work."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from router.config.loader import load
from router.config.models import StoreSettings
from router.replay.alarms import compare_alarms
from router.replay.compare import Ruling, compare
from router.replay.tally import Tally
from router.store.stored import AlarmRow, StoredMessages

__all__ = ["Job", "replay"]

BATCH = 500
_ALONE = 50_000  # messages below which further processes cost more than they save
_PARTS = 8  # of the work, for each process


@dataclass(frozen=True)
class Job:
    """What to replay. Only names and numbers, so that it can be handed to another process."""

    store: StoreSettings
    data_dir: Path
    after: Path  # folder of the new configuration
    before: Path | None  # folder whose rules decide as before; None: the decisions as stored
    since: datetime | None = None
    zone: str = "UTC"
    first: int = 0
    last: int = 0


def replay(job: Job, *, processes: int, progress: Callable[[int, int], None] = lambda done, total: None) -> Tally:
    """Decide all messages of the job again.

    Args:
        job: What to read and by which rules; ``first`` and ``last`` are found out here.
        processes: How many share the work.
        progress: Told of messages done and of all there are.

    Raises:
        ConfigError, StoreError: Nothing can be said.
    """
    first, last, total = asyncio.run(_span(job))
    job = replace(job, first=first - 1, last=last)
    progress(0, total)
    tally = _alarms(job)
    if processes < 2 or total < _ALONE:
        tally += _run(job, told=lambda done: progress(done, total))
        return tally
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_prepare, initargs=(job,)) as pool:
        for future in as_completed([pool.submit(_part, part) for part in _parts(job, processes * _PARTS)]):
            tally += future.result()
            progress(tally.messages + tally.unreadable, total)
    return tally


def _alarms(job: Job) -> Tally:
    """The warnings and misses of deadlines, which are few."""
    tally = Tally()
    rows = asyncio.run(_alarm_rows(job))
    if rows:
        compare_alarms(rows, tally, before=_ruling(job.before), after=_ruling(job.after))
    return tally


async def _alarm_rows(job: Job) -> list[AlarmRow]:
    stored = StoredMessages(job.store, data_dir=job.data_dir)
    try:
        return await stored.alarms(since=job.since)
    finally:
        await stored.close()


def _parts(job: Job, count: int) -> list[Job]:
    """The job cut into ranges of ids of about the same length."""
    length = -(-(job.last - job.first) // count)
    starts = range(job.first, job.last, length)
    return [replace(job, first=start, last=min(start + length, job.last)) for start in starts]


async def _span(job: Job) -> tuple[int, int, int]:
    stored = StoredMessages(job.store, data_dir=job.data_dir)
    try:
        return await stored.span(since=job.since)
    finally:
        await stored.close()


_rulings: dict[tuple[Path | None, Path], tuple[Ruling, Ruling]] = {}  # of this process: rules take a while to load


def _prepare(job: Job) -> None:
    _rulings[job.before, job.after] = (_ruling(job.before), _ruling(job.after))


def _ruling(folder: Path | None) -> Ruling:
    if folder is None:
        return Ruling(None)
    configuration = load(folder)
    return Ruling(configuration.rules, configuration.deadlines.hours, configuration.deadlines)


def _part(job: Job) -> Tally:
    return _run(job, told=lambda done: None)


def _run(job: Job, *, told: Callable[[int], None]) -> Tally:
    return asyncio.run(_read(job, told))


async def _read(job: Job, told: Callable[[int], None]) -> Tally:
    before, after = _rulings.get((job.before, job.after)) or (_ruling(job.before), _ruling(job.after))
    tally, zone, at = Tally(), ZoneInfo(job.zone), job.first
    stored = StoredMessages(job.store, data_dir=job.data_dir)
    try:
        while rows := await stored.batch(after=at, until=job.last, since=job.since, limit=BATCH):
            compare(rows, tally, before=before, after=after, zone=zone)
            at = rows[-1].id
            told(tally.messages + tally.unreadable)
    finally:
        await stored.close()
    return tally
