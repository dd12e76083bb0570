# SPDX-License-Identifier: Apache-2.0
"""What a message is made of: who, what is attached, what is named in it, what it is besides its words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from router.raw import Frozen, Text

__all__ = [
    "Action",
    "AlarmThen",
    "Assign",
    "Attachment",
    "CaseThen",
    "ConditionTrace",
    "DeliveryReport",
    "Entity",
    "Flags",
    "Given",
    "Party",
    "ReadLimits",
    "RouteTrace",
    "Said",
    "Suggestion",
]  # fmt: skip


class Party(Frozen):
    """Somebody on a channel. ``id`` is stable on the platform; ``address`` is a mail address, handle or number."""

    address: Text = ""
    name: Text = ""
    id: Text = ""

    @property
    def key(self) -> str:
        """What identifies this party on its channel: the stable id, else the address without case."""
        return self.id or self.address.casefold()


class Attachment(Frozen):
    """A part that is listed and never opened here. ``size`` is in bytes after transfer decoding."""

    filename: Text = ""
    content_type: Text = "application/octet-stream"
    size: int = Field(default=0, ge=0)
    inline: bool = False
    content_id: Text = ""
    native_id: Text = ""  # where it is: a part path in mail ("2", inside a container "2#1"), a file id in chat
    note: Text = ""  # what a person should know: "encrypted", "cut at 25 MiB"


class Flags(Frozen):
    """What the message is besides its words."""

    auto_reply: bool = False
    bounce: bool = False
    spam: bool = False
    own: bool = False  # sent by ourselves and seen again
    mailing_list: bool = False
    sender_ambiguous: bool = False  # no From, several From, or forms that parsers disagree on
    unverified: bool = (
        False  # our own mail server says that the sender is not who the mail claims (DMARC, SPF and DKIM)
    )
    receipt: bool = False  # a read receipt or a feedback report: nobody wrote it
    encrypted: bool = False  # the words are inside; only the recipient's key opens them
    signed: bool = False  # carries a signature (S/MIME, PGP), which is not checked here
    parts_differ: bool = False  # its plain text and its HTML say different things
    lookalike: bool = False  # letters of several scripts in one name or domain, or direction marks that hide its order


class DeliveryReport(Frozen):
    """What a mail server or platform says became of a message we sent (RFC 3464; status callbacks of platforms)."""

    action: Literal["failed", "delayed", "delivered", "relayed", "expanded", "read", ""] = ""
    permanent: bool | None = None  # True: hard, trying again will not help; False: soft; None: not said
    recipient: Text = ""
    status: Text = ""  # RFC 3463: "5.1.1"
    reason: Text = ""  # the other side's words, cut at 300 characters
    message_id: Text = ""  # of the message reported on, as far as the report tells
    envelope_id: Text = ""  # the ENVID we gave when sending (RFC 3461)

    @property
    def failure(self) -> str:
        """The status in words for people, such as "mailbox full"; "" where it has no common meaning."""
        if self.status == "5.4.1":  # Exchange and Mimecast mean by it that the recipient is not known there
            return "recipient refused"
        return _FAILURES.get(self.status.partition(".")[2], "")

    def sentence(self, what: str) -> str:
        """What became of ``what``: "our answer to jane@example.com could not be delivered: mailbox full (soft)"."""
        told = _TOLD[self.action]
        to = f" to {self.recipient}" if self.recipient else ""
        why = self.failure or self.reason or self.status
        why = f": {why}" if why and self.action in ("failed", "delayed", "") else ""
        lasting = {True: " (hard)", False: " (soft)", None: ""}[self.permanent]
        return f"{what}{to} {told}{why}{lasting}"


_TOLD = {
    "failed": "could not be delivered", "": "could not be delivered", "delayed": "is delayed",
    "delivered": "was delivered", "relayed": "was handed on", "expanded": "was handed on", "read": "was read",
}  # fmt: skip
# The details of RFC 3463 that servers really use; the class before them says whether it lasts.
_FAILURES = {
    "1.0": "address problem", "1.1": "no such mailbox", "1.2": "no such domain", "1.3": "address not valid",
    "1.6": "mailbox has moved", "1.8": "our address was refused", "1.10": "domain takes no mail",
    "2.0": "mailbox problem", "2.1": "mailbox disabled", "2.2": "mailbox full", "2.3": "message too large",
    "3.4": "message too large", "4.1": "their server did not answer", "4.2": "connection broke",
    "4.4": "no route to their server", "4.6": "mail loop", "4.7": "not delivered in time",
    "7.0": "refused by policy", "7.1": "refused by policy", "7.26": "our mail failed their authentication checks",
}  # fmt: skip


class Entity(Frozen):
    """Something named in the message. ``start`` and ``end`` are offsets in code points into the field ``place``."""

    kind: str  # order, invoice, tracking, contract, amount, date, phone, or a name of the installation
    text: Text  # as it stands there
    value: Text  # in one form: 1234.50, 2026-03-01, +358401234567, AB-1234
    unit: str = ""  # currency of an amount, ISO 4217
    place: Literal["subject", "text"] = "text"
    start: int
    end: int


class ReadLimits(Frozen):
    """How much of one mail is read, whatever else is in it. What is cut is said in the message's notes, and stays in
    the raw bytes."""

    header_bytes: int = Field(default=16 * 1024, ge=1_000, le=1024 * 1024)  # of one field
    headers: int = Field(default=1_000, ge=20, le=20_000)  # fields of one block
    parts: int = Field(default=200, ge=1, le=5_000)
    depth: int = Field(default=50, ge=1, le=100)  # of parts inside each other
    line_chars: int = Field(default=20_000, ge=200, le=1_000_000)  # of one line of text
    html_chars: int = Field(default=500_000, ge=1_000, le=5_000_000)  # before it is read
    attachment_bytes: int = Field(default=25 * 1024 * 1024, ge=1_000)  # larger ones are listed, and not looked into


# --- what a decision holds besides team, queue and urgency --------------------------------------------------------


class Action(Frozen):
    """One thing that a route said: ``name`` is its key in ``rules.yaml``, ``route`` the path of who said it.

    ``skipped`` gives the reason where it was said and not done, such as an automatic answer in public.
    """

    name: str
    value: Text
    route: str
    skipped: str = ""


class Assign(Frozen):
    """How somebody of the team gets the case."""

    strategy: Literal["round-robin", "least-load", "skills", "manual"]
    skills: tuple[str, ...] = ()  # wanted besides the language and the type of the case
    keep: bool | None = None  # true: whoever knows the customer gets it again; left out: as the team says


class ConditionTrace(Frozen):
    """One condition as it was tried: what it asked for, what it saw, and whether it held."""

    path: str
    wanted: str
    seen: Text
    held: bool


class RouteTrace(Frozen):
    """One route as it was tried. ``depth`` is 0 for the root."""

    route: str
    depth: int
    matched: bool
    conditions: tuple[ConditionTrace, ...] = ()


class Suggestion(Frozen):
    """A value a label could have, how probable it is, and the queue it would lead to."""

    label: str
    value: str
    score: float
    queue: str


class CaseThen(Frozen):
    """The case as it was when something was decided of it."""

    team: str
    queue: str
    state: Literal["open", "waiting", "resolved"] = "open"
    kind: str = "complaint"
    type: str | None = None
    urgency: Literal["critical", "high", "normal", "low"] = "normal"
    language: str = "und"
    unsure: bool = False
    tags: tuple[str, ...] = ()
    fields: dict[str, Text] = Field(default_factory=dict)
    own_fields: tuple[str, ...] = ()  # those that people set
    assigned_to: str | None = None


class AlarmThen(Frozen):
    """A deadline that warned or was missed. ``message`` is the source key of the case's newest words then."""

    name: str
    clock: Literal["acknowledgement", "first_response", "next_response", "resolution"]
    state: Literal["warning", "breached"]
    before: str = ""  # of a warning: how long before it is due, as written
    round: int = 1
    statutory: bool = False
    message: str = ""


class Given(Frozen):
    """What a decision was made from besides the message, its labels and the customer record: with them, it can be
    made again. ``contacts`` are earlier messages of the sender, newest first; ``opening`` the calendars open then."""

    now: datetime | None = None
    is_new: bool = True
    messages: int | None = None
    contacts: tuple[datetime, ...] = ()
    reopened: bool = False
    unanswered: int | None = None
    deadlines: dict[str, str] = Field(default_factory=dict)
    opening: tuple[str, ...] = ()
    case: CaseThen | None = None  # None: the message opened it
    alarm: AlarmThen | None = None  # what was decided then is of an alarm and not of a message


class Said(Frozen):
    """What rules say beyond the place of a case: each action in the order it was said, and what they amount to."""

    actions: tuple[Action, ...] = ()
    fields: dict[str, Text] = Field(default_factory=dict)  # set on the case
    answer: str | None = None  # template that answers a simple request by itself
    ask: str | None = None  # template of the one question asked of the customer
    deadlines: tuple[str, ...] = ()  # sets of deadlines that are watched
    assign: Assign | None = None
    levels: dict[str, Literal["preselect", "recommend", "none"]] = Field(default_factory=dict)  # labels not acted on
    suggestions: tuple[Suggestion, ...] = ()  # best first, where a label was not acted on
    left_out: int = 0  # routes tried whose traces were not kept; the same rules can show them
    given: Given | None = None
