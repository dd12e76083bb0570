# SPDX-License-Identifier: Apache-2.0
"""What a route says: checked against the names there are, and compiled to values and to actions in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from router.config.problems import Problems, unknown
from router.content import Action, Assign
from router.rules.matchers import KnownNames, Path
from router.rules.model import (
    AlarmRoute,
    AnswerSettings,
    AssignSettings,
    CaseActions,
    RootSettings,
    RouteActions,
    UrgencyChange,
)
from router.rules.ruleset import Answer

__all__ = ["check_actions", "compile_actions"]

_FIELD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}")
_MAX_VALUE = 500
_TEMPLATES = ("acknowledge", "answer", "ask")
_NO_ACTION = ("routes", "name", "when", "continue_")


def check_actions(settings: CaseActions, at: Path, problems: Problems, known: KnownNames) -> None:
    """Note every name that does not exist, and what a route cannot say."""
    for key in _TEMPLATES:
        template = _template(getattr(settings, key, None))
        if template:
            _check(template, (*at, key), "template", known.templates, problems)
    for key, what, names in (("sinks", "sink", known.sinks), ("deadlines", "set of deadlines", known.deadlines)):
        for index, name in enumerate(getattr(settings, key, ())):
            _check(name, (*at, key, index), what, names, problems)
    for index, tag in enumerate(settings.tags):
        if not tag.strip() or len(tag) > 100:
            problems.add((*at, "tags", index), "a tag has 1 to 100 characters")
    for name, value in settings.fields.items():
        if not _FIELD_NAME.fullmatch(name):
            problems.add(
                (*at, "fields", name), "a field's name has letters, digits, '_', '-', '.', at most 60", key=True
            )
        elif len(value) > _MAX_VALUE:
            problems.add((*at, "fields", name), f"longer than {_MAX_VALUE} characters")
    if isinstance(settings.urgency, UrgencyChange) and settings.urgency.up and settings.urgency.down:
        problems.add((*at, "urgency"), "give 'up' or 'down', not both")
    if isinstance(settings, RootSettings) and isinstance(settings.urgency, str):
        problems.add((*at, "urgency"), "would hide what the classifier says everywhere; set it in a route")
    if isinstance(settings, RootSettings) and settings.answer:
        problems.add((*at, "answer"), "would answer every request by itself; set it in a route")


def _check(name: str, at: Path, what: str, known: Sequence[str] | None, problems: Problems) -> None:
    if known is not None and name not in known and not problems.full:
        problems.add(at, unknown(what, name, known))


def _template(said: Any) -> str:
    return said.template if isinstance(said, AnswerSettings) else said or ""


def compile_actions(settings: CaseActions, path: str) -> dict[str, Any]:
    """The fields of ``Route`` that say something."""
    change = settings.urgency if isinstance(settings.urgency, UrgencyChange) else UrgencyChange()
    common: dict[str, Any] = {
        "queue": settings.queue,
        "urgency": None if isinstance(settings.urgency, UrgencyChange) else settings.urgency,
        "at_least": change.at_least,
        "at_most": change.at_most,
        "shift": (change.up or 0) - (change.down or 0),
        "tags": settings.tags,
        "fields": dict(settings.fields),
        "sinks": settings.sinks,
        "actions": tuple(Action(name=name, value=value, route=path) for name, value in _words(settings)),
    }
    return common | _of_messages(settings) if isinstance(settings, RouteActions) else common


def _of_messages(settings: RouteActions) -> dict[str, Any]:
    """What is said only when a message comes in."""
    answer = settings.answer
    if isinstance(answer, str):
        answer = AnswerSettings(template=answer)
    assign = settings.assign
    if isinstance(assign, str):
        assign = AssignSettings(strategy=assign)
    return {
        "acknowledge": settings.acknowledge,
        "answer": Answer(answer.template, answer.confidence) if isinstance(answer, AnswerSettings) else answer,
        "ask": settings.ask,
        "hold_reply": settings.hold_reply,
        "deadlines": settings.deadlines,
        "assign": Assign(strategy=assign.strategy, skills=assign.skills, keep=assign.keep) if assign else None,
    }


def _words(settings: CaseActions) -> Iterator[tuple[str, str]]:
    """Each thing said, as key and value, in the order of the model."""
    model = RouteActions if isinstance(settings, RouteActions) else AlarmRoute
    for name in model.model_fields:
        said = getattr(settings, name)
        if name in _NO_ACTION or said is None:
            continue
        if isinstance(said, tuple):
            yield from ((name, one) for one in said)
        elif isinstance(said, dict):
            yield from ((name, f"{key}={value}") for key, value in said.items())
        elif isinstance(said, UrgencyChange):
            yield from ((name, f"{key.replace('_', ' ')} {value}") for key, value in said if value is not None)
        elif isinstance(said, AssignSettings):
            yield name, " ".join((said.strategy, *said.skills, *(("keep",) if said.keep else ())))
        elif isinstance(said, bool):
            yield name, "true" if said else "false"
        else:
            yield name, _template(said)
