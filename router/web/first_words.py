# SPDX-License-Identifier: Apache-2.0
"""What stands for a case in a list: its subject, or its first words where there is none, as with chats and posts."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from aiohttp import web

from router.interfaces import Store
from router.schema import Case
from router.web.context import CONTEXT

__all__ = ["list_words", "set_up"]

_KEPT: web.AppKey[OrderedDict[str, str]] = web.AppKey("first_words", OrderedDict)
_MOST_KEPT = 5000
_LONGEST = 160


def set_up(app: web.Application) -> None:
    """The first words of a case never change and are kept in memory once read."""
    app[_KEPT] = OrderedDict()


async def list_words(app: web.Application, cases: Iterable[Case]) -> dict[str, str]:
    """Case id to words. The caller has made sure that the asker may see these cases."""
    cases, kept, store = list(cases), app[_KEPT], app[CONTEXT].store
    missing = [case.id for case in cases if not case.subject and case.id not in kept]
    for case_id, words in zip(missing, await asyncio.gather(*(_read(store, one) for one in missing)), strict=True):
        if words:
            kept[case_id] = words
    found = {case.id: case.subject or kept.get(case.id, "") for case in cases}
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    return found


async def _read(store: Store, case_id: str) -> str:
    for entry in await store.conversation(case_id):
        if entry.direction == "in" and entry.text.strip():
            return " ".join(entry.text.split())[:_LONGEST]
    return ""
