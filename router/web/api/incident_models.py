# SPDX-License-Identifier: Apache-2.0
"""What the API takes and gives of incidents. Unknown fields are refused everywhere."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from router.incidents.preview import Fate
from router.incidents.records import IncidentState, IncidentUpdate
from router.schema import Case, Frozen, Text
from router.web.api.models import Page

__all__ = [
    "Approved", "IncidentCase", "IncidentCaseQuery", "IncidentDetail", "IncidentItem", "IncidentList", "IncidentQuery",
    "NewMute", "NewUpdate", "PreviewLine", "UpdateItem", "UpdatePreview",
]  # fmt: skip


class IncidentQuery(Frozen):
    state: Literal["open", "resolved", "all"] = "open"
    limit: int = Field(default=100, ge=1, le=500)


class IncidentCaseQuery(Page):
    """Which of its cases, most urgent and then oldest first."""


class IncidentItem(Frozen):
    """``keys`` are what joins its cases; ``own_cases`` are those the asker sees. ``silent`` is the rule that mutes it,
    ``muted_until`` and ``muted_by`` a person's mute; ``muted`` whether one of them holds now."""

    id: str
    state: IncidentState
    title: Text
    type: str
    keys: tuple[Text, ...]
    languages: tuple[str, ...]
    expected: float
    opened_at: AwareDatetime
    last_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_by: str
    notices: int
    notified_at: AwareDatetime | None
    muted_until: AwareDatetime | None
    muted_by: str
    silent: str
    muted: bool
    cases: int
    own_cases: int


class IncidentList(Frozen):
    """Open ones first, then the newest."""

    incidents: tuple[IncidentItem, ...]


class UpdateItem(Frozen):
    """``digest`` is what approval of all its answers binds to; so many of those that the asker sees are ``waiting``."""

    update: IncidentUpdate
    digest: str
    waiting: int = 0


class Approved(Frozen):
    """So many answers were let go; while more wait, ask again."""

    approved: int


class IncidentDetail(Frozen):
    """``counts`` and ``cases`` are of the cases that the asker sees. ``more``: another page follows."""

    incident: IncidentItem
    counts: dict[str, dict[str, int]]
    updates: tuple[UpdateItem, ...]
    cases: tuple[Case, ...]
    more: bool


class NewUpdate(Frozen):
    """Language to text; the default language needs one, for those whose language has none."""

    texts: dict[str, Text] = Field(min_length=1, max_length=50)


class PreviewLine(Frozen):
    """So many cases get the text of that language: it is sent, held for approval, too long for the channel, or there is
    no way to answer."""

    channel: str
    language: str
    fate: Fate
    cases: int


class UpdatePreview(Frozen):
    lines: tuple[PreviewLine, ...]


class NewMute(Frozen):
    minutes: int = Field(ge=1, le=90 * 24 * 60)


class IncidentCase(Frozen):
    case: str = Field(min_length=1, max_length=64)
