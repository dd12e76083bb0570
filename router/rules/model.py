# SPDX-License-Identifier: Apache-2.0
"""The shape of ``rules.yaml``. What stands under ``when`` is checked by ``build.py`` against the table of fields."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field, model_validator

from router.config.models import Name
from router.schema import Frozen, Urgency

__all__ = [
    "AlarmRoute", "AnswerSettings", "AssignSettings", "CaseActions", "ConfidenceSettings", "LabelThresholds",
    "RootSettings", "RouteActions", "RouteSettings", "RulesFile", "Strategy", "Thresholds", "UrgencyChange",
]  # fmt: skip

Strategy: TypeAlias = Literal["round-robin", "least-load", "skills", "manual"]


class UrgencyChange(Frozen):
    """Raise or lower instead of set."""

    at_least: Urgency | None = None  # raised to
    at_most: Urgency | None = None  # lowered to
    up: int | None = Field(default=None, ge=1, le=3)  # steps more urgent
    down: int | None = Field(default=None, ge=1, le=3)  # steps less urgent


class AnswerSettings(Frozen):
    """An automatic answer with its own limit."""

    template: Name  # a folder of templates/
    confidence: float = Field(default=0.9, ge=0, le=1)  # how probable it must be that it is a request


class AssignSettings(Frozen):
    """Who of the team gets the case, with more said than the strategy."""

    strategy: Strategy  # how one of the team is chosen; manual: people take cases themselves
    skills: tuple[Name, ...] = ()  # wanted besides the language and the type of the case
    keep: bool | None = None  # true: whoever knows the customer gets it again


class CaseActions(Frozen):
    """What can be said of a case at any time. A key that is left out is inherited."""

    queue: Name | None = None  # where the case goes; its team follows from teams.yaml
    urgency: Urgency | UrgencyChange | None = None  # instead of the classifier's; or {at_least: high}, {up: 1}
    tags: tuple[str, ...] = ()  # added to those said so far
    fields: dict[str, str] = Field(default_factory=dict)  # set on the case, over those said so far
    sinks: tuple[Name, ...] = ()  # forwarded there as well, besides the sinks of the team


class RouteActions(CaseActions):
    """What a route says about the cases that take it. A key that is left out is inherited."""

    acknowledge: Name | Literal[False] | None = None  # template sent to the customer at once; false: none
    answer: Name | AnswerSettings | Literal[False] | None = None  # template that answers a simple request by itself
    ask: Name | Literal[False] | None = None  # template that asks the customer one question, once in a case
    hold_reply: bool | None = None  # true: replies wait for approval even where they are private
    deadlines: tuple[Name, ...] = ()  # sets of deadlines that are watched, added to those said so far
    assign: Strategy | AssignSettings | None = None  # who of the team gets it
    routes: tuple[RouteSettings, ...] = ()  # tried in order, first match wins


class RouteSettings(RouteActions):
    """One route: a name, conditions that must all hold, and what it says."""

    name: Name
    when: dict[str, Any] = Field(min_length=1)
    continue_: bool = Field(default=False, alias="continue")  # true: go on with the next route, keeping what was said


class AlarmRoute(CaseActions):
    """One route of ``on_deadline``: tried when a deadline warns or is missed, never for a message."""

    unassign: bool | None = None  # true: back to the queue, for anyone to take
    routes: tuple[AlarmRoute, ...] = ()  # tried in order, first match wins
    name: Name
    when: dict[str, Any] = Field(min_length=1)
    continue_: bool = Field(default=False, alias="continue")  # true: go on with the next route, keeping what was said


class RootSettings(RouteActions):
    """The root takes everything, so it has no condition, and its queue is the one for all that nobody takes."""

    queue: Name


class Thresholds(Frozen):
    """How probable a label must be. Left out: ``preselect`` is as ``apply``, ``recommend`` is 0."""

    recommend: float | None = Field(default=None, ge=0, le=1)  # from here on it is suggested
    preselect: float | None = Field(default=None, ge=0, le=1)  # from here on it is preset on the case
    apply: float = Field(ge=0, le=1)  # from here on conditions see it

    @model_validator(mode="after")
    def _grow(self) -> Thresholds:
        preselect = self.apply if self.preselect is None else self.preselect
        if not (self.recommend or 0.0) <= preselect <= self.apply:
            raise ValueError("must grow: recommend, preselect, apply")
        return self


class LabelThresholds(Frozen):
    """Thresholds by label. A label that is left out is always acted on."""

    kind: Thresholds | None = None
    type: Thresholds | None = None
    urgency: Thresholds | None = None
    language: Thresholds | None = None


class ConfidenceSettings(LabelThresholds):
    """Thresholds by label, and for single channels others."""

    channels: dict[Name, LabelThresholds] = Field(default_factory=dict)  # kind of channel to its own thresholds


class RulesFile(Frozen):
    """``rules.yaml``."""

    confidence: ConfidenceSettings = ConfidenceSettings()
    root: RootSettings
    on_deadline: tuple[AlarmRoute, ...] = ()  # routes for warnings and misses of deadlines, in order


RouteActions.model_rebuild()
AlarmRoute.model_rebuild()
