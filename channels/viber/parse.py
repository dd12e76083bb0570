# SPDX-License-Identifier: Apache-2.0
"""From one callback of the Viber REST Bot API to a message; pure."""

from __future__ import annotations

from channels.payload import (
    JsonObject,
    coordinates,
    cut_text,
    is_own,
    language_code,
    load_object,
    number,
    text_at,
    unix_time,
    values,
)
from channels.viber.media import attachments_of
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage

__all__ = ["parse"]

# Viber REST API, callbacks: what becomes of our messages and of subscriptions. Nobody wrote these.
_NOBODY_WROTE = frozenset({
    "action", "client_status", "conversation_started", "delivered", "failed", "seen", "subscribed", "unsubscribed",
    "webhook",
})  # fmt: skip

_WITHOUT_NOTE = frozenset({"contact", "file", "location", "picture", "sticker", "text", "url", "video"})


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one callback.

    Returns:
        No message for what nobody wrote (deliveries, subscriptions, conversations opened).

    Raises:
        ParseError: The bytes are not JSON, or not of this shape.
    """
    callback = load_object(raw.body, "Viber callback")
    event = text_at(callback, "event")
    message = values(callback, "message")
    if event in _NOBODY_WROTE:
        return []
    if event and event != "message" and not message:
        return []
    if not event and not message:
        raise ParseError("not a Viber callback: there is no event")
    if not message:
        raise ParseError("not a Viber callback: message is not an object")
    return [_message(callback, message, raw, options)]


def _message(callback: JsonObject, message: JsonObject, raw: RawMessage, options: ParseOptions) -> InboundMessage:
    who = values(callback, "sender") or values(callback, "user")
    sender = Party(id=text_at(who, "id") or text_at(callback, "user_id"), name=text_at(who, "name").strip())
    ident = text_at(callback, "message_token")
    if not ident and not sender.id:
        raise ParseError("a Viber message without token and sender")
    kind = text_at(message, "type")
    shown = text_at(message, "text")
    if kind == "url":
        shown = "\n".join(dict.fromkeys(filter(None, (shown, text_at(message, "media")))))
    text, notes = cut_text(shown, options)
    attachments, fields = attachments_of(message, kind), _fields(message, kind)
    if kind not in _WITHOUT_NOTE or not (text or attachments or fields):
        notes.append(f"content this version cannot show: {kind[:80] or 'without a kind'}")
    group = text_at(callback, "chat_id")
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=ident or raw.native_id,
        message_id=ident,
        conversation=group or sender.id,
        sender=sender,
        to=(Party(id=group),) if group else (),
        text=text,
        attachments=tuple(attachments[: options.max_attachments]),
        language=language_code(text_at(who, "language")),
        sent_at=unix_time(callback, "timestamp"),
        received_at=raw.received_at,
        visibility="public" if group else "private",
        fields=fields,
        flags=Flags(own=is_own(options, sender.id)) if options.own else Flags(),
        notes=tuple(notes),
    )


def _fields(message: JsonObject, kind: str) -> dict[str, str]:
    """Content that is neither words nor a file, and what our own keyboard sent along."""
    contact, place = values(message, "contact"), values(message, "location")
    named = {
        "location": coordinates(place, "lat", "lon"),
        "venue_address": text_at(place, "address"),
        "contact_name": text_at(contact, "name"),
        "contact_phone": text_at(contact, "phone_number"),
        "sticker": text_at(message, "sticker_id") if kind == "sticker" else "",
        "link": text_at(message, "media") if kind == "url" else "",
        "tracking_data": text_at(message, "tracking_data"),
        "seconds": str(number(message, "duration") or "") if kind == "video" else "",
    }
    return {key: value for key, value in named.items() if value}
