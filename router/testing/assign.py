# SPDX-License-Identifier: Apache-2.0
"""For tests of assignment: made-up teams, people and waiting cases."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from router.assign.book import Assignments, make_assignments
from router.assign.records import HeldCase, WaitingCase
from router.assign.settings import AssignmentSettings, MemberSettings
from router.records import User
from router.testing.deadlines import make_book

__all__ = ["START", "assignments", "held", "people", "waiting"]

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday, and where ManualClock begins


def assignments(
    *members: dict[str, Any], team: str = "delivery", calendar: str | None = None, by_route: bool = False, **assign: Any
) -> Assignments:
    """One team as in ``teams.yaml``, with the calendars of ``make_book``."""
    one: Any = SimpleNamespace(
        name=team,
        calendar=calendar,
        members=tuple(MemberSettings.model_validate(member) for member in members),
        assign=AssignmentSettings.model_validate(assign),
    )
    return make_assignments([one], make_book().calendars, by_route=by_route)


def people(*names: str, team: str = "delivery") -> list[User]:
    """Agents of the team."""
    return [User(name=name, teams=(team,)) for name in names]


def waiting(case_id: str = "C1", **changes: Any) -> WaitingCase:
    """A case that began to wait at ``START``."""
    given: dict[str, Any] = {
        "id": case_id, "version": 1, "team": "delivery", "queue": "delivery", "type": "delivery", "language": "fi",
        "channel": "email", "urgency": "normal", "created_at": START, "since": START,
    }  # fmt: skip
    return WaitingCase(**given | changes)


def held(case_id: str = "C1", holder: str = "anna", **changes: Any) -> HeldCase:
    """A case that somebody was given at ``START``, by itself."""
    given: dict[str, Any] = {
        "id": case_id, "version": 2, "team": "delivery", "channel": "email", "holder": holder, "since": START,
        "active_at": START, "automatic": True,
    }  # fmt: skip
    return HeldCase(**given | changes)
