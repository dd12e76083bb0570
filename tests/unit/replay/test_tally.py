# SPDX-License-Identifier: Apache-2.0
"""Counting what moves: parts add up to the whole, and a case is counted once."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from router.replay.limits import METRICS, parse_limit
from router.replay.tally import EXAMPLES, Example, Outcome, Tally

QUEUES = ("billing", "delivery", "triage")
AT = datetime(2026, 3, 2, tzinfo=UTC)


def outcome(queue: str, urgency: str = "normal", **other: str) -> Outcome:
    return Outcome(queue, f"team-{queue}", "root" if queue == "triage" else f"root/{queue}", urgency, (*other.items(),))


def fill(tally: Tally, moves: list[tuple[Outcome, Outcome, bool]], first: int = 0) -> Tally:
    for number, (before, after, opens) in enumerate(moves, first):
        if tally.count(before, after, opens=opens, hour=number % 24) and tally.wants_example(before, after):
            tally.add_example(before, after, Example(number, f"C{number}", AT, "", before.route, after.route))
    return tally


def test_tally_counts_cases_by_their_first_message() -> None:
    """A message that comes into a case changes urgency and actions, but moves nothing."""
    tally = fill(Tally(), [
        (outcome("billing"), outcome("delivery", "high"), True),
        (outcome("billing"), outcome("delivery", "low", tags="a"), False),
        (outcome("triage"), outcome("triage"), True),
    ])  # fmt: skip
    assert (tally.messages, tally.cases, tally.moved) == (3, 2, 1)
    assert (tally.raised, tally.lowered, tally.changed) == (1, 1, 1)
    assert (tally.unrouted_before, tally.unrouted_after) == (1, 1)
    assert tally.moves == {("billing", "delivery"): 1}
    assert tally.other == {"tags": 1}
    assert tally.moved_hours == {("team-delivery", 0): 1}


def test_tallies_of_parts_are_the_tally_of_the_whole() -> None:
    """However the messages are cut, the sum is the same, with the oldest examples."""
    rng = random.Random(1)
    moves = [
        (outcome(rng.choice(QUEUES)), outcome(rng.choice(QUEUES), rng.choice(["low", "high"])), rng.random() < 0.9)
        for _ in range(500)
    ]
    whole = fill(Tally(), moves)
    parts = [fill(Tally(), moves[at : at + 70], at) for at in range(0, 500, 70)]
    # the hour is that of the number of the message in both
    total = Tally()
    for part in rng.sample(parts, len(parts)):
        total += part
    assert total == whole
    assert all(len(found) == EXAMPLES for found in total.examples.values())


TALLY = fill(
    Tally(),
    [(outcome("billing"), outcome("delivery", "high"), True)] * 3 + [(outcome("triage"), outcome("triage"), True)] * 7,
)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("moved > 29%", True), ("moved > 30%", False), ("moved>=30 %", True), (" moved == 3 ", True),
        ("moved_to.delivery > 2", True), ("moved_to.billing > 0", False), ("moved_from.billing > 29.5%", True),
        ("unrouted > 70%", False), ("unrouted >= 70%", True), ("urgency_raised > 0", True),
        ("urgency_lowered > 0", False), ("load.team-delivery <= 3", True), ("cases < 11", True),
        ("messages < 10", False), ("changed > 0", False), ("unreadable > 0", False),
    ],
)  # fmt: skip
def test_limit_is_broken_only_where_it_is(text: str, broken: bool) -> None:
    """Numbers and shares are compared as written; the end itself belongs to >= and <= only."""
    limit = parse_limit(text, queues=QUEUES, teams=["team-delivery"])
    assert limit.is_broken(TALLY) is broken


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("movd > 5%", "did you mean 'moved'?"), ("moved", "is no limit"), ("moved > five", "is no limit"),
        ("moved > 5 and moved < 3", "is no limit"), ("__import__('os') > 1", "is no limit"),
        ("moved > 1e9", "is no limit"),
        ("moved_to.bilin > 1", "did you mean 'billing'?"), ("moved_to > 1", "write moved_to.QUEUE"),
        ("moved.billing > 1", "takes no name"), ("load.triage > 1", "unknown team"), ("", "is no limit"),
    ],
)  # fmt: skip
def test_limit_that_is_none_is_refused(text: str, told: str) -> None:
    """Whatever is not a name, a comparison and a number says what to write instead."""
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_limit(text, queues=QUEUES, teams=["team-delivery"])


@pytest.mark.parametrize("metric", METRICS)
def test_every_documented_number_can_be_compared(metric: str) -> None:
    """No number is documented that no replay has; shares of nothing are 0."""
    written = metric.replace("QUEUE", "billing").replace("TEAM", "team-delivery")
    for text in (f"{written} >= 0", f"{written} >= 0%"):
        limit: Any = parse_limit(text, queues=QUEUES, teams=["team-delivery"])
        assert limit.value(Tally()) == 0
