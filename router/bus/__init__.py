# SPDX-License-Identifier: Apache-2.0
"""Waking the other processes that work on the same database, so that they need not wait for their next look at it.

Hints only: an event says "look now" and carries nothing. Whatever is lost is found by polling, so no work and no
state may ever travel this way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from router.config.models import BusSettings
from router.errors import MissingExtra
from router.interfaces import Clock, Health

__all__ = ["Bus", "BusEvent", "Handler", "make_bus"]

BusEvent = Literal["raw", "outbox", "changed", "reload"]
"""``raw``: a message was kept; ``outbox``: something waits to be sent; ``changed``: what people see has changed;
``reload``: read the configuration again."""

Handler = Callable[[BusEvent], None]


class Bus(Protocol):
    """One process's ear and voice. Never raises into its caller and never makes it wait."""

    def publish(self, what: BusEvent) -> None:
        """Tell the other processes, soon; call it after the commit. Bursts of one event become one. Lost when the
        broker cannot be reached."""

    def subscribe(self, handler: Handler) -> None:
        """Begin to connect and to listen; call once, in a running loop. ``handler`` gets what others publish, never
        what this process does; it must return at once."""

    def health(self) -> Health:
        """Whether others can be reached now."""

    async def close(self) -> None:
        """Stop listening and let go of the connection; safe to call twice."""


def make_bus(settings: BusSettings, *, clock: Clock) -> Bus:
    """The bus that is configured; connects to nothing yet.

    Raises:
        MissingExtra: Its client library is not installed.
        OSError, KeyError, ValueError: Its address cannot be read or has the wrong form.
    """
    if settings.url is None or settings.kind == "embedded":
        from router.bus.embedded import EmbeddedBus

        return EmbeddedBus()
    try:
        from router.bus.nats import NatsBus
    except ModuleNotFoundError as error:
        raise MissingExtra("bus of kind 'nats'", "nats") from error
    return NatsBus(settings.url.read().get_secret_value(), clock=clock)
