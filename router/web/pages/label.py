# SPDX-License-Identifier: Apache-2.0
"""Labelling: the message worth most, the likely answers one key away, then the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from router.errors import UserInputError
from router.learning.records import PersonLabels
from router.web import access
from router.web.context import CONTEXT
from router.web.desk import check_label
from router.web.render import render, user_of

__all__ = ["routes"]

routes = web.RouteTableDef()

_AHEAD = 10  # are looked for at a time, to say how many wait
_MOST_SKIPPED = 40


@routes.get("/label")
async def show(request: web.Request) -> web.StreamResponse:
    """One message and its likely answers; with ``again`` the one that the user labelled last in that case."""
    skipped = _skipped(request.query.get("skip", ""))
    return await render(request, "label.html", await _values(request, skipped), here="label")


@routes.post("/label")
async def answer(request: web.Request) -> web.StreamResponse:
    """Keep an answer and show the next message."""
    form = await request.post()
    skipped, problem = _skipped(str(form.get("skip", ""))), ""
    try:
        labels = _labels(form)
        check_label(request.app[CONTEXT], labels)
        source = str(form.get("source_key", ""))
        kept = await access.label_for(request.app[CONTEXT].store, user_of(request), source, labels)
        query = urlencode({"skip": ",".join(skipped), "last": kept.case_id, "done": "labelled"})
        return web.Response(status=303, headers={"Location": f"/label?{query}"})
    except UserInputError as error:
        if error.status != 422:
            raise
        problem = str(error)
    values = {**await _values(request, skipped), "problem": problem}
    return await render(request, "label.html", values, status=422, here="label")


def _labels(form: Mapping[str, object]) -> PersonLabels:
    """A button says kind and type together, "complaint/billing"; the lists beside it say them one by one."""
    kind, _, type_ = str(form.get("answer", "")).partition("/")
    if not kind:
        kind, type_ = str(form.get("kind", "")), str(form.get("type", ""))
    given = {"kind": kind or None, "type": type_ or None, "urgency": str(form.get("urgency", "")) or None}
    if kind in {"praise", "other"}:
        given["type"] = None
    try:
        return PersonLabels.model_validate(given)
    except ValueError:
        raise UserInputError("That is no answer. Load the page again.") from None


def _skipped(listed: str) -> list[str]:
    return [one for one in listed.split(",") if one.isalnum()][-_MOST_SKIPPED:]


async def _values(request: web.Request, skipped: list[str]) -> dict[str, Any]:
    """``skipped`` are cases put off in this sitting; the address of the page carries them."""
    context, user = request.app[CONTEXT], user_of(request)
    wanted = _AHEAD + len(skipped)
    offers = await access.label_offers_for(context.store, user, most=wanted)
    left = [offer for offer in offers if _short(offer.case_id) not in skipped]
    offer, said = left[0] if left else None, None
    if again := request.query.get("again", ""):
        offer, said = await access.label_again_for(context.store, user, again)
    next_skip = ",".join([*skipped, _short(offer.case_id)][-_MOST_SKIPPED:]) if offer else ""
    return {
        "offer": offer,
        "said": said,
        "waiting": len(left),
        "skip": ",".join(skipped),
        "next_skip": next_skip,
        "last": request.query.get("last", ""),
        "problem": "",
    }


def _short(case_id: str) -> str:
    return "".join(sign for sign in case_id if sign.isalnum())
