# SPDX-License-Identifier: Apache-2.0
"""Who may see and do what: the only place that decides it. Every object is fetched through here.

agent    reads and works the cases of the own teams; everything else is as if it did not exist
manager  reads and works the cases of all teams; sees quarantine and troubled sends
admin    configures; sees counts and states, and reads no complaint
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from router.errors import NotFound
from router.incidents.records import Incident, IncidentState
from router.interfaces import Store
from router.learning.label import LabelOffer, labelled_by, next_to_label
from router.learning.records import Correction, PersonLabels
from router.records import CaseFilter, OutboxRow, OutboxState, User
from router.schema import Case, RawMessage
from router.web.context import WebContext

__all__ = [
    "case_for", "cases_for", "incident_for", "incidents_for", "label_again_for", "label_for", "label_offers_for",
    "may_configure", "may_read_cases", "may_read_raw", "may_see_trouble", "may_steer", "outbox_for", "outbox_rows_for",
    "raw_for", "require", "sees_team", "team_for", "teams_of", "visible_teams", "without_words",
]  # fmt: skip

_GONE = "There is nothing here under this address, or it is not yours to see."


def may_read_cases(user: User) -> bool:
    return user.role in ("agent", "manager")


def may_see_trouble(user: User) -> bool:
    """Quarantine and sends in trouble: lists, counts, and trying again."""
    return user.role in ("manager", "admin")


def may_read_raw(user: User) -> bool:
    """The bytes of what is in quarantine; they are a customer's words, so not for administrators."""
    return user.role == "manager"


def may_configure(user: User) -> bool:
    return user.role == "admin"


def require(allowed: bool) -> None:
    """Raises NotFound unless allowed: who may not know a page exists is told that it does not."""
    if not allowed:
        raise NotFound(_GONE)


def teams_of(user: User) -> tuple[str, ...] | None:
    """Names of the teams whose cases the user reads; None means all."""
    if user.role == "manager":
        return None
    return user.teams if user.role == "agent" else ()


def sees_team(user: User, team: str) -> bool:
    teams = teams_of(user)
    return teams is None or team in teams


def visible_teams(context: WebContext, user: User) -> list[str]:
    """Names of the configured teams the user sees, in configured order; a manager's own teams first."""
    names = [team.name for team in context.teams if sees_team(user, team.name)]
    return sorted(names, key=lambda name: name not in user.teams)


def team_for(context: WebContext, user: User, name: str) -> str:
    """The team's name, if it exists and the user sees it. Raises NotFound."""
    require(name in visible_teams(context, user))
    return name


async def case_for(store: Store, user: User, case_id: str) -> Case:
    """The case, if it exists and is the user's to see. Raises NotFound, the same for both."""
    require(may_read_cases(user))
    try:
        case = await store.case(case_id)
    except NotFound:
        raise NotFound(_GONE) from None
    require(sees_team(user, case.team))
    return case


async def cases_for(store: Store, user: User, which: CaseFilter) -> list[Case]:
    """The cases asked for that the user sees; a foreign team in the filter gives none."""
    allowed = teams_of(user)
    if allowed is not None:
        wanted = allowed if which.teams is None else tuple(team for team in which.teams if team in allowed)
        if not wanted:
            return []
        which = which.model_copy(update={"teams": wanted})
    return await store.cases(which)


def may_steer(user: User, incident: Incident) -> bool:
    """Whether the user may end or mute an incident for everybody: whoever sees all its cases."""
    return may_read_cases(user) and all(sees_team(user, team) for team in incident.teams)


async def incidents_for(
    store: Store, user: User, *, state: IncidentState | None, team: str | None = None, limit: int = 200
) -> list[Incident]:
    """Incidents with a case that the user sees, or with one of the team, which must be the user's to see."""
    allowed = teams_of(user)
    teams = allowed if team is None else (team,) if sees_team(user, team) else ()
    if not may_read_cases(user) or (teams is not None and not teams):
        return []
    return await store.incidents(state=state, limit=limit, teams=teams)


async def incident_for(store: Store, user: User, incident_id: str) -> Incident:
    """The incident, if one of its cases is the user's to see. Raises NotFound, the same for both."""
    require(may_read_cases(user))
    try:
        incident = await store.incident(incident_id.upper())
    except NotFound:
        raise NotFound(_GONE) from None
    require(teams_of(user) is None or any(sees_team(user, team) for team in incident.teams))
    return incident


async def outbox_for(store: Store, user: User, outbox_id: str) -> OutboxRow:
    """One outgoing thing of a case the user sees; administrators only of those in trouble. Raises NotFound."""
    try:
        row = await store.outbox_row(outbox_id)
    except NotFound:
        raise NotFound(_GONE) from None
    if may_configure(user):
        require(row.state in ("failed", "parked"))
        return without_words(row)
    require(await _sees_row(store, user, row))
    return row


async def outbox_rows_for(
    store: Store, user: User, *, states: Sequence[OutboxState], limit: int = 100
) -> list[OutboxRow]:
    """Outgoing things in these states; administrators see those in trouble, without the words in them."""
    if may_configure(user):
        trouble = [state for state in states if state in ("failed", "parked")]
        rows = await store.outbox_rows(states=trouble, limit=limit) if trouble else []
        return [without_words(row) for row in rows]
    teams = teams_of(user)
    if teams is not None and not teams:
        return []
    rows = await store.outbox_rows(states=states, teams=teams, limit=limit)
    if teams is None:
        return rows
    ids = tuple({row.case_id for row in rows if row.case_id})
    cases = (await store.lookup(source_keys=(), thread_keys=(), case_ids=ids)).cases if ids else {}
    owner = {ident: case.team for ident, case in cases.items()}
    return [row for row in rows if sees_team(user, owner.get(row.case_id, "") if row.case_id else row.team)]


async def _sees_row(store: Store, user: User, row: OutboxRow) -> bool:
    """By the team that has the case now, which need not be the one that had it when the row was written."""
    if not row.case_id:
        return may_read_cases(user) and sees_team(user, row.team)
    try:
        await case_for(store, user, row.case_id)
    except NotFound:
        return False
    return True


def without_words(row: OutboxRow) -> OutboxRow:
    """What an administrator may see of a row: how it fares, not what it says or about whom."""
    return row.model_copy(update={"reply": None, "event": None, "case_id": "", "receipt": None})


async def label_offers_for(store: Store, user: User, *, most: int, skip: Collection[str] = ()) -> list[LabelOffer]:
    """Messages worth labelling, of cases the user sees."""
    require(may_read_cases(user))
    return await next_to_label(store, teams=teams_of(user), most=most, skip=skip)


async def label_again_for(store: Store, user: User, case_id: str) -> tuple[LabelOffer, PersonLabels]:
    """What the user labelled last in a case the user sees, and what the user said of it. Raises NotFound."""
    case = await case_for(store, user, case_id)
    found = await labelled_by(store, case.id, actor=user.name)
    if found is None:
        raise NotFound(_GONE)
    return found


async def label_for(store: Store, user: User, source_key: str, labels: PersonLabels) -> Correction:
    """Keep what the user says of a message of a case the user sees. Raises NotFound."""
    require(may_read_cases(user))
    try:
        return await store.put_label(source_key, labels, actor=user.name, teams=teams_of(user))
    except NotFound:
        raise NotFound(_GONE) from None


async def raw_for(store: Store, user: User, raw_id: int) -> RawMessage:
    """The bytes of a message that is in quarantine now. Raises NotFound."""
    require(may_read_raw(user))
    if raw_id not in {item.raw_id for item in await store.quarantined(limit=10_000)}:
        raise NotFound(_GONE)
    return await store.raw(raw_id)
