# SPDX-License-Identifier: Apache-2.0
"""The rows that the store keeps and the pipeline, outbox, web and commands exchange with it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from router.schema import (
    Attachment,
    Case,
    CaseState,
    Classification,
    Decision,
    Frozen,
    InboundMessage,
    Kind,
    Party,
    RawMessage,
    Receipt,
    Reply,
    Text,
    Type,
    Urgency,
    Visibility,
)

__all__ = [
    "AuditRow", "CaseChange", "CaseFilter", "Commit", "Entry", "Lookup", "NewMessage", "Order", "OutboxKind",
    "OutboxRow", "OutboxState", "QuarantineItem", "RawFate", "RawOutcome", "RawReceipt", "RawRecord", "RawState",
    "Role", "Session", "SinkEvent", "ThreadHit", "User",
]  # fmt: skip

RawState: TypeAlias = Literal["new", "claimed", "done", "ignored", "quarantined"]
OutboxKind: TypeAlias = Literal["reply", "acknowledgement", "sink"]
OutboxState: TypeAlias = Literal["awaiting_approval", "pending", "attempting", "sent", "failed", "parked", "withdrawn"]
Role: TypeAlias = Literal["agent", "manager", "admin"]
Order: TypeAlias = Literal["due", "urgency"]


class RawReceipt(Frozen):
    """What the store says of one raw message: committed now, or known before.

    ``differs`` is set when the same source key came again with other bytes; the first bytes are kept.
    """

    raw_id: int
    source_key: str
    reference: str
    duplicate: bool
    differs: bool = False


class RawRecord(Frozen):
    """A raw message taken from the store for work; ``attempts`` counts this one."""

    id: int
    raw: RawMessage
    attempts: int


class RawOutcome(Frozen):
    """What became of a raw message."""

    raw_id: int
    state: RawState
    reason: Text = ""
    counts: bool = True  # as an attempt; False where nothing was tried


class RawFate(Frozen):
    """What has become of a raw message so far, and which cases its messages are in."""

    state: RawState
    reason: Text = ""
    case_ids: tuple[str, ...] = ()
    opened: bool = False  # one of its messages opened a case


class QuarantineItem(Frozen):
    """A raw message that could not be made a case, kept whole, listed with the reason."""

    raw_id: int
    source_key: str
    channel: str
    account: str
    size: int
    digest: str
    received_at: AwareDatetime
    attempts: int
    reason: Text


class ThreadHit(Frozen):
    """A case that a thread key leads to, and from which message it was learned."""

    case: Case
    sender_key: str
    digest: str  # of the words of that message; "" for a message of our own
    source_key: str


class Lookup(Frozen):
    """What the store knows about a batch before it is decided."""

    known: dict[str, str] = Field(default_factory=dict)  # source key -> case id
    threads: dict[str, tuple[ThreadHit, ...]] = Field(default_factory=dict)  # thread key -> hits, newest first
    cases: dict[str, Case] = Field(default_factory=dict)  # case id -> case
    contacts: dict[str, tuple[AwareDatetime, ...]] = Field(default_factory=dict)  # sender key -> newest first
    deadlines: dict[str, dict[str, str]] = Field(default_factory=dict)  # case id -> clock -> running, warning, breached
    unanswered: dict[str, int] = Field(default_factory=dict)  # case id -> messages since our last reply
    newest_key: int = 0  # number of the newest thread key there was; later ones are higher


class NewMessage(Frozen):
    """One parsed message on its way into the store."""

    raw_id: int
    case_id: str
    message: InboundMessage
    classification: Classification | None = None
    decision: Decision | None = None
    copy_of: str = ""  # source key of the message this is another copy of
    verified: bool = True  # False: joined by token although the sender is somebody else
    words_digest: str = ""
    thread_keys: tuple[str, ...] = ()


class SinkEvent(Frozen):
    """What a sink forwards: the case as it was when it was routed, and the newest words."""

    id: str  # idempotency key
    sink: str
    case: Case
    text: Text
    reasons: tuple[str, ...] = ()
    url: str = ""


class OutboxRow(Frozen):
    """One thing that must leave, and how far it got."""

    id: str
    kind: OutboxKind
    state: OutboxState
    case_id: str
    team: str
    target: str  # "channel:account" or a sink's name
    reply: Reply | None = None
    event: SinkEvent | None = None
    attempts: int = 0
    fence: int = 0  # raised by every lease; a result with an older fence is refused
    next_at: AwareDatetime
    created_at: AwareDatetime
    created_by: str = ""
    approved_by: str = ""
    once: str = ""  # left out at the commit where a row with the same words here was queued before
    error: Text = ""
    receipt: Receipt | None = None


class AuditRow(Frozen):
    """Who did what to which case; ``seq`` is given by the store and grows."""

    seq: int = 0
    at: AwareDatetime
    actor: str
    action: str
    case_id: str = ""
    team: str = ""
    detail: dict[str, str] = Field(default_factory=dict)


class Commit(Frozen):
    """Everything one batch changes; kept whole or not at all. ``wanted`` and ``newest_key`` are what the lookup was
    asked and said: where one of these thread keys came after it, cases were chosen unknowing, and it is a conflict."""

    outcomes: tuple[RawOutcome, ...] = ()
    new_cases: tuple[Case, ...] = ()
    changed_cases: tuple[Case, ...] = ()  # ``version`` is the one that was read
    messages: tuple[NewMessage, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    audit: tuple[AuditRow, ...] = ()
    wanted: tuple[str, ...] = ()
    newest_key: int = 0


class CaseFilter(Frozen):
    """Which cases, most urgent and then oldest first. ``teams`` None means all teams."""

    teams: tuple[str, ...] | None = None
    states: tuple[CaseState, ...] | None = ("open", "waiting")
    queue: str | None = None
    assigned_to: str | None = None
    sender_key: str | None = None
    incident: str | None = None
    search: str | None = None
    order: Order = "urgency"  # due: the nearest deadline first, those without one last
    limit: int = Field(default=100, ge=1, le=100_000)
    offset: int = Field(default=0, ge=0)
    with_messages: bool = False


FieldName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}$")]
FieldValue: TypeAlias = Annotated[Text, Field(max_length=500)]


class CaseChange(Frozen):
    """What changes in a case; None leaves it alone. ``assigned_to`` "" takes the case back. Of ``fields`` those named
    are set, or taken away with "", and the others stay."""

    state: CaseState | None = None
    team: str | None = None
    queue: str | None = None
    kind: Kind | None = None
    type: Type | None = None
    urgency: Urgency | None = None
    assigned_to: str | None = None
    tags: tuple[str, ...] | None = None
    fields: dict[FieldName, FieldValue] | None = None


class Entry(Frozen):
    """One line of a case's conversation: a message received, an answer on its way or sent, or a note by staff."""

    direction: Literal["in", "out", "note"]
    at: AwareDatetime
    who: Party
    text: Text
    html: str = ""
    visibility: Visibility = "private"
    source_key: str = ""
    raw_id: int | None = None
    outbox_id: str = ""
    delivery: OutboxState | None = None
    error: Text = ""
    approved_by: str = ""
    automatic: bool = False
    verified: bool = True
    copies: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    message: InboundMessage | None = None
    classification: Classification | None = None
    decision: Decision | None = None
    reply: Reply | None = None


class Tallies(Frozen):
    """How many rows wait for what."""

    outbox: dict[str, int]  # by state
    overdue: int  # clocks past due that no law sets
    overdue_statutory: int


class User(Frozen):
    """Somebody who logs in. Managers read all teams; administrators configure and read no complaint."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    display_name: Text = ""
    role: Role = "agent"
    teams: tuple[str, ...] = ()
    password_hash: str = ""
    disabled: bool = False


class Session(Frozen):
    """A log-in. The browser holds the token; only its digest is stored."""

    token_digest: str
    user: str
    csrf: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    kind: Literal["browser", "api", "link"] = "browser"  # link: opens one browser session, once
