# SPDX-License-Identifier: Apache-2.0
"""What people see of incidents and do with them, the same for pages and API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from router.errors import Conflict, Forbidden, UserInputError
from router.incidents.fanout import reply_id
from router.incidents.preview import Preview, checked_texts, preview_update
from router.incidents.records import Incident, IncidentUpdate
from router.records import OutboxRow, User
from router.web import access
from router.web.context import WebContext

__all__ = [
    "approve", "close", "key_words", "languages_of", "mute", "own_cases", "place", "preview", "reopen", "send", "stop",
    "texts_of", "unmute", "waiting",
]  # fmt: skip

_MOST_MINUTES = 90 * 24 * 60
_MOST_WAITING = 10_000
_MOST_APPROVED = 500  # at a time
_STEM = 6  # letters that words are cut to


def own_cases(user: User, incident: Incident) -> int:
    """How many of its cases the user sees."""
    return sum(count for team, count in incident.teams.items() if access.sees_team(user, team))


def key_words(keys: Sequence[str]) -> list[str]:
    """What joins the cases as a reader sees it: ``outage NW-7``, ``product: kettle``, ``intern…``."""
    found = []
    for key in keys:
        kind, _, rest = key.partition(":")
        name, _, value = rest.partition(":")
        if kind == "w":
            found.append(f"{rest}…" if len(rest) >= _STEM else rest)
        else:
            found.append({"e": f"{name} {value}", "c": f"channel {name}"}.get(kind, f"{name}: {value}"))
    return found


def languages_of(context: WebContext, counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Languages to write in: the default one first, then those of the cases, the most frequent first."""
    default = context.settings.default_language
    return [default, *(one for one in counts.get("language", {}) if one not in (default, "und"))]


def texts_of(context: WebContext, texts: Mapping[str, str]) -> dict[str, str]:
    """The texts as they are kept. Raises UserInputError for none in the default language, and for unknown languages."""
    found = checked_texts(texts, default_language=context.settings.default_language)
    strange = [language for language in found if language not in context.settings.languages]
    if strange:
        raise UserInputError("There is no such language here.", fields=dict.fromkeys(strange, "unknown"))
    return found


async def preview(context: WebContext, user: User, incident: Incident, texts: Mapping[str, str]) -> Preview:
    """What sending these texts would do to the cases that the user sees."""
    return await preview_update(
        context.store, context.replies.capabilities, incident, texts,
        default_language=context.settings.default_language, teams=access.teams_of(user),
    )  # fmt: skip


async def send(context: WebContext, user: User, incident: Incident, texts: Mapping[str, str]) -> IncidentUpdate:
    """Keep an update for the cases that the user sees; the running process sends it."""
    if not own_cases(user, incident):
        raise UserInputError("No case is in it, so nobody would get the update.", status=409)
    return await context.store.add_incident_update(
        incident.id, texts=dict(texts), default_language=context.settings.default_language, actor=user.name,
        teams=access.teams_of(user) or (),
    )  # fmt: skip


async def stop(context: WebContext, user: User, incident: Incident, number: int) -> IncidentUpdate:
    """Send an update to nobody else and withdraw what has not left; for its author, and for who sees all cases."""
    updates = {one.number: one for one in await context.store.incident_updates(incident.id)}
    access.require(number in updates)
    if updates[number].actor != user.name:
        _steer(user, incident)
    return await context.store.stop_incident_update(incident.id, number, actor=user.name)


async def waiting(context: WebContext, user: User, updates: Sequence[IncidentUpdate]) -> dict[int, list[OutboxRow]]:
    """By number of the update, those of its answers that wait for approval, with a text that the update has: what
    somebody changed meanwhile is approved by itself."""
    found: dict[int, list[OutboxRow]] = {one.number: [] for one in updates}
    if not any(one.tally.get("held") for one in updates):
        return found
    rows = await access.outbox_rows_for(context.store, user, states=("awaiting_approval",), limit=_MOST_WAITING)
    for row in rows:
        for one in updates:
            if row.id == reply_id(one, row.case_id) and row.created_by == one.actor and row.reply is not None:
                found[one.number] += [row] if row.reply.text in one.texts.values() else []
    return found


async def approve(context: WebContext, user: User, incident: Incident, number: int, *, digest: str) -> int:
    """Let answers of an update go that wait for approval, some hundred at a time; how many did.

    Raises:
        Forbidden: Whoever approves wrote it.
        Conflict: It was stopped, or the texts are not those that were read.
    """
    updates = {one.number: one for one in await context.store.incident_updates(incident.id)}
    access.require(number in updates)
    update = updates[number]
    if update.actor == user.name:
        raise Forbidden("A second person approves; you wrote this one.")
    if update.stopped_by or digest != update.digest:
        raise Conflict("The update was stopped, or its texts are not those you read.")
    approved = 0
    for row in (await waiting(context, user, [update]))[number][:_MOST_APPROVED]:
        assert row.reply is not None  # those without are left out
        with suppress(Conflict):  # somebody else decided on this one meanwhile
            await context.replies.approve(row.id, digest=row.reply.digest, actor=user.name)
            approved += 1
    return approved


async def close(context: WebContext, user: User, incident: Incident) -> Incident:
    _steer(user, incident)
    return await context.store.close_incident(incident.id, actor=user.name)


async def reopen(context: WebContext, user: User, incident: Incident) -> Incident:
    _steer(user, incident)
    return await context.store.reopen_incident(incident.id, actor=user.name)


async def mute(context: WebContext, user: User, incident: Incident, minutes: int) -> Incident:
    """Nobody is told of it for so long."""
    _steer(user, incident)
    if not 1 <= minutes <= _MOST_MINUTES:
        raise UserInputError("That is no time to mute it for.", fields={"minutes": f"1 to {_MOST_MINUTES}"})
    until = context.clock.now() + timedelta(minutes=minutes)
    return await context.store.mute_incident(incident.id, until=until, actor=user.name)


async def unmute(context: WebContext, user: User, incident: Incident) -> Incident:
    _steer(user, incident)
    return await context.store.mute_incident(incident.id, until=None, actor=user.name)


async def place(context: WebContext, user: User, incident: Incident, case_id: str, *, inside: bool) -> Incident:
    """Put a case that the user sees into the incident, or take it out; the incident as it is then."""
    case = await access.case_for(context.store, user, case_id.strip().upper())
    if not inside:
        found = await context.store.incident_of(case.id)
        access.require(found is not None and found.id == incident.id)
    await context.store.place_case(case.id, incident_id=incident.id if inside else None, actor=user.name)
    return await context.store.incident(incident.id)


def _steer(user: User, incident: Incident) -> None:
    if not access.may_steer(user, incident):
        raise Forbidden("It has cases of other teams as well. Only somebody who sees all of them can do this.")
