# SPDX-License-Identifier: Apache-2.0
"""Incidents as the store keeps them, and the part of the store's contract that is about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from pydantic import AwareDatetime, Field

from router.incidents.settings import IncidentSettings
from router.schema import Case, Frozen, Text

__all__ = ["Incident", "IncidentRun", "IncidentState", "IncidentStore", "IncidentUpdate", "UpdateTally"]

IncidentState: TypeAlias = Literal["open", "resolved"]


class Incident(Frozen):
    """Many cases about one thing. ``keys`` are what they share; a case that has enough of them joins."""

    id: str
    state: IncidentState = "open"
    title: Text
    type: str = ""
    keys: tuple[Text, ...] = ()
    languages: tuple[str, ...] = ()  # of the cases that it opened with and that widened it
    expected: float = 0.0  # cases that were usual in the window when it opened
    opened_at: AwareDatetime
    last_at: AwareDatetime  # when the newest case joined
    closed_at: AwareDatetime | None = None
    closed_by: str = ""  # "router": it ended by itself
    notices: int = 0
    notified_at: AwareDatetime | None = None
    reopened_at: AwareDatetime | None = None  # by a person
    muted_until: AwareDatetime | None = None  # by a person
    muted_by: str = ""
    silent: str = ""  # the rule by which nobody is told of it, in words
    teams: dict[str, int] = Field(default_factory=dict)  # that have its cases now, with how many

    @property
    def cases(self) -> int:
        return sum(self.teams.values())

    def is_muted(self, now: datetime) -> bool:
        """Whether nobody is told of it now."""
        return bool(self.silent) or (self.muted_until is not None and now < self.muted_until)


class IncidentUpdate(Frozen):
    """One text for every case of an incident, each in its language. ``done`` once all cases were gone through."""

    incident_id: str
    number: int = Field(ge=1)
    at: AwareDatetime
    actor: str
    texts: dict[str, Text]  # language to text; holds the default language
    default_language: str
    last_case: str = ""  # how far the fan-out got, by case id
    done: bool = False
    tally: dict[str, int] = Field(default_factory=dict)  # queued, held, and why others got none
    teams: tuple[str, ...] = ()  # whose cases get it; none: all
    stopped_by: str = ""  # then what has not left is withdrawn

    @property
    def digest(self) -> str:
        """What approval of all its answers binds to: the texts."""
        return hashlib.sha256(json.dumps(self.texts, sort_keys=True).encode()).hexdigest()

    def text_for(self, language: str) -> tuple[str, str]:
        """The text and the language it is in."""
        found = language if language in self.texts else self.default_language
        return self.texts[found], found


UpdateTally: TypeAlias = dict[str, int]


class IncidentRun(Frozen):
    """What one look at new cases did."""

    seen: int = 0
    opened: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    joined: int = 0
    notices: int = 0
    muted: tuple[str, ...] = ()  # by a rule since this look
    answers: dict[str, int] = Field(default_factory=dict)  # of updates: queued, held, withdrawn ... -> cases


class IncidentStore(Protocol):
    """Every method is one transaction.

    ``watch_incidents`` takes every rule of ``mute`` as in force. ``teams`` narrows what is given to cases that these
    teams have now, and to incidents with such a case.
    ``incident_counts`` gives, for language, channel, team, state and visibility, how many cases have which value.
    ``advance_update`` says whether it was kept: not if another process went on with it, or somebody stopped it.
    ``mute_incident`` without ``until`` ends the mute; ``place_case`` with no incident takes the case out of its own.
    """

    async def watch_incidents(
        self, settings: IncidentSettings, *, now: datetime, limit: int, public_url: str = ""
    ) -> IncidentRun: ...
    async def incidents(
        self, *, state: IncidentState | None = None, limit: int = 100, teams: Sequence[str] | None = None
    ) -> list[Incident]: ...
    async def incident(self, incident_id: str) -> Incident: ...
    async def incident_of(self, case_id: str) -> Incident | None: ...
    async def incident_cases(
        self, incident_id: str, *, after: str = "", until: datetime | None = None, limit: int = 100,
        teams: Sequence[str] | None = None,
    ) -> list[Case]: ...  # fmt: skip
    async def incident_counts(
        self, incident_id: str, *, teams: Sequence[str] | None = None
    ) -> dict[str, dict[str, int]]: ...
    async def close_incident(self, incident_id: str, *, actor: str) -> Incident: ...
    async def reopen_incident(self, incident_id: str, *, actor: str) -> Incident: ...
    async def mute_incident(self, incident_id: str, *, until: datetime | None, actor: str) -> Incident: ...
    async def place_case(self, case_id: str, *, incident_id: str | None, actor: str) -> Incident | None: ...
    async def add_incident_update(
        self, incident_id: str, *, texts: dict[str, str], default_language: str, actor: str, teams: Sequence[str] = ()
    ) -> IncidentUpdate: ...
    async def stop_incident_update(self, incident_id: str, number: int, *, actor: str) -> IncidentUpdate: ...
    async def incident_updates(
        self, incident_id: str | None = None, *, unfinished: bool = False
    ) -> list[IncidentUpdate]: ...
    async def advance_update(
        self, update: IncidentUpdate, *, last_case: str, done: bool, tally: UpdateTally
    ) -> bool: ...
