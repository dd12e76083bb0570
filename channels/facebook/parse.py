# SPDX-License-Identifier: Apache-2.0
"""From one call for a Facebook Page to messages: its Messenger conversations, and what stands publicly on it; pure."""

from __future__ import annotations

from channels.facebook.feed import parse_feed, parse_mention, parse_rating
from channels.meta.messaging import changes_of, entries_of, messaging_events, parse_event
from channels.payload import text_at
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage

__all__ = ["parse"]

_PUBLIC = {"feed": parse_feed, "group_feed": parse_feed, "mention": parse_mention, "ratings": parse_rating}


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one call, or one event of a conversation alone.

    Returns:
        No message for what nobody wrote (deliveries, reads, reactions, likes, handovers); several where the call
        holds several.

    Raises:
        ParseError: The bytes are not JSON, or not of this shape.
    """
    found: list[InboundMessage] = []
    for entry in entries_of(raw.body, "Facebook call"):
        page = text_at(entry, "id")
        for event, standby in messaging_events(entry):
            found += parse_event(event, raw, options, page=page, standby=standby, position=len(found))
        for field, value in changes_of(entry):
            if field in _PUBLIC:
                found += _PUBLIC[field](value, raw, options, page=page)
            elif "sender" in value and "recipient" in value:
                found += parse_event(value, raw, options, page=page, standby=False, position=len(found))
    return found
