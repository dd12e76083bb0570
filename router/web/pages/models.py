# SPDX-License-Identifier: Apache-2.0
"""The models of the installation: which is in force, which waits, their reports, and the exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from router.errors import ModelError, NotFound, UserInputError
from router.learning.shelf import ModelShelf
from router.records import AuditRow, Commit
from router.web import access
from router.web.context import CONTEXT, WebContext
from router.web.render import render, user_of, went_well

__all__ = ["news_of", "routes"]

T = TypeVar("T")
routes = web.RouteTableDef()

_SECONDS = 20.0  # a model is a few megabytes; the disk may be slow
_DIGEST = r"{digest:[0-9a-f]{64}}"
_LISTED = 50


@routes.get("/models")
async def show(request: web.Request) -> web.StreamResponse:
    """All models at hand, newest first."""
    access.require(access.may_see_trouble(user_of(request)))
    return await render(request, "models.html", await _values(request), here="trouble")


@routes.get(f"/models/{_DIGEST}")
async def show_report(request: web.Request) -> web.StreamResponse:
    """What a round of learning found, as the command line tells it."""
    access.require(access.may_see_trouble(user_of(request)))
    digest = request.match_info["digest"]
    values = await _values(request)
    model = next((one for one in values["models"] if one.digest == digest), None)
    access.require(model is not None)
    report = await _on(_shelf(request), lambda shelf: shelf.text(digest))
    return await render(request, "model.html", {**values, "model": model, "report": report}, here="trouble")


@routes.post(f"/models/{_DIGEST}/promote")
async def promote(request: web.Request) -> web.StreamResponse:
    """Put a model in force, unless its report refuses it."""
    digest = request.match_info["digest"]

    def swap(shelf: ModelShelf) -> str:
        if refusal := shelf.refusal(digest):
            raise ModelError(f"its report refuses it: {refusal}")
        return shelf.promote(digest, by=user_of(request).name, at=request.app[CONTEXT].clock.now())

    return await _swapped(request, swap, "model_promoted")


@routes.post("/models/rollback")
async def rollback(request: web.Request) -> web.StreamResponse:
    """Put the former model back."""
    context, name = request.app[CONTEXT], user_of(request).name
    return await _swapped(request, lambda shelf: shelf.rollback(by=name, at=context.clock.now()), "model_rolled_back")


async def _swapped(request: web.Request, swap: Callable[[ModelShelf], str], action: str) -> web.StreamResponse:
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_configure(user))
    shelf = _shelf(request)
    try:
        _require_choice(context)
        digest = await _on(shelf, swap)
    except ModelError as error:
        values = {**await _values(request), "problem": str(error)}
        return await render(request, "models.html", values, status=422, here="trouble")
    row = AuditRow(at=context.clock.now(), actor=user.name, action=action, detail={"model": digest[:12]})
    await context.store.commit(Commit(audit=(row,)))
    return went_well(action, "/models")


def _require_choice(context: WebContext) -> None:
    if context.settings.model is not None:
        raise ModelError("router.yaml names a model file; take 'model' out of it first")


async def news_of(context: WebContext) -> dict[str, Any] | None:
    """Which model is in force and which waits for a decision; None where that cannot be told now."""
    if context.shelf is None:
        return None
    try:
        return await _on(context.shelf, lambda shelf: {"in_force": shelf.in_force(), "waiting": shelf.waiting()})
    except (ModelError, UserInputError):
        return None


async def _values(request: web.Request) -> dict[str, Any]:
    context, shelf = request.app[CONTEXT], _shelf(request)
    try:
        found = await _on(shelf, lambda one: (one.models(), one.waiting(), one.history()))
    except ModelError as error:
        raise UserInputError(str(error)) from None
    models, waiting, history = found
    return {
        "models": models[:_LISTED],
        "waiting": waiting,
        "history": history[: -_LISTED - 1 : -1],
        "named": context.settings.model is not None,
        "can_swap": access.may_configure(user_of(request)) and context.settings.model is None,
        "problem": "",
    }


def _shelf(request: web.Request) -> ModelShelf:
    shelf = request.app[CONTEXT].shelf
    if shelf is None:
        raise NotFound("This installation keeps no models of its own.")
    return shelf


async def _on(shelf: ModelShelf, work: Callable[[ModelShelf], T]) -> T:
    """Files are read in a thread."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.to_thread(work, shelf)
    except TimeoutError:
        raise UserInputError("The disk does not answer. Try again.") from None
