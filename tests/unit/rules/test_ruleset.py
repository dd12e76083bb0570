# SPDX-License-Identifier: Apache-2.0
"""The walk: first match wins, ``continue`` goes on, children inherit, the root takes everything."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import ConfigError
from router.rules.explain import explain, near_misses
from router.rules.facts import Facts
from router.rules.ruleset import RuleSet

MakeRules = Callable[[str], RuleSet]
MakeFacts = Callable[..., Facts]

RULES = """
root:
  queue: triage
  acknowledge: received
  tags: [all]
  routes:
    - name: vip
      when: {customer.tier: gold}
      urgency: {at_least: high}
      tags: [vip]
      sinks: [room]
      continue: true
    - name: delivery
      when: {type: delivery}
      queue: delivery
      tags: [parcel]
      routes:
        - name: lost
          when: {text: {contains: never}}
          urgency: critical
          hold_reply: true
        - name: rude
          when: {text: {contains: rude}}
          acknowledge: false
    - name: second-delivery
      when: {type: delivery}
      queue: billing
    - name: public
      when: {visibility: public}
      queue: social
      acknowledge: short
      urgency: {at_most: normal}
"""


def test_decide_takes_the_first_match_and_its_children(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """The deepest route decides; what it leaves out is inherited."""
    found = make_rules(RULES).decide(make_facts())
    assert (found.route, found.queue, found.team) == ("root/delivery/lost", "delivery", "delivery-team")
    assert (found.urgency, found.hold_reply, found.acknowledge) == ("critical", True, "received")
    assert found.tags == ("all", "parcel")


def test_decide_goes_on_after_continue_and_keeps_what_was_said(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Tags, sinks and urgency of a route that goes on are kept."""
    found = make_rules(RULES).decide(make_facts(customer={"tier": "gold"}, text="It is late."))
    assert (found.route, found.urgency, found.sinks) == ("root/delivery", "high", ("room",))
    assert found.tags == ("all", "vip", "parcel")


def test_decide_never_leaves_a_message_without_a_queue(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """What no route takes stays with the root."""
    found = make_rules(RULES).decide(make_facts(labels={"type": "other"}))
    assert (found.route, found.queue) == ("root", "triage")


def test_decide_with_only_a_route_that_goes_on_names_it(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """The path is that of the last route taken."""
    found = make_rules(RULES).decide(make_facts(labels={"type": "other"}, customer={"tier": "gold"}))
    assert (found.route, found.queue, found.tags) == ("root/vip", "triage", ("all", "vip"))


def test_decide_can_switch_the_acknowledgement_off_and_lower(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """``acknowledge: false`` and ``at_most`` replace what was inherited."""
    rules = make_rules(RULES)
    assert rules.decide(make_facts(text="so rude")).acknowledge is None
    found = rules.decide(make_facts(labels={"type": "other", "urgency": "high"}, visibility="public"))
    assert (found.urgency, found.acknowledge) == ("normal", "short")


def test_decide_continue_inside_a_branch_does_not_leave_it(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """A child that goes on looks at its siblings; the branch itself still ends the walk."""
    rules = make_rules("""
root:
  queue: triage
  routes:
    - name: a
      when: {type: delivery}
      routes:
        - {name: b, when: {kind: complaint}, tags: [b], continue: true}
        - {name: c, when: {kind: complaint}, tags: [c]}
    - {name: d, when: {kind: complaint}, queue: billing}
""")
    found = rules.decide(make_facts())
    assert (found.route, found.queue, found.tags) == ("root/a/c", "triage", ("b", "c"))


def test_decide_without_labels_works(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """A message that was not classified is routed by what is known."""
    facts = Facts(message=make_facts(visibility="public").message)
    assert make_rules(RULES).decide(facts).queue == "social"


def test_decide_traces_every_route_tried_in_order(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Traces say what was wanted and seen, and stop where the walk stopped."""
    found = make_rules(RULES).decide(make_facts())
    assert [(t.route, t.matched) for t in found.traces] == [
        ("root", True), ("root/vip", False), ("root/delivery", True), ("root/delivery/lost", True),
    ]  # fmt: skip
    (condition,) = found.traces[1].conditions
    assert (condition.path, condition.wanted, condition.seen) == ("customer.tier", "is gold", "nothing")


def test_decide_trace_of_groups_shows_what_is_inside(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Conditions inside any and not stand under the path that leads to them."""
    text = "root: {queue: triage, routes: [{name: a, when: {any: [{not: {type: delivery}}, {kind: praise}]}}]}"
    found = make_rules(text).decide(make_facts())
    assert [(c.path, c.held) for c in found.traces[1].conditions] == [
        ("any", False), ("any.not", False), ("any.not.type", True), ("any.kind", False),
    ]  # fmt: skip


def test_decide_error_in_expression_is_seen(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """A run-time error does not hold, and the trace says which."""
    rules = make_rules("root: {queue: triage, routes: [{name: a, when: {cel: 'fields.order == \"1\"'}}]}")
    found = rules.decide(make_facts())
    assert found.queue == "triage"
    assert found.traces[1].conditions[0].seen.startswith("error:")


def test_decide_trace_keeps_long_text_short(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Traces are stored with every decision: they hold the place that fitted, never the whole text."""
    rules = make_rules(
        "root: {queue: triage, routes: [{name: a, when: {text: {contains: parcel}, subject: {matches: z}}}]}"
    )
    found = rules.decide(make_facts(text="x " * 5_000 + "my parcel " + "y " * 5_000, subject="s" * 500))
    text, subject = found.traces[1].conditions
    assert "my parcel" in text.seen
    assert len(text.seen) < 120
    assert subject.seen == "nothing like it in 500 characters"


def test_decide_is_the_same_each_time(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Decisions and reasons repeat, also by rules compiled anew."""
    rng = random.Random(7)
    facts = [
        make_facts(
            labels={"type": rng.choice(["delivery", "billing", "other"]), "urgency": rng.choice(["low", "high"])},
            visibility=rng.choice(["public", "private"]),
            customer=rng.choice([None, {"tier": "gold"}]),
            text=rng.choice(["never came", "so rude", "hm"]),
        )
        for _ in range(200)
    ]
    first, second = make_rules(RULES), make_rules(RULES)
    assert first.digest == second.digest
    assert [first.decide(f) for f in facts] == [first.decide(f) for f in facts] == [second.decide(f) for f in facts]


def test_explain_shows_outcome_near_misses_and_every_route(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """The text names where it went, what was nearest, and what each condition saw."""
    found = make_rules(RULES).decide(make_facts())
    text = explain(found)
    assert "queue delivery of team delivery-team, urgency critical" in text
    assert "root/vip: 1 of 1 conditions did not hold" in text
    assert "✓ text contains never (saw: My parcel never came.)" in text
    assert text.index("why not elsewhere") < text.index("routes tried")


def test_near_misses_come_nearest_first(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Fewer failed conditions first; among equals the one with more that held."""
    found = make_rules("""
root:
  queue: triage
  routes:
    - {name: far, when: {type: billing, kind: praise}}
    - {name: near, when: {type: billing}}
    - {name: nearest, when: {type: delivery, kind: complaint, language: fi}}
""").decide(make_facts())
    assert [trace.route for trace in near_misses(found)] == ["root/nearest", "root/near", "root/far"]


def test_build_counts_expressions(make_rules: MakeRules) -> None:
    """More than three hundred expressions are refused."""
    routes = "".join(f"    - {{name: r{n}, when: {{cel: 'length > {n}'}}}}\n" for n in range(302))
    with pytest.raises(ConfigError, match="more than 300 expressions"):
        make_rules(f"root:\n  queue: triage\n  routes:\n{routes}")


@pytest.mark.parametrize("change", [{"labels": {"type": "billing"}}, {"visibility": "public"}, {}])
def test_decide_team_follows_from_the_queue(
    change: dict[str, Any], make_rules: MakeRules, make_facts: MakeFacts
) -> None:
    """Whatever the queue, its team is that of teams.yaml."""
    found = make_rules(RULES).decide(make_facts(**change))
    assert found.team == f"{found.queue}-team"
