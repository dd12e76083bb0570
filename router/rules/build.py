# SPDX-License-Identifier: Apache-2.0
"""From the checked shape of ``rules.yaml`` to a compiled rule set, noting every mistake with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.config.problems import Problems, unknown
from router.rules.conditions import Condition, all_of, any_of, not_all
from router.rules.expressions import ExpressionError, compile_expression
from router.rules.fields import FIELDS, find_field, path_names
from router.rules.index import FEW, Index
from router.rules.levels import LABELS, Levels, Limits
from router.rules.matchers import Compiler, KnownNames, Path
from router.rules.model import (
    AlarmRoute,
    CaseActions,
    ConfidenceSettings,
    LabelThresholds,
    RouteActions,
    RouteSettings,
    RulesFile,
)
from router.rules.ruleset import ALARMS, Route, RuleSet
from router.rules.saying import check_actions, compile_actions

__all__ = ["MAX_EXPRESSIONS", "build", "survey"]

MAX_EXPRESSIONS = 300
_GROUPS = {"any": any_of, "all": all_of}


def build(rules: RulesFile, problems: Problems, known: KnownNames | None = None) -> RuleSet:
    """Compile the rules. Use the result only if ``problems`` has gained no mistake.

    Args:
        rules: The file, its shape already checked.
        problems: Holds the document and gathers the mistakes.
        known: Queues, sinks, templates and values that the rules may name.
    """
    known = known or KnownNames()
    builder = _Builder(problems, known)
    root = builder.route(rules.root, ("root",), "root", 0)
    alarms = builder.alarms(rules.on_deadline)
    for channel in rules.confidence.channels:
        if known.channels and channel not in known.channels:
            problems.add(("confidence", "channels", channel), unknown("channel", channel, known.channels), key=True)
    teams = dict(known.queues or {})
    text = problems.document.text + "".join(f"\0{queue}\0{team}" for queue, team in sorted(teams.items()))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return RuleSet(
        root=root,
        teams=teams,
        digest=digest,
        routes=(*_flat(root), *(route for top in alarms.routes for route in _flat(top))),
        alarms=alarms,
        levels=_levels(rules.confidence),
        asks=frozenset(builder.compiler.asked),
    )


def _levels(settings: ConfidenceSettings) -> Levels:
    channels = {channel: _limits(own) for channel, own in settings.channels.items()}
    return Levels(general=_limits(settings), channels=channels)


def _limits(settings: LabelThresholds) -> dict[str, Limits]:
    given = {label: getattr(settings, label) for label in LABELS}
    return {
        label: Limits(
            recommend=one.recommend or 0.0,
            preselect=one.apply if one.preselect is None else one.preselect,
            apply=one.apply,
        )
        for label, one in given.items()
        if one is not None
    }


def survey(plain: Any, problems: Problems, known: KnownNames) -> None:
    """Note the mistakes inside the routes of a file whose shape is wrong, so that all are shown at once."""
    if isinstance(plain, Mapping):
        builder = _Builder(problems, known)
        _survey(plain.get("root"), problems, builder, ("root",))
        builder.at_alarm = True
        tops = plain.get(ALARMS)
        for index, top in enumerate(tops if isinstance(tops, list) else ()):
            _survey(top, problems, builder, (ALARMS, index))


def _survey(plain: Any, problems: Problems, builder: _Builder, at: Path) -> None:
    if not isinstance(plain, Mapping) or problems.full:
        return
    when, queue, children = plain.get("when"), plain.get("queue"), plain.get("routes")
    if isinstance(when, Mapping):
        tuple(builder.conditions(when, (*at, "when")))
    if isinstance(queue, str):
        builder.check_queue(queue, (*at, "queue"))
    for index, child in enumerate(children if isinstance(children, list) else ()):
        _survey(child, problems, builder, (*at, "routes", index))


def _flat(route: Route) -> Iterator[Route]:
    yield route
    for child in route.routes:
        yield from _flat(child)


class _Builder:
    def __init__(self, problems: Problems, known: KnownNames) -> None:
        self.problems = problems
        self.known = known
        self.compiler = Compiler(problems, known)
        self.expressions = 0
        self.at_alarm = False  # whether these are the routes of warnings and misses

    def alarms(self, tops: Sequence[AlarmRoute]) -> Route:
        """The routes of warnings and misses, under one that stands for their root."""
        self.at_alarm = True
        routes = tuple(self.beside(tops, (ALARMS,), ALARMS, 1))
        indexed = len(routes) >= FEW and not self.problems.mistakes
        index = Index([route.conditions for route in routes]) if indexed else None
        return Route(path=ALARMS, depth=0, routes=routes, index=index)

    def route(self, settings: RouteActions | AlarmRoute, at: Path, path: str, depth: int) -> Route:
        self.check_names(settings, at)
        conditions: tuple[Condition, ...] = ()
        goes_on, unassign = False, None
        if isinstance(settings, AlarmRoute):
            unassign = settings.unassign
        if isinstance(settings, RouteSettings | AlarmRoute):
            conditions = tuple(self.conditions(settings.when, (*at, "when")))
            goes_on = settings.continue_
        routes = tuple(self.beside(settings.routes, (*at, "routes"), path, depth + 1))
        indexed = len(routes) >= FEW and not self.problems.mistakes
        return Route(
            path=path,
            depth=depth,
            conditions=conditions,
            tests=tuple(condition.test for condition in conditions),
            goes_on=goes_on,
            unassign=unassign,
            routes=routes,
            index=Index([route.conditions for route in routes]) if indexed else None,
            **compile_actions(settings, path),
        )

    def beside(self, routes: Sequence[RouteSettings | AlarmRoute], at: Path, path: str, depth: int) -> Iterator[Route]:
        seen: set[str] = set()
        for index, child in enumerate(routes):
            place = (*at, index)
            if child.name in seen:
                self.problems.add((*place, "name"), f"a route beside it is named '{child.name}' too")
            seen.add(child.name)
            yield self.route(child, place, f"{path}/{child.name}", depth)

    def check_names(self, settings: CaseActions, at: Path) -> None:
        if settings.queue:
            self.check_queue(settings.queue, (*at, "queue"))
        check_actions(settings, at, self.problems, self.known)

    def check_queue(self, queue: str, at: Path) -> None:
        if self.known.queues is not None and queue not in self.known.queues and not self.problems.full:
            self.problems.add(at, unknown("queue", queue, self.known.queues))

    # --- conditions ----------------------------------------------------------------------------------------------

    def conditions(self, when: Mapping[str, Any], at: Path) -> Iterator[Condition]:
        """Conditions of one mapping; all of them must hold."""
        for name, wanted in when.items():
            path = (*at, name)
            if self.problems.full:
                return
            if name in _GROUPS:
                yield from self.group(name, wanted, path)
            elif name == "not":
                if members := self.nested(wanted, path):
                    yield not_all("not", members)
            elif name == "cel":
                yield from self.expression(wanted, path)
            elif found := find_field(name):
                if found.name.startswith("deadline.") and not self.at_alarm:
                    sentence = f"only routes of '{ALARMS}' can ask for it; a clock of the case is deadlines.NAME"
                    self.problems.add(path, sentence, key=True)
                yield from self.compiler.field(found, wanted, path)
            else:
                known = (*path_names(), *_GROUPS, "not", "cel")
                self.problems.add(path, unknown("field", name, known), key=True)

    def group(self, name: str, wanted: Any, path: Path) -> Iterator[Condition]:
        if not isinstance(wanted, list) or not wanted:
            self.problems.add(path, "must be a list of conditions, each a mapping such as '- type: billing'")
            return
        members = []
        for index, item in enumerate(wanted):
            inside = self.nested(item, (*path, index))
            if inside:
                members.append(inside[0] if len(inside) == 1 else all_of("all", inside))
        yield _GROUPS[name](name, tuple(members))

    def nested(self, wanted: Any, path: Path) -> tuple[Condition, ...]:
        if not isinstance(wanted, Mapping) or not wanted:
            self.problems.add(path, "must be a mapping of conditions such as 'type: billing'")
            return ()
        return tuple(self.conditions(wanted, path))

    def expression(self, wanted: Any, path: Path) -> Iterator[Condition]:
        texts = wanted if isinstance(wanted, list) else [wanted]
        for index, text in enumerate(texts):
            place = (*path, index) if isinstance(wanted, list) else path
            self.expressions += 1
            if not isinstance(text, str) or not text.strip():
                self.problems.add(place, "must be an expression in quotes such as 'length > 5000'")
            elif self.expressions > MAX_EXPRESSIONS:
                self.problems.add(place, f"more than {MAX_EXPRESSIONS} expressions in one file")
            else:
                try:
                    self.compiler.asked |= {field.name for field in FIELDS if field.name in text}
                    yield compile_expression(text, patterns=self.compiler.patterns)
                except ExpressionError as error:
                    self.problems.add(place, str(error))
