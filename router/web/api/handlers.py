# SPDX-License-Identifier: Apache-2.0
"""What the operations on people, cases and counts do; every object comes through ``access``."""

from __future__ import annotations

import uuid

from aiohttp import web

from router.errors import NotFound, UserInputError
from router.learning.records import Correction, PersonLabels
from router.records import CaseChange, CaseFilter
from router.schema import Case
from router.web import access
from router.web.api import models
from router.web.api.operation import Call
from router.web.desk import change_case, check_label, note_text, take_next
from router.web.pages.calls import call_log
from router.web.pages.trouble import raw_response
from router.web.sessions import log_in, log_out

__all__ = [
    "add_note",
    "calls_create",
    "case_get",
    "case_patch",
    "cases_list",
    "corrections_list",
    "counts",
    "label_create",
    "labels_next",
    "me",
    "quarantine_list",
    "quarantine_raw",
    "quarantine_retry",
    "queue_next",
    "reload",
    "teams",
    "token_create",
    "token_end",
]  # fmt: skip


async def token_create(call: Call) -> models.Token:
    given = call.told(models.Credentials)
    token, session = await log_in(call.request, name=given.name, password=given.password, kind="api")
    user = await call.context.store.user(session.user)
    if user is None:
        raise NotFound("The user is gone.")
    return models.Token(token=token, expires_at=session.expires_at, user=user.name, role=user.role)


async def token_end(call: Call) -> models.Done:
    await log_out(call.context, call.principal)
    return models.Done()


async def me(call: Call) -> models.Me:
    user = call.user
    return models.Me(name=user.name, display_name=user.display_name, role=user.role, teams=user.teams)


async def teams(call: Call) -> models.TeamList:
    seen = set(access.visible_teams(call.context, call.user))
    return models.TeamList(
        teams=tuple(
            models.Team(name=team.name, title=team.title or team.name, queues=team.all_queues)
            for team in call.context.teams
            if team.name in seen
        )
    )


async def counts(call: Call) -> models.Counts:
    store, user = call.context.store, call.user
    numbers = await store.queue_counts()
    queues = [
        models.QueueCount(team=team.name, queue=queue, cases=numbers.get((team.name, queue), 0))
        for team in call.context.teams
        if access.sees_team(user, team.name) or access.may_configure(user)
        for queue in team.all_queues
    ]
    waiting = await access.outbox_rows_for(store, user, states=("awaiting_approval",), limit=500)
    quarantine = trouble = None
    if access.may_see_trouble(user):
        quarantine = len(await store.quarantined(limit=1000))
        trouble = len(await access.outbox_rows_for(store, user, states=("failed", "parked"), limit=500))
    return models.Counts(queues=tuple(queues), approvals=len(waiting), quarantine=quarantine, trouble=trouble)


async def cases_list(call: Call) -> models.CaseList:
    asked = call.asked(models.CaseQuery)
    access.require(access.may_read_cases(call.user))
    if asked.team is not None:
        access.team_for(call.context, call.user, asked.team)
    which = CaseFilter(
        teams=None if asked.team is None else (asked.team,),
        states=asked.state or ("open", "waiting"),
        queue=asked.queue,
        assigned_to=call.user.name if asked.assigned_to == "me" else asked.assigned_to,
        search=asked.search,
        order=asked.sort,
        limit=asked.limit + 1,
        offset=asked.offset,
    )
    found = await access.cases_for(call.context.store, call.user, which)
    return models.CaseList(cases=tuple(found[: asked.limit]), more=len(found) > asked.limit)


async def queue_next(call: Call) -> models.NextCase:
    asked, context, user = call.asked(models.NextQuery), call.context, call.user
    access.require(access.may_read_cases(user))
    if asked.team is not None:
        teams: tuple[str, ...] = (access.team_for(context, user, asked.team),)
    else:
        teams = user.teams or tuple(access.visible_teams(context, user))
    handed_out = context.assignments().teams
    teams = tuple(name for name in teams if name in handed_out)
    access.require(bool(teams))
    case = await take_next(context, user, teams)
    if case is not None:
        context.changed()
    return models.NextCase(case=case)


async def case_get(call: Call) -> models.CaseDetail:
    case = await access.case_for(call.context.store, call.user, call.path["case"])
    conversation = await call.context.store.conversation(case.id)
    labelled = [entry.classification for entry in conversation if entry.classification is not None]
    decided = [entry.decision for entry in conversation if entry.decision is not None]
    incident = await call.context.store.incident_of(case.id)
    return models.CaseDetail(
        case=case,
        conversation=tuple(conversation),
        classification=labelled[-1] if labelled else None,
        decision=decided[-1] if decided else None,
        deadlines=tuple(await call.context.store.clocks(case.id)),
        alarms=tuple(await call.context.store.alarms(case.id)),
        capabilities=call.context.replies.capabilities(case),
        incident=incident.id if incident is not None else None,
    )


async def case_patch(call: Call) -> Case:
    case = await access.case_for(call.context.store, call.user, call.path["case"])
    patch = call.told(models.CasePatch)
    change = CaseChange.model_validate(patch.model_dump(exclude={"version"}))
    return await change_case(call.context, call.user, case, change, version=_version(call, patch.version))


def _version(call: Call, in_body: int | None) -> int:
    header = call.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if header and not (header.isascii() and header.isdigit() and len(header) < 19):
        raise UserInputError("If-Match takes a case's version.", fields={"If-Match": "not a version"}, status=400)
    if header and in_body is not None and int(header) != in_body:
        raise UserInputError("If-Match and version differ.", fields={"version": "differs from If-Match"})
    if not header and in_body is None:
        raise UserInputError("Say which version you saw.", fields={"version": "missing, as is If-Match"}, status=428)
    return int(header) if header else in_body or 0


async def add_note(call: Call) -> models.Done:
    case = await access.case_for(call.context.store, call.user, call.path["case"])
    await call.context.store.add_note(case.id, note_text(call.told(models.NewNote).text), actor=call.user.name)
    return models.Done()


async def corrections_list(call: Call) -> models.CorrectionList:
    case = await access.case_for(call.context.store, call.user, call.path["case"])
    return models.CorrectionList(corrections=tuple(await call.context.store.corrections(case.id)))


async def labels_next(call: Call) -> models.LabelOfferList:
    asked = call.asked(models.LabelQuery)
    offers = await access.label_offers_for(call.context.store, call.user, most=asked.limit)
    return models.LabelOfferList(offers=tuple(offers))


async def label_create(call: Call) -> Correction:
    told = call.told(models.NewLabel)
    try:
        labels = PersonLabels.model_validate(told.model_dump(exclude={"source_key"}))
    except ValueError:
        raise UserInputError("Praise and other have no type.", fields={"type": "not with this kind"}) from None
    check_label(call.context, labels)
    return await access.label_for(call.context.store, call.user, told.source_key, labels)


async def calls_create(call: Call) -> models.Logged:
    channel, note = call_log(call.request), call.told(models.CallNote)
    given = {name: str(value) for name, value in note.model_dump(exclude={"id", "at"}).items()}
    given["id"] = note.id or uuid.uuid4().hex
    given["at"] = (note.at or call.context.clock.now()).isoformat()
    return models.Logged(receipt=await channel.submit({**given, "logged_by": call.user.name}))


async def quarantine_list(call: Call) -> models.QuarantineList:
    access.require(access.may_see_trouble(call.user))
    return models.QuarantineList(items=tuple(await call.context.store.quarantined(limit=1000)))


async def quarantine_raw(call: Call) -> web.StreamResponse:
    return await raw_response(call.request, int(call.path["raw"]))


async def quarantine_retry(call: Call) -> models.Done:
    access.require(access.may_see_trouble(call.user))
    await call.context.store.requeue_raw(int(call.path["raw"]), actor=call.user.name)
    return models.Done()


async def reload(call: Call) -> models.ReloadAnswer:
    access.require(access.may_configure(call.user) and call.context.reload is not None)
    assert call.context.reload is not None  # narrowed by the line above
    return models.ReloadAnswer.model_validate(await call.context.reload())
