# SPDX-License-Identifier: Apache-2.0
"""What the operations on incidents do; every incident comes through ``access``."""

from __future__ import annotations

from router.incidents.records import Incident, IncidentUpdate
from router.records import CaseFilter
from router.web import access, incident_desk
from router.web.api import incident_models as models
from router.web.api.models import Approval
from router.web.api.operation import Call

__all__ = [
    "approve", "close", "incident_get", "incidents_list", "mute", "place", "preview", "reopen", "stop", "take_out",
    "unmute", "update_create",
]  # fmt: skip


def _item(call: Call, incident: Incident) -> models.IncidentItem:
    return models.IncidentItem(
        **incident.model_dump(include=set(models.IncidentItem.model_fields)),
        cases=incident.cases,
        own_cases=incident_desk.own_cases(call.user, incident),
        muted=incident.is_muted(call.context.clock.now()),
    )


async def _incident(call: Call) -> Incident:
    return await access.incident_for(call.context.store, call.user, call.path["incident"])


def _update(update: IncidentUpdate, waiting: int = 0) -> models.UpdateItem:
    return models.UpdateItem(update=update, digest=update.digest, waiting=waiting)


async def incidents_list(call: Call) -> models.IncidentList:
    asked = call.asked(models.IncidentQuery)
    access.require(access.may_read_cases(call.user))
    state = None if asked.state == "all" else asked.state
    found = await access.incidents_for(call.context.store, call.user, state=state, limit=asked.limit)
    return models.IncidentList(incidents=tuple(_item(call, one) for one in found))


async def incident_get(call: Call) -> models.IncidentDetail:
    incident, asked, store = await _incident(call), call.asked(models.IncidentCaseQuery), call.context.store
    which = CaseFilter(states=None, incident=incident.id, limit=asked.limit + 1, offset=asked.offset)
    found = await access.cases_for(store, call.user, which)
    updates = await store.incident_updates(incident.id)
    waiting = await incident_desk.waiting(call.context, call.user, updates)
    return models.IncidentDetail(
        incident=_item(call, incident),
        counts=await store.incident_counts(incident.id, teams=access.teams_of(call.user)),
        updates=tuple(_update(one, len(waiting[one.number])) for one in updates),
        cases=tuple(found[: asked.limit]),
        more=len(found) > asked.limit,
    )


async def preview(call: Call) -> models.UpdatePreview:
    incident = await _incident(call)
    texts = incident_desk.texts_of(call.context, call.told(models.NewUpdate).texts)
    counts = await incident_desk.preview(call.context, call.user, incident, texts)
    lines = [
        models.PreviewLine(channel=channel, language=language, fate=fate, cases=cases)
        for (channel, language, fate), cases in sorted(counts.items())
    ]
    return models.UpdatePreview(lines=tuple(lines))


async def update_create(call: Call) -> models.UpdateItem:
    incident = await _incident(call)
    texts = incident_desk.texts_of(call.context, call.told(models.NewUpdate).texts)
    return _update(await incident_desk.send(call.context, call.user, incident, texts))


async def stop(call: Call) -> models.UpdateItem:
    incident, number = await _incident(call), int(call.path["number"])
    return _update(await incident_desk.stop(call.context, call.user, incident, number))


async def approve(call: Call) -> models.Approved:
    incident, number = await _incident(call), int(call.path["number"])
    digest = call.told(Approval).digest
    approved = await incident_desk.approve(call.context, call.user, incident, number, digest=digest)
    return models.Approved(approved=approved)


async def close(call: Call) -> models.IncidentItem:
    return _item(call, await incident_desk.close(call.context, call.user, await _incident(call)))


async def reopen(call: Call) -> models.IncidentItem:
    return _item(call, await incident_desk.reopen(call.context, call.user, await _incident(call)))


async def mute(call: Call) -> models.IncidentItem:
    minutes = call.told(models.NewMute).minutes
    return _item(call, await incident_desk.mute(call.context, call.user, await _incident(call), minutes))


async def unmute(call: Call) -> models.IncidentItem:
    return _item(call, await incident_desk.unmute(call.context, call.user, await _incident(call)))


async def place(call: Call) -> models.IncidentItem:
    case = call.told(models.IncidentCase).case
    return _item(call, await incident_desk.place(call.context, call.user, await _incident(call), case, inside=True))


async def take_out(call: Call) -> models.IncidentItem:
    case = call.path["case"]
    return _item(call, await incident_desk.place(call.context, call.user, await _incident(call), case, inside=False))
