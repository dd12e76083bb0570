# SPDX-License-Identifier: Apache-2.0
"""What the page of a case shows, gathered in one place."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from router.interfaces import Capabilities
from router.records import CaseFilter, Entry
from router.rules.explain import in_full
from router.schema import Case, Classification, Decision, Visibility
from router.web import access
from router.web.context import CONTEXT, WebContext
from router.web.desk import assignees
from router.web.render import user_of

__all__ = ["audiences", "case_values", "change_words"]

_WORDS = {"assigned_to": "assigned to"}


def change_words(asked: Mapping[str, str]) -> str:
    """A change in words: "state: resolved, assigned to: nobody"."""
    return ", ".join(f"{_WORDS.get(name, name)}: {value or 'nobody'}" for name, value in asked.items())


def audiences(conversation: list[Entry], capabilities: Capabilities) -> list[Visibility]:
    """Who can be the audience of an answer, that of the newest message first; what was private stays so."""
    received = [entry for entry in conversation if entry.direction == "in"]
    answered = max(received, key=lambda entry: (entry.verified, entry.at), default=None)
    now = answered.visibility if answered is not None else "private"
    allowed = [one for one in capabilities.reply if one != "public" or now == "public"]
    return sorted(allowed, key=lambda one: one != now)


async def case_values(request: web.Request, case: Case) -> dict[str, Any]:
    """Everything ``case.html`` and its parts use, with nothing typed in yet."""
    context, user = request.app[CONTEXT], user_of(request)
    conversation = await context.store.conversation(case.id)
    capabilities = context.replies.capabilities(case)
    possible = audiences(conversation, capabilities)
    decided, labelled = await _latest(context, conversation)
    members = await assignees(context, case.team)
    if user.name not in {member.name for member in members}:
        members = [user, *members]
    people = {person.name: person.display_name or person.name for person in await context.store.users()}
    return {
        "case": case,
        "conversation": conversation,
        "own_subject": any(one.message is not None and one.message.subject == case.subject for one in conversation),
        "customer": _customer(conversation),
        "decision": decided,
        "labels": labelled,
        "capabilities": capabilities,
        "audiences": possible,
        "visibility": possible[0] if possible else "",
        "held": decided is not None and decided.hold_reply,
        "members": members,
        "people": people,
        "all_teams": [(team.name, team.title or team.name, team.all_queues) for team in context.teams],
        "team_of_queue": {queue: team.name for team in context.teams for queue in team.all_queues},
        "channel_works": f"{case.channel}:{case.account}" in context.channels,
        "earlier": await _earlier(context, request, case),
        "incident": await context.store.incident_of(case.id),
        "clocks": await context.store.clocks(case.id),
        "alarms": await context.store.alarms(case.id),
        "corrections": await context.store.corrections(case.id),
        "form_id": secrets.token_urlsafe(12),
        "problem": "",
        "just_done": "",
        "reply_text": "",
        "reply_problem": "",
        "reply_fields": {},
        "reply_done": "",
        "note_text": "",
        "note_problem": "",
    }


async def _latest(context: WebContext, conversation: list[Entry]) -> tuple[Decision | None, Classification | None]:
    """The newest decision, told again in full by the rules that made it, and the newest labels."""
    labelled = [entry.classification for entry in conversation if entry.classification is not None]
    newest = labelled[-1] if labelled else None
    for entry in reversed(conversation):
        if entry.decision is not None and entry.message is not None:
            decision = entry.decision
            if decision.left_out:
                rules = await asyncio.to_thread(context.rules_of, decision.rules_digest)
                decision = in_full(decision, entry.message, entry.classification, rules)
            return decision, newest
    return None, newest


def _customer(conversation: list[Entry]) -> dict[str, str]:
    """What the customer told in named fields of a form, newest answer last."""
    return {
        name: value
        for entry in conversation
        if entry.message is not None and entry.verified
        for name, value in entry.message.fields.items()
        if value
    }


async def _earlier(context: WebContext, request: web.Request, case: Case) -> list[Case]:
    """Other cases of the same sender that this user may see, newest first."""
    if not case.sender.key:
        return []
    which = CaseFilter(sender_key=case.sender.key, states=None, limit=20)
    found = await access.cases_for(context.store, user_of(request), which)
    others = [one for one in found if one.id != case.id and one.channel == case.channel]
    return sorted(others, key=lambda one: one.created_at, reverse=True)[:5]
