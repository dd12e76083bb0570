# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a Mastodon document to messages; pure.

Read are statuses, notifications (also grouped ones), conversations, lists of these, and the events of the streaming
API. Servers that speak the same API (Pleroma, GoToSocial, Pixelfed) are read the same way.
"""

from __future__ import annotations

from typing import Any

from channels.mastodon.content import attachment, new_words, post_text
from channels.payload import (
    JsonObject,
    cut_text,
    ident_at,
    is_own,
    iso_time,
    language_code,
    load_json,
    objects,
    stand_in_id,
    strings,
    text_at,
    values,
)  # fmt: skip
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage, Visibility, clean_text

__all__ = ["parse"]

# Notification types with words for us; the others say what somebody or the server did. "status" is a post of an
# account we chose to follow closely, which is no word to us.
_SPOKEN = {"mention": False, "quote": False, "update": True, "quoted_update": True}  # type -> whether it is an edit
_VISIBILITY: dict[str, Visibility] = {
    "public": "public", "unlisted": "public", "private": "private", "limited": "private", "direct": "direct",
    "local": "public",
}  # fmt: skip
_LISTS = ("statuses", "ancestors", "descendants", "notifications")


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one document.

    Returns:
        No message for what nobody wrote to us (favourites, follows, boosts, ended polls); several for a list.

    Raises:
        ParseError: The bytes are not JSON, or not of a shape the API has.
    """
    document = load_json(raw.body)
    if isinstance(document, list):
        items = [item for item in document if isinstance(item, dict)]
        return [message for item in items for message in _item(item, raw, options)]
    if not isinstance(document, dict):
        raise ParseError("not a Mastodon document: the JSON is no object")
    if "event" in document and "account" not in document:
        return _streamed(document, raw, options)
    if "notification_groups" in document:
        return _grouped(document, raw, options)
    if any(isinstance(document.get(key), list) for key in _LISTS) and "id" not in document:
        return [found for key in _LISTS for item in objects(document, key) for found in _item(item, raw, options)]
    if not ({"id", "account", "content"} & document.keys()):
        raise ParseError("not a Mastodon document: neither a status nor a notification")
    return _item(document, raw, options)


def _item(item: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    if "last_status" in item:  # a conversation
        return _status(values(item, "last_status"), raw, options)
    if "content" not in item and "type" in item:
        edited = _SPOKEN.get(text_at(item, "type"))
        return [] if edited is None else _status(values(item, "status"), raw, options, edited=edited)
    return _status(item, raw, options)


def _streamed(envelope: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """One event of the stream; its payload is a JSON document in a string, or for a deletion the bare id."""
    event, payload = text_at(envelope, "event"), envelope.get("payload")
    if event == "delete":
        return _deleted(ident_at(envelope, "payload"), raw)
    if event not in {"update", "status.update", "notification", "conversation"}:
        return []
    inner: Any = payload
    if isinstance(payload, str):
        inner = load_json(payload.encode("utf-8", "surrogatepass"))
    if not isinstance(inner, dict):
        raise ParseError(f"not a Mastodon event: the payload of {event} is no object")
    if event == "status.update":
        return _status(inner, raw, options, edited=True)
    return _item(inner, raw, options)


def _grouped(document: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Notifications of version 2, which name their statuses and accounts by id."""
    accounts = {text_at(account, "id"): account for account in objects(document, "accounts")}
    statuses = {text_at(status, "id"): status for status in objects(document, "statuses")}
    found = []
    for group in objects(document, "notification_groups"):
        edited = _SPOKEN.get(text_at(group, "type"))
        status = statuses.get(text_at(group, "status_id"))
        if edited is None or status is None:
            continue
        if not values(status, "account"):
            status = status | {"account": accounts.get(next(iter(strings(group, "sample_account_ids")), ""), {})}
        found += _status(status, raw, options, edited=edited)
    return found


def _deleted(ident: str, raw: RawMessage) -> list[InboundMessage]:
    if not ident:
        return []
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{ident}/delete",
            event="delete",
            message_id=ident,
            received_at=raw.received_at,
            visibility="public",
        )
    ]


def _status(
    status: JsonObject, raw: RawMessage, options: ParseOptions, *, edited: bool = False
) -> list[InboundMessage]:
    author = values(status, "account")
    if values(status, "reblog") or not author or "scheduled_at" in status:
        return []
    sender = _party(author)
    text, notes = cut_text(post_text(clean_text(text_at(status, "content"))) or text_at(status, "text"), options)
    ident = ident_at(status, "id") or stand_in_id(sender.id, text_at(status, "created_at"), text)
    changed = text_at(status, "edited_at")
    if quoted := text_at(values(values(status, "quote"), "quoted_status"), "id"):
        notes.append(f"quotes post {quoted}")
    answered = text_at(status, "in_reply_to_id")
    media = objects(status, "media_attachments")
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{ident}/edit/{changed}" if edited else ident,
            event="edit" if edited else "message",
            message_id=ident,
            in_reply_to=answered,
            conversation=answered or ident,  # the API names no thread, only the post answered
            sender=sender,
            to=tuple(_party(mention) for mention in objects(status, "mentions")[:50]),
            subject=text_at(status, "spoiler_text").strip()[: options.max_text_chars],
            text=text,
            reply_text=new_words(text),
            attachments=tuple(attachment(item) for item in media[: options.max_attachments]),
            language=language_code(text_at(status, "language")),
            sent_at=iso_time(status, "edited_at" if edited and changed else "created_at"),
            received_at=raw.received_at,
            visibility=_VISIBILITY.get(text_at(status, "visibility"), "private"),
            fields=_fields(status),
            flags=Flags(
                own=is_own(options, sender.id, sender.address),
                auto_reply=author.get("bot") is True or text_at(author, "actor_type") == "Service",
            ),
            notes=tuple(notes),
        )
    ]


def _party(account: JsonObject) -> Party:
    handle = text_at(account, "acct") or text_at(account, "username")
    name = text_at(account, "display_name").strip() or text_at(account, "username")
    return Party(id=text_at(account, "id"), name=name, address=f"@{handle}" if handle else "")


def _fields(status: JsonObject) -> dict[str, str]:
    choices = [text_at(option, "title") for option in objects(values(status, "poll"), "options")[:50]]
    named = {"url": text_at(status, "url") or text_at(status, "uri"), "poll": "\n".join(filter(None, choices))}
    return {key: value for key, value in named.items() if value}
