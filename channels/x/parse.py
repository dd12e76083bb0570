# SPDX-License-Identifier: Apache-2.0
"""From the bytes of an X document to messages; pure, and blind to the client library.

Read are: what version 2 of the API answers and streams (``data`` with ``includes``; posts and direct-message events),
and, in ``legacy``, posts of version 1.1 and the calls of the Account Activity API.
"""

from __future__ import annotations

from channels.payload import JsonObject, cut_text, is_own, load_json, objects, strings, text_at, values
from channels.x.legacy import parse_activity, parse_status
from channels.x.media import attachment
from channels.x.text import new_words, post_text
from channels.x.wire import for_account, ident, language, time_at
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, Party, RawMessage

__all__ = ["parse"]


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one document.

    Returns:
        No message for what nobody wrote (reposts, joins of a conversation, likes); several for a page of posts.

    Raises:
        ParseError: The bytes are not JSON, or not of a shape X has.
    """
    document = load_json(raw.body)
    if isinstance(document, list):
        old = any(isinstance(post, dict) and "user" in post for post in document)  # version 1.1 holds the author inside
        document = {"statuses" if old else "data": document}
    if not isinstance(document, dict):
        raise ParseError("not an X document: the JSON is no object")
    if "data" not in document:
        if any(key.endswith(("_events", "_event")) or key in {"events", "event", "for_user_id"} for key in document):
            return parse_activity(document, raw, options)
        posts = objects(document, "statuses") if "statuses" in document else [document] if "user" in document else []
        if posts or "statuses" in document:
            return [message for post in posts for message in parse_status(post, raw, options)]
        if ident(document) and "text" in document:  # one post of version 2 by itself
            document = {"data": document}
    found = document.get("data", [] if "meta" in document else None)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise ParseError("not an X document: there is no 'data'")
    options = for_account(document, options)
    messages = []
    for item in found:
        if not isinstance(item, dict):
            raise ParseError("not an X document: 'data' holds something that is not an object")
        read = _event if "event_type" in item or "dm_conversation_id" in item else _post
        messages += read(item, values(document, "includes"), raw, options)
    return messages


def _post(post: JsonObject, includes: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    native = ident(post)
    if not native or not isinstance(post.get("text"), str):
        raise ParseError("a post without id or text")
    related = {text_at(other, "type"): ident(other) for other in reversed(objects(post, "referenced_tweets"))}
    if "retweeted" in related:
        return []
    long_form = values(post, "note_tweet")
    text = post_text(
        text_at(long_form, "text") or post["text"], values(post, "entities"), values(long_form, "entities")
    )
    text, notes = cut_text(text, options)
    if quoted := related.get("quoted", ""):
        notes.append(f"quotes post {quoted}")
    history = strings(post, "edit_history_tweet_ids")
    first = history[0] if history else native
    author = ident(post, "author_id")
    sender = _party(author, includes)
    conversation = ident(post, "conversation_id") or native
    answered = related.get("replied_to", "")
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=native,
            event="message" if first == native else "edit",
            message_id=first,
            in_reply_to=answered,
            references=tuple(dict.fromkeys(filter(None, (conversation if conversation != native else "", answered)))),
            conversation=conversation,
            sender=sender,
            to=_named(post, includes),
            text=text,
            reply_text=new_words(text),
            attachments=_media(post, includes, options),
            language=language(text_at(post, "lang")),
            sent_at=time_at(post, "created_at"),
            received_at=raw.received_at,
            visibility="public",
            flags=Flags(own=is_own(options, sender.id, sender.address)),
            notes=tuple(notes),
        )
    ]


def _event(event: JsonObject, includes: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """One event of a direct-message conversation; only messages count, not who came and went."""
    if text_at(event, "event_type") not in {"MessageCreate", ""}:
        return []
    native = ident(event)
    if not native:
        raise ParseError("a direct message without id")
    text, notes = cut_text(post_text(text_at(event, "text"), values(event, "entities")), options)
    sender = _party(ident(event, "sender_id"), includes)
    others = [person for person in strings(event, "participant_ids") if person != sender.id]
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"dm/{native}",
            message_id=native,
            conversation=text_at(event, "dm_conversation_id"),
            sender=sender,
            to=tuple(_party(person, includes) for person in others[:50]),
            text=text,
            attachments=_media(event, includes, options),
            sent_at=time_at(event, "created_at"),
            received_at=raw.received_at,
            visibility="direct",
            flags=Flags(own=is_own(options, sender.id, sender.address)),
            notes=tuple(notes),
        )
    ]


# --- pieces ------------------------------------------------------------------------------------------------------


def _party(person: str, includes: JsonObject) -> Party:
    for user in objects(includes, "users"):
        if ident(user) == person:
            handle = text_at(user, "username")
            return Party(id=person, name=text_at(user, "name").strip(), address=f"@{handle}" if handle else "")
    return Party(id=person)


def _named(post: JsonObject, includes: JsonObject) -> tuple[Party, ...]:
    """Whom the post names, in its own order, each once."""
    found: dict[str, Party] = {}
    for mention in objects(values(post, "entities"), "mentions")[:50]:
        handle, person = text_at(mention, "username"), ident(mention)
        party = _party(person, includes) if person else Party()
        found.setdefault(handle.casefold(), party if party.address else Party(id=person, address=f"@{handle}"))
    return tuple(found.values())


def _media(item: JsonObject, includes: JsonObject, options: ParseOptions) -> tuple[Attachment, ...]:
    known = {text_at(media, "media_key"): media for media in objects(includes, "media")}
    keys = strings(values(item, "attachments"), "media_keys")[: options.max_attachments]
    return tuple(attachment(known.get(key, {"media_key": key, "type": "photo"})) for key in keys)
