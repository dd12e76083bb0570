# SPDX-License-Identifier: Apache-2.0
"""Files pushed through the whole durable pipeline, and what became of each. Safe to kill and to repeat."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

from router import registry
from router.clock import SystemClock
from router.config.loader import Configuration
from router.core import RunLock, installation_key, open_core
from router.interfaces import Store
from router.parts import make_channels
from router.records import Commit
from router.schema import RawMessage
from router.worker import Worker

__all__ = ["IngestReport", "ingest_files"]

_CHUNK = 128
_AHEAD = 512  # messages kept before their fate is known; memory stays bounded
_POLL_SECONDS = 0.05
_ASK_ALL_EVERY = 20  # polls: once a second
Progress = Callable[[int], None]


@dataclass
class IngestReport:
    """Counts that add up: received is the sum of the five after it."""

    received: int = 0
    new_cases: int = 0
    joined: int = 0
    duplicates: int = 0
    refused: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    reasons: list[tuple[str, str]] = field(default_factory=list)  # (file, why it became no case)


async def ingest_files(
    configuration: Configuration, paths: Iterable[Path], *, channel: str, account: str, progress: Progress
) -> IngestReport:
    """Keep every message of the files, then wait until each is a case, joined, or set aside with a reason.

    The native id of a message is the digest of its bytes, so that the same file again, here or after a crash, is the
    same message. Works beside a running server too, which then does the pipeline's part.

    Raises:
        ConfigError, StoreError, ModelError, OSError: What was kept so far stays kept.
    """
    began = time.perf_counter()
    report = IngestReport()
    async with AsyncExitStack() as stack:
        lock = RunLock(configuration.data_dir)
        mine = configuration.settings.store.kind != "sqlite" or await asyncio.to_thread(lock.acquire)
        stack.callback(lock.release)
        key = await asyncio.to_thread(installation_key, configuration)
        feed: _Feed | None = None
        made = make_channels(configuration, store=lambda: core.store, key=key, clock=SystemClock())
        core = await stack.enter_async_context(
            open_core(
                configuration,
                rules=lambda: configuration.rules,
                templates=lambda: configuration.templates,
                capabilities={name: one.capabilities for name, one in made.items()},
                committed=lambda changes: feed.note(changes) if feed is not None else None,
            )
        )
        worker = None
        if mine:
            if configuration.settings.store.kind == "sqlite":
                await core.store.release_raw()
            worker = asyncio.create_task(core.worker.run(), name="pipeline")
            stack.push_async_callback(_stop, worker)
        feed = _Feed(core.store, core.worker, configuration, report, progress, worker=worker)
        files = _messages(paths, channel=channel, account=account, clock=SystemClock())
        while chunk := list(islice(files, _CHUNK)):
            await feed.put(chunk)
        await feed.drain(below=1)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _messages(
    paths: Iterable[Path], *, channel: str, account: str, clock: SystemClock
) -> Iterator[tuple[str, RawMessage]]:
    read = registry.channel_files(channel)
    for path in paths:
        for name, body in read(path):
            native_id = f"sha256-{hashlib.sha256(body).hexdigest()}"
            raw = RawMessage(channel=channel, account=account, native_id=native_id, body=body, received_at=clock.now())
            yield name, raw


class _Feed:
    """Puts chunks, remembers what is not finished, and counts."""

    def __init__(
        self,
        store: Store,
        pipeline: Worker,
        configuration: Configuration,
        report: IngestReport,
        progress: Progress,
        *,
        worker: asyncio.Task[None] | None,
    ) -> None:
        """``worker`` does the work here and tells what is finished; now and then, and without one, the store is asked:
        other processes may be at work too."""
        self._store = store
        self._pipeline = pipeline
        self._max_bytes = configuration.settings.limits.max_message_bytes
        self._report = report
        self._progress = progress
        self._worker = worker
        self._open: dict[int, str] = {}  # raw id to file
        self._finished: set[int] = set()

    def note(self, changes: Commit) -> None:
        """A commit of this process's pipeline."""
        self._finished |= {outcome.raw_id for outcome in changes.outcomes if outcome.state != "new"}

    async def put(self, chunk: list[tuple[str, RawMessage]]) -> None:
        self._report.received += len(chunk)
        fitting = []
        for name, raw in chunk:
            if len(raw.body) > self._max_bytes:
                self._refuse(name, f"larger than {self._max_bytes} bytes")
            else:
                fitting.append((name, raw))
        receipts = await self._store.put_raw([raw for _, raw in fitting]) if fitting else []
        fates = await self._store.raw_fates([receipt.raw_id for receipt in receipts if receipt.duplicate])
        for (name, _), receipt in zip(fitting, receipts, strict=True):
            before = fates.get(receipt.raw_id)
            finished = before is not None and before.state not in {"new", "claimed"}
            if finished or receipt.raw_id in self._open:
                self._report.duplicates += 1
                self._progress(1)
            else:
                self._open[receipt.raw_id] = name
        self._pipeline.wake()
        await self.drain(below=_AHEAD)

    def _refuse(self, name: str, reason: str) -> None:
        self._report.refused += 1
        self._report.reasons.append((name, reason))
        self._progress(1)

    async def drain(self, *, below: int) -> None:
        """Wait until fewer than ``below`` messages are without a fate."""
        for turn in count():
            everything = self._worker is None or turn % _ASK_ALL_EVERY == _ASK_ALL_EVERY - 1
            asked = [raw_id for raw_id in self._open if everything or raw_id in self._finished]
            for raw_id, fate in (await self._store.raw_fates(asked)).items():
                if fate.state in {"new", "claimed"}:
                    continue
                name = self._open.pop(raw_id)
                self._finished.discard(raw_id)
                if fate.state == "done":
                    self._report.new_cases += fate.opened
                    self._report.joined += not fate.opened
                    self._progress(1)
                elif fate.state == "quarantined":
                    self._report.quarantined += 1
                    self._report.reasons.append((name, fate.reason))
                    self._progress(1)
                else:
                    self._refuse(name, fate.reason)
            if len(self._open) < below:
                return
            if self._worker is not None and self._worker.done():
                self._worker.result()  # it ends by itself only with an error
            await asyncio.sleep(_POLL_SECONDS)
