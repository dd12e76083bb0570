# SPDX-License-Identifier: Apache-2.0
"""From one call of the LINE Messaging API to messages; pure."""

from __future__ import annotations

from typing import Any

from channels.payload import (
    JsonObject,
    coordinates,
    cut_text,
    load_object,
    number,
    objects,
    strings,
    text_at,
    unix_time,
    values,
)
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, Party, RawMessage

__all__ = ["parse"]

_FILES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
}


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one call, or one event alone.

    Returns:
        No message for what nobody wrote (follows, joins, beacons, videos played to the end); several where the call
        holds several.

    Raises:
        ParseError: The bytes are not JSON, or not of this shape.
    """
    document = load_object(raw.body, "LINE call")
    if "events" in document:
        if not isinstance(document["events"], list):
            raise ParseError("not a LINE call: events is not a list")
        events = objects(document, "events")
    elif "type" in document and "source" in document:
        events = [document]
    else:
        raise ParseError("not a LINE call: there are no events")
    found: list[InboundMessage] = []
    for event in events:
        found += _event(event, raw, options)
    return found


def _event(event: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    kind = text_at(event, "type")
    if kind in {"message", "messageEdited"}:
        return _message(event, raw, options, edited=kind == "messageEdited")
    if kind == "unsend":
        return _unsent(event, raw, options)
    return _button(event, raw, options) if kind == "postback" else []


def _message(event: JsonObject, raw: RawMessage, options: ParseOptions, *, edited: bool) -> list[InboundMessage]:
    message = values(event, "message")
    ident = text_at(message, "id")
    if not ident:
        raise ParseError("a LINE message without id")
    text, notes = cut_text(text_at(message, "text"), options)
    kind = text_at(message, "type")
    found: dict[str, Any] = {"text": text, "fields": _fields(message, kind)}
    if kind in _FILES and options.max_attachments:
        found["attachments"] = (_attachment(message, kind, ident),)
    elif kind not in {"text", "location", "sticker"}:
        notes.append(f"content this version cannot show: {kind[:80] or 'without a kind'}")
    if edited:
        found |= {"event": "edit", "native_id": f"{ident}/edit/{number(event, 'timestamp')}"}
    if answered := text_at(message, "quotedMessageId"):
        found["in_reply_to"] = answered
    return [_built(event, raw, options, {"native_id": ident, "message_id": ident, "notes": notes} | found)]


def _unsent(event: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    ident = text_at(values(event, "unsend"), "messageId")
    if not ident:
        return []
    found = {"event": "delete", "native_id": f"{ident}/delete", "message_id": ident}
    return [_built(event, raw, options, found)]


def _button(event: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """A press on a button is the customer's answer. LINE tells only the value behind it, and a time where one was
    chosen; turning the page of a menu is none."""
    postback = values(event, "postback")
    chosen = values(postback, "params")
    answer = text_at(postback, "data")
    ident = text_at(event, "webhookEventId") or text_at(event, "replyToken")
    if not answer or not ident or "newRichMenuAliasId" in chosen:
        return []
    text, notes = cut_text(answer, options)
    fields = {"button": answer} | {
        f"chosen_{key}": text_at(chosen, key) for key in ("date", "time", "datetime") if text_at(chosen, key)
    }
    found = {
        "native_id": f"postback/{ident}",
        "message_id": f"postback/{ident}",
        "text": text,
        "fields": fields,
        "notes": ["answered with a button", *notes],
    }
    return [_built(event, raw, options, found)]


def _built(event: JsonObject, raw: RawMessage, options: ParseOptions, found: dict[str, Any]) -> InboundMessage:
    """A message with what every event has: who, where and when."""
    source = values(event, "source")
    sender = text_at(source, "userId")
    group = text_at(source, "groupId") or text_at(source, "roomId")
    if group:
        found |= {"visibility": "public", "to": (Party(id=group),)}  # everybody in it reads it
    if sender and sender in options.own:
        found["flags"] = Flags(own=True)
    if text_at(event, "mode") == "standby":
        found["notes"] = [*found.get("notes", ()), "another service answers this conversation"]
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        conversation=group or sender,
        sender=Party(id=sender),
        sent_at=unix_time(event, "timestamp"),
        received_at=raw.received_at,
        **found,
    )


# --- content -----------------------------------------------------------------------------------------------------


def _attachment(message: JsonObject, kind: str, ident: str) -> Attachment:
    """A file is fetched by the id of its message, unless it lies elsewhere."""
    elsewhere = text_at(values(message, "contentProvider"), "originalContentUrl")
    return Attachment(
        filename=text_at(message, "fileName"),
        content_type=_FILES[kind],
        size=number(message, "fileSize"),
        native_id=elsewhere or ident,
    )


def _fields(message: JsonObject, kind: str) -> dict[str, str]:
    if kind == "location":
        named = {
            "location": coordinates(message, "latitude", "longitude"),
            "venue": text_at(message, "title"),
            "venue_address": text_at(message, "address"),
        }
    elif kind == "sticker":
        ident = f"{text_at(message, 'packageId')}/{text_at(message, 'stickerId')}"
        named = {"sticker": ", ".join(strings(message, "keywords")[:15]) or ident}
    else:
        return {}
    return {key: value for key, value in named.items() if value}
