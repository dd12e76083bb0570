# SPDX-License-Identifier: Apache-2.0
"""The compiled tree of routes, and the walk that decides where a message goes.

The walk is depth first: of the routes beside each other the first whose conditions all hold is taken, what it says is
laid over what was said so far, and its own routes are tried the same way. ``continue: true`` goes on with the next
route beside it all the same. The root takes everything. An index finds the routes that can hold; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from router.content import AlarmThen, Assign, CaseThen
from router.deadlines.records import Consequences
from router.rules.facts import Facts
from router.rules.fields import View
from router.rules.index import Index
from router.rules.levels import Levels, suggestions
from router.rules.route import Answer, Route, own_route, settled
from router.schema import URGENCIES, Decision, RouteTrace, Urgency

__all__ = ["ALARMS", "FULL_TRACES", "Answer", "Route", "RuleSet"]

ALARMS = "on_deadline"  # path of what stands for the root where a deadline warns or is missed

FULL_TRACES = 30  # rule sets of so many routes keep the trace of every route tried; larger ones of those that explain
_NEAR = 3  # routes that nearly held, kept of each list of routes
_KEPT_DECISIONS = 1_000
_RANK = {name: rank for rank, name in enumerate(reversed(URGENCIES))}
_BY_RANK: tuple[Urgency, ...] = ("low", "normal", "high", "critical")

Mode: TypeAlias = Literal["none", "kept", "full"]


@dataclass(frozen=True)
class RuleSet:
    """Rules in force: the tree, which team works which queue, and the digest that every decision carries."""

    root: Route
    teams: Mapping[str, str]  # queue -> team
    digest: str
    routes: tuple[Route, ...] = ()  # all of them, in the order of the file
    levels: Levels = field(default_factory=Levels)
    asks: frozenset[str] = frozenset()  # fields that some condition looks at
    alarms: Route = field(default_factory=lambda: Route(path=ALARMS, depth=0))  # when a deadline warns or is missed
    kept: dict[Any, Decision] = field(default_factory=dict, compare=False, repr=False)

    def decide(self, facts: Facts, *, trace: bool = True) -> Decision:
        """Find the route of one message. Pure: the same facts always give the same decision.

        Args:
            facts: The message, its labels and what is known besides.
            trace: Also record routes tried with each condition's wanted and seen values: every one where the rules
                are at most ``FULL_TRACES`` routes, else those taken and those that nearly were. A replay over many
                messages leaves it out.
        """
        full = len(self.routes) <= FULL_TRACES
        return self._decide(facts, ("full" if full else "kept") if trace else "none")

    def explain(self, facts: Facts) -> Decision:
        """The same decision with the trace of every route tried, however many."""
        return self._decide(facts, "full")

    def _decide(self, facts: Facts, mode: Mode) -> Decision:
        if facts.alarm is not None:
            return self._at_alarm(facts, facts.alarm, mode)
        levels = self.levels.of(facts)
        if levels:
            facts = replace(facts, hidden=frozenset(levels))
        walk = _Walk(View(facts), mode)
        walk.take(self.root, held=True)
        walk.down(self.root)
        urgency: Urgency = "normal"
        if facts.classification and "urgency" not in levels:
            urgency = facts.classification.urgency
        refused = _refusal(walk.taken, facts)
        key = (urgency, refused, *map(id, walk.taken))
        plain = self.kept.get(key)
        if plain is None:
            plain = self._laid_over(walk.taken, urgency, refused)
            if len(self.kept) < _KEPT_DECISIONS:
                self.kept[key] = plain
        if not levels and mode == "none":
            return plain
        more: dict[str, Any] = {"traces": tuple(walk.traces), "left_out": walk.tried - len(walk.traces)}
        if levels:
            more |= {"levels": levels, "suggestions": suggestions(facts, levels, self._queue_of)}
        if mode == "none":
            more["left_out"] = 0
        return plain.model_copy(update=more)

    def _at_alarm(self, facts: Facts, alarm: AlarmThen, mode: Mode) -> Decision:
        """What becomes of a case when one of its deadlines warns or is missed: what the deadline itself says, and over
        it what the routes taken say."""
        case = facts.case
        assert case is not None  # there is no alarm without a case
        walk = _Walk(View(facts), mode)
        walk.take(self.alarms, held=True)
        walk.down(self.alarms)
        own = own_route(facts.does or Consequences(), f"at_{'breach' if alarm.state == 'breached' else alarm.state}")
        decision = self._laid_over([own, *walk.taken], case.urgency, "", case)
        more = {"traces": tuple(walk.traces), "left_out": walk.tried - len(walk.traces) if mode != "none" else 0}
        return settled(decision, case).model_copy(update=more)

    def _queue_of(self, facts: Facts) -> str:
        """Where these facts would lead, every label acted on."""
        walk = _Walk(View(facts), "none")
        walk.take(self.root, held=True)
        walk.down(self.root)
        return next(route.queue for route in reversed(walk.taken) if route.queue)

    def _laid_over(self, taken: list[Route], urgency: Urgency, refused: str, case: CaseThen | None = None) -> Decision:
        """What the routes taken amount to, each laid over those before it and all over the ``case`` if there is one."""
        queue, hold_reply = case.queue if case is not None else "", False
        acknowledge: str | None = None
        ask: str | None = None
        assign: Assign | None = None
        answer: Answer | None = None
        tags: dict[str, None] = {}
        sinks: dict[str, None] = {}
        deadlines: dict[str, None] = {}
        fields: dict[str, str] = {}
        for route in taken:
            queue = route.queue or queue
            urgency = _changed(urgency, route)
            tags |= dict.fromkeys(route.tags)
            sinks |= dict.fromkeys(route.sinks)
            deadlines |= dict.fromkeys(route.deadlines)
            fields |= route.fields
            acknowledge = acknowledge if route.acknowledge is None else route.acknowledge or None
            answer = answer if route.answer is None else route.answer or None
            ask = ask if route.ask is None else route.ask or None
            hold_reply = hold_reply if route.hold_reply is None else route.hold_reply
            assign = route.assign or assign
        actions = [action for route in taken for action in route.actions]
        if answer is not None and refused:
            actions = [
                action.model_copy(update={"skipped": refused}) if action.name == "answer" else action
                for action in actions
            ]
        return Decision(
            team=self.teams[queue] if case is None or queue in self.teams else case.team,
            queue=queue,
            route=taken[-1].path,
            urgency=urgency,
            tags=tuple(tags),
            acknowledge=acknowledge,
            sinks=tuple(sinks),
            hold_reply=hold_reply,
            rules_digest=self.digest,
            actions=tuple(actions),
            fields=fields,
            answer=answer.template if answer and not refused else None,
            ask=ask,
            deadlines=tuple(deadlines),
            assign=assign,
        )


def _changed(urgency: Urgency, route: Route) -> Urgency:
    urgency = route.urgency or urgency
    if route.shift:
        urgency = _BY_RANK[min(3, max(0, _RANK[urgency] + route.shift))]
    if route.at_least and _RANK[urgency] < _RANK[route.at_least]:
        urgency = route.at_least
    if route.at_most and _RANK[urgency] > _RANK[route.at_most]:
        urgency = route.at_most
    return urgency


def _refusal(taken: list[Route], facts: Facts) -> str:
    """Why the answer that was said last is not given by a machine; "" where it is, or none was said."""
    answer, held = None, False
    for route in taken:
        answer = answer if route.answer is None else route.answer
        held = held if route.hold_reply is None else route.hold_reply
    if not answer:
        return ""
    if held:
        return "replies of this case wait for approval"
    labels = facts.classification
    if labels is None or labels.kind != "request" or "kind" in facts.hidden:
        return "only a simple request is answered by itself"
    if labels.unsure or labels.confidence("kind") < answer.confidence:
        return "the classifier is not sure enough that it is a request"
    return "never in public" if facts.message.visibility == "public" else ""


class _Walk:
    """One walk through the tree: the routes taken, and the traces that are wanted."""

    __slots__ = ("mode", "taken", "traces", "tried", "view")

    def __init__(self, view: View, mode: Mode) -> None:
        self.view = view
        self.mode = mode
        self.taken: list[Route] = []
        self.traces: list[RouteTrace] = []
        self.tried = 0  # routes, also those that the index ruled out

    def take(self, route: Route, *, held: bool) -> None:
        """Note a route that was tried; the walk goes into it if it held."""
        if held:
            self.taken.append(route)
        if self.mode != "none":
            self.tried += 1
            self.traces.append(route.trace(self.view, held=held))

    def down(self, route: Route) -> None:
        """Try the routes inside a route."""
        if route.index is None or self.mode == "full":
            self._one_by_one(route.routes)
        else:
            self._by_index(route.routes, route.index)

    def _one_by_one(self, routes: tuple[Route, ...]) -> None:
        for route in routes:
            held = route.holds(self.view)
            if held or self.mode != "none":
                self.take(route, held=held)
            if held:
                self.down(route)
                if not route.goes_on:
                    return

    def _by_index(self, routes: tuple[Route, ...], index: Index) -> None:
        rows, end = index.candidates(self.view), len(index.tests)
        held: list[Route] = []
        missed: dict[int, None] = {}
        starts: list[tuple[int, int]] = []  # number of a route taken, and where its traces and those inside it begin
        tests, view = index.tests, self.view
        while rows:
            row = (rows & -rows).bit_length() - 1
            number, after = index.routes[row], index.ends[row]
            for test in tests[row]:
                if not test(view):
                    missed[number] = None
                    rows &= rows - 1
                    break
            else:
                route = routes[number]
                held.append(route)
                missed.pop(number, None)
                starts.append((number, len(self.traces)))
                self.take(route, held=True)
                self.down(route)
                if not route.goes_on:
                    end = after
                    break
                rows = rows >> after << after
        if self.mode == "kept":
            self._keep_near(routes, index, end, missed, starts)

    def _keep_near(
        self, routes: tuple[Route, ...], index: Index, end: int, missed: dict[int, None], starts: list[tuple[int, int]]
    ) -> None:
        """Put the traces of routes that nearly held where they were tried among those that held."""
        tried = index.routes[end - 1] + 1
        taken = {number for number, _ in starts}
        near = list(missed)[:_NEAR]
        if len(near) < _NEAR:
            more = [number for number in index.nearly(self.view, end, _NEAR) if number not in missed]
            near += more[: _NEAR - len(near)]
        self.tried += tried - len(taken)
        last = len(self.traces)
        for number in sorted(set(near) - taken, reverse=True):
            place = next((at for other, at in starts if other > number), last)
            self.traces.insert(place, routes[number].trace(self.view, held=False))
