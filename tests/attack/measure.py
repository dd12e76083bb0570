# SPDX-License-Identifier: Apache-2.0
"""What one message costs the child that reads it: processor time and peak memory, as the kernel counts them (Linux)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from router.config.models import Limits
from router.interfaces import ParseOptions
from router.parsing.frames import Answer
from router.parsing.pool import ParsePool
from router.schema import RawMessage

__all__ = ["MIB", "Cost", "Gauge"]

MIB = 1024 * 1024
_RECEIVED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Cost:
    """What reading took. ``peak_bytes`` is the whole child, its Python and libraries included."""

    answer: Answer
    cpu_seconds: float
    peak_bytes: int
    survived: bool  # the same child answers the next message

    def __str__(self) -> str:
        return f"{self.cpu_seconds:.3f} s CPU, {self.peak_bytes / MIB:.0f} MiB"


class Gauge:
    """A pool of one child, whose cost is looked at around each message."""

    def __init__(self, *, options: ParseOptions | None = None, limits: Limits | None = None) -> None:
        chosen = options or ParseOptions()
        self._pool = ParsePool(processes=1, limits=limits or Limits(), options=lambda _: chosen)

    async def read(self, body: bytes, *, channel: str = "email") -> Cost:
        """Read one message and say what it took. A message that kills the child costs what its successor tells."""
        child = await self._child()
        (_proc(child) / "clear_refs").write_text("5")  # the peak counts from here
        before = _cpu_seconds(child)
        [answer] = await self._pool.read([_raw(body, channel)])
        survived = child in self._children()
        if not survived:
            return Cost(answer=answer, cpu_seconds=float("inf"), peak_bytes=0, survived=False)
        return Cost(
            answer=answer,
            cpu_seconds=_cpu_seconds(child) - before,
            peak_bytes=_peak_bytes(child),
            survived=True,
        )

    async def normal(self, body: bytes, *, channel: str = "email", times: int = 9) -> float:
        """Median processor seconds of one ordinary message, read several times."""
        return statistics.median([(await self.read(body, channel=channel)).cpu_seconds for _ in range(times)])

    async def close(self) -> None:
        await self._pool.close()

    def _children(self) -> list[int]:
        return [child._process.pid for child in self._pool._children if not child.is_spent]

    async def _child(self) -> int:
        if not self._children():
            await self._pool.read([_raw(b"Subject: warm\n\nup\n", "email")])
        return self._children()[0]


def _raw(body: bytes, channel: str) -> RawMessage:
    return RawMessage(channel=channel, account="test", native_id="attack", body=body, received_at=_RECEIVED)


def _proc(pid: int) -> Path:
    return Path(f"/proc/{pid}")


def _cpu_seconds(pid: int) -> float:
    """Of all its threads, in nanoseconds: what ``stat`` says is too coarse for one message."""
    tasks = (_proc(pid) / "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _peak_bytes(pid: int) -> int:
    for line in (_proc(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not tell the peak")
