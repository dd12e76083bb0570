# SPDX-License-Identifier: Apache-2.0
"""What the three ways to receive mail have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeAlias

from router.interfaces import Delivery, Health

__all__ = ["KIND", "Offer", "Source", "State"]

KIND = "email"

Offer: TypeAlias = Callable[[Delivery], Awaitable[None]]
"""Hand a message to whoever receives; waits while they are busy."""


class Source(Protocol):
    """One place mail comes from."""

    @property
    def name(self) -> str:
        """What to call it in logs and health lines."""

    async def run(self, offer: Offer) -> None:
        """Offer messages until cancelled; come back by itself after every failure."""

    async def health(self) -> Health:
        """How it is: by what the running source knows, else by trying now."""


class State:
    """What a running source last learned about itself."""

    def __init__(self) -> None:
        self.running = False
        self._health: Health | None = None

    @property
    def health(self) -> Health | None:
        return self._health if self.running else None

    def tell(self, *, ok: bool, detail: str, now: datetime) -> None:
        """Note how it goes; ``since`` moves only when good turns bad or bad turns good."""
        since = self._health.since if self._health is not None and self._health.ok == ok else now
        self._health = Health(ok=ok, detail=detail, since=since)
