# SPDX-License-Identifier: Apache-2.0
"""Decides stored warnings and misses of deadlines again and counts what would be done otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import ValidationError

from router.content import AlarmThen, CaseThen
from router.deadlines.book import Deadlines
from router.deadlines.records import Consequences
from router.replay.compare import Ruling
from router.replay.tally import Tally
from router.rules.facts import Facts, facts_again
from router.schema import Case, Classification, Decision, InboundMessage
from router.store.stored import AlarmRow

__all__ = ["compare_alarms"]

_OTHER = ("urgency", "tags", "sinks", "fields")


def compare_alarms(rows: Iterable[AlarmRow], tally: Tally, *, before: Ruling, after: Ruling) -> None:
    """Ask the routes of both rules about each alarm, on the case as it was then, and count."""
    for row in rows:
        try:
            kept = Decision.model_validate_json(row.decision)
            message = InboundMessage.model_validate_json(row.message)
            labels = None if row.classification is None else Classification.model_validate_json(row.classification)
        except ValidationError:
            tally.unreadable += 1
            continue
        facts = facts_again(message, labels, kept)
        if facts.alarm is None or facts.case is None:
            continue
        was, will = _decided(before, facts, kept), _decided(after, facts, kept)
        tally.alarms += 1
        if differs := list(_differences(was, will)):
            tally.alarms_changed += 1
            tally.alarm_other.update(differs)
            if was.queue != will.queue:
                tally.alarm_moves[was.queue, will.queue] += 1


def _decided(ruling: Ruling, facts: Facts, kept: Decision) -> Decision:
    if ruling.rules is None:
        return kept
    assert facts.alarm is not None  # asked for alarms only
    assert facts.case is not None
    does = _says(ruling.deadlines, facts.alarm, facts.case, facts.message)
    calendars = facts.calendars if ruling.calendars is None else ruling.calendars
    return ruling.rules.decide(replace(facts, does=does, calendars=calendars), trace=False)


def _says(
    deadlines: Deadlines | None, alarm: AlarmThen, case: CaseThen, message: InboundMessage
) -> Consequences | None:
    """What the deadline of that name itself says by these settings."""
    like = Case.model_construct(**dict(case), channel=message.channel, visibility=message.visibility)
    for entry in deadlines.entries if deadlines is not None else ():
        if entry.name == alarm.name and entry.fits(like):
            return entry.does(breach=alarm.state == "breached")
    return None


def _differences(was: Decision, will: Decision) -> Iterable[str]:
    if was.queue != will.queue:
        yield "queue"
    yield from (name for name in _OTHER if getattr(was, name) != getattr(will, name))
    if _unassigns(was) != _unassigns(will):
        yield "unassign"


def _unassigns(decision: Decision) -> bool:
    return any(action.name == "unassign" and not action.skipped for action in decision.actions)
