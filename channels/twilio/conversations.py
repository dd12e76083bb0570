# SPDX-License-Identifier: Apache-2.0
"""Webhooks of Twilio's Conversations product: messages of a conversation that may span several kinds of chat."""

from __future__ import annotations

from typing import Any

from channels.payload import cut_text, is_own, iso_time, load_json, number, text_at
from channels.twilio.form import Form, party
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, RawMessage, clean_text

__all__ = ["parse_conversation"]

# What happened, told after it did. Those told before (onMessageAdd) ask for leave and may still be refused.
_EVENTS = {"onMessageAdded": "message", "onMessageUpdated": "edit", "onMessageRemoved": "delete"}


def parse_conversation(form: Form, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """A message for what was written, changed or removed; none for who came and went."""
    event = _EVENTS.get(form["EventType"])
    if event is None:
        return []
    ident, sender = form.get("MessageSid", ""), party(form.get("Author", ""))
    native = ident or raw.native_id
    if event != "message":
        native = f"{native}/{event}" + (f"/{form.get('DateUpdated') or raw.native_id}" if event == "edit" else "")
    text, notes = cut_text(form.get("Body", ""), options)
    media = _media(form.get("Media", ""))
    if len(media) > options.max_attachments:
        notes.append(f"only {options.max_attachments} attachments are listed")
    if event == "message" and not text and not media:
        notes.append("content this version cannot show: an empty message")
    found: dict[str, Any] = {}
    if is_own(options, sender.id, sender.address):
        found["flags"] = Flags(own=True)
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=native,
            event=event,
            message_id=ident,
            conversation=form["ConversationSid"],
            sender=sender,
            text=text,
            attachments=tuple(media[: options.max_attachments]),
            sent_at=iso_time(form, "DateUpdated" if event == "edit" else "DateCreated"),
            received_at=raw.received_at,
            notes=tuple(notes),
            **found,
        )
    ]


def _media(listed: str) -> list[Attachment]:
    """The files of a message, which stand as JSON inside the form."""
    if not listed:
        return []
    try:
        files = load_json(listed.encode("utf-8", "surrogatepass"))
    except ParseError:
        return [Attachment(note="the list of files could not be read")]
    return [
        Attachment(
            filename=text_at(file, "Filename"),
            content_type=clean_text(text_at(file, "ContentType") or "application/octet-stream")[:200],
            size=number(file, "Size"),
            native_id=text_at(file, "Sid"),
        )
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, dict)
    ]
