# SPDX-License-Identifier: Apache-2.0
"""Asks the routes of ``on_deadline`` what a warning or a miss brings: from what is stored of a case to a decision."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from router.content import Given
from router.deadlines.records import LastWords, Question
from router.rules.facts import Calendars, Facts, case_then, labels_now
from router.rules.ruleset import RuleSet
from router.schema import Case, Classification, Customer, Decision, InboundMessage

__all__ = ["answer"]


def answer(question: Question, rules: RuleSet, calendars: Calendars | None = None) -> Decision:
    """What the routes make of an alarm, with all it was decided from. Pure.

    Conditions see the newest words of the case, its labels as they are now, whoever set them, and how its clocks stand.
    """
    facts = facts_of(question, calendars)
    given = facts.given(with_calendars="time.in_calendar" in rules.asks)
    return rules.decide(facts).model_copy(update={"given": given, "customer": facts.customer})


def facts_of(question: Question, calendars: Calendars | None = None) -> Facts:
    """What routes see of an alarm."""
    case, last = question.case, question.history.last
    then = case_then(case)
    decided = _decided(last)
    customer = decided.get("customer")
    return Facts(
        message=_message(case, last),
        classification=labels_now(then, _labels(last)),
        customer=Customer.model_validate(customer) if customer else None,
        is_new=False,
        messages=question.history.messages or None,
        now=question.now,
        contacts=_contacts(decided),
        unanswered=_unanswered(question),
        deadlines=question.standings,
        calendars=calendars,
        case=then,
        alarm=question.alarm,
        does=question.does,
    )


def _message(case: Case, last: LastWords | None) -> InboundMessage:
    if last is not None:
        return InboundMessage.model_validate_json(last.message)
    return InboundMessage(
        channel=case.channel, account=case.account, native_id=case.id, subject=case.subject, sender=case.sender,
        visibility=case.visibility,
    )  # fmt: skip


def _labels(last: LastWords | None) -> Classification | None:
    if last is None or last.classification is None:
        return None
    return Classification.model_validate_json(last.classification)


def _decided(last: LastWords | None) -> dict[str, Any]:
    """What was decided of the newest message, as stored; its traces are not looked at."""
    decided: dict[str, Any] = json.loads(last.decision) if last is not None and last.decision else {}
    return decided


def _contacts(decided: dict[str, Any]) -> tuple[datetime, ...]:
    """When the sender of the newest message had written before it."""
    given = decided.get("given") or {}
    return Given.model_validate({"contacts": given.get("contacts", ())}).contacts


def _unanswered(question: Question) -> int:
    """Messages of the customer since we last answered."""
    count = 0
    for one in question.history.happenings:
        count = 0 if one.what == "reply" else count + (one.what == "customer")
    return count
