# SPDX-License-Identifier: Apache-2.0
"""The words of a post as a person reads them: links written out, links to its own pictures left away."""

from __future__ import annotations

import re

from channels.payload import JsonObject, objects, text_at
from channels.x.wire import unescape

__all__ = ["new_words", "post_text"]

_LEADING_NAMES = re.compile(r"\A(?:[@＠]\w{1,50}\s+)+")


def post_text(text: str, *entity_sets: JsonObject) -> str:
    """Write out shortened links of ``text`` and undo its HTML escapes.

    Args:
        text: As the API gives it.
        entity_sets: The ``entities`` objects that speak of this text; in 1.1 also ``extended_entities``.
    """
    full: dict[str, str] = {}
    for entities in entity_sets:
        for url in objects(entities, "urls")[:200]:
            if short := text_at(url, "url"):
                full[short] = "" if _is_own_media(url) else text_at(url, "expanded_url") or short
        for media in objects(entities, "media")[:200]:
            if short := text_at(media, "url"):
                full[short] = ""
    if full:
        # Longest first, so that a link is never taken for the beginning of a longer one.
        any_link = "|".join(re.escape(short) for short in sorted(full, key=len, reverse=True))
        text = re.sub(any_link, lambda hit: full[hit[0]], text)
    return unescape(text).strip()


def new_words(text: str) -> str:
    """``text`` without the names that a reply starts with; empty when there is nothing else, or nothing to remove."""
    stripped = _LEADING_NAMES.sub("", text, count=1) if text.startswith(("@", "＠")) else text
    return stripped if stripped != text else ""


def _is_own_media(url: JsonObject) -> bool:
    return bool(text_at(url, "media_key")) or text_at(url, "display_url").startswith(("pic.x.com/", "pic.twitter.com/"))
