# SPDX-License-Identifier: Apache-2.0
"""Decides the cases of ``config/tests/`` and compares what came with what was to come. Pure: what needs files or the
model is handed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from router.config.loader import Configuration
from router.interfaces import ClassifierInput
from router.rules.cases import Expected, RuleCase, Unwanted
from router.rules.cases_given import Tools, facts_of, labels_of, message_of
from router.rules.cases_read import ReadCases, route_path
from router.rules.facts import Facts
from router.rules.ruleset import RuleSet
from router.schema import Decision

__all__ = ["CaseResult", "Difference", "Tools", "labels_of", "run_cases"]


@dataclass(frozen=True)
class Difference:
    """One thing that came otherwise. ``expected`` begins with "not" where it must not have come."""

    key: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True)
class CaseResult:
    """A case that was decided. ``decision`` has every route tried where the case failed."""

    name: str
    decision: Decision
    differences: tuple[Difference, ...]
    taken: tuple[str, ...]  # paths of the routes taken, the root first
    wanted: tuple[str, ...]  # routes that would have led where the case expects
    file: str = ""
    line: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def passed(self) -> bool:
        return not self.differences


def run_cases(files: Sequence[ReadCases], configuration: Configuration, tools: Tools) -> Iterator[CaseResult]:
    """Every case in the order of the files."""
    asked = [(read, number) for read in files for number, case in enumerate(read.file.cases) if case.given.classify]
    inputs = []
    for read, number in asked:
        message = message_of(read, read.file.cases[number].given, tools)
        text = f"{message.subject}\n{message.words}".strip()
        inputs.append(ClassifierInput(text=text, channel=message.channel, language=message.language))
    labelled = dict(zip(((read.path, number) for read, number in asked), tools.classify(inputs), strict=True))
    for read in files:
        for number, case in enumerate(read.file.cases):
            labels = labelled.get((read.path, number)) or labels_of(case.given.labels)
            began = perf_counter()
            facts = facts_of(read, case, labels, configuration, tools)
            result = _result(case, facts, configuration.rules)
            yield replace(result, file=read.name, line=read.line_of(number), seconds=perf_counter() - began)


def _result(case: RuleCase, facts: Facts, rules: RuleSet) -> CaseResult:
    decision = rules.decide(facts)
    taken = tuple(trace.route for trace in decision.traces if trace.matched)
    differences = tuple(_differences(case, decision, taken))
    return CaseResult(
        name=case.name,
        decision=rules.explain(facts) if differences else decision,
        differences=differences,
        taken=taken,
        wanted=_wanted(case.expect, rules) if differences else (),
    )


def _wanted(expect: Expected, rules: RuleSet) -> tuple[str, ...]:
    """The routes named, else those that say the queue."""
    named = [*([expect.route] if expect.route else []), *expect.takes]
    if named:
        return tuple(map(route_path, named))
    return tuple(route.path for route in rules.routes if expect.queue and route.queue == expect.queue)


# --- what came -----------------------------------------------------------------------------------------------------

_ONE = ("queue", "team", "urgency", "hold_reply")
_TEMPLATES = ("acknowledge", "answer", "ask")
_LISTS = ("tags", "sinks", "deadlines")


def _differences(case: RuleCase, decision: Decision, taken: tuple[str, ...]) -> Iterator[Difference]:
    yield from _missing(case.expect, decision, taken)
    yield from _unwanted(case.not_, decision, taken)


def _missing(wanted: Expected, decision: Decision, taken: tuple[str, ...]) -> Iterator[Difference]:
    yield from _other_values(wanted, decision)
    lacking = {key: [one for one in getattr(wanted, key) if one not in getattr(decision, key)] for key in _LISTS}
    for key, names in lacking.items():
        if names:
            yield Difference(key, _show(names), _show(getattr(decision, key)))
    if names := [one for one in map(route_path, wanted.takes) if one not in taken]:
        yield Difference("takes", _show(names), _show(taken))
    done = _done(decision)
    if names := [one for one in wanted.actions if one not in done]:
        yield Difference("actions", _show(names), _show([one for one in done if " " in one]))


def _other_values(wanted: Expected, decision: Decision) -> Iterator[Difference]:
    """What has one value each and another one came."""
    pairs = {key: (getattr(wanted, key), getattr(decision, key)) for key in _ONE}
    pairs["route"] = (wanted.route and route_path(wanted.route), decision.route)
    pairs["assign"] = (wanted.assign, decision.assign and decision.assign.strategy)
    pairs |= {f"fields.{name}": (value, decision.fields.get(name)) for name, value in wanted.fields.items()}
    pairs |= {f"levels.{name}": (level, decision.levels.get(name, "apply")) for name, level in wanted.levels.items()}
    for key, (value, got) in pairs.items():
        if value is not None and value != got:
            yield Difference(key, _show(value), _show(got))
    for key in _TEMPLATES:
        value, got = getattr(wanted, key), getattr(decision, key)
        if value is not None and (value or None) != got:
            yield Difference(key, _show(value or None), _show(got) + _reason(decision, key))


def _unwanted(wanted: Unwanted, decision: Decision, taken: tuple[str, ...]) -> Iterator[Difference]:
    came: dict[str, Sequence[str]] = {
        "queue": (decision.queue,), "team": (decision.team,), "route": (decision.route,), "takes": taken,
        "urgency": (decision.urgency,), **{key: getattr(decision, key) for key in _LISTS},
        **{key: (getattr(decision, key),) for key in _TEMPLATES}, "actions": _done(decision),
    }  # fmt: skip
    for key, got in came.items():
        unwanted = getattr(wanted, key)
        for one in map(route_path, unwanted) if key in ("route", "takes") else unwanted:
            if one in got:
                yield Difference(key, f"not {one}", _show([value for value in got if value]))


def _done(decision: Decision) -> list[str]:
    """Each action that was said and is done, by its name and by name and value."""
    done = [action for action in decision.actions if not action.skipped]
    return list(dict.fromkeys([a.name for a in done] + [f"{a.name} {a.value}" for a in done]))


def _reason(decision: Decision, key: str) -> str:
    """Why it was not done, where it was said."""
    skipped = [action.skipped for action in decision.actions if action.name == key and action.skipped]
    return f" ({skipped[-1]})" if skipped else ""


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(value) or "none"
    return "none" if value is None or value == "" else str(value)
