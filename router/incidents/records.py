# SPDX-License-Identifier: Apache-2.0
"""Incidents as the store keeps them, and the part of the store's contract that is about them."""

from __future__ import annotations

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
    cases: int = 0


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


class IncidentStore(Protocol):
    """Every method is one transaction."""

    async def watch_incidents(
        self, settings: IncidentSettings, *, now: datetime, limit: int, public_url: str = ""
    ) -> IncidentRun: ...
    async def incidents(self, *, state: IncidentState | None = None, limit: int = 100) -> list[Incident]: ...
    async def incident(self, incident_id: str) -> Incident: ...
    async def incident_of(self, case_id: str) -> Incident | None: ...
    async def incident_cases(
        self, incident_id: str, *, after: str = "", until: datetime | None = None, limit: int = 100,
        teams: Sequence[str] | None = None,
    ) -> list[Case]: ...  # fmt: skip
    async def close_incident(self, incident_id: str, *, actor: str) -> Incident: ...
    async def add_incident_update(
        self, incident_id: str, *, texts: dict[str, str], default_language: str, actor: str
    ) -> IncidentUpdate: ...
    async def incident_updates(
        self, incident_id: str | None = None, *, unfinished: bool = False
    ) -> list[IncidentUpdate]: ...
    async def advance_update(
        self, update: IncidentUpdate, *, last_case: str, done: bool, tally: UpdateTally
    ) -> None: ...
