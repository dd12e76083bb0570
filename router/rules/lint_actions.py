# SPDX-License-Identifier: Apache-2.0
"""What a route says without any effect: texts that can never leave, changes that change nothing, odd thresholds."""

from __future__ import annotations

from router.config.problems import Problems
from router.rules.fields import find_field
from router.rules.levels import LABELS
from router.rules.lint_atoms import Atom
from router.rules.lint_logic import follows
from router.rules.lint_routes import Line, Lines, up_from
from router.rules.matchers import Compiler, KnownNames
from router.rules.model import AnswerSettings, CaseActions, LabelThresholds, RouteSettings, RulesFile, UrgencyChange

__all__ = ["check_actions", "check_alarm_actions"]

_TEXTS = ("acknowledge", "answer", "ask")


def check_actions(file: RulesFile, lines: Lines, problems: Problems) -> None:
    """Note what is said and never done when a message comes in."""
    asked = _Asked(problems)
    _urgency(file.root, ("root",), problems)
    for line in lines.all:
        _urgency(line.settings, line.at, problems)
        _texts(line, asked, problems)
        _answer(line, asked, file, problems)
        _nothing(line, problems)
    _thresholds(file, problems)


class _Asked:
    """Questions that decide whether a text leaves."""

    def __init__(self, problems: Problems) -> None:
        compiler = Compiler(Problems(problems.document), KnownNames())

        def made(name: str, value: object) -> Atom:
            field = find_field(name)
            assert field is not None  # both are in the table
            condition = compiler.equals(field, value, (name,))
            return Atom(name, "is", value, (name,), field, condition.test if condition else None)

        self.public = made("visibility", "public")
        self.machines = tuple(made(f"flags.{flag}", True) for flag in ("auto_reply", "bounce", "receipt", "own"))
        self.others = made("kind", ["complaint", "praise", "other"])


def _always(line: Line, atom: Atom) -> bool:
    return all(follows(row.atoms, atom) for row in line.reached)


def _texts(line: Line, asked: _Asked, problems: Problems) -> None:
    for key in _TEXTS:
        if not getattr(line.settings, key):
            continue
        if _always(line, asked.public):
            problems.add((*line.at, key), "has no effect: nothing leaves by itself in public")
        elif any(_always(line, flag) for flag in asked.machines):
            problems.add((*line.at, key), "has no effect: nothing leaves by itself to machines")


def _answer(line: Line, asked: _Asked, file: RulesFile, problems: Problems) -> None:
    answer = line.settings.answer if isinstance(line.settings, RouteSettings) else None
    if not answer:
        return
    if _always(line, asked.others):
        problems.add((*line.at, "answer"), "has no effect: only requests are answered by themselves")
    around = [one.settings for one in up_from(line) if isinstance(one.settings, RouteSettings)]
    holds = [one.hold_reply for one in (*around, file.root) if one.hold_reply is not None]
    if holds and holds[0]:
        problems.add((*line.at, "answer"), "has no effect: replies wait for approval here; say 'hold_reply: false'")
    kind = file.confidence.kind
    own = isinstance(answer, AnswerSettings) and "confidence" in answer.model_fields_set
    if isinstance(answer, AnswerSettings) and own and kind is not None and answer.confidence < kind.apply:
        sentence = f"has no effect: 'kind' is acted on only from {kind.apply:g} on (confidence.kind.apply)"
        problems.add((*line.at, "answer", "confidence"), sentence)


def _urgency(settings: CaseActions, at: tuple[str | int, ...], problems: Problems) -> None:
    change = settings.urgency
    if not isinstance(change, UrgencyChange):
        return
    if change.at_least == "low":
        problems.add((*at, "urgency", "at_least"), "has no effect: everything is at least low")
    if change.at_most == "critical":
        problems.add((*at, "urgency", "at_most"), "has no effect: nothing is above critical")
    order = ("low", "normal", "high", "critical")
    if change.at_least and change.at_most and order.index(change.at_least) > order.index(change.at_most):
        problems.add((*at, "urgency"), f"at least {change.at_least} and at most {change.at_most} contradict each other")
    if not change.model_fields_set:
        problems.add((*at, "urgency"), "says nothing; write {at_least: high} or {up: 1}")


def _nothing(line: Line, problems: Problems) -> None:
    names = {*type(line.settings).model_fields} - {"name", "when", "continue_"}
    said = {name for name in names if getattr(line.settings, name) not in (None, (), {})}
    if not said and line.settings.continue_:
        sentence = f"'{line.path}' says nothing and goes on, so it has no effect; add an action or remove it"
        problems.add((*line.at, "name"), sentence)


def check_alarm_actions(lines: Lines, problems: Problems) -> None:
    """The same for what is said when a deadline warns or is missed."""
    for line in lines.all:
        _urgency(line.settings, line.at, problems)
        _nothing(line, problems)


def _thresholds(file: RulesFile, problems: Problems) -> None:
    places: list[tuple[tuple[str | int, ...], LabelThresholds]] = [(("confidence",), file.confidence)]
    places += [(("confidence", "channels", name), one) for name, one in file.confidence.channels.items()]
    for at, settings in places:
        for label in LABELS:
            limits = getattr(settings, label)
            if limits is None:
                continue
            if limits.apply == 0 and at == ("confidence",):
                problems.add((*at, label, "apply"), "has no effect: every label is acted on anyway; leave it out")
            elif limits.apply == 1:
                problems.add((*at, label, "apply"), "no label is ever so certain: it would never be acted on")
        if at != ("confidence",) and not settings.model_fields_set:
            problems.add(at, "says nothing; name a label, such as {type: {apply: 0.8}}")
