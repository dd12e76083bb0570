# SPDX-License-Identifier: Apache-2.0
"""A few reading children, kept warm. One that dies or dawdles costs its message one attempt and is replaced."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from pydantic import ValidationError

from router.config.models import Limits
from router.interfaces import ParseOptions
from router.parsing.frames import HEAD, READY, Answer, pack_question
from router.schema import RawMessage

__all__ = ["InlineReader", "ParsePool", "Reader"]

log = structlog.get_logger(__name__)

_RECYCLE_AFTER = 5000  # messages; keeps slow leaks of libraries harmless
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_START_SECONDS = 30.0


class Reader(Protocol):
    """Turns raw messages into parsed ones, in order."""

    async def prepare(self) -> None: ...
    async def read(self, raws: Sequence[RawMessage]) -> list[Answer]: ...
    async def close(self) -> None: ...


class InlineReader:
    """Reads in this process: for the ``parse`` command and for tests, where the input is one's own."""

    def __init__(self, options: Callable[[RawMessage], ParseOptions]) -> None:
        self._options = options

    async def prepare(self) -> None:
        """Nothing to start."""

    async def read(self, raws: Sequence[RawMessage]) -> list[Answer]:
        from router.parsing.child import answer
        from router.parsing.frames import Question

        return [
            answer(
                Question(
                    **raw.model_dump(include={"channel", "account", "native_id", "transport"}),
                    received_at=raw.received_at,
                    options=self._options(raw),
                    cpu_seconds=1,
                ),
                raw.body,
            )
            for raw in raws
        ]

    async def close(self) -> None:
        """Nothing to let go of."""


class ParsePool:
    """Reads batches in limited child processes; implements ``Reader``."""

    def __init__(
        self,
        *,
        processes: int,
        limits: Limits,
        options: Callable[[RawMessage], ParseOptions],
        kinds: Sequence[str] = (),
    ) -> None:
        """``kinds`` of channels are imported when a child starts, others at their first message."""
        self._kinds = sorted(set(kinds))
        self._limits = limits
        self._options = options
        self._idle: asyncio.LifoQueue[_Child | None] = asyncio.LifoQueue()
        self._processes = processes
        self._children: set[_Child] = set()
        for _ in range(processes):
            self._idle.put_nowait(None)

    async def prepare(self) -> None:
        """Start the children that are not there, so that no message is held while Python starts. Raises OSError."""
        waiting: list[_Child | None] = []
        while not self._idle.empty():
            waiting.append(self._idle.get_nowait())
        missing = [child for child in waiting if child is None or child.is_spent]
        kept = [child for child in waiting if child is not None and not child.is_spent]
        started = await asyncio.gather(*(self._replace(child) for child in missing), return_exceptions=True)
        for child in kept:
            self._idle.put_nowait(child)
        for result in started:
            self._idle.put_nowait(result if isinstance(result, _Child) else None)
        for result in started:
            if isinstance(result, BaseException):
                raise result

    async def read(self, raws: Sequence[RawMessage]) -> list[Answer]:
        """Read a batch, shared among the children; a failure is an Answer with a reason."""
        share = max(1, -(-len(raws) // self._processes))
        parts = [raws[start : start + share] for start in range(0, len(raws), share)]
        answers = await asyncio.gather(*(self._read_part(part) for part in parts))
        return [answer for part in answers for answer in part]

    async def _read_part(self, raws: Sequence[RawMessage]) -> list[Answer]:
        child = await self._idle.get()
        answers = []
        try:
            for raw in raws:
                if child is None or child.is_spent:
                    child = await self._replace(child)
                answers.append(await self._ask(child, raw))
        finally:
            self._idle.put_nowait(child)
        return answers

    async def _ask(self, child: _Child, raw: RawMessage) -> Answer:
        seconds = self._limits.parse_seconds
        try:
            async with asyncio.timeout(seconds * 4 + 1):  # wall time: the machine may be busy; the child counts its own
                return await child.ask(pack_question(raw, self._options(raw), cpu_seconds=seconds))
        except TimeoutError:
            reason = "reading took longer than allowed"
        except (OSError, asyncio.IncompleteReadError, ValidationError):
            reason = "the reader died on it"
        except asyncio.CancelledError:
            await child.kill()
            raise
        await child.kill()
        log.warning("reader_died", channel=raw.channel, account=raw.account, size=len(raw.body), reason=reason)
        return Answer(error=reason)

    async def _replace(self, old: _Child | None) -> _Child:
        if old is not None:
            self._children.discard(old)
            await old.kill()
        child = await _Child.start(self._limits.parse_memory_bytes, self._kinds)
        self._children.add(child)
        return child

    async def close(self) -> None:
        for child in list(self._children):
            await child.kill()
        self._children.clear()


class _Child:
    """One process and the pipe to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._asked = 0

    @classmethod
    async def start(cls, memory_bytes: int, kinds: Sequence[str]) -> _Child:
        # The environment is emptied so that no secret of ours is where hostile input is read.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
        async with asyncio.timeout(_START_SECONDS):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "router.parsing.child", str(memory_bytes), *kinds,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment,
                limit=_MAX_ANSWER_BYTES,
            )  # fmt: skip
            child = cls(process)
            try:
                assert process.stdout is not None  # it was asked for as a pipe
                said = await process.stdout.read(HEAD.size)
            except BaseException:
                await child.kill()
                raise
        if said != READY:
            await child.kill()
            raise OSError("a reader ended before it was ready")
        return child

    @property
    def is_spent(self) -> bool:
        return self._asked >= _RECYCLE_AFTER or self._process.returncode is not None

    async def ask(self, question: bytes) -> Answer:
        assert self._process.stdin is not None  # both were asked for as pipes
        assert self._process.stdout is not None
        self._asked += 1
        self._process.stdin.write(question)
        await self._process.stdin.drain()
        size, _ = HEAD.unpack(await self._process.stdout.readexactly(HEAD.size))
        if size > _MAX_ANSWER_BYTES:
            raise OSError("answer too large")
        return Answer.model_validate_json(await self._process.stdout.readexactly(size))

    async def kill(self) -> None:
        self._asked = _RECYCLE_AFTER
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
