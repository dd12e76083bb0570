# SPDX-License-Identifier: Apache-2.0
"""What a rule can look at: one message, its labels, the customer and the case so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from router.content import AlarmThen, CaseThen, Given
from router.deadlines.records import Consequences
from router.schema import Case, Classification, Customer, Decision, InboundMessage

__all__ = ["Calendars", "Facts", "OpenThen", "case_then", "facts_again", "labels_now"]


class Calendars(Protocol):
    """Business hours by name, as ``teams.yaml`` declares them."""

    @property
    def names(self) -> Sequence[str]:
        """The calendars there are."""

    def is_open(self, name: str, at: datetime) -> bool:
        """Whether a calendar of that name is open at this time (aware)."""


@dataclass(frozen=True, slots=True)
class OpenThen:
    """Calendars as they were: those named here are open, at any time."""

    names: tuple[str, ...]

    def is_open(self, name: str, at: datetime) -> bool:
        return name in self.names


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything one decision is made from; nothing else is read, so the same facts always decide the same.

    ``now`` is the time of the decision, handed in so that a replay decides as it was decided then; what depends on
    time is absent without it.
    """

    message: InboundMessage
    classification: Classification | None = None
    customer: Customer | None = None
    is_new: bool = True
    messages: int | None = None  # in the case with this one, where the caller knows it
    now: datetime | None = None
    contacts: Sequence[datetime] = ()  # when the sender wrote before, in any case; newest first
    reopened: bool = False  # the message takes a resolved case up again
    unanswered: int | None = None  # messages in the case since we last answered, with this one
    deadlines: Mapping[str, str] = field(default_factory=dict)  # clock -> running, warning, breached; absent: none
    calendars: Calendars | None = None
    hidden: frozenset[str] = frozenset()  # labels under their threshold, which conditions do not see
    case: CaseThen | None = None  # before this message came; None: there was none
    alarm: AlarmThen | None = None  # a deadline that warned or was missed: the routes for these are asked
    does: Consequences | None = None  # what that deadline itself says, under what routes say

    def open_calendars(self) -> tuple[str, ...]:
        """Names of the calendars that are open at the time of the decision."""
        calendars, now = self.calendars, self.now
        if calendars is None or now is None:
            return ()
        return tuple(name for name in calendars.names if calendars.is_open(name, now))

    def given(self, *, with_calendars: bool = True) -> Given:
        """What must be kept beside message, labels and customer to decide the same again."""
        return Given(
            now=self.now,
            is_new=self.is_new,
            messages=self.messages,
            contacts=tuple(self.contacts[:MAX_CONTACTS]),
            reopened=self.reopened,
            unanswered=self.unanswered,
            deadlines=dict(self.deadlines),
            opening=self.open_calendars() if with_calendars else (),
            case=self.case,
            alarm=self.alarm,
        )


MAX_CONTACTS = 50  # earlier contacts that are looked at


def facts_again(message: InboundMessage, labels: Classification | None, decision: Decision) -> Facts:
    """The facts that a stored decision was made from."""
    given = decision.given or Given()
    if given.alarm is not None and given.case is not None:
        labels = labels_now(given.case, labels)
    return Facts(
        message=message,
        classification=labels,
        customer=decision.customer,
        is_new=given.is_new,
        messages=given.messages,
        now=given.now,
        contacts=given.contacts,
        reopened=given.reopened,
        unanswered=given.unanswered,
        deadlines=given.deadlines,
        calendars=OpenThen(given.opening),
        case=given.case,
        alarm=given.alarm,
    )


def labels_now(case: CaseThen, said: Classification | None) -> Classification:
    """The labels that stand on the case. Where a person changed one, it is certain."""
    now = {name: getattr(case, name) for name in ("kind", "type", "urgency", "language", "unsure")}
    labels = said or Classification.model_validate({"kind": case.kind})
    scores = {
        label: scores if getattr(labels, label) == now[label] else {str(now[label]): 1.0}
        for label, scores in labels.scores.items()
    }
    return labels.model_copy(update={**now, "scores": scores})


def case_then(case: Case) -> CaseThen:
    """What is kept of a case beside what is decided of it."""
    return CaseThen.model_validate({name: getattr(case, name) for name in CaseThen.model_fields})
