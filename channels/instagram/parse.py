# SPDX-License-Identifier: Apache-2.0
"""From one call for an Instagram account to messages: direct messages, and comments and mentions in public; pure."""

from __future__ import annotations

from typing import Any

from channels.meta.messaging import changes_of, entries_of, messaging_events, parse_event
from channels.payload import JsonObject, cut_text, is_own, text_at, unix_time, values
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage

__all__ = ["parse"]

_COMMENTS = frozenset({"comments", "live_comments"})


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one call, or one event of a conversation alone.

    Returns:
        No message for what nobody wrote (messages seen, reactions, figures of a story); several where the call holds
        several.

    Raises:
        ParseError: The bytes are not JSON, or not of this shape.
    """
    found: list[InboundMessage] = []
    for entry in entries_of(raw.body, "Instagram call"):
        account = text_at(entry, "id")
        for event, standby in messaging_events(entry):
            found += parse_event(event, raw, options, page=account, standby=standby, position=len(found))
        for field, value in changes_of(entry):
            if field in _COMMENTS or field == "mentions":
                found += _comment(value, entry, raw, options, account=account, mention=field == "mentions")
            elif "sender" in value and "recipient" in value:
                found += parse_event(value, raw, options, page=account, standby=False, position=len(found))
    return found


def _comment(
    value: JsonObject, entry: JsonObject, raw: RawMessage, options: ParseOptions, *, account: str, mention: bool
) -> list[InboundMessage]:
    """A comment under our media, or somebody naming us elsewhere, of which the call may tell only the place."""
    media = values(value, "media")
    place = text_at(media, "id") or text_at(value, "media_id")
    ident = text_at(value, "id") or text_at(value, "comment_id") or place
    if not ident:
        return []
    text, notes = cut_text(text_at(value, "text"), options)
    if mention:
        notes.append("mentions us" if text else "mentions us; the words have to be looked up there")
    elif not text:
        notes.append("content this version cannot show: a comment without words")
    person = values(value, "from")
    handle = text_at(person, "username")
    sender = Party(
        id=text_at(person, "id"), address=f"@{handle}" if handle else "", name=text_at(person, "name").strip()
    )
    fields = {
        "media": place,
        "media_kind": text_at(media, "media_product_type"),
        "ad_id": text_at(media, "ad_id"),
        "ad_title": text_at(media, "ad_title"),
    }
    found: dict[str, Any] = {}
    if (sender.id and sender.id == account) or is_own(options, sender.id, sender.address):
        found["flags"] = Flags(own=True)
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=ident,
            message_id=ident,
            in_reply_to=text_at(value, "parent_id"),
            conversation=place or ident,
            sender=sender,
            to=(Party(id=account),) if account else (),
            text=text,
            sent_at=unix_time(value, "timestamp") or unix_time(value, "created_time") or unix_time(entry, "time"),
            received_at=raw.received_at,
            visibility="public",
            fields={key: said for key, said in fields.items() if said},
            notes=tuple(notes),
            **found,
        )
    ]
