# SPDX-License-Identifier: Apache-2.0
"""What the store knows of assignment and what it is asked to change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from router.content import Assign
from router.records import User
from router.schema import Frozen, Type, Urgency

__all__ = ["ACTOR", "AssignmentState", "ChooseNext", "HeldCase", "Move", "MoveAction", "Served", "WaitingCase"]

ACTOR = "assignment"
MoveAction: TypeAlias = Literal["case_assigned", "case_taken_back", "case_handed_over", "case_put_back"]


class WaitingCase(Frozen):
    """An open case that nobody has. ``since`` is when it began to wait in this team."""

    id: str
    version: int
    team: str
    queue: str
    type: Type | None
    language: str
    channel: str
    urgency: Urgency
    tags: tuple[str, ...] = ()
    created_at: datetime
    due_at: datetime | None = None
    since: datetime
    passed: tuple[str, ...] = ()  # who had it and is not asked first
    wish: Assign | None = None  # what the route said
    knows: str = ""  # who had the customer's case before this one, and when
    knew_at: datetime | None = None


class HeldCase(Frozen):
    """An open case that somebody has. ``active_at``: given, opened again, or something done by the holder."""

    id: str
    version: int
    team: str
    channel: str
    holder: str
    since: datetime
    active_at: datetime
    automatic: bool  # False: given or taken by hand
    tags: tuple[str, ...] = ()


class Served(Frozen):
    """When a member got a case of the team last, in turns of the team; 0 for never."""

    turn: int = 0
    hostile_turn: int = 0
    hostile_at: datetime | None = None


class AssignmentState(Frozen):
    """All that is needed to decide who gets what, as it stands at one moment. Waiting cases are in order."""

    waiting: tuple[WaitingCase, ...] = ()
    held: tuple[HeldCase, ...] = ()
    load: dict[str, dict[str, int]] = Field(default_factory=dict)  # user -> kind of channel -> open cases
    served: dict[str, dict[str, Served]] = Field(default_factory=dict)  # team -> user
    turns: dict[str, int] = Field(default_factory=dict)  # team -> cases handed out so far


class Move(Frozen):
    """One case that changes hands, if it still is what it was when this was decided.

    ``turn`` is the team's number of turns that the decision was made at; None where nobody gets the case.
    """

    action: MoveAction
    case_id: str
    version: int
    team: str
    holder: str | None  # who has it now
    to: str | None  # None: back to those that wait
    turn: int | None = None
    hostile: bool = False
    passed: tuple[str, ...] = ()
    actor: str = ACTOR  # a person who asked for the next case
    detail: dict[str, str] = Field(default_factory=dict)  # why, for the trail


ChooseNext: TypeAlias = Callable[[AssignmentState, Sequence[User]], Move | None]
"""Pure: how teams stand and who can log in, to the move that gives somebody the next case; None where none waits."""
