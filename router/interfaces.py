# SPDX-License-Identifier: Apache-2.0
"""The contracts between the core and everything that can be exchanged: channels, classifier, sinks, store, clock.

Each has a contract suite and an in-memory twin in ``router/testing/``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import Field

from router.classifier import Classifier, ClassifierInput
from router.content import ReadLimits
from router.measure import Unit
from router.records import RawReceipt, SinkEvent
from router.schema import Customer, Frozen, InboundMessage, RawMessage, Receipt, Reply, Visibility
from router.storage import Store

if TYPE_CHECKING:
    from aiohttp import web

__all__ = [
    "Capabilities", "Channel", "ChannelContext", "Classifier", "ClassifierInput", "Clock", "Cursors", "Customers",
    "Delivery", "Health", "Parse", "ParseOptions", "ReadLimits", "Sink", "Store", "WebRoute", "WithRoutes",
]  # fmt: skip


class Clock(Protocol):
    """Time that tests can set."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""


# --- channels ----------------------------------------------------------------------------------------------------


class Capabilities(Frozen):
    """What a channel can do; the composer shows it and the outbox refuses what does not fit, never cutting it."""

    reply: tuple[Visibility, ...] = ("private",)  # audiences a reply can have; () means receive only
    max_length: int | None = None
    max_lengths: dict[Visibility, int] = Field(default_factory=dict)  # where an audience has a limit of its own
    length_unit: Unit = "code_points"
    subject: bool = False
    attachments: bool = False
    threading: bool = True
    edit: bool = False
    delete: bool = False
    idempotent_send: bool = False  # the platform itself refuses the second of two sends with the same key

    def limit(self, audience: Visibility) -> int | None:
        """The longest reply to this audience, in ``length_unit``; None: no limit."""
        return self.max_lengths.get(audience, self.max_length)


class Health(Frozen):
    """How a channel is: ``detail`` says what is wrong and what to do about it, without secrets."""

    ok: bool
    detail: str = ""
    since: datetime | None = None


async def _nothing(*_: object) -> None:
    """Ack of a source that needs none."""


@dataclass(frozen=True)
class Delivery:
    """One raw message on offer. ``ack`` is awaited only after the commit, with the store's receipt; ``refuse`` is
    awaited instead when it could not be kept, and must leave the message at its source for a later try."""

    raw: RawMessage
    ack: Callable[[RawReceipt], Awaitable[None]] = _nothing
    refuse: Callable[[Exception], Awaitable[None]] = _nothing


@dataclass(frozen=True)
class WebRoute:
    """A path that a channel answers on the product's own web server."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]


class Cursors(Protocol):
    """Where a channel stands in its source. Saved in ``ack``, so never ahead of the commit."""

    async def get(self, key: str) -> str | None: ...
    async def set(self, key: str, value: str) -> None: ...


@dataclass(frozen=True)
class ChannelContext:
    """What the application hands to a channel when it is made."""

    cursors: Cursors
    clock: Clock
    data_dir: Path
    public_url: str = ""  # how the outside reaches our web server, without a trailing slash
    company: str = ""  # as customers know it
    reference: Callable[[str], str] = field(default=str)  # source key -> case reference shown to the customer


class Channel(Protocol):
    """One account on one platform."""

    @property
    def kind(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...

    def receive(self) -> AsyncIterator[Delivery]:
        """Offer messages until cancelled. Reconnects with back-off by itself; never ends because of the network."""

    async def send(self, reply: Reply) -> Receipt:
        """Send one reply.

        Raises:
            TransientError: Certainly not sent; may be tried again.
            PermanentError: Certainly not sent; trying again will not help.
            UnknownOutcome: It may have been sent.
        """

    async def health(self) -> Health:
        """Look at the connection and the credential now."""

    async def close(self) -> None:
        """Let go of connections; safe to call twice."""


@runtime_checkable
class WithRoutes(Protocol):
    """A channel that is called by its platform over HTTP as well."""

    def routes(self) -> Sequence[WebRoute]: ...


class ParseOptions(Frozen):
    """What a parser must know about the account; travels to the child process with the bytes."""

    own: tuple[str, ...] = ()  # own addresses, handles or ids: to flag what we sent ourselves
    token_domain: str = ""  # mail: domain of our reply addresses
    trusted_authserv: tuple[str, ...] = ()
    default_charset: str = "utf-8"
    max_text_chars: int = 100_000
    max_attachments: int = 200
    limits: ReadLimits = ReadLimits()
    patterns: tuple[tuple[str, str], ...] = ()  # kind and RE2 expression of things the installation wants found
    entity_kinds: tuple[str, ...] = (  # which of the shipped kinds are looked for
        "order", "invoice", "tracking", "contract", "customer", "amount", "date", "phone",
    )  # fmt: skip
    country: str = ""  # of the installation, ISO 3166: tells national telephone numbers and currencies


Parse = Callable[[RawMessage, ParseOptions], list[InboundMessage]]
"""Pure. Several messages where a payload holds several, none where it holds none.

Raises: ParseError, and nothing else, when the bytes are not what they claim to be."""


# --- customers -----------------------------------------------------------------------------------------------------


class Customers(Protocol):
    """Customer records by the keys of a sender."""

    async def find(self, messages: Sequence[InboundMessage]) -> list[Customer | None]: ...


# --- what leaves -------------------------------------------------------------------------------------------------


class Sink(Protocol):
    """A place a queue is forwarded to. Errors as in ``Channel.send``; ``event.id`` is the idempotency key."""

    @property
    def name(self) -> str: ...
    async def forward(self, event: SinkEvent) -> Receipt: ...
    async def health(self) -> Health: ...
    async def close(self) -> None: ...
