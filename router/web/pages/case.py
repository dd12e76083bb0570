# SPDX-License-Identifier: Apache-2.0
"""One case: its conversation, why it is where it is, and the changes people make to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from router.errors import Conflict, NotFound, UserInputError
from router.records import CaseChange
from router.schema import Case
from router.web import access
from router.web.case_view import case_values, change_words
from router.web.context import CONTEXT
from router.web.desk import change_case, note_text
from router.web.render import is_fragment, render, user_of, went_well

__all__ = ["routes"]

routes = web.RouteTableDef()

_CHANGEABLE = ("state", "team", "queue", "kind", "type", "urgency", "assigned_to")
_FIELD, _WAS = "field.", "was_field."  # before the name of a field of the case
# The message is somebody else's HTML: no script, no fetch, no form, no link that leaves, in a window without origin.
_FOREIGN_HTML = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


async def _case(request: web.Request) -> Case:
    return await access.case_for(request.app[CONTEXT].store, user_of(request), request.match_info["case"])


@routes.get("/cases/{case}")
async def show(request: web.Request) -> web.StreamResponse:
    """The page, or the parts of it that change by themselves when htmx asks."""
    case = await _case(request)
    template = "_case_live.html" if is_fragment(request) else "case.html"
    return await render(request, template, await case_values(request, case), here=f"queue:{case.team}:")


@routes.get("/cases/{case}/html")
async def foreign_html(request: web.Request) -> web.StreamResponse:
    """A message as its sender laid it out, sanitised at intake, for a frame in which nothing runs."""
    case = await _case(request)
    for entry in await request.app[CONTEXT].store.conversation(case.id):
        if entry.html and entry.source_key == request.query.get("source"):
            page = f"<!doctype html><meta charset=utf-8><title>{case.id}</title>{entry.html}"
            headers = {"Content-Security-Policy": _FOREIGN_HTML, "Referrer-Policy": "no-referrer"}
            return web.Response(text=page, content_type="text/html", headers=headers)
    raise NotFound("There is no such message in this case.")


@routes.post("/cases/{case}")
async def change(request: web.Request) -> web.StreamResponse:
    """Change what the form holds differently from the case; a stale form changes nothing and says what happened."""
    case, form, user = await _case(request), await request.post(), user_of(request)
    context = request.app[CONTEXT]
    asked = _asked(form, case)
    try:
        version = int(str(form.get("version", "")))
        fields = _asked_fields(form, case)
        wanted = CaseChange.model_validate({**asked, **({"fields": fields} if fields else {})})
        asked |= fields
        case = await change_case(context, user, case, wanted, version=version) if asked else case
    except ValueError:
        return await _again(request, case, "The form cannot be read. Load the page again.", 422)
    except Conflict:
        fresh = await _case(request)
        sentence = f"Somebody changed this case meanwhile, so yours was not saved: {change_words(asked)}."
        return await _again(request, fresh, sentence + " Below is how it is now.", 409)
    except UserInputError as error:
        return await _again(request, case, str(error), error.status)
    if not access.sees_team(user, case.team):
        return _go(request, "moved", "/")
    if is_fragment(request):
        return await render(request, "_case_live.html", {**await case_values(request, case), "just_done": "changed"})
    return went_well("changed", f"/cases/{case.id}")


def _asked(form: Mapping[str, object], case: Case) -> dict[str, str]:
    """What the person changed: fields that differ from what the form showed, or from the case if it does not say."""
    found = {}
    for name in _CHANGEABLE:
        before = str(form.get(f"was_{name}", getattr(case, name) or ""))
        value = str(form.get(name, before))
        if value != before and (value or name == "assigned_to"):
            found[name] = value
    return found


def _asked_fields(form: Mapping[str, object], case: Case) -> dict[str, str]:
    """Fields of the case that the person changed, took away with nothing, or added."""
    found = {}
    for key, typed in form.items():
        name, value = key.removeprefix(_FIELD), str(typed).strip()
        if key.startswith(_FIELD) and value != str(form.get(f"{_WAS}{name}", case.fields.get(name, ""))):
            found[name] = value
    added = str(form.get("new_field", "")).strip()
    if added:
        found[added] = str(form.get("new_value", "")).strip()
    return found


def _go(request: web.Request, code: str, location: str) -> web.Response:
    if is_fragment(request):
        return web.Response(status=200, headers={"HX-Redirect": f"{location}?done={code}"})
    return went_well(code, location)


async def _again(request: web.Request, case: Case, problem: str, status: int, **extra: Any) -> web.Response:
    values = {**await case_values(request, case), "problem": problem, **extra}
    template = "_case_live.html" if is_fragment(request) else "case.html"
    return await render(request, template, values, status=status, here=f"queue:{case.team}:")


@routes.post("/cases/{case}/notes")
async def note(request: web.Request) -> web.StreamResponse:
    """Add an internal note; customers never see it."""
    case, form, user = await _case(request), await request.post(), user_of(request)
    text = str(form.get("text", ""))
    try:
        await request.app[CONTEXT].store.add_note(case.id, note_text(text), actor=user.name)
    except UserInputError as error:
        values = {**await case_values(request, case), "note_problem": str(error), "note_text": text}
        template = "_note.html" if is_fragment(request) else "case.html"
        return await render(request, template, values, status=error.status)
    if is_fragment(request):
        return await render(request, "_note_done.html", await case_values(request, await _case(request)))
    return went_well("noted", f"/cases/{case.id}")
