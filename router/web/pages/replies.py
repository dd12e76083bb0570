# SPDX-License-Identifier: Apache-2.0
"""Answers: written on the page of a case, approved by a second person, withdrawn, tried again, settled by hand."""

from __future__ import annotations

from typing import cast, get_args

from aiohttp import web

from router.errors import Conflict, NotFound, UserInputError
from router.records import OutboxRow
from router.schema import Visibility
from router.web import access
from router.web.case_view import case_values
from router.web.context import CONTEXT
from router.web.first_words import list_words
from router.web.once import submit_once
from router.web.render import is_fragment, render, user_of, went_well

__all__ = ["routes"]

routes = web.RouteTableDef()


@routes.post("/cases/{case}/replies")
async def write(request: web.Request) -> web.StreamResponse:
    """Hand a reply to the outbox; what the channel cannot take comes back with the text kept."""
    context, user = request.app[CONTEXT], user_of(request)
    case = await access.case_for(context.store, user, request.match_info["case"])
    form = await request.post()
    text = str(form.get("text", "")).replace("\r\n", "\n").strip()
    chosen = str(form.get("visibility", ""))
    visibility = cast("Visibility", chosen) if chosen in get_args(Visibility) else None
    number = str(form.get("once", ""))
    try:
        row = await submit_once(context, case.id, text=text, actor=user.name, visibility=visibility, number=number)
    except UserInputError as error:
        kept = {"reply_text": text, "reply_problem": str(error), "reply_fields": error.fields}
        if chosen:
            kept["visibility"] = chosen
        template = "_composer.html" if is_fragment(request) else "case.html"
        values = {**await case_values(request, case), **kept}
        return await render(request, template, values, status=error.status, here=f"queue:{case.team}:")
    done = "waits" if row.state == "awaiting_approval" else "replied"
    if is_fragment(request):
        return await render(request, "_composer_done.html", {**await case_values(request, case), "reply_done": done})
    return went_well(done, f"/cases/{case.id}")


@routes.get("/approvals")
async def approvals(request: web.Request) -> web.StreamResponse:
    """Answers that wait for a second person, oldest first."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_read_cases(user))
    rows = await access.outbox_rows_for(context.store, user, states=("awaiting_approval",))
    cases = {row.case_id: await access.case_for(context.store, user, row.case_id) for row in rows if row.case_id}
    people = {person.name: person.display_name or person.name for person in await context.store.users()}
    template = "_approvals_list.html" if is_fragment(request) else "approvals.html"
    words = await list_words(request.app, cases.values())
    values = {"rows": rows, "cases": cases, "people": people, "words": words}
    return await render(request, template, values, here="approvals")


async def _row(request: web.Request) -> OutboxRow:
    context, user = request.app[CONTEXT], user_of(request)
    return await access.outbox_for(context.store, user, request.match_info["row"])


def _back(request: web.Request, row: OutboxRow, code: str) -> web.Response:
    """To where the button was pressed; a fixed choice of pages, nothing from the address bar."""
    places = {"approvals": "/approvals", "trouble": "/trouble"}
    location = places.get(request.query.get("from", ""), f"/cases/{row.case_id}" if row.case_id else "/trouble")
    return went_well(code, location)


@routes.post("/outbox/{row}/approve")
async def approve(request: web.Request) -> web.StreamResponse:
    """Let exactly the text that was shown go out."""
    row, form = await _row(request), await request.post()
    access.require(access.may_read_cases(user_of(request)))
    digest, actor = str(form.get("digest", "")), user_of(request).name
    await request.app[CONTEXT].replies.approve(row.id, digest=digest, actor=actor)
    return _back(request, row, "approved")


@routes.post("/outbox/{row}/edit")
async def edit(request: web.Request) -> web.StreamResponse:
    """Change a draft that waits; whoever changes it becomes its author and cannot approve it."""
    row, form = await _row(request), await request.post()
    access.require(access.may_read_cases(user_of(request)))
    text = str(form.get("text", "")).replace("\r\n", "\n").strip()
    digest, actor = str(form.get("digest", "")), user_of(request).name
    try:
        await request.app[CONTEXT].replies.edit(row.id, text=text, actor=actor, digest=digest)
    except Conflict:
        sentence = f"Somebody else changed or decided this draft meanwhile, so yours was not saved. It was: {text}"
        raise Conflict(sentence) from None
    return _back(request, row, "edited")


@routes.post("/outbox/{row}/withdraw")
async def withdraw(request: web.Request) -> web.StreamResponse:
    """Take an answer back while it has not left."""
    row = await _row(request)
    access.require(access.may_read_cases(user_of(request)))
    await request.app[CONTEXT].replies.withdraw(row.id, actor=user_of(request).name)
    return _back(request, row, "withdrawn")


@routes.post("/outbox/{row}/retry")
async def retry(request: web.Request) -> web.StreamResponse:
    """Try again what failed."""
    row = await _row(request)
    await request.app[CONTEXT].replies.retry(row.id, actor=user_of(request).name)
    return _back(request, row, "retried")


@routes.post("/outbox/{row}/resolve")
async def resolve(request: web.Request) -> web.StreamResponse:
    """Say of a parked send whether it arrived; only a person who looked can."""
    row, form = await _row(request), await request.post()
    answers = {"yes": True, "no": False}
    if (answer := str(form.get("was_sent", ""))) not in answers:
        raise NotFound("Say whether it was sent.")
    was_sent, actor = answers[answer], user_of(request).name
    await request.app[CONTEXT].replies.resolve_parked(row.id, was_sent=was_sent, actor=actor)
    return _back(request, row, "resolved" if was_sent else "retried")
