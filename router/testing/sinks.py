# SPDX-License-Identifier: Apache-2.0
"""What every sink promises, as tests to inherit, and the in-memory twin that keeps the same promises.

class TestPager(SinkContract):
    async def make_world(self, tmp_path: Path) -> SinkWorld:
        return await PagerWorld.start(tmp_path)
"""

from __future__ import annotations

import asyncio
import traceback
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
import pytest_asyncio

from router.errors import PermanentError, SendError, TransientError, UnknownOutcome
from router.interfaces import Health, Sink
from router.records import SinkEvent
from router.schema import Case, Party, Receipt
from router.testing.channel_worlds import Failure

__all__ = ["MemorySink", "MemorySinkWorld", "SinkContract", "SinkWorld", "make_event"]

HOSTILE = (
    "@channel @here <!everyone> <@U123> <https://evil.example.org|click> ![x](https://evil.example.org/x.png) ```\r\n"
    "Bcc: someone@example.org\r\n.\r\n<script>alert(1)</script> \u202e \x1b[31m {{7*7}} Õäß 🙂"
)


def make_event(text: str = "My parcel never came.", *, id_: str = "event-1", sink: str = "test") -> SinkEvent:
    """A routed case as a sink gets it; ``text`` also stands where customers' words may turn up besides the text."""
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    case = Case(
        id="7K2M9-QXA4B",
        team="delivery",
        queue="lost",
        kind="complaint",
        type="delivery",
        urgency="high",
        language="en",
        channel="email",
        account="support",
        visibility="private",
        subject=text,
        sender=Party(address="customer@example.org", name=text),
        created_at=at,
        updated_at=at,
    )
    reasons = ("route root/delivery matched", f"text contains {text!r}")
    url = "https://complaints.example.org/cases/7K2M9-QXA4B"
    return SinkEvent(id=id_, sink=sink, case=case, text=text, reasons=reasons, url=url)


class SinkWorld(ABC):
    """A receiving end played on loopback or in memory, and the sink that forwards to it."""

    sink: Sink
    secrets: tuple[str, ...] = ()  # credentials in use; none may appear in any error

    @abstractmethod
    async def received(self) -> list[tuple[str, str]]:
        """What arrived, in order: the key by which a repeat is recognised ("" if there is none), and the text."""

    @abstractmethod
    async def break_receiving(self, failure: Failure) -> None:
        """Make the receiving end misbehave from now on; the kinds are explained at ``Failure``."""

    async def close(self) -> None:  # noqa: B027 - not every world started something
        """Stop what the world started; the sink is closed by the contract."""


class SinkContract:
    """The shared tests."""

    has_key = True  # the receiving end is given something to recognise a repeat by
    failures: ClassVar[dict[Failure, type[SendError] | tuple[type[SendError], ...]]] = {
        "down": TransientError,
        "busy": TransientError,
        "rejected": PermanentError,
        "cut": (TransientError, UnknownOutcome),
    }

    async def make_world(self, tmp_path: Path) -> SinkWorld:
        pytest.fail(f"{type(self).__name__} does not say how its receiving end is played: give it make_world")

    @pytest_asyncio.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[SinkWorld]:
        world = await self.make_world(tmp_path)
        try:
            yield world
        finally:
            await world.sink.close()
            await world.close()

    async def test_forward_delivers_and_returns_a_receipt(self, world: SinkWorld) -> None:
        """What the customer wrote arrives with the case's reference."""
        assert isinstance(await world.sink.forward(make_event()), Receipt), "no receipt"
        ((_, text),) = await world.received()
        assert "My parcel never came." in text, "the words were lost"
        assert "7K2M9-QXA4B" in text, "the reference is missing"

    async def test_repeat_carries_the_same_key(self, world: SinkWorld) -> None:
        """A repeat of one event can be recognised; another event cannot be taken for it."""
        if not self.has_key:
            pytest.skip("the receiving end knows no key")
        for id_ in ("event-1", "event-1", "event-2"):
            await world.sink.forward(make_event(id_=id_))
        first, second, third = (key for key, _ in await world.received())
        assert first, "the key is empty"
        assert first == second, "a repeat got another key"
        assert third != first, "two events share a key"

    async def test_repeat_is_the_same_text(self, world: SinkWorld) -> None:
        """One event is told in the same words every time."""
        for _ in range(2):
            await world.sink.forward(make_event())
        (_, first), (_, second) = await world.received()
        assert first == second, "a repeat differs"

    async def test_hostile_text_is_taken(self, world: SinkWorld) -> None:
        """Markup, mentions and control characters in the customer's words are no reason to fail."""
        await world.sink.forward(make_event(HOSTILE))
        assert len(await world.received()) == 1, "nothing arrived, or more than one message"

    async def test_long_text_is_limited(self, world: SinkWorld) -> None:
        """A flood of words does not become a flood at the receiving end."""
        await world.sink.forward(make_event("x" * 300_000))
        ((_, text),) = await world.received()
        assert len(text) < 700_000, "not limited"

    @pytest.mark.parametrize("failure", ["down", "busy", "rejected", "cut"])
    async def test_failure_is_one_of_ours(self, world: SinkWorld, failure: Failure) -> None:
        """Every way to fail maps to the error that tells the outbox what to do, without a secret in it."""
        if failure not in self.failures:
            pytest.skip(f"this receiving end cannot fail this way: {failure}")
        await world.break_receiving(failure)
        with pytest.raises(self.failures[failure]) as caught:
            await world.sink.forward(make_event())
        told = "".join(traceback.format_exception(caught.value)) + (await world.sink.health()).detail
        assert not [secret for secret in world.secrets if secret in told], "a secret is in the error"

    async def test_forward_ends_promptly_when_cancelled(self, world: SinkWorld) -> None:
        """A receiving end that says nothing does not hold up a stop."""
        await world.break_receiving("stall")
        task = asyncio.create_task(world.sink.forward(make_event()))
        await asyncio.sleep(0.05)
        assert not task.done(), "ended by itself"
        task.cancel()
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(15):
                await task
        assert task.cancelled(), "swallowed its cancellation"

    async def test_health_answers(self, world: SinkWorld) -> None:
        """Health is told, not raised."""
        assert isinstance(await world.sink.health(), Health), "no health"

    async def test_close_twice_is_harmless(self, world: SinkWorld) -> None:
        """Closing again does nothing."""
        await world.sink.close()
        await world.sink.close()


class MemorySink:
    """The twin: keeps what was forwarded in ``events``. An exception in ``fail`` is raised instead."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.events: list[SinkEvent] = []
        self.fail: Exception | None = None
        self.stalled = False

    async def forward(self, event: SinkEvent) -> Receipt:
        if self.stalled:
            await asyncio.Event().wait()
        if self.fail is not None:
            raise self.fail
        self.events.append(event)
        return Receipt(native_id=event.id, sent_at=datetime.now(UTC))

    async def health(self) -> Health:
        return Health(ok=self.fail is None)

    async def close(self) -> None:
        pass


class MemorySinkWorld(SinkWorld):
    """The twin's own world."""

    def __init__(self) -> None:
        self.twin = MemorySink()
        self.sink = self.twin

    async def received(self) -> list[tuple[str, str]]:
        return [(event.id, f"{event.case.id} {event.text}") for event in self.twin.events]

    async def break_receiving(self, failure: Failure) -> None:
        errors: dict[Failure, Exception] = {
            "down": TransientError("nobody listens"),
            "busy": TransientError("asked to wait", retry_after=1),
            "rejected": PermanentError("will never be taken"),
            "cut": UnknownOutcome("no answer"),
        }
        self.twin.fail, self.twin.stalled = errors.get(failure), failure == "stall"
