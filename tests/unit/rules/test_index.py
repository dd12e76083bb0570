# SPDX-License-Identifier: Apache-2.0
"""The index finds what a plain walk finds, and nothing else, for any rules and any message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.rules.facts import Facts
from router.rules.patterns import PatternBudget, PatternSet
from router.rules.ruleset import RuleSet
from router.schema import URGENCIES

MakeRules = Callable[[str], RuleSet]
MakeFacts = Callable[..., Facts]

WORDS = ("fire", "lost", "broken", "parcel", "café", "straße", "late again")
KINDS = ("complaint", "request", "praise", "other")
TYPES = ("billing", "delivery", "product", "other")
TIERS = ("gold", "Silver", "basic")
RATINGS = (1, 2, 2.5, 4)

# --- rules and messages made up ------------------------------------------------------------------------------------


def one_or_more(values: tuple[Any, ...]) -> Any:
    return st.one_of(st.sampled_from(values), st.lists(st.sampled_from(values), min_size=1, max_size=3))


def ranged(values: tuple[Any, ...]) -> Any:
    operators = ("above", "below", "at_least", "at_most")
    return st.dictionaries(st.sampled_from(operators), st.sampled_from(values), min_size=1, max_size=2)


LEAVES = st.one_of(
    st.tuples(st.just("kind"), one_or_more(KINDS)),
    st.tuples(st.just("type"), one_or_more(TYPES)),
    st.tuples(st.just("also"), one_or_more(TYPES)),
    st.tuples(st.just("customer.tier"), one_or_more(TIERS)),
    st.tuples(st.just("customer.tier"), st.fixed_dictionaries({"exists": st.booleans()})),
    st.tuples(st.just("customer.known"), st.booleans()),
    st.tuples(st.just("rating"), st.one_of(one_or_more(RATINGS), ranged(RATINGS))),
    st.tuples(st.just("urgency"), st.one_of(one_or_more(URGENCIES), ranged(URGENCIES))),
    st.tuples(st.just("text"), st.fixed_dictionaries({"contains": one_or_more(WORDS)})),
    st.tuples(st.just("text"), st.fixed_dictionaries({"matches": st.sampled_from([f"{w[:3]}.?" for w in WORDS])})),
    st.tuples(st.just("subject"), st.fixed_dictionaries({"contains": one_or_more(WORDS)})),
    st.tuples(st.just("cel"), st.sampled_from(['kind == "complaint"', "length > 12", "rating > 2.0"])),
)


def mapping(leaf: Any) -> Any:
    return st.lists(leaf, min_size=1, max_size=3).map(dict)


CONDITIONS = st.recursive(
    mapping(LEAVES),
    lambda inside: mapping(
        st.one_of(
            LEAVES,
            st.tuples(st.sampled_from(["any", "all"]), st.lists(inside, min_size=1, max_size=3)),
            st.tuples(st.just("not"), inside),
        )
    ),
    max_leaves=6,
)
ROUTE = st.fixed_dictionaries(
    {"when": CONDITIONS},
    optional={
        "queue": st.sampled_from(["billing", "delivery", "safety"]),
        "urgency": st.sampled_from([*URGENCIES, {"at_least": "high"}, {"at_most": "normal"}, {"up": 1}, {"down": 2}]),
        "tags": st.lists(st.sampled_from("abc"), max_size=2),
        "continue": st.booleans(),
        "routes": st.lists(st.fixed_dictionaries({"when": CONDITIONS}), max_size=10),
    },
)
TREES = st.lists(ROUTE, min_size=8, max_size=40)
MESSAGES = st.fixed_dictionaries(
    {
        "labels": st.fixed_dictionaries(
            {
                "kind": st.sampled_from(KINDS),
                "type": st.sampled_from([*TYPES, None]),
                "also": st.lists(st.sampled_from(TYPES), max_size=2),
                "urgency": st.sampled_from(URGENCIES),
            }
        ),
        "customer": st.one_of(st.none(), st.fixed_dictionaries({"tier": st.sampled_from([*TIERS, ""])})),
        "rating": st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0])),
        "text": st.lists(st.sampled_from([*WORDS, "FIRE", "firearm", "Café", "x"]), max_size=4).map(" ".join),
        "subject": st.sampled_from(["", "lost", "my broken phone"]),
    }
)


def named(routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": f"r{n}", **route, **({"routes": named(route["routes"])} if route.get("routes") else {})}
        for n, route in enumerate(routes)
    ]


# --- the reference: the semantics of docs/reference/rules.md, written without looking at speed ---------------------


def value_of(facts: Facts, name: str) -> Any:
    labels, message, customer = facts.classification, facts.message, facts.customer
    assert labels is not None
    return {
        "kind": labels.kind, "type": labels.type, "also": list(labels.also), "urgency": labels.urgency,
        "customer.tier": (customer.tier if customer else "") or None, "customer.known": customer is not None,
        "rating": message.rating, "text": message.text, "subject": message.subject,
    }[name]  # fmt: skip


def whole_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def fits(value: Any, operator: str, wanted: Any) -> bool:  # noqa: PLR0911 - one line for each operator
    many = wanted if isinstance(wanted, list) else [wanted]
    if operator == "exists":
        return (value not in (None, "", [])) is wanted
    if operator == "is" and isinstance(value, list):
        return any(item in many for item in value)
    if operator == "is":
        return any(value == one or str(value).casefold() == str(one).casefold() for one in many) and value is not None
    if operator == "contains":
        return any(whole_word(value, word) for word in many)
    if operator == "matches":
        return re.search(wanted, value, re.IGNORECASE) is not None
    if value is None:
        return False
    if value in URGENCIES:
        value, wanted = -URGENCIES.index(value), -URGENCIES.index(wanted)
    above, below = value > wanted, value < wanted
    return bool({"above": above, "below": below, "at_least": not below, "at_most": not above}[operator])


def holds(facts: Facts, when: Mapping[str, Any]) -> bool:
    return all(entry(facts, name, wanted) for name, wanted in when.items())


def entry(facts: Facts, name: str, wanted: Any) -> bool:
    if name == "any":
        return any(holds(facts, inside) for inside in wanted)
    if name == "all":
        return all(holds(facts, inside) for inside in wanted)
    if name == "not":
        return not holds(facts, wanted)
    if name == "cel":
        rating = facts.message.rating
        expressions: dict[str, bool] = {
            'kind == "complaint"': value_of(facts, "kind") == "complaint",
            "length > 12": len(facts.message.words) > 12,
            "rating > 2.0": rating is not None and rating > 2,
        }
        return expressions[wanted]
    operators = wanted if isinstance(wanted, dict) else {"is": wanted}
    return all(fits(value_of(facts, name), operator, operand) for operator, operand in operators.items())


def walked(routes: list[dict[str, Any]], facts: Facts, path: str) -> list[tuple[str, bool]]:
    """Every route tried, in order, and whether it held."""
    found: list[tuple[str, bool]] = []
    for route in routes:
        held, here = holds(facts, route["when"]), f"{path}/{route['name']}"
        found.append((here, held))
        if held:
            found += walked(route.get("routes", []), facts, here)
            if not route.get("continue"):
                break
    return found


# --- the tests -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES, messages=st.lists(MESSAGES, min_size=1, max_size=6))
def test_index_decides_as_the_plain_walk(
    make_rules: MakeRules, make_facts: MakeFacts, tree: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> None:
    """Route by route, for random trees and messages, the indexed walk is the one of the reference."""
    routes = named(tree)
    rules = make_rules(json.dumps({"root": {"queue": "triage", "routes": routes}}))
    for message in messages:
        facts = make_facts(**message)
        tried = walked(routes, facts, "root")
        full, kept, fast = rules.explain(facts), rules.decide(facts), rules.decide(facts, trace=False)
        assert [(trace.route, trace.matched) for trace in full.traces] == [("root", True), *tried]
        assert fast.route == [path for path, held in [("root", True), *tried] if held][-1]
        bare = {"traces": (), "left_out": 0}
        assert full.model_copy(update=bare) == kept.model_copy(update=bare) == fast
        assert len(kept.traces) + kept.left_out == len(full.traces)
        assert [trace for trace in full.traces if trace in kept.traces] == list(kept.traces)
        assert all(trace in kept.traces for trace in full.traces if trace.matched)


def test_kept_traces_of_many_routes_hold_the_nearest(make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Of 200 routes, those that failed in one question only are kept, and the rest is counted."""
    routes = "".join(
        f"    - {{name: r{n}, queue: billing, when: {{type: {'delivery' if n % 50 == 7 else 'billing'}, "
        f"customer.tier: t{n}, language: en}}}}\n"
        for n in range(200)
    )
    found = make_rules(f"root:\n  queue: triage\n  routes:\n{routes}").decide(make_facts(customer={"tier": "t199"}))
    assert [trace.route for trace in found.traces] == [
        "root",
        "root/r7",
        "root/r57",
        "root/r107",
    ]
    assert found.left_out == 201 - 4


def test_pattern_set_finds_what_each_pattern_finds() -> None:
    """One pass for all gives the same as one pass for each, hostile quoting included."""
    budget = PatternBudget()
    patterns = [budget.words([f"word{n}", f"two words{n}*"]) for n in range(60)]
    patterns += [budget.regex(text) for text in (r"\Qa.b", "^abc$", "x{3}", "(?i:z)y", "ß", "(?-i:Q)uiet", "|q")]
    found = PatternSet(patterns)
    for text in ("word1, two  words59x", "a.b", "abc", "xxx ZY", "SS ẞ", "quiet", "Quiet", "", "w" * 5_000 + " word7"):
        some = (text.encode(), b"word3")
        assert sorted(found.find(some)) == [n for n, one in enumerate(patterns) if any(one.find(item) for item in some)]


@pytest.mark.parametrize("routes", [9, 120])
def test_decide_three_times_is_the_same(routes: int, make_rules: MakeRules, make_facts: MakeFacts) -> None:
    """Messages decided again, in another order and by rules compiled anew, give the same decisions and reasons."""
    text = "root:\n  queue: triage\n  routes:\n" + "".join(
        f"    - {{name: r{n}, queue: billing, when: {{any: [{{type: {TYPES[n % 4]}}}, {{kind: praise}}], "
        f"rating: {{at_most: {n % 7}}}, text: {{contains: ['{WORDS[n % 7]}', word{n}]}}}}}}\n"
        for n in range(routes)
    )
    facts = [
        make_facts(
            labels={"type": TYPES[n % 4], "kind": KINDS[n % 3]}, rating=n % 5, text=f"word{n % 150} {WORDS[n % 7]} {n}"
        )
        for n in range(300)
    ]
    first, second = make_rules(text), make_rules(text)
    once = [first.decide(one) for one in facts]
    assert once == [second.decide(one) for one in reversed(facts)][::-1] == [first.decide(one) for one in facts]
    assert len({one.route for one in once}) > 2
