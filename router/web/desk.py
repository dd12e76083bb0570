# SPDX-License-Identifier: Apache-2.0
"""Changes that people make to a case, checked the same way for pages and API."""

from __future__ import annotations

from collections.abc import Sequence

from router.assign.records import AssignmentState, Move
from router.assign.view import next_move
from router.errors import Conflict, Forbidden, UserInputError
from router.learning.records import PersonLabels
from router.records import CaseChange, User
from router.schema import Case
from router.web import access
from router.web.context import WebContext

__all__ = ["assignees", "change_case", "check_label", "note_text", "take_next"]

_LONGEST_NOTE = 20_000
_MOST_FIELDS = 100  # of one case
_TRIES = 5  # somebody else may take a case at the same moment


async def assignees(context: WebContext, team: str) -> list[User]:
    """Who can be given a case of the team: its members that can log in, by name."""
    users = [user for user in await context.store.users() if not user.disabled and team in user.teams]
    return sorted((user for user in users if access.may_read_cases(user)), key=lambda user: user.name)


async def change_case(context: WebContext, user: User, case: Case, change: CaseChange, *, version: int) -> Case:
    """Check the change against teams, queues and people, and make it.

    Raises:
        UserInputError: A value that does not exist here; the fields are named.
        Conflict: Somebody changed the case after ``version``.
    """
    team = context.team(change.team or case.team)
    if team is None:
        raise UserInputError("There is no such team.", fields={"team": "not configured"})
    extra: dict[str, str] = {}
    if change.team is not None and change.team != case.team and change.queue is None:
        extra["queue"] = team.all_queues[0]
    if change.queue is not None and change.queue not in team.all_queues:
        raise UserInputError("The team has no such queue.", fields={"queue": f"not a queue of {team.name}"})
    members = {member.name for member in await assignees(context, team.name)}
    if change.assigned_to and change.assigned_to not in members:
        if not (change.assigned_to == user.name and access.sees_team(user, team.name)):
            raise UserInputError("A case can only be given to a member of its team.", fields={"assigned_to": "unknown"})
    elif change.assigned_to is None and change.team and case.assigned_to and case.assigned_to not in members:
        extra["assigned_to"] = ""
    if not access.may_read_cases(user):
        raise Forbidden("Administrators do not work on cases.")
    if change.fields and len({*case.fields, *case.own_fields, *change.fields}) > _MOST_FIELDS:
        raise UserInputError("That are too many fields.", fields={"fields": f"at most {_MOST_FIELDS} of a case"})
    final = change.model_copy(update=extra)
    return await context.store.change_case(case.id, final, version=version, actor=user.name)


async def take_next(context: WebContext, user: User, teams: Sequence[str]) -> Case | None:
    """Give the user the case of these teams that waits first and suits them; None where none does. However many ask at
    once, nobody gets a case that another got.

    Raises:
        Conflict: Others changed the case that was to be given, several times.
    """
    book = context.assignments().teams
    asked = [book[name] for name in teams if name in book]
    if not access.may_read_cases(user) or not asked:
        raise Forbidden("Administrators do not work on cases.")

    def choose(state: AssignmentState, users: Sequence[User]) -> Move | None:
        return next_move(user.name, asked, state, users, context.clock.now())

    for left in reversed(range(_TRIES)):
        try:
            return await context.store.assign_next([team.name for team in asked], choose)
        except Conflict:
            if not left:
                raise
    return None


def check_label(context: WebContext, labels: PersonLabels) -> None:
    """Raises UserInputError where a complaint or request has no type that exists here."""
    if labels.kind in {"complaint", "request"} and labels.type not in context.settings.types.names:
        raise UserInputError("A complaint or request needs a type that exists here.", fields={"type": "unknown"})
    if labels.kind is None:
        raise UserInputError("Say what it is.", fields={"kind": "missing"})


def note_text(text: str) -> str:
    """The words of an internal note. Raises UserInputError for none or too many."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise UserInputError("A note needs words.", fields={"text": "empty"})
    if len(text) > _LONGEST_NOTE:
        raise UserInputError("The note is too long.", fields={"text": f"at most {_LONGEST_NOTE} characters"})
    return text
