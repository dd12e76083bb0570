# SPDX-License-Identifier: Apache-2.0
"""What routes say: laid over each other in order, each recorded, and refused where it must not be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from router.content import Action, Assign
from router.errors import ConfigError
from router.rules.explain import explain
from router.rules.facts import Facts
from router.rules.model import RouteActions
from router.rules.ruleset import RuleSet

MakeRules = Callable[[str], RuleSet]
MakeFacts = Callable[..., Facts]

RULES = """
root:
  queue: triage
  acknowledge: received
  routes:
    - name: first
      when: {kind: [complaint, request]}
      tags: [a, b]
      fields: {product: phone, region: north}
      deadlines: [standard]
      assign: round-robin
      continue: true
    - name: second
      when: {kind: [complaint, request]}
      queue: delivery
      urgency: {up: 1}
      fields: {region: south}
      deadlines: [strict]
      ask: short
      answer: {template: received, confidence: 0.8}
      assign: {strategy: skills, skills: [phones], keep: true}
      routes:
        - {name: inner, when: {text: {contains: rude}}, ask: false, answer: false, hold_reply: true}
"""


def route_saying(text: str) -> str:
    return f"root:\n  queue: triage\n  routes:\n    - {{name: a, when: {{kind: request}}, {text}}}\n"


def test_actions_are_laid_over_each_other(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Lists and fields add up, the rest replaces, the deepest route last."""
    found = make_rules(RULES).decide(make_facts())
    assert found.fields == {"product": "phone", "region": "south"}
    assert (found.deadlines, found.ask, found.urgency) == (("standard", "strict"), "short", "high")
    assert found.assign == Assign(strategy="skills", skills=("phones",), keep=True)
    inner = make_rules(RULES).decide(make_facts(text="rude"))
    assert (inner.ask, inner.answer, inner.hold_reply) == (None, None, True)


def test_actions_are_recorded_in_order_with_who_said_them(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """The record names key, value and route, in the order in which it was said."""
    found = make_rules(RULES).decide(make_facts())
    said = [(action.route, action.name, action.value) for action in found.actions]
    assert said == [
        ("root", "queue", "triage"), ("root", "acknowledge", "received"),
        ("root/first", "tags", "a"), ("root/first", "tags", "b"), ("root/first", "fields", "product=phone"),
        ("root/first", "fields", "region=north"), ("root/first", "deadlines", "standard"),
        ("root/first", "assign", "round-robin"),
        ("root/second", "queue", "delivery"), ("root/second", "urgency", "up 1"),
        ("root/second", "fields", "region=south"), ("root/second", "answer", "received"),
        ("root/second", "ask", "short"), ("root/second", "deadlines", "strict"),
        ("root/second", "assign", "skills phones keep"),
    ]  # fmt: skip
    assert {action.name for action in found.actions} <= set(RouteActions.model_fields)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"labels": {"kind": "complaint"}}, "only a simple request is answered by itself"),
        ({"visibility": "public"}, "never in public"),
        ({"labels": {"scores": {"kind": {"request": 0.7}}}}, "the classifier is not sure enough that it is a request"),
        ({"labels": {"unsure": True}}, "the classifier is not sure enough that it is a request"),
        ({"subject": "hold"}, "replies of this case wait for approval"),
    ],
    ids=["request", "complaint", "public", "improbable", "unsure", "held"],
)
def test_answer_is_given_to_sure_private_requests_only(
    change: dict[str, Any], reason: str, make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """Anything else keeps the reason with the action, and a person answers."""
    rules = make_rules("""
root:
  queue: triage
  routes:
    - {name: all, when: {text: {exists: true}}, answer: {template: short, confidence: 0.8}, continue: true}
    - {name: hold, when: {subject: hold}, hold_reply: true}
""")
    labels = {"kind": "request", "scores": {"kind": {"request": 0.9}}, **change.get("labels", {})}
    found = rules.decide(make_facts(**{**change, "labels": labels}))
    (action,) = [one for one in found.actions if one.name == "answer"]
    assert (found.answer, action) == (
        None if reason else "short", Action(name="answer", value="short", route="root/all", skipped=reason),
    )  # fmt: skip
    assert ("not done" in explain(found)) is bool(reason)


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("{up: 1}", "normal", "high"), ("{up: 3}", "normal", "critical"), ("{down: 1}", "high", "normal"),
        ("{down: 3}", "normal", "low"), ("{up: 1, at_most: high}", "high", "high"), ("low", "critical", "low"),
    ],
)  # fmt: skip
def test_urgency_goes_up_and_down(
    said: str, before: str, after: str, make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """By steps, never beyond the ends."""
    labels = {"kind": "request", "urgency": before}
    assert make_rules(route_saying(f"urgency: {said}")).decide(make_facts(labels=labels)).urgency == after


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("answer: shrt", "unknown template 'shrt'"), ("ask: shrt", "did you mean 'short'"),
        ("urgency: {up: 1, down: 1}", "not both"), ("urgency: {up: 4}", "at most 3"),
        ("fields: {'a b': x}", "a field's name has letters"), ("assign: fastest", "fastest"),
        ("deadlines: [fast]", "unknown set of deadlines 'fast'"),
        ("answer: {confidence: 0.5}", "'template' is missing"),
    ],
)  # fmt: skip
def test_actions_are_checked_when_loaded(text: str, sentence: str, make_rules: MakeRules) -> None:
    """Names, ends and what excludes each other."""
    with pytest.raises(ConfigError, match=sentence) as caught:
        make_rules(route_saying(text))
    assert all(mistake.line == 4 for mistake in caught.value.mistakes)


def test_answer_at_the_root_is_refused(make_rules: MakeRules) -> None:
    """It would answer every request of every kind."""
    with pytest.raises(ConfigError, match="would answer every request"):
        make_rules("root: {queue: triage, answer: short}")
