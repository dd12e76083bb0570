# SPDX-License-Identifier: Apache-2.0
"""Decisions a second with 5, 50 and 500 routes beside each other, on one core: ``make bench`` prints them.

Every route asks for a label, two languages, a tier and words of its own, so that few of them hold.
"""

from __future__ import annotations

import random
import statistics
import time

from router.config.document import parse
from router.config.problems import Problems
from router.config.validate import validate
from router.rules.build import build
from router.rules.facts import Facts
from router.rules.matchers import KnownNames
from router.rules.model import RulesFile
from router.rules.ruleset import RuleSet
from router.schema import LANGUAGES, TYPES, Classification, Customer, InboundMessage, Party

__all__ = ["ROUTES", "decisions_per_second"]

ROUTES = (5, 50, 500)
_MESSAGES = 500
_TIMES = 10  # of a run of all messages, each of which takes some hundredths of a second


def _rules(routes: int) -> RuleSet:
    lines = ["root:", "  queue: triage", "  routes:"]
    for n in range(routes):
        languages = f"[{LANGUAGES[n % 12]}, {LANGUAGES[(n * 5 + 1) % 12]}]"
        words = f"[word{n}, 'broken thing {n}*']"
        when = f"type: {TYPES[n % 11]}, language: {languages}, customer.tier: tier{n % 7}, text: {{contains: {words}}}"
        lines.append(f"    - {{name: r{n}, queue: billing, when: {{{when}}}}}")
    problems = Problems(parse("\n".join(lines).encode(), "rules.yaml"))
    checked = validate(RulesFile, problems)
    assert checked is not None
    found = build(checked, problems, KnownNames(queues={"triage": "triage", "billing": "billing"}))
    assert not problems.mistakes, problems.mistakes
    return found


def _facts() -> list[Facts]:
    rng = random.Random(1)
    return [
        Facts(
            message=InboundMessage(
                channel="email", account="support", native_id=str(n), sender=Party(address="anna@example.org"),
                subject="Where is it", text=f"My parcel never came, and I want word{rng.randrange(600)} of it. " * 3,
            ),
            classification=Classification(
                kind="complaint", type=rng.choice(TYPES), language=rng.choice(LANGUAGES)
            ),
            customer=Customer(id=str(n), tier=f"tier{rng.randrange(7)}"),
        )
        for n in range(_MESSAGES)
    ]  # fmt: skip


def decisions_per_second(*, runs: int) -> dict[int, dict[str, float]]:
    """Routes to median decisions a second of this process: "bare", as in a replay, and "stored", with what is kept."""
    found: dict[int, dict[str, float]] = {}
    facts = _facts()
    for routes in ROUTES:
        rules = _rules(routes)
        found[routes] = {}
        for name, trace in (("bare", False), ("stored", True)):
            rates = []
            for _ in range(_TIMES * runs + 1):
                began = time.process_time()
                for one in facts:
                    rules.decide(one, trace=trace)
                rates.append(len(facts) / (time.process_time() - began))
            found[routes][name] = statistics.median(rates[1:])  # the first run fills the caches
    return found
