# SPDX-License-Identifier: Apache-2.0
"""From values to pages: the template environment, its filters, and what every page carries around its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from jinja2 import FileSystemLoader, StrictUndefined

from router.records import User
from router.rules.explain import reasons
from router.schema import KINDS, URGENCIES
from router.web import access
from router.web.context import CONTEXT, WebContext
from router.web.highlight import pieces, reasons_against
from router.web.security import PRINCIPAL

__all__ = ["age", "is_fragment", "render", "set_up_templates", "until", "user_of", "went_well"]

_HERE = Path(__file__).parent
STATIC = _HERE / "static"

_DONE = {
    "replied": "The answer is on its way.",
    "waits": "The answer waits for a colleague's approval.",
    "noted": "The note was added.",
    "changed": "The case was changed.",
    "none_waits": "No case waits that you could take.",
    "moved": "The case now belongs to another team.",
    "approved": "Approved: the answer is on its way.",
    "edited": "The draft was changed and waits for approval.",
    "withdrawn": "The answer was withdrawn; nothing was sent.",
    "retried": "It will be tried again.",
    "resolved": "Settled.",
    "logged": "The complaint was logged.",
    "labelled": "Thank you: the classifier learns from it at the next training.",
    "reloaded": "The configuration was read again.",
    "model_promoted": "The model is in force; it labels what arrives from now on.",
    "model_rolled_back": "The former model is in force again.",
    "update_kept": "The update is on its way to each of them.",
    "approved_all": "Approved: the answers are on their way.",
    "update_stopped": "Stopped: what has not left is taken back.",
    "incident_close": "The incident is over; its cases stay as they are.",
    "incident_reopen": "The incident is open again.",
    "incident_mute": "Muted: cases still gather, nobody is told.",
    "incident_unmute": "Sinks are told of it again.",
    "case_placed": "The case belongs to the incident.",
    "case_left": "The case does not belong to the incident any more.",
}

_LANGUAGE_NAMES = {
    "en": "English", "fi": "Finnish", "fr": "French", "et": "Estonian", "hr": "Croatian", "de": "German",
    "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "sv": "Swedish", "pl": "Polish",
    "und": "language unknown",
}  # fmt: skip


def age(then: datetime, now: datetime) -> str:
    """How long ago, in one short word pair: "now", "4 min", "3 h", "12 d"."""
    passed = max(now - then, timedelta(0))
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} d"


def until(then: datetime, now: datetime) -> str:
    """How long until then, or how late: "in 4 min", "in 3 h", "2 d late"."""
    return f"in {_span(then - now)}" if then > now else f"{_span(now - then)} late"


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _size(count: int) -> str:
    for unit, step in (("MB", 1024 * 1024), ("kB", 1024)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count} B"


def _sentence(text: str) -> str:
    """The words of an error as a sentence on a page."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _shortened(text: str) -> str:
    """A long list of words in one line."""
    return text if len(text) <= 70 else f"{text[:69].rstrip()}…"


def _initials(name: str) -> str:
    words = "".join(sign if sign.isalnum() else " " for sign in name).split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


def _versions() -> dict[str, str]:
    """Digest of every static file, so that browsers may keep a file for ever and still see a new one."""
    return {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in STATIC.rglob("*")
        if path.is_file()
    }


def set_up_templates(app: web.Application, types: Mapping[str, str]) -> None:
    """Give the application its template environment: escaping on, unknown names an error.

    ``types`` are those of the installation and their titles.
    """
    versions = _versions()
    environment = aiohttp_jinja2.setup(
        app,
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        filesize=_size,
        initials=_initials,
        reasons=reasons,
        shortened=_shortened,
        sentence=_sentence,
        language_name=lambda code: _LANGUAGE_NAMES.get(code, code),
        stamp=lambda when: f"{when:%Y-%m-%d %H:%M} UTC",
        clock=lambda when: f"{when:%H:%M}",
        day=lambda when: f"{when:%A, %-d %B %Y}",
        iso=lambda when: when.isoformat(timespec="seconds"),
        percent=lambda value: f"{round(value * 100)} %",
    )
    environment.globals.update(
        asset=lambda name: f"/static/{name}?v={versions[name]}",
        kinds=KINDS,
        types=types,
        urgencies=URGENCIES,
        pieces=pieces,
        reasons_against=reasons_against,
    )


def user_of(request: web.Request) -> User:
    """Who is asking; only for routes behind the log-in."""
    return request[PRINCIPAL].user


def is_fragment(request: web.Request) -> bool:
    """Whether htmx asks for a part of the page."""
    return "HX-Request" in request.headers


def went_well(code: str, location: str) -> web.Response:
    """Send the browser on after a change, with a word from a fixed list of what was done."""
    separator = "&" if "?" in location else "?"
    return web.Response(status=303, headers={"Location": f"{location}{separator}done={code}"})


async def _navigation(context: WebContext, user: User) -> dict[str, Any]:
    counts = await context.store.queue_counts() if access.may_read_cases(user) else {}
    teams = []
    for name in access.visible_teams(context, user):
        team = context.team(name)
        if team is not None:
            queues = {queue: counts.get((name, queue), 0) for queue in team.all_queues}
            total = sum(count for (owner, _), count in counts.items() if owner == name)
            teams.append({"name": name, "title": team.title or name, "queues": queues, "total": total})
    waiting = await access.outbox_rows_for(context.store, user, states=("awaiting_approval",), limit=200)
    trouble = 0
    if access.may_see_trouble(user):
        trouble = len(await context.store.quarantined(limit=200))
        trouble += len(await access.outbox_rows_for(context.store, user, states=("failed", "parked"), limit=200))
    incidents = len(await access.incidents_for(context.store, user, state="open"))
    return {"teams": teams, "approvals": len(waiting), "trouble": trouble, "incidents": incidents}


async def render(
    request: web.Request, template: str, values: Mapping[str, Any], *, status: int = 200, here: str = ""
) -> web.Response:
    """A page or fragment for whoever is logged in. ``here`` marks the place in the navigation."""
    context, principal = request.app[CONTEXT], request[PRINCIPAL]
    now = context.clock.now()
    surroundings = {
        "user": principal.user,
        "csrf": principal.session.csrf,
        "company": context.settings.company,
        "now": now,
        "age": lambda then: age(then, now),
        "until": lambda then: until(then, now),
        "nav": await _navigation(context, principal.user),
        "here": here,
        "done": _DONE.get(request.query.get("done", ""), ""),
        "can": {
            "cases": access.may_read_cases(principal.user),
            "trouble": access.may_see_trouble(principal.user),
            "raw": access.may_read_raw(principal.user),
            "configure": access.may_configure(principal.user),
            "call": access.may_read_cases(principal.user) and context.call_log() is not None,
        },
        "team_titles": {team.name: team.title or team.name for team in context.teams},
    }
    return aiohttp_jinja2.render_template(template, request, {**surroundings, **values}, status=status)
