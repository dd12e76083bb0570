# SPDX-License-Identifier: Apache-2.0
"""One route as compiled, and what stands for a route where a deadline itself says what its warnings and misses do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from router.content import Action, Assign, CaseThen
from router.deadlines.records import Consequences
from router.rules.conditions import Condition
from router.rules.fields import View
from router.rules.index import Index
from router.schema import ConditionTrace, Decision, RouteTrace, Urgency

__all__ = ["Answer", "Route", "own_route", "settled"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A template that answers a request by itself, where the classifier is so sure that it is one."""

    template: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Route:
    """One route as compiled. ``path`` is "root/delivery/lost"; None and () mean that it says nothing of that."""

    path: str
    depth: int
    conditions: tuple[Condition, ...] = ()
    queue: str | None = None
    urgency: Urgency | None = None
    at_least: Urgency | None = None
    at_most: Urgency | None = None
    shift: int = 0  # steps up, or below 0 down
    tags: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    acknowledge: str | Literal[False] | None = None
    answer: Answer | Literal[False] | None = None
    ask: str | Literal[False] | None = None
    hold_reply: bool | None = None
    deadlines: tuple[str, ...] = ()
    assign: Assign | None = None
    unassign: bool | None = None
    actions: tuple[Action, ...] = ()  # all of that in words, in the order of the reference
    goes_on: bool = False
    routes: tuple[Route, ...] = ()
    index: Index | None = None  # of ``routes``, where they are many
    tests: tuple[Callable[[View], bool], ...] = ()  # those of the conditions, for the walk

    def holds(self, view: View) -> bool:
        """Whether all conditions hold."""
        for test in self.tests:  # noqa: SIM110 - a generator takes twice the time
            if not test(view):
                return False
        return True

    def trace(self, view: View, *, held: bool) -> RouteTrace:
        """What each condition wanted and saw."""
        conditions: list[ConditionTrace] = []
        for condition in self.conditions:
            condition.add_traces(view, conditions)
        return RouteTrace(route=self.path, depth=self.depth, matched=held, conditions=tuple(conditions))


def own_route(does: Consequences, path: str) -> Route:
    """What a deadline itself says, as if a route had said it."""
    up = does.urgency == "up"
    said = {
        "queue": (does.queue,) if does.queue else (),
        "urgency": (("up 1" if up else f"at least {does.urgency}"),) if does.urgency else (),
        "tags": does.tags,
        "sinks": does.sinks,
        "unassign": ("true",) if does.unassign else (),
    }
    return Route(
        path=path,
        depth=0,
        queue=does.queue,
        shift=1 if up else 0,
        at_least=None if does.urgency is None or does.urgency == "up" else does.urgency,
        tags=does.tags,
        sinks=does.sinks,
        unassign=does.unassign or None,
        actions=tuple(Action(name=name, value=one, route=path) for name, values in said.items() for one in values),
    )


def settled(decision: Decision, case: CaseThen) -> Decision:
    """What is done of it: a case that is resolved stays as it is, and a field that a person set too."""
    over = case.state == "resolved"

    def why_not(action: Action) -> str:
        if over and action.name != "sinks":
            return "the case is resolved"
        if action.name == "fields" and action.value.partition("=")[0] in case.own_fields:
            return "a person set it"
        return ""

    actions = tuple(a.model_copy(update={"skipped": why}) if (why := why_not(a)) else a for a in decision.actions)
    changes: dict[str, Any] = {"actions": actions}
    if over:
        changes |= {"team": case.team, "queue": case.queue, "urgency": case.urgency, "tags": (), "fields": {}}
    else:
        changes["fields"] = {name: value for name, value in decision.fields.items() if name not in case.own_fields}
    return decision.model_copy(update=changes)
