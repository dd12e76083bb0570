# SPDX-License-Identifier: Apache-2.0
"""What the API takes and gives beside the product's own schema. Unknown fields are refused everywhere."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from router.deadlines.records import AlarmRecord, ClockRow
from router.interfaces import Capabilities
from router.learning.label import LabelOffer
from router.learning.records import Correction
from router.records import CaseChange, Entry, Order, OutboxRow, OutboxState, QuarantineItem, RawReceipt, Role
from router.schema import (
    Case,
    CaseState,
    Classification,
    Decision,
    Frozen,
    Kind,
    Text,
    Type,
    Urgency,
    Visibility,
)

__all__ = [
    "Approval", "CallNote", "CaseDetail", "CaseList", "CasePatch", "CaseQuery", "CorrectionList", "Counts",
    "Credentials", "Done", "Error", "ErrorBody", "LabelOfferList", "LabelQuery", "Me", "NewLabel", "NewNote",
    "NewReply", "NewText", "NextCase", "NextQuery", "OutboxList", "OutboxQuery", "Page", "QuarantineList",
    "QueueCount", "ReloadAnswer", "Settlement", "Team", "TeamList", "Token",
]  # fmt: skip

_REPLY_CHARS = 100_000


class ErrorBody(Frozen):
    """What went wrong: a code for programs, a sentence for people, and the fields concerned."""

    code: str
    sentence: str
    fields: dict[str, str] = Field(default_factory=dict)


class Error(Frozen):
    error: ErrorBody


class Credentials(Frozen):
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1000)


class Token(Frozen):
    """``token`` is told once; send it as ``Authorization: Bearer ...``."""

    token: str
    expires_at: AwareDatetime
    user: str
    role: Role


class Me(Frozen):
    name: str
    display_name: str
    role: Role
    teams: tuple[str, ...]


class Team(Frozen):
    name: str
    title: str
    queues: tuple[str, ...]


class TeamList(Frozen):
    teams: tuple[Team, ...]


class QueueCount(Frozen):
    """Cases that are not resolved."""

    team: str
    queue: str
    cases: int


class Counts(Frozen):
    """``approvals`` wait for a second person. ``quarantine`` and ``trouble`` are null for those who may not know."""

    queues: tuple[QueueCount, ...]
    approvals: int
    quarantine: int | None
    trouble: int | None


class Page(Frozen):
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class CaseQuery(Page):
    """``state`` may be repeated; none means open and waiting. ``assigned_to=me`` is whoever asks."""

    team: str | None = Field(default=None, max_length=64)
    queue: str | None = Field(default=None, max_length=64)
    state: tuple[CaseState, ...] = ()
    assigned_to: str | None = Field(default=None, max_length=64)
    search: str | None = Field(default=None, max_length=200)
    sort: Order = "urgency"


class CaseList(Frozen):
    """Most urgent first, or by ``sort=due`` the nearest deadline; then oldest. ``more``: another page follows."""

    cases: tuple[Case, ...]
    more: bool


class NextQuery(Frozen):
    """``team``: only of this one; left out: of all teams of whoever asks."""

    team: str | None = Field(default=None, max_length=64)


class NextCase(Frozen):
    """``case`` is now assigned to whoever asked; null: none waits that they could take."""

    case: Case | None


class CaseDetail(Frozen):
    """``decision`` and ``classification`` are the newest of the conversation."""

    case: Case
    conversation: tuple[Entry, ...]
    classification: Classification | None
    decision: Decision | None
    deadlines: tuple[ClockRow, ...] = ()  # the nearest first; those that are over last
    alarms: tuple[AlarmRecord, ...] = ()  # warnings and misses, with what routes made of them; oldest first
    capabilities: Capabilities
    incident: str | None = None  # the incident it is part of


class CasePatch(CaseChange):
    """The changes, and the version they were made on unless If-Match says it."""

    version: int | None = Field(default=None, ge=1)


class NewReply(Frozen):
    text: Text = Field(min_length=1, max_length=_REPLY_CHARS)
    visibility: Visibility | None = None
    once: Text = Field(default="", max_length=200)  # the caller's own id of this answer: sent again, it leaves once


class NewText(Frozen):
    text: Text = Field(min_length=1, max_length=_REPLY_CHARS)
    digest: Text = ""  # of the text that was seen: refused where somebody changed it since


class NewNote(Frozen):
    text: Text = Field(min_length=1, max_length=20_000)


class Approval(Frozen):
    """``digest`` is that of the reply as it was read: what was not read is not approved."""

    digest: str = Field(min_length=64, max_length=64)


class Settlement(Frozen):
    was_sent: bool


class OutboxQuery(Frozen):
    """``state`` may be repeated; none means what waits, failed or is parked."""

    state: tuple[OutboxState, ...] = ()
    limit: int = Field(default=100, ge=1, le=500)


class OutboxItem(Frozen):
    """One thing that leaves, and ``digest`` to approve it by."""

    row: OutboxRow
    digest: str | None


class OutboxList(Frozen):
    items: tuple[OutboxItem, ...]


class QuarantineList(Frozen):
    items: tuple[QuarantineItem, ...]


class CorrectionList(Frozen):
    """What people said of a case's messages beside what the model said, oldest first."""

    corrections: tuple[Correction, ...]


class LabelQuery(Frozen):
    limit: int = Field(default=10, ge=1, le=100)


class LabelOfferList(Frozen):
    """Messages most worth labelling next, best first."""

    offers: tuple[LabelOffer, ...]


class NewLabel(Frozen):
    """What a message is. A complaint or request has a type; urgency may be left out."""

    source_key: str = Field(min_length=1, max_length=500)
    kind: Kind
    type: Type | None = Field(default=None, max_length=100)
    urgency: Urgency | None = None


class CallNote(Frozen):
    """What staff noted of a call or a visit. Sent twice with the same ``id`` and ``at``, it is one complaint."""

    summary: Text = Field(min_length=1, max_length=20_000)
    kind: Literal["phone", "visit"] = "phone"
    caller: Text = Field(default="", max_length=200)
    phone: Text = Field(default="", max_length=200)
    email: Text = Field(default="", max_length=320)
    language: str = Field(default="", max_length=35)
    id: str | None = Field(default=None, min_length=8, max_length=100)
    at: AwareDatetime | None = None


class Logged(Frozen):
    receipt: RawReceipt


class ReloadAnswer(Frozen):
    """``ok`` false: the mistakes were found and the last good configuration stays in force."""

    ok: bool = True
    digest: str = ""
    mistakes: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


class Done(Frozen):
    done: Literal[True] = True
