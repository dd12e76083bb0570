# SPDX-License-Identifier: Apache-2.0
"""The one schema: what a message, a case, a decision and a reply are. Everything else speaks only this.

Models are frozen. Times are aware and in UTC. Text is valid Unicode without NUL. Nothing platform-specific lives here.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import AwareDatetime, Field

from router.content import Attachment, ConditionTrace, DeliveryReport, Entity, Flags, Party, RouteTrace, Said
from router.raw import Frozen, RawMessage, Text, Transport, clean_text

__all__ = [
    "KINDS", "LANGUAGES", "TYPES", "URGENCIES", "Attachment", "Case", "CaseState", "Classification", "ConditionTrace",
    "Customer", "Decision", "DeliveryReport", "Entity", "Evidence", "Flags", "Frozen", "InboundMessage", "Kind",
    "Party", "RawMessage", "Receipt", "Reply", "RouteTrace", "Text", "Transport", "Type", "Urgency", "Visibility",
    "clean_text",
]  # fmt: skip

Kind: TypeAlias = Literal["complaint", "request", "praise", "other"]
Type: TypeAlias = str  # one of TYPES unless an installation names its own
Urgency: TypeAlias = Literal["critical", "high", "normal", "low"]
Visibility: TypeAlias = Literal["public", "private", "direct"]
CaseState: TypeAlias = Literal["open", "waiting", "resolved"]

KINDS = ("complaint", "request", "praise", "other")
TYPES = (
    "billing", "delivery", "product", "service", "refund", "account", "technical", "privacy", "fraud", "safety",
    "other",
)  # fmt: skip
URGENCIES = ("critical", "high", "normal", "low")  # most urgent first
LANGUAGES = ("en", "fi", "fr", "et", "hr", "de", "es", "it", "pt", "nl", "sv", "pl")


# --- what comes in -----------------------------------------------------------------------------------------------


class InboundMessage(Frozen):
    """One message in the product's own words, whatever channel it came by."""

    channel: str
    account: str
    native_id: Text
    event: Literal["message", "edit", "delete"] = "message"
    message_id: Text = ""  # mail: Message-ID without angle brackets; elsewhere the platform's id
    in_reply_to: Text = ""
    references: tuple[Text, ...] = ()
    conversation: Text = ""  # the platform's thread: chat id, conversation id
    reply_tokens: tuple[str, ...] = ()  # keyed tokens found in recipients or references, not yet verified
    sender: Party = Party()
    original_sender: Party | None = None  # who wrote what somebody else forwarded
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    reply_to: tuple[Party, ...] = ()
    subject: Text = ""
    text: Text = ""
    reply_text: Text = ""  # the new words: no quoted history, no signature
    hidden_text: Text = (
        ""  # words of the HTML that no reader would have seen; shown to agents as hidden, never routed on
    )
    html: Text = ""  # sanitised: safe to show under a strict policy
    attachments: tuple[Attachment, ...] = ()
    language: Text = ""  # what the channel claims, if anything
    sent_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    visibility: Visibility = "private"
    rating: float | None = None  # stars of a review, 1 to 5
    fields: dict[Text, Text] = Field(default_factory=dict)  # named values a form or webhook asked for
    flags: Flags = Flags()
    report: DeliveryReport | None = None  # where the message only says what became of one of ours
    entities: tuple[Entity, ...] = ()
    notes: tuple[Text, ...] = ()  # what was repaired or cut while reading

    @property
    def source_key(self) -> str:
        return f"{self.channel}:{self.account}:{self.native_id}"

    @property
    def words(self) -> str:
        """What the classifier and rules read: the new words if any were found, else all text."""
        return self.reply_text or self.text


# --- what is decided ---------------------------------------------------------------------------------------------


class Evidence(Frozen):
    """A piece of the text and how much it spoke for the label (above 0) or against it. ``start`` and ``end`` are
    offsets in code points into the text that was classified; -1 where the piece is not a span of it."""

    text: Text
    start: int
    end: int
    weight: float


class Classification(Frozen):
    """What the classifier says of one message. Scores are calibrated probabilities, label to value."""

    kind: Kind
    type: Type | None = None  # None for praise and other
    also: tuple[Type, ...] = ()
    urgency: Urgency = "normal"
    language: str = "und"
    scores: dict[str, dict[str, float]] = Field(default_factory=dict)  # "kind" -> {"complaint": 0.93, ...}
    unsure: bool = False
    why: dict[str, tuple[Evidence, ...]] = Field(default_factory=dict)  # "kind" -> strongest first
    model: str = ""  # name and digest of the model that said so

    def confidence(self, label: str) -> float:
        """The score of the chosen value of ``kind``, ``type``, ``urgency`` or ``language``; 0 where there is none."""
        return self.scores.get(label, {}).get(str(getattr(self, label)), 0.0)


class Customer(Frozen):
    """What is known of the customer besides this complaint."""

    id: str
    name: Text = ""
    tier: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    fields: dict[str, Text] = Field(default_factory=dict)


class Decision(Said):
    """Where a message's case goes, what else rules said, and why there and not elsewhere."""

    team: str
    queue: str
    route: str  # path of route names, "root/delivery/lost"
    urgency: Urgency
    tags: tuple[str, ...] = ()
    acknowledge: str | None = None  # template name; None: no acknowledgement
    sinks: tuple[str, ...] = ()
    hold_reply: bool = False  # replies wait for approval even where they are private
    traces: tuple[RouteTrace, ...] = ()  # in the order tried
    rules_digest: str = ""
    customer: Customer | None = None  # as known then


class Case(Frozen):
    """One customer's one matter."""

    id: str  # the reference the customer sees
    state: CaseState = "open"
    team: str
    queue: str
    kind: Kind
    type: Type | None
    urgency: Urgency
    language: str
    channel: str
    account: str
    visibility: Visibility
    subject: Text
    sender: Party
    customer_id: str | None = None
    assigned_to: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, Text] = Field(default_factory=dict)  # set by routes and people
    own_fields: tuple[str, ...] = ()  # names that people set or took away: routes leave them alone
    unsure: bool = False
    created_at: datetime
    updated_at: datetime
    first_reply_at: datetime | None = None
    due_at: datetime | None = None  # the nearest deadline that runs; kept by the clocks alone
    version: int = 1  # raised by every change; a stale version is refused
    messages: tuple[str, ...] = ()  # source keys in order of arrival; filled when asked for


# --- what goes out -----------------------------------------------------------------------------------------------


class Reply(Frozen):
    """One text for one recipient on one channel. Sent exactly as it stands here, or not at all."""

    id: str  # also the idempotency key
    case_id: str
    channel: str
    account: str
    to: Party
    text: Text
    subject: Text = ""
    visibility: Visibility = "private"
    automatic: bool = False  # acknowledgements: marked as such, never answered by machines
    author: str = ""
    language: str = "und"
    conversation: str = ""
    in_reply_to_native: str = ""  # native id of the message answered
    message_id: str = ""  # mail: fixed before the first attempt so that retries keep it
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_address: str = ""  # mail: where an answer should go; carries the keyed token

    @property
    def digest(self) -> str:
        """What approval binds to: text, place and audience."""
        place = (self.channel, self.account, self.to.key, self.visibility, self.in_reply_to_native)
        parts = (*place, self.subject, self.text)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Receipt(Frozen):
    """Proof from the other side that something was taken. ``native_id`` is the platform's id of it."""

    native_id: Text = ""
    sent_at: AwareDatetime
    url: Text = ""
    detail: Text = ""
