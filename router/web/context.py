# SPDX-License-Identifier: Apache-2.0
"""What the web application needs from the rest of the process, handed over in one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from aiohttp import web

from router.assign.book import Assignments
from router.config.models import RouterSettings, TeamSettings
from router.interfaces import Capabilities, Channel, Clock, Store
from router.learning.records import DriftReport
from router.learning.shelf import ModelShelf
from router.records import OutboxRow, RawReceipt
from router.rules.ruleset import RuleSet
from router.schema import Case, Visibility

__all__ = ["CONTEXT", "CallLog", "Changes", "ReplyDesk", "WebContext"]


class Changes(Protocol):
    """Wakes those who wait when something was committed in this process."""

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109 - the waiter's own limit, in seconds
        """Return at the next commit, or after ``timeout`` seconds."""


class ReplyDesk(Protocol):
    """The part of ``router.replies.service.ReplyService`` that people use through the web."""

    async def submit(
        self, case_id: str, *, text: str, actor: str, visibility: Visibility | None = None, once: str = ""
    ) -> OutboxRow: ...
    async def approve(self, outbox_id: str, *, digest: str, actor: str) -> OutboxRow: ...
    async def withdraw(self, outbox_id: str, *, actor: str) -> object: ...
    async def edit(self, outbox_id: str, *, text: str, actor: str, digest: str = "") -> OutboxRow: ...
    async def retry(self, outbox_id: str, *, actor: str) -> object: ...
    async def resolve_parked(self, outbox_id: str, *, was_sent: bool, actor: str) -> object: ...
    def capabilities(self, case: Case) -> Capabilities: ...


@runtime_checkable
class CallLog(Protocol):
    """A channel that takes what staff noted of a phone call or a visit."""

    async def submit(self, note: Mapping[str, str]) -> RawReceipt:
        """Keep the note; returns after the commit.

        Args:
            note: id, at, kind ("phone" or "visit"), summary, caller, phone, email, language, logged_by.

        Raises:
            UserInputError: A field is missing or wrong; says which.
            StoreError: Not kept; the same note may be submitted again.
        """


@dataclass(frozen=True)
class WebContext:
    """Everything the handlers use.

    ``channels`` is keyed "kind:account". ``metrics`` gives the Prometheus text; ``reload`` reads the configuration
    again and tells what came of it. ``changed`` is called after everything that people changed here.
    """

    store: Store
    settings: RouterSettings
    teams: Sequence[TeamSettings]
    channels: Mapping[str, Channel]
    replies: ReplyDesk
    clock: Clock
    metrics: Callable[[], bytes] | None
    reload: Callable[[], Awaitable[dict[str, Any]]] | None
    changes: Changes
    changed: Callable[[], None] = lambda: None
    shelf: ModelShelf | None = None  # the models of this installation; None: it has none of its own
    drift: Callable[[], DriftReport | None] = lambda: None  # as last looked for; None: not yet
    has_deadlines: Callable[[], bool] = lambda: False  # then queues begin with the nearest
    rules_of: Callable[[str], RuleSet | None] = lambda _: None  # a set by its digest; reads files
    assignments: Callable[[], Assignments] = Assignments  # how cases of each team find somebody

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https; decides cookie prefix and HSTS."""
        wanted = self.settings.web.secure_cookies
        return self.settings.public_url.startswith("https://") if wanted == "auto" else wanted

    def team(self, name: str) -> TeamSettings | None:
        """The team of that name, if configured."""
        return next((team for team in self.teams if team.name == name), None)

    def call_log(self) -> CallLog | None:
        """The channel of kind "call", if one is configured."""
        for key, channel in self.channels.items():
            if key.partition(":")[0] == "call" and isinstance(channel, CallLog):
                return channel
        return None


CONTEXT: web.AppKey[WebContext] = web.AppKey("context", WebContext)
