# SPDX-License-Identifier: Apache-2.0
"""Recommend, preselect, apply: what conditions see of a label, and what a person is offered instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.errors import ConfigError
from router.rules.explain import explain, in_full
from router.rules.facts import Facts, OpenThen, facts_again
from router.rules.ruleset import FULL_TRACES, RuleSet

MakeRules = Callable[[str], RuleSet]
MakeFacts = Callable[..., Facts]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

RULES = """
confidence:
  type: {recommend: 0.2, preselect: 0.4, apply: 0.6}
  channels: {x: {type: {apply: 0.9}}}
root:
  queue: triage
  routes:
    - {name: safety, when: {type: {is: safety, confidence: 0.3}}, queue: safety}
    - {name: billing, when: {type: billing}, queue: billing}
    - {name: delivery, when: {type: delivery}, queue: delivery}
"""


def scored(make_facts: MakeFacts, score: float, best: str = "billing", **more: Any) -> Facts:
    scores = {"delivery": 0.15, "other": 0.1, "safety": 0.05, best: score}
    return make_facts(labels={"type": best, "scores": {"type": scores}}, **more)


@pytest.mark.parametrize(
    ("score", "queue", "levels"),
    [
        (0.6, "billing", {}),
        (0.59, "triage", {"type": "preselect"}),
        (0.39, "triage", {"type": "recommend"}),
        (0.19, "triage", {"type": "none"}),
    ],
)
def test_label_is_acted_on_from_its_threshold_on(
    score: float, queue: str, levels: dict[str, str], make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """Under it no condition on the label holds, and the decision says how far it was trusted."""
    found = make_rules(RULES).decide(scored(make_facts, score))
    assert (found.queue, found.levels) == (queue, levels)


def test_suggestions_are_the_three_most_probable_with_their_queues(
    make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """Best first; each with the queue that it would lead to if a person chose it."""
    found = make_rules(RULES).decide(scored(make_facts, 0.3))
    assert [(one.label, one.value, one.queue) for one in found.suggestions] == [
        ("type", "billing", "billing"), ("type", "delivery", "delivery"), ("type", "other", "triage"),
    ]  # fmt: skip
    assert "could be billing (30%): queue billing" in explain(found)
    assert make_rules(RULES).decide(scored(make_facts, 0.7)).suggestions == ()


def test_channel_has_its_own_thresholds(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """What is enough elsewhere is not there."""
    rules = make_rules(RULES)
    assert rules.decide(scored(make_facts, 0.7)).queue == "billing"
    assert rules.decide(scored(make_facts, 0.7, channel="x")).queue == "triage"


@pytest.mark.parametrize(("score", "queue"), [(0.31, "safety"), (0.29, "triage")])
def test_condition_can_state_its_own_confidence(
    score: float, queue: str, make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """A route for danger may act on a guess that others must not act on."""
    assert make_rules(RULES).decide(scored(make_facts, score, best="safety")).queue == queue


def test_urgency_in_doubt_is_normal(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """A guess of the urgency makes no case urgent."""
    rules = make_rules("confidence: {urgency: {apply: 0.5}}\nroot: {queue: triage}")
    guess = make_facts(labels={"urgency": "critical", "scores": {"urgency": {"critical": 0.3}}})
    assert rules.decide(guess).urgency == "normal"


def test_thresholds_must_grow(make_rules: MakeRules) -> None:
    """And a channel must exist."""
    with pytest.raises(ConfigError, match="must grow"):
        make_rules("confidence: {type: {preselect: 0.7, apply: 0.5}}\nroot: {queue: triage}")


# --- what was given, and telling it again --------------------------------------------------------------------------


def given_facts(make_facts: MakeFacts) -> Facts:
    facts = make_facts(customer={"tier": "gold"}, is_new=False, messages=4)
    return Facts(
        message=facts.message, classification=facts.classification, customer=facts.customer, is_new=False, messages=4,
        now=NOW, contacts=tuple(NOW - timedelta(days=days) for days in (2, 20, 200)), reopened=True, unanswered=3,
        deadlines={"first-response": "warning"}, calendars=OpenThen(("support-hours",)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{history.contacts.30: 3}", True), ("{history.contacts.7: {at_least: 3}}", False),
        ("{history.reopened: true}", True), ("{history.unanswered: {above: 2}}", True),
        ("{history.hours_since_contact: {below: 49, above: 47}}", True),
        ("{deadlines.first-response: [warning, breached]}", True), ("{deadlines.resolution: none}", True),
        ("{time.in_calendar: support-hours}", True), ("{not: {time.in_calendar: night}}", True),
        ("{cel: 'history.contacts[\"30\"] == 3 && deadlines[\"first-response\"] == \"warning\"'}", True),
        ("{cel: '\"support-hours\" in time.in_calendar'}", True),
    ],
)  # fmt: skip
def test_history_deadlines_and_calendars_can_be_asked(
    when: str, expected: bool, make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """What came before, how clocks stand, and whether somebody is there."""
    rules = make_rules(f"root: {{queue: triage, routes: [{{name: a, when: {when}, queue: billing}}]}}")
    assert (rules.decide(given_facts(make_facts)).queue == "billing") is expected


def test_stored_decision_is_told_again_in_full_by_the_same_rules_only(
    make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """Of many routes only those near are kept; what was given is, so that the rest can be told again."""
    routes = "".join(
        f"    - {{name: r{n}, when: {{history.contacts.30: {{at_least: 3}}, time.in_calendar: c{n}}}}}\n"
        for n in range(FULL_TRACES + 30)
    )
    routes += "    - {name: last, when: {customer.tier: gold}, queue: billing}\n"
    text = f"root:\n  queue: triage\n  routes:\n{routes}"
    rules, facts = make_rules(text), given_facts(make_facts)
    stored = rules.decide(facts).model_copy(update={"given": facts.given(), "customer": facts.customer})
    assert stored.left_out > 50
    assert f"and {stored.left_out} more, not kept" in explain(stored)
    full = in_full(stored, facts.message, facts.classification, make_rules(text))
    assert (full.left_out, len(full.traces), full.route) == (0, FULL_TRACES + 32, "root/last")
    assert in_full(stored, facts.message, facts.classification, make_rules(RULES)) is stored
    assert facts_again(facts.message, facts.classification, stored).open_calendars() == ("support-hours",)
