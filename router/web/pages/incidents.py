# SPDX-License-Identifier: Apache-2.0
"""Incidents: the list, one of them with its cases, an update to all of them, and what people decide of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from router.errors import UserInputError
from router.incidents.records import Incident, IncidentState
from router.records import CaseFilter
from router.web import access, incident_desk
from router.web.context import CONTEXT
from router.web.first_words import list_words
from router.web.render import is_fragment, render, user_of, went_well

__all__ = ["routes"]

routes = web.RouteTableDef()

PAGE = 50
_STATES: dict[str, IncidentState | None] = {"open": "open", "over": "resolved", "all": None}
_ONE = r"/incidents/{incident:[A-Za-z0-9-]{1,40}}"


@routes.get("/incidents")
async def listed(request: web.Request) -> web.StreamResponse:
    """Those with a case that the user sees, open ones first."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_read_cases(user))
    chosen = request.query.get("state") or "open"
    if chosen not in _STATES:
        raise UserInputError("There is no such list.", status=400)
    found = await access.incidents_for(context.store, user, state=_STATES[chosen])
    values = {
        "incidents": found,
        "own": {one.id: incident_desk.own_cases(user, one) for one in found},
        "chosen": chosen,
        "states": tuple(_STATES),
    }
    template = "_incident_rows.html" if is_fragment(request) else "incidents.html"
    return await render(request, template, values, here="incidents")


@routes.get(_ONE)
async def show(request: web.Request) -> web.StreamResponse:
    """One incident; or only its changing part when htmx asks."""
    incident = await _incident(request)
    template = "_incident_live.html" if is_fragment(request) else "incident.html"
    return await render(request, template, await _values(request, incident), here="incidents")


@routes.post(_ONE + "/updates")
async def send(request: web.Request) -> web.StreamResponse:
    """First what would become of the update, by channel and language; then, with ``confirm``, it is kept and sent.
    The same said twice is kept once by the store."""
    context, user = request.app[CONTEXT], user_of(request)
    incident, form = await _incident(request), await request.post()
    texts = {name.removeprefix("text-"): str(text) for name, text in form.items() if name.startswith("text-")}
    try:
        checked = incident_desk.texts_of(context, texts)
        counts = await incident_desk.preview(context, user, incident, checked)
    except UserInputError as error:
        problem = f"{error} {' '.join(error.fields.values())}"
        values = {**await _values(request, incident), "texts": texts, "update_problem": problem}
        return await render(request, "incident.html", values, status=error.status, here="incidents")
    if not form.get("confirm"):
        sending = sum(count for (_, _, fate), count in counts.items() if fate in ("sent", "held"))
        more = {"texts": checked, "preview": sorted(counts.items()), "sending": sending}
        values = {**await _values(request, incident), **more}
        return await render(request, "incident.html", values, here="incidents")
    await incident_desk.send(context, user, incident, checked)
    return went_well("update_kept", f"/incidents/{incident.id}")


@routes.post(_ONE + r"/updates/{number:\d{1,6}}/stop")
async def stop(request: web.Request) -> web.StreamResponse:
    """Send it to nobody else, and take back what has not left."""
    incident = await _incident(request)
    number = int(request.match_info["number"])
    await incident_desk.stop(request.app[CONTEXT], user_of(request), incident, number)
    return went_well("update_stopped", f"/incidents/{incident.id}")


@routes.post(_ONE + r"/updates/{number:\d{1,6}}/approve")
async def approve(request: web.Request) -> web.StreamResponse:
    """Let its answers go that wait for a second person."""
    incident, number = await _incident(request), int(request.match_info["number"])
    digest = str((await request.post()).get("digest", ""))
    await incident_desk.approve(request.app[CONTEXT], user_of(request), incident, number, digest=digest)
    return went_well("approved_all", f"/incidents/{incident.id}")


@routes.post(_ONE + "/{what:close|reopen|unmute}")
async def change(request: web.Request) -> web.StreamResponse:
    """End it, take it up again, or let sinks be told of it again."""
    what = request.match_info["what"]
    act = {"close": incident_desk.close, "reopen": incident_desk.reopen, "unmute": incident_desk.unmute}[what]
    incident = await act(request.app[CONTEXT], user_of(request), await _incident(request))
    return went_well(f"incident_{what}", f"/incidents/{incident.id}")


@routes.post(_ONE + "/mute")
async def mute(request: web.Request) -> web.StreamResponse:
    """Nobody is told of it for a while."""
    minutes = str((await request.post()).get("minutes", ""))
    if not minutes.isascii() or not minutes.isdigit():
        raise UserInputError("Say for how long.", fields={"minutes": "not a number"})
    incident = await _incident(request)
    await incident_desk.mute(request.app[CONTEXT], user_of(request), incident, int(minutes[:9]))
    return went_well("incident_mute", f"/incidents/{incident.id}")


@routes.post(_ONE + "/cases")
async def place(request: web.Request) -> web.StreamResponse:
    """Put a case in, or with ``leave`` take it out; whoever came from the case goes back there."""
    incident, form = await _incident(request), await request.post()
    case, leave = str(form.get("case", ""))[:64], bool(form.get("leave"))
    await incident_desk.place(request.app[CONTEXT], user_of(request), incident, case, inside=not leave)
    back = f"/cases/{case}" if request.query.get("from") == "case" else f"/incidents/{incident.id}"
    return went_well("case_left" if leave else "case_placed", back)


async def _incident(request: web.Request) -> Incident:
    context = request.app[CONTEXT]
    return await access.incident_for(context.store, user_of(request), request.match_info["incident"])


async def _values(request: web.Request, incident: Incident) -> Mapping[str, Any]:
    context, user = request.app[CONTEXT], user_of(request)
    page = request.query.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 1 <= int(page[:5]) <= 10_000 else 1
    which = CaseFilter(states=None, incident=incident.id, limit=PAGE + 1, offset=(number - 1) * PAGE)
    found = await access.cases_for(context.store, user, which)
    counts = await context.store.incident_counts(incident.id, teams=access.teams_of(user))
    updates = list(reversed(await context.store.incident_updates(incident.id)))
    waiting = await incident_desk.waiting(context, user, updates)
    return {
        "incident": incident,
        "own": incident_desk.own_cases(user, incident),
        "steers": access.may_steer(user, incident),
        "shared": incident_desk.key_words(incident.keys),
        "counts": counts,
        "languages": incident_desk.languages_of(context, counts),
        "updates": updates,
        "waiting": {number: len(rows) for number, rows in waiting.items()},
        "cases": found[:PAGE],
        "more": len(found) > PAGE,
        "page": number,
        "query": {},
        "words": await list_words(request.app, found[:PAGE]),
        "people": {person.name: person.display_name or person.name for person in await context.store.users()},
        "texts": {},
        "preview": (),
        "sending": 0,
        "update_problem": "",
    }
