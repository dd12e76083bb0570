# SPDX-License-Identifier: Apache-2.0
"""The older shapes: posts of version 1.1 and the calls of the Account Activity API, which hold them."""

from __future__ import annotations

from channels.payload import JsonObject, cut_text, is_own, objects, text_at, values
from channels.x.media import attachment
from channels.x.text import new_words, post_text
from channels.x.wire import for_account, ident, language, time_at
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, Party, RawMessage

__all__ = ["parse_activity", "parse_status"]


def parse_activity(document: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one call of the Account Activity API: new posts, direct messages and deletions; all else is no message."""
    options = for_account(document, options)
    messages: list[InboundMessage] = []
    for post in objects(document, "tweet_create_events"):
        messages += parse_status(post, raw, options)
    asked = (objects(document, "events"), [values(document, "event")])  # answers of direct_messages/events
    for event in (*objects(document, "direct_message_events"), *asked[0], *asked[1]):
        messages += _direct(event, values(document, "users"), raw, options)
    for event in objects(document, "tweet_delete_events"):
        messages += _deletion(values(event, "status"), raw)
    return messages


def parse_status(post: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one post of version 1.1; none for a repost. Raises ParseError without id or text."""
    if "retweeted_status" in post:
        return []
    long_form = values(post, "extended_tweet")
    words = text_at(long_form, "full_text") or text_at(post, "full_text") or text_at(post, "text")
    native = ident(post)
    if not native or not words:
        raise ParseError("a post without id or text")
    entity_sets = [values(part, key) for part in (post, long_form) for key in ("entities", "extended_entities")]
    text, notes = cut_text(post_text(words, *entity_sets), options)
    sender = _user(values(post, "user"))
    answered = ident(post, "in_reply_to_status_id")
    mentions = [mention for entities in entity_sets for mention in objects(entities, "user_mentions")]
    named = {ident(mention): _user(mention) for mention in mentions[:50]}
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=native,
            message_id=native,
            in_reply_to=answered,
            references=(answered,) if answered else (),
            conversation=ident(post, "conversation_id") or answered or native,
            sender=sender,
            to=tuple(named.values()),
            text=text,
            reply_text=new_words(text),
            attachments=_media(entity_sets, options),
            language=language(text_at(post, "lang")),
            sent_at=time_at(post, "created_at") or time_at(post, "timestamp_ms"),
            received_at=raw.received_at,
            visibility="public",
            flags=Flags(own=is_own(options, sender.id, sender.address)),
            notes=tuple(notes),
        )
    ]


def _direct(event: JsonObject, users: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    created = values(event, "message_create")
    native = ident(event)
    if text_at(event, "type") != "message_create" or not native:
        return []
    content = values(created, "message_data")
    writer, reader = text_at(created, "sender_id"), text_at(values(created, "target"), "recipient_id")
    sender = _user({"id": writer} | values(users, writer))
    carried = values(values(content, "attachment"), "media")
    entities = values(content, "entities")
    text, notes = cut_text(post_text(text_at(content, "text"), entities, {"media": [carried]}), options)
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"dm/{native}",
            message_id=native,
            # Version 2 names a conversation of two by both ids, the smaller one first; answers go out through it.
            conversation="-".join(sorted((writer, reader), key=lambda person: (len(person), person))),
            sender=sender,
            to=(_user({"id": reader} | values(users, reader)),),
            text=text,
            attachments=(attachment(carried),) if carried else (),
            sent_at=time_at(event, "created_timestamp"),
            received_at=raw.received_at,
            visibility="direct",
            flags=Flags(own=is_own(options, sender.id, sender.address)),
            notes=tuple(notes),
        )
    ]


def _deletion(status: JsonObject, raw: RawMessage) -> list[InboundMessage]:
    native = ident(status)
    if not native:
        return []
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{native}/delete",
            event="delete",
            message_id=native,
            conversation=native,
            sender=Party(id=ident(status, "user_id")),
            received_at=raw.received_at,
            visibility="public",
        )
    ]


def _user(user: JsonObject) -> Party:
    handle = text_at(user, "screen_name")
    return Party(id=ident(user), name=text_at(user, "name").strip(), address=f"@{handle}" if handle else "")


def _media(entity_sets: list[JsonObject], options: ParseOptions) -> tuple[Attachment, ...]:
    """Every picture once: ``extended_entities`` repeats what ``entities`` has, with more detail, and comes later."""
    found = {ident(media): media for entities in entity_sets for media in objects(entities, "media")}
    return tuple(attachment(media) for media in found.values())[: options.max_attachments]
