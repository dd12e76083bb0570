# SPDX-License-Identifier: Apache-2.0
"""The shape of ``rules.yaml``. What stands under ``when`` is checked by ``build.py`` against the table of fields."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from router.config.models import Name
from router.schema import Frozen, Urgency

__all__ = ["RootSettings", "RouteActions", "RouteSettings", "RulesFile", "UrgencyChange"]


class UrgencyChange(Frozen):
    """Raise or lower instead of set."""

    at_least: Urgency | None = None
    at_most: Urgency | None = None


class RouteActions(Frozen):
    """What a route says about the cases that take it. A key that is left out is inherited."""

    queue: Name | None = None  # where the case goes; its team follows from teams.yaml
    urgency: Urgency | UrgencyChange | None = None  # instead of the classifier's; or {at_least: high}
    tags: tuple[str, ...] = ()  # added to those said so far
    sinks: tuple[Name, ...] = ()  # forwarded there as well, besides the sinks of the team
    acknowledge: Name | Literal[False] | None = None  # template sent to the customer at once; false: none
    hold_reply: bool | None = None  # true: replies wait for approval even where they are private
    routes: tuple[RouteSettings, ...] = ()  # tried in order, first match wins


class RouteSettings(RouteActions):
    """One route: a name, conditions that must all hold, and what it says."""

    name: Name
    when: dict[str, Any] = Field(min_length=1)
    continue_: bool = Field(default=False, alias="continue")  # true: go on with the next route, keeping what was said


class RootSettings(RouteActions):
    """The root takes everything, so it has no condition, and its queue is the one for all that nobody takes."""

    queue: Name


class RulesFile(Frozen):
    """``rules.yaml``."""

    root: RootSettings


RouteActions.model_rebuild()
