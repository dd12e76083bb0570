# SPDX-License-Identifier: Apache-2.0
"""From what a case of ``config/tests/`` gives to the facts that rules see. Pure: what needs files is handed in."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from router.config.loader import Configuration
from router.content import AlarmThen, CaseThen
from router.interfaces import ClassifierInput
from router.rules.cases import AlarmGiven, CaseGiven, CasesFile, GivenMessage, LabelConfidence, LabelsGiven, RuleCase
from router.rules.cases_read import ReadCases
from router.rules.cases_times import age_of
from router.rules.facts import Facts, labels_now
from router.schema import Attachment, Case, Classification, Customer, Entity, Flags, InboundMessage, Party

__all__ = ["Tools", "facts_of", "labels_of", "message_of"]


@dataclass(frozen=True)
class Tools:
    """What a case may need of the product: reading a file beside it, finding what is named in a text, the model."""

    read: Callable[[ReadCases, GivenMessage], InboundMessage]
    enrich: Callable[[InboundMessage], InboundMessage]
    classify: Callable[[Sequence[ClassifierInput]], Sequence[Classification]]


def facts_of(
    read: ReadCases, case: RuleCase, labels: Classification | None, configuration: Configuration, tools: Tools
) -> Facts:
    given, history = case.given, case.given.history
    now = _time(case.at or read.file.at, read.file)
    customer = given.customer
    known = _case_then(given, labels, configuration)
    is_new = history.is_new and history.messages in (None, 1) and not history.reopened and known is None
    facts = Facts(
        message=message_of(read, given, tools).model_copy(update={"received_at": now}),
        classification=labels,
        customer=None if customer is None else Customer.model_validate(customer.model_dump()),
        is_new=is_new,
        messages=history.messages or (1 if is_new else 2),
        now=now,
        contacts=sorted((now - age_of(one) for one in history.contacts), reverse=True),
        reopened=history.reopened,
        unanswered=history.unanswered if history.unanswered is not None else 1,
        deadlines=given.deadlines,
        calendars=configuration.deadlines.hours,
        case=known,
    )
    return facts if given.alarm is None else _at_alarm(facts, given.alarm, configuration)


def _case_then(given: GivenMessage, labels: Classification | None, configuration: Configuration) -> CaseThen | None:
    """The case as given; one with nothing but its queue where only an alarm is given."""
    if given.case is None and given.alarm is None:
        return None
    case = given.case or CaseGiven()
    queue = case.queue or configuration.rules.root.queue or ""
    said = {name: getattr(labels, name) for name in ("kind", "type", "language", "unsure")} if labels else {}
    urgency = case.urgency or (labels.urgency if labels is not None else "normal")
    return CaseThen.model_validate({
        **said, **case.model_dump(exclude={"queue", "urgency"}),
        "queue": queue, "team": configuration.rules.teams[queue], "urgency": urgency,
    })  # fmt: skip


def _at_alarm(facts: Facts, given: AlarmGiven, configuration: Configuration) -> Facts:
    """The same with a deadline that warns or is missed, and what that deadline itself says."""
    case = facts.case
    assert case is not None  # there is one where an alarm is given
    stands = {name: getattr(case, name) for name in ("team", "queue", "kind", "type", "urgency", "language", "tags")}
    like = Case.model_construct(**stands, channel=facts.message.channel, visibility=facts.message.visibility)
    named = [one for one in configuration.deadlines.entries if one.name == given.name]
    deadline = next((one for one in named if one.fits(like)), named[0])
    breach = given.state == "breached"
    first = str(deadline.warnings[0]) if deadline.warnings else ""
    alarm = AlarmThen(
        name=given.name, clock=deadline.kind, state=given.state, before="" if breach else given.before or first,
        round=given.round, statutory=deadline.statutory,
    )  # fmt: skip
    return replace(
        facts,
        classification=labels_now(case, facts.classification) if facts.classification is not None else None,
        is_new=False,
        deadlines={**facts.deadlines, given.name: given.state},
        alarm=alarm,
        does=deadline.does(breach=breach),
    )


def _time(written: datetime, file: CasesFile) -> datetime:
    return (written if written.tzinfo else written.replace(tzinfo=ZoneInfo(file.zone))).astimezone(UTC)


def message_of(read: ReadCases, given: GivenMessage, tools: Tools) -> InboundMessage:
    """The file if one is named, with what is given laid over it."""
    if given.file is None:
        message = InboundMessage(channel=given.channel, account=given.account, native_id="case", event=given.event)
    else:
        message = tools.read(read, given)
    changes: dict[str, Any] = {
        "subject": given.subject, "text": given.text, "visibility": given.visibility, "rating": given.rating,
        "language": given.claimed_language or None, "to": tuple(Party(address=one) for one in given.to) or None,
        "fields": {**message.fields, **given.fields} or None,
    }  # fmt: skip
    if given.text is not None:
        changes["reply_text"] = ""
    if given.from_ is not None or given.from_name is not None:
        sender = {"address": given.from_, "name": given.from_name}
        changes["sender"] = message.sender.model_copy(update={k: v for k, v in sender.items() if v is not None})
    if given.attachments:
        changes["attachments"] = tuple(_attachment(name) for name in given.attachments)
    if given.flags:
        changes["flags"] = Flags.model_validate({**message.flags.model_dump(), **dict.fromkeys(given.flags, True)})
    if given.entities:
        changes["entities"] = tuple(
            Entity(kind=kind, text=value, value=value, start=0, end=0)
            for kind, values in given.entities.items()
            for value in values
        )
    message = message.model_copy(update={name: value for name, value in changes.items() if value is not None})
    return tools.enrich(message)


def _attachment(name: str) -> Attachment:
    return Attachment(filename=name, content_type=mimetypes.guess_type(name)[0] or "application/octet-stream")


def labels_of(given: LabelsGiven | None) -> Classification | None:
    """As the classifier would say it, with the probabilities given."""
    if given is None:
        return None
    sure = given.confidence
    scores: dict[str, dict[str, float]] = {}
    for label in ("kind", "type", "urgency", "language"):
        value = getattr(given, label)
        own = getattr(sure, label) if isinstance(sure, LabelConfidence) else sure
        scores[label] = {**given.scores.get(label, {}), **({str(value): own} if value else {})}
    return Classification(
        kind=given.kind, type=given.type, also=given.also, urgency=given.urgency, language=given.language,
        unsure=given.unsure, scores=scores, model="given by the case",
    )  # fmt: skip
