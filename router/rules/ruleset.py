# SPDX-License-Identifier: Apache-2.0
"""The compiled tree of routes, and the walk that decides where a message goes.

The walk is depth first: of the routes beside each other the first whose conditions all hold is taken, what it says is
laid over what was said so far, and its own routes are tried the same way. ``continue: true`` goes on with the next
route beside it all the same. The root takes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from router.rules.conditions import Condition
from router.rules.facts import Facts
from router.rules.fields import View
from router.schema import URGENCIES, Decision, RouteTrace, Urgency

__all__ = ["Route", "RuleSet", "Said"]

_RANK = {name: rank for rank, name in enumerate(reversed(URGENCIES))}


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
    tags: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    acknowledge: str | Literal[False] | None = None
    hold_reply: bool | None = None
    goes_on: bool = False
    routes: tuple[Route, ...] = ()
    tests: tuple[Callable[[View], bool], ...] = ()  # those of the conditions, for the walk

    def trace(self, view: View, *, held: bool) -> RouteTrace:
        """What each condition wanted and saw."""
        conditions = tuple(item for condition in self.conditions for item in condition.traces(view))
        return RouteTrace(route=self.path, depth=self.depth, matched=held, conditions=conditions)


@dataclass(slots=True)
class Said:
    """What the routes taken so far have said."""

    queue: str
    route: str
    urgency: Urgency
    tags: dict[str, None] = field(default_factory=dict)
    sinks: dict[str, None] = field(default_factory=dict)
    acknowledge: str | None = None
    hold_reply: bool = False

    def take(self, route: Route) -> None:
        self.route = route.path
        self.queue = route.queue or self.queue
        self.urgency = route.urgency or self.urgency
        if route.at_least and _RANK[self.urgency] < _RANK[route.at_least]:
            self.urgency = route.at_least
        if route.at_most and _RANK[self.urgency] > _RANK[route.at_most]:
            self.urgency = route.at_most
        self.tags.update(dict.fromkeys(route.tags))
        self.sinks.update(dict.fromkeys(route.sinks))
        if route.acknowledge is not None:
            self.acknowledge = route.acknowledge or None
        if route.hold_reply is not None:
            self.hold_reply = route.hold_reply


@dataclass(frozen=True)
class RuleSet:
    """Rules in force: the tree, which team works which queue, and the digest that every decision carries."""

    root: Route
    teams: Mapping[str, str]  # queue -> team
    digest: str
    routes: tuple[Route, ...] = ()  # all of them, in the order of the file

    def decide(self, facts: Facts, *, trace: bool = True) -> Decision:
        """Find the route of one message. Pure: the same facts always give the same decision.

        Args:
            facts: The message, its labels and what is known besides.
            trace: Also record every route tried with each condition's wanted and seen values; about four times the
                work, so a replay over many messages leaves it out.
        """
        view = View(facts)
        urgency: Urgency = facts.classification.urgency if facts.classification else "normal"
        said = Said(queue=self.root.queue or "", route=self.root.path, urgency=urgency)
        said.take(self.root)
        traces: list[RouteTrace] | None = None
        if trace:
            traces = [RouteTrace(route=self.root.path, depth=0, matched=True, conditions=())]
        _walk(self.root.routes, view, said, traces)
        return Decision(
            team=self.teams[said.queue],
            queue=said.queue,
            route=said.route,
            urgency=said.urgency,
            tags=tuple(said.tags),
            acknowledge=said.acknowledge,
            sinks=tuple(said.sinks),
            hold_reply=said.hold_reply,
            traces=tuple(traces or ()),
            rules_digest=self.digest,
        )


def _walk(routes: tuple[Route, ...], view: View, said: Said, traces: list[RouteTrace] | None) -> None:
    for route in routes:
        held = True
        for test in route.tests:
            if not test(view):
                held = False
                break
        if traces is not None:
            traces.append(route.trace(view, held=held))
        if not held:
            continue
        said.take(route)
        if route.routes:
            _walk(route.routes, view, said, traces)
        if not route.goes_on:
            return
