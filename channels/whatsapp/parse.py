# SPDX-License-Identifier: Apache-2.0
"""From one call of the WhatsApp Cloud API to messages; pure.

Providers that pass messages on send the inner value alone, without ``entry``; that is read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from channels.payload import JsonObject, cut_text, is_own, load_object, objects, text_at, unix_time, values
from channels.whatsapp.content import Content, content_of
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage

__all__ = ["parse"]

# What a call's value can hold; a document with none of these, and without entries, is no call.
_VALUE_KEYS = frozenset({"calls", "contacts", "errors", "message_echoes", "messages", "messaging_product", "statuses"})

# Kinds of messages that are no words of anybody: a heart put on a message, a chat opened for the first time.
_NOBODY_WROTE = frozenset({"reaction", "request_welcome"})


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one call.

    Returns:
        No message for what nobody wrote (delivery and read statuses, reactions, calls, changes of the account or of a
        template, history brought over from a telephone); several where the call holds several.

    Raises:
        ParseError: The bytes are not JSON, or not of this shape.
    """
    found: list[InboundMessage] = []
    for value in _values(load_object(raw.body, "WhatsApp call")):
        people = _people(value)
        for key in ("messages", "message_echoes"):
            for message in objects(value, key):
                own, position = key == "message_echoes", len(found)
                found += _message(message, value, people, raw, options, own=own, position=position)
    return found


def _values(document: JsonObject) -> Iterator[JsonObject]:
    if "entry" in document:
        if not isinstance(document["entry"], list):
            raise ParseError("not a WhatsApp call: entry is not a list")
        for entry in objects(document, "entry"):
            for change in objects(entry, "changes"):
                yield values(change, "value")
    elif isinstance(document.get("value"), dict):
        yield document["value"]
    elif _VALUE_KEYS & document.keys():
        yield document
    else:
        raise ParseError("not a WhatsApp call: there is no entry")


def _message(
    message: JsonObject,
    value: JsonObject,
    people: dict[str, JsonObject],
    raw: RawMessage,
    options: ParseOptions,
    *,
    own: bool,
    position: int,
) -> list[InboundMessage]:
    kind = text_at(message, "type")
    if kind in _NOBODY_WROTE:
        return []
    ident = text_at(message, "id")
    sender = _sender(message, people)
    if not ident and not sender.key:
        raise ParseError("a WhatsApp message without id and sender")
    native, message_id, body = ident or f"{raw.native_id}/{position}", ident, message
    found: dict[str, Any] = {}
    if kind in {"edit", "revoke"}:
        change = values(message, kind)
        message_id = text_at(change, "original_message_id") or ident
        found["event"] = "edit" if kind == "edit" else "delete"
        native = f"{message_id}/edit/{ident}" if kind == "edit" else f"{message_id}/delete"
        body = values(change, "message") or {"type": "edit"}
    content = Content() if kind == "revoke" else content_of(body)
    text, notes = cut_text(content.text, options)
    if len(content.attachments) > options.max_attachments:
        notes.append(f"only {options.max_attachments} attachments are listed")
    flags = _flags(sender, options, own=own, by_system=kind == "system")
    group = text_at(message, "group_id")
    if group:
        found["visibility"] = "public"  # everybody in the group reads it
    if to := _recipient(message, value, own=own):
        found["to"] = (to,)
    if flags is not None:
        found["flags"] = flags
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=native,
            message_id=message_id,
            in_reply_to=text_at(values(body, "context"), "id"),
            conversation=group or (text_at(message, "to") if own else sender.id),
            sender=sender,
            text=text,
            attachments=tuple(content.attachments[: options.max_attachments]),
            sent_at=unix_time(message, "timestamp"),
            received_at=raw.received_at,
            fields=content.fields,
            notes=(*content.notes, *notes),
            **found,
        )
    ]


# --- who ---------------------------------------------------------------------------------------------------------


def _people(value: JsonObject) -> dict[str, JsonObject]:
    """The entries of ``contacts`` by number and by id. A number can be written in two ways there and in ``from`` (in
    Brazil, Mexico and Argentina a digit comes and goes), so a lone one beside a lone message stands for anybody."""
    found: dict[str, JsonObject] = {}
    contacts = objects(value, "contacts")
    for contact in contacts:
        for key in ("wa_id", "user_id"):
            if ident := text_at(contact, key):
                found.setdefault(ident, contact)
    if len(contacts) == 1 and len(objects(value, "messages")) == 1:
        found[""] = contacts[0]
    return found


def _sender(message: JsonObject, people: dict[str, JsonObject]) -> Party:
    """Who wrote it: by number, or by the id WhatsApp gives in its place where somebody hides the number."""
    user_id = text_at(message, "from_user_id")
    wa_id = text_at(message, "from") or text_at(values(message, "system"), "customer")
    profile = values(people.get(wa_id) or people.get(user_id) or people.get("", {}), "profile")
    handle = text_at(profile, "username").lstrip("@")
    return Party(
        id=wa_id or user_id,
        address=_number(wa_id) or (f"@{handle}" if handle else wa_id),
        name=text_at(profile, "name").strip(),
    )


def _number(wa_id: str) -> str:
    return f"+{wa_id}" if wa_id.isascii() and wa_id.isdigit() else ""


def _recipient(message: JsonObject, value: JsonObject, *, own: bool) -> Party | None:
    if group := text_at(message, "group_id"):
        return Party(id=group)
    if own:
        there = text_at(message, "to")
        return Party(id=there or text_at(message, "to_user_id"), address=_number(there))
    ours = values(value, "metadata")
    number, ident = text_at(ours, "display_phone_number"), text_at(ours, "phone_number_id")
    return Party(id=ident, address=_number(number) or number) if number or ident else None


def _flags(sender: Party, options: ParseOptions, *, own: bool, by_system: bool) -> Flags | None:
    """None for the flags of an ordinary message. What WhatsApp itself says of a customer is nothing to answer."""
    own = own or is_own(options, sender.id, sender.address)
    return Flags(own=own, auto_reply=by_system) if own or by_system else None
