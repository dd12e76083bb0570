# SPDX-License-Identifier: Apache-2.0
"""The shape of ``config/tests/*.yaml``: cases that prove rules. What is given, and what must come of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from router.config.models import Name
from router.rules.cases_times import age_of, is_zone
from router.rules.model import Strategy
from router.schema import Frozen, Kind, Urgency, Visibility

__all__ = [
    "AlarmGiven", "CaseGiven", "CasesFile", "CustomerGiven", "Expected", "GivenMessage", "HistoryGiven",
    "LabelConfidence", "LabelsGiven", "RuleCase", "Unwanted",
]  # fmt: skip


def _several(value: object) -> object:
    """One text is a list of one."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Texts: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(_several),
    WithJsonSchema(_TEXTS),
]
Zone: TypeAlias = Annotated[str, AfterValidator(is_zone)]
LabelName: TypeAlias = Literal["kind", "type", "urgency", "language"]


def _is_age(text: str) -> str:
    age_of(text)
    return text


class LabelConfidence(Frozen):
    """Probabilities that differ by label; what is left out is certain."""

    kind: float = Field(default=1.0, ge=0, le=1)
    type: float = Field(default=1.0, ge=0, le=1)
    urgency: float = Field(default=1.0, ge=0, le=1)
    language: float = Field(default=1.0, ge=0, le=1)


class LabelsGiven(Frozen):
    """What the classifier is taken to have said."""

    kind: Kind = "complaint"  # what it is
    type: str | None = None  # what it is about
    also: Texts = ()  # further types
    urgency: Urgency = "normal"  # how soon a person must look
    language: str = "und"  # of the text
    unsure: bool = False  # the classifier does not trust itself
    confidence: float | LabelConfidence = 1.0  # probability of these labels: of all, or {type: 0.4}
    scores: dict[LabelName, dict[str, float]] = Field(default_factory=dict)  # of further values: {type: {refund: 0.3}}

    @model_validator(mode="after")
    def _probable(self) -> LabelsGiven:
        if isinstance(self.confidence, float) and not 0 <= self.confidence <= 1:
            raise ValueError("confidence is a probability, from 0 to 1")
        return self


class CustomerGiven(Frozen):
    """The customer record."""

    id: str = "customer"  # number of the customer
    tier: str = ""  # such as gold
    language: str = ""  # the customer chose
    tags: Texts = ()  # of the customer
    fields: dict[str, str] = Field(default_factory=dict)  # other columns of the customer file


class HistoryGiven(Frozen):
    """The case so far. Left out: the message opens a new one."""

    is_new: bool = True  # false: it comes into a case that exists
    messages: int | None = Field(default=None, ge=1)  # in the case, this one included
    reopened: bool = False  # it takes a resolved case up again
    unanswered: int | None = Field(default=None, ge=0)  # messages since we last answered, this one included
    contacts: tuple[Annotated[str, AfterValidator(_is_age)], ...] = ()  # how long ago the sender wrote: [2h, 3d]


class CaseGiven(Frozen):
    """The case that the message comes into, or whose deadline it is, as it stands before."""

    queue: str | None = None  # left out: that of the root
    state: Literal["open", "waiting", "resolved"] = "open"  # waiting: for the customer
    urgency: Urgency | None = None  # left out: as the labels say, else normal
    tags: Texts = ()  # it has
    fields: dict[str, str] = Field(default_factory=dict)  # it has
    own_fields: Texts = ()  # those that people set, which routes leave alone
    assigned_to: str | None = None  # who has it


class AlarmGiven(Frozen):
    """A deadline that warns or is missed: the routes of ``on_deadline`` are tried instead of those of the root."""

    name: str  # of the deadline
    state: Literal["warning", "breached"] = "breached"  # which of both
    before: str = ""  # of a warning: how long before it is due, as in teams.yaml; left out: the first of them
    round: int = Field(default=1, ge=1)  # of a next response: which answer it is about


class GivenMessage(Frozen):
    """A message and what is known besides it. What is left out is absent."""

    file: str | None = None  # a message file beside this one, read as its channel reads it
    channel: str = "email"  # kind of channel
    account: str = "support"  # of that channel
    event: Literal["message", "edit", "delete"] = "message"  # what happened
    from_: str | None = Field(default=None, alias="from")  # address, handle or number of the sender
    from_name: str | None = None  # name the sender goes by
    to: Texts = ()  # recipients
    subject: str | None = None  # subject line
    text: str | None = None  # the words
    visibility: Visibility | None = None  # who can read it; left out: private
    rating: float | None = Field(default=None, ge=0, le=5)  # stars of a review
    claimed_language: str = ""  # language the channel claims
    attachments: Texts = ()  # file names
    fields: dict[str, str] = Field(default_factory=dict)  # values of a form or webhook
    flags: Texts = ()  # those that are set: [auto_reply, bounce]
    entities: dict[str, Texts] = Field(default_factory=dict)  # named in it; left out: looked for in the text
    labels: LabelsGiven | None = None  # what the classifier is taken to have said
    classify: bool = False  # true: the model of this installation says it
    customer: CustomerGiven | None = None  # left out: there is no record
    history: HistoryGiven = HistoryGiven()  # left out: the message opens a new case
    deadlines: dict[str, Literal["running", "warning", "breached"]] = Field(default_factory=dict)  # clocks of the case
    case: CaseGiven | None = None  # left out: the message opens it, or comes into one of which nothing is known
    alarm: AlarmGiven | None = None  # left out: the message is decided; given: the message is the newest of the case

    @model_validator(mode="after")
    def _once(self) -> GivenMessage:
        if self.classify and self.labels is not None:
            raise ValueError("give 'labels' or 'classify: true', not both")
        return self


class Expected(Frozen):
    """What must come of it. A list must be contained; there may be more. What is left out may be anything."""

    queue: str | None = None  # where the case goes
    team: str | None = None  # that works the queue
    route: str | None = None  # the last route taken: delivery/lost-again
    takes: Texts = ()  # routes taken on the way, those with "continue" too
    urgency: Urgency | None = None  # after what routes said
    tags: Texts = ()  # set on the case
    fields: dict[str, str] = Field(default_factory=dict)  # set on the case
    sinks: Texts = ()  # forwarded there, besides the sinks of the team
    acknowledge: Name | Literal[False] | None = None  # template; false: none
    answer: Name | Literal[False] | None = None  # template that answers by itself; false: none
    ask: Name | Literal[False] | None = None  # template of the question; false: none
    hold_reply: bool | None = None  # replies wait for approval
    deadlines: Texts = ()  # sets that routes named
    assign: Strategy | None = None  # who of the team gets it
    actions: Texts = ()  # done: "answer", or with its value "tags legal"
    levels: dict[LabelName, Literal["apply", "preselect", "recommend", "none"]] = Field(default_factory=dict)  # trust

    @property
    def is_empty(self) -> bool:
        return self == type(self)()


class Unwanted(Frozen):
    """What must not come of it: none of these."""

    queue: Texts = ()  # where the case must not go
    team: Texts = ()  # that must not get it
    route: Texts = ()  # that must not be the last one taken
    takes: Texts = ()  # routes that must not be taken
    urgency: Texts = ()  # that it must not have
    tags: Texts = ()  # not on the case
    sinks: Texts = ()  # not forwarded there
    acknowledge: Texts = ()  # templates
    answer: Texts = ()  # templates
    ask: Texts = ()  # templates
    deadlines: Texts = ()  # sets that no route may name
    actions: Texts = ()  # not done: "answer", or with its value "tags legal"

    @property
    def is_empty(self) -> bool:
        return self == type(self)()


class RuleCase(Frozen):
    """One case."""

    name: str = Field(min_length=1, max_length=200)  # a sentence that is true while the case passes
    at: datetime | None = None  # the time of the decision; with an offset, else in the file's zone
    given: GivenMessage
    expect: Expected = Expected()
    not_: Unwanted = Field(default=Unwanted(), alias="not")

    @model_validator(mode="after")
    def _says_something(self) -> RuleCase:
        if self.expect.is_empty and self.not_.is_empty:
            raise ValueError("expects nothing; write what must come of it under 'expect' or 'not'")
        return self


class CasesFile(Frozen):
    """One file of ``config/tests/``."""

    at: datetime = datetime(2026, 3, 2, 10, 0)  # noqa: DTZ001 - read on the clock of ``zone``
    zone: Zone = "UTC"  # of times without an offset: Europe/Helsinki
    cases: tuple[RuleCase, ...] = Field(min_length=1)
