# SPDX-License-Identifier: Apache-2.0
"""Routes of ``on_deadline``: what a warning or a miss brings, and that nothing of it touches messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from router.content import AlarmThen
from router.deadlines.records import CaseHistory, Consequences, Happening, LastWords, Question
from router.errors import ConfigError
from router.rules.alarms import answer
from router.rules.explain import explain, in_full
from router.rules.facts import case_then, facts_again, labels_now
from router.rules.ruleset import RuleSet
from router.schema import Classification, Decision, InboundMessage
from router.testing.store_contract import make_case

MakeRules = Callable[[str], RuleSet]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = """
root:
  queue: triage
  acknowledge: received
  routes:
    - {name: billing, when: {type: billing}, queue: billing, tags: [money], acknowledge: short, urgency: high}
on_deadline:
  - {name: note, when: {deadline.state: [warning, breached]}, tags: [timed], fields: {stage: seen}, continue: true}
  - name: late
    when: {deadline.name: standard, deadline.state: breached}
    urgency: {up: 1}
    sinks: [room]
    fields: {stage: late}
    routes:
      - name: money
        when: {case.queue: billing, type: billing}
        queue: safety
        unassign: true
      - {name: gold, when: {customer.tier: gold}, tags: [gold]}
  - {name: warned, when: {deadline.clock: resolution, deadline.before: 2h}, urgency: {at_least: high}}
"""
MESSAGE = InboundMessage(channel="email", account="support", native_id="m1", text="Charged twice")


def ask(
    rules: RuleSet, *, does: Consequences | None = None, alarm: dict[str, Any] | None = None, **case: Any
) -> Decision:
    """What the routes of the rules make of an alarm of a case about billing."""
    said = Classification(kind="complaint", type="billing", scores={"type": {"billing": 0.7}})
    last = LastWords(
        source_key="email:support:m1", message=MESSAGE.model_dump_json(), classification=said.model_dump_json()
    )
    history = CaseHistory(happenings=(Happening(at=NOW, what="customer"),), last=last, messages=1)
    event = AlarmThen.model_validate(
        {
            "name": "standard",
            "clock": "first_response",
            "state": "breached",
            "message": "email:support:m1",
            **(alarm or {}),
        }
    )
    given = {"team": "billing-team", "queue": "billing", "kind": "complaint", "type": "billing", **case}
    question = Question(
        case=make_case(**given), history=history, alarm=event, does=does or Consequences(),
        standings={"standard": event.state}, now=NOW,
    )  # fmt: skip
    return answer(question, rules)


def test_alarm_walks_its_own_routes_only(make_rules: MakeRules) -> None:
    """The routes for messages are not asked: no acknowledgement, no urgency or tag of intake; a taken one is named."""
    decision = ask(make_rules(RULES))
    assert (decision.route, decision.queue, decision.team) == ("on_deadline/late/money", "safety", "safety-team")
    assert (decision.urgency, decision.tags, decision.fields) == ("high", ("timed",), {"stage": "late"})
    assert (decision.acknowledge, decision.answer, decision.ask, decision.sinks) == (None, None, None, ("room",))
    assert [(a.name, a.value, a.route) for a in decision.actions] == [
        ("tags", "timed", "on_deadline/note"), ("fields", "stage=seen", "on_deadline/note"),
        ("urgency", "up 1", "on_deadline/late"), ("fields", "stage=late", "on_deadline/late"),
        ("sinks", "room", "on_deadline/late"), ("queue", "safety", "on_deadline/late/money"),
        ("unassign", "true", "on_deadline/late/money"),
    ]  # fmt: skip


def test_message_never_takes_a_route_of_alarms(make_rules: MakeRules, make_facts: Callable[..., Any]) -> None:
    """A message goes by the tree alone."""
    decision = make_rules(RULES).decide(make_facts(labels={"type": "billing"}))
    assert decision.route == "root/billing"
    assert not any(trace.route.startswith("on_deadline") for trace in decision.traces)


def test_what_the_deadline_says_lies_under_the_routes(make_rules: MakeRules) -> None:
    """``at_breach`` is done as before where no route takes the alarm, and lists add up where one does."""
    does = Consequences(urgency="up", queue="delivery", tags=("late",), sinks=("desk",), unassign=True)
    other = ask(make_rules(RULES), does=does, alarm={"name": "strict", "clock": "resolution"})
    assert (other.route, other.queue, other.urgency) == ("on_deadline/note", "delivery", "high")
    assert (other.tags, other.sinks) == (("late", "timed"), ("desk",))
    assert {a.route for a in other.actions if a.name == "unassign"} == {"at_breach"}
    both = ask(make_rules(RULES), does=does)
    assert (both.queue, both.urgency, both.sinks) == ("safety", "critical", ("desk", "room"))
    none = ask(make_rules("root: {queue: triage}"), does=does)
    assert (none.route, none.queue, none.urgency, none.tags) == ("on_deadline", "delivery", "high", ("late",))


def test_warning_is_told_by_its_length(make_rules: MakeRules) -> None:
    """A route can be for one warning of several."""
    rules = make_rules(RULES)
    for before, urgency in (("2h", "high"), ("30m", "normal")):
        decision = ask(rules, alarm={"clock": "resolution", "state": "warning", "before": before})
        assert decision.urgency == urgency


def test_resolved_case_and_fields_of_people_stay(make_rules: MakeRules) -> None:
    """What is not done is said with its reason; sinks are told all the same."""
    rules = make_rules(RULES)
    over = ask(rules, state="resolved")
    assert (over.queue, over.urgency, over.tags, over.fields, over.sinks) == ("billing", "normal", (), {}, ("room",))
    assert {a.skipped for a in over.actions} == {"the case is resolved", ""}
    own = ask(rules, own_fields=("stage",), fields={"stage": "mine"})
    assert own.fields == {}
    assert {a.skipped for a in own.actions if a.name == "fields"} == {"a person set it"}


def test_labels_are_those_on_the_case() -> None:
    """What a person changed is certain; what the model said keeps its probability."""
    said = Classification(
        kind="complaint", type="billing", scores={"type": {"billing": 0.7}, "kind": {"complaint": 0.9}}
    )
    now = labels_now(case_then(make_case(kind="complaint", type="refund")), said)
    assert (now.type, now.confidence("type"), now.confidence("kind")) == ("refund", 1.0, 0.9)


def test_stored_decision_decides_and_explains_again(make_rules: MakeRules) -> None:
    """From what is kept of it the same rules come to the same routes, and say why."""
    rules = make_rules(RULES)
    decision = Decision.model_validate_json(ask(rules).model_dump_json())
    said = Classification(kind="complaint", type="delivery")  # a person had changed it by then
    again = rules.explain(facts_again(MESSAGE, said, decision))
    assert (again.route, again.traces) == (decision.route, decision.traces)
    text = explain(decision)
    assert "the deadline 'standard' was missed" in text
    assert "✗ gold" not in text  # "money" before it was taken
    assert "acknowledge" not in text
    assert "case.queue is billing (saw: billing)" in text
    assert in_full(decision.model_copy(update={"left_out": 1}), MESSAGE, said, rules).left_out == 0


def test_many_alarm_routes_are_found_by_the_index(make_rules: MakeRules) -> None:
    """Large sets of them decide as small ones do."""
    more = "".join(f"  - {{name: n{n}, when: {{case.fields.stage: s{n}}}, tags: [t{n}]}}\n" for n in range(40))
    rules = make_rules(RULES.replace("on_deadline:\n", f"on_deadline:\n{more}"))
    assert rules.alarms.index is not None
    assert ask(rules, fields={"stage": "s33"}).tags == ("t33",)
    assert ask(rules).route == "on_deadline/late/money"


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        ("root: {queue: triage}\non_deadline: [{name: a, when: {deadline.name: nope}, tags: [x]}]",
         "on_deadline[0].when[\"deadline.name\"]", "unknown deadline 'nope'"),
        ("root: {queue: triage}\non_deadline: [{name: a, when: {deadline.state: missed}, tags: [x]}]",
         "on_deadline[0].when[\"deadline.state\"]", "unknown state 'missed'"),
        ("root: {queue: triage}\non_deadline: [{name: a, when: {unsure: true}, acknowledge: received}]",
         "on_deadline[0].acknowledge", "unknown key"),
        ("root: {queue: triage}\non_deadline: [{name: a, when: {unsure: true}, queue: nope}]",
         "on_deadline[0].queue", "unknown queue 'nope'"),
        ("root: {queue: triage}\non_deadline: [{name: a, when: {case.queue: nope}, tags: [x]}]",
         "on_deadline[0].when[\"case.queue\"]", "unknown queue 'nope'"),
        ("root: {queue: triage, routes: [{name: a, when: {deadline.state: breached}, tags: [x]}]}",
         "root.routes[0].when[\"deadline.state\"]", "only routes of 'on_deadline'"),
        ("root: {queue: triage}\non_deadline: [{name: a, when: {unsure: true}}, {name: a, when: {unsure: true}}]",
         "on_deadline[1].name", "is named 'a' too"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(make_rules: MakeRules, text: str, path: str, sentence: str) -> None:
    """Unknown names, what cannot be said here, and questions about an alarm where there is none."""
    with pytest.raises(ConfigError) as caught:
        make_rules(text)
    assert any(sentence in one.sentence and one.line > 0 for one in caught.value.mistakes), caught.value.mistakes
    assert path.partition('["')[0] in " ".join(one.path for one in caught.value.mistakes)
