# SPDX-License-Identifier: Apache-2.0
"""Decides stored messages again and counts what differs. Pure: rows in, a tally out; nothing is done to a case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from router.content import Assign, Given
from router.deadlines.book import Deadlines
from router.replay.tally import Example, Outcome, Tally
from router.rules.facts import Calendars, Facts, facts_again
from router.rules.ruleset import RuleSet
from router.schema import Classification, Customer, Decision, InboundMessage, Kind, Urgency
from router.store.stored import StoredRow

__all__ = ["MAX_SUBJECT", "Ruling", "compare", "shown"]

MAX_SUBJECT = 60
_OTHER = ("tags", "acknowledge", "answer", "ask", "hold_reply", "sinks", "deadlines", "assign", "fields")


@dataclass(frozen=True)
class Ruling:
    """One set of rules with the calendars it asks. ``rules`` None: what was decided then, as stored."""

    rules: RuleSet | None
    calendars: Calendars | None = None
    deadlines: Deadlines | None = None


class _Part(BaseModel):
    """Reads what is wanted of a stored object and skips the rest, which is most of it."""

    model_config = ConfigDict(extra="ignore")


class _Labels(_Part):
    """A classification without its reasons, which rules do not look at."""

    kind: Kind
    type: str | None = None
    also: tuple[str, ...] = ()
    urgency: Urgency = "normal"
    language: str = "und"
    scores: dict[str, dict[str, float]] = {}
    unsure: bool = False


class _Decided(_Part):
    """A decision without its traces."""

    team: str
    queue: str
    route: str
    urgency: Urgency
    tags: tuple[str, ...] = ()
    acknowledge: str | None = None
    sinks: tuple[str, ...] = ()
    hold_reply: bool = False
    customer: Customer | None = None
    fields: dict[str, str] = {}
    answer: str | None = None
    ask: str | None = None
    deadlines: tuple[str, ...] = ()
    assign: Assign | None = None
    given: Given | None = None


def compare(rows: Iterable[StoredRow], tally: Tally, *, before: Ruling, after: Ruling, zone: ZoneInfo) -> None:
    """Decide each message as before and as after, and count. A row that cannot be read is counted as such."""
    for row in rows:
        try:
            message = InboundMessage.model_validate_json(row.message)
            decided = _Decided.model_validate_json(row.decision or "")
            labels = _labels(row.classification)
        except ValidationError:
            tally.unreadable += 1
            continue
        known = Decision.model_construct(
            team="", queue="", route="", urgency="normal", given=decided.given, customer=decided.customer
        )
        facts = facts_again(message, labels, known)
        if facts.now is None:  # decided before times were kept
            facts = replace(facts, now=row.at)
        was = _outcome(decided) if before.rules is None else _decide(before.rules, before.calendars, facts)
        will = _decide(after.rules, after.calendars, facts) if after.rules else _outcome(decided)
        hour = row.at.astimezone(zone).hour
        moved = tally.count(was, will, opens=facts.is_new, hour=hour)
        if moved and tally.wants_example(was, will):
            subject = shown(message.subject or message.words)
            example = Example(row.id, row.case_id, row.at, subject, was.route, will.route)
            tally.add_example(was, will, example)


def shown(text: str) -> str:
    """One line of at most 60 characters, none of which a terminal obeys."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "�" for c in text[:1000]).split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"


def _labels(text: str | None) -> Classification | None:
    if text is None:
        return None
    found = _Labels.model_validate_json(text)
    return Classification.model_construct(**vars(found), why={}, model="")


def _decide(rules: RuleSet, calendars: Calendars | None, facts: Facts) -> Outcome:
    if calendars is not None:  # those stored were kept only where the rules of then asked for them
        facts = replace(facts, calendars=calendars)
    return _outcome(rules.decide(facts, trace=False))


def _outcome(decision: Decision | _Decided) -> Outcome:
    other = tuple((name, str(value)) for name in _OTHER if (value := getattr(decision, name)))
    return Outcome(decision.queue, decision.team, decision.route, decision.urgency, other)
