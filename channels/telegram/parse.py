# SPDX-License-Identifier: Apache-2.0
"""From the bytes of one Telegram update to messages; pure, and blind to the client library on purpose.

The library refuses an update whole when one field is new to it; a customer's words must not be lost to that.
"""

from __future__ import annotations

import re

from channels.payload import JsonObject, cut_text, is_own, load_json, number, objects, text_at, unix_time, values
from channels.telegram.kinds import content_kinds
from channels.telegram.media import attachments_of, extras_of
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage, Visibility, clean_text

__all__ = ["entity_texts", "parse"]

# Bot API, Update: the fields that hold a message, and the event each stands for.
_NEW = ("message", "channel_post", "business_message", "guest_message")
# With the parameter of a link, if there was one; a plain word may be the customer's own.
_START = re.compile(r"/start(?:@\w{1,64})?(?:\s+(?=[\w-]*[\d_-])[\w-]{1,64})?\s*")
_EDITED = ("edited_message", "edited_channel_post", "edited_business_message")


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one update, a saved answer of getUpdates, or a bare message.

    Returns:
        No message for what nobody wrote (reactions, joins, polls closed); several for a saved answer.

    Raises:
        ParseError: The bytes are not JSON, or not of this shape.
    """
    document = load_json(raw.body)
    if isinstance(document, list) and document and all(isinstance(update, dict) for update in document):
        document = {"result": document}
    if not isinstance(document, dict):
        raise ParseError("not a Telegram update: the JSON document is not an object")
    if isinstance(document.get("result"), list):
        return [message for update in objects(document, "result") for message in _update(update, raw, options)]
    document = values(document, "result") or document
    if "chat_instance" in document:  # a callback query without its update
        document = {"callback_query": document}
    if not {"update_id", "message_id", "callback_query", *_NEW, *_EDITED} & document.keys():
        raise ParseError("not a Telegram update: there is no update_id")
    return _update(document, raw, options)


def _update(update: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    for key in (*_NEW, *_EDITED):
        if key in update:
            if not isinstance(update[key], dict):
                raise ParseError(f"not a Telegram update: {key} is not an object")
            return _message(update[key], raw, options, edited=key in _EDITED)
    if "callback_query" in update:
        return _button(values(update, "callback_query"), raw, options)
    if "deleted_business_messages" in update:
        return _deleted(values(update, "deleted_business_messages"), raw)
    return _message(update, raw, options, edited=False) if "message_id" in update else []


def _message(message: JsonObject, raw: RawMessage, options: ParseOptions, *, edited: bool) -> list[InboundMessage]:
    kinds = content_kinds(message)
    if not kinds:
        return []
    chat = values(message, "chat")
    place, ident = text_at(chat, "id"), text_at(message, "message_id")
    if not place or not ident:
        raise ParseError("a Telegram message without chat id or message id")
    body_key = "text" if "text" in message else "caption"
    text = text_at(message, body_key)
    if not text:
        text = text_at(values(message, "poll"), "question") or text_at(values(message, "checklist"), "title")
        text = text or text_at(values(message, "web_app_data"), "data")
    text, notes = cut_text(text, options)
    fields = extras_of(message)
    if links := _hidden_links(message, body_key):
        fields["links"] = "\n".join(links)
    attachments = attachments_of(message)
    if _START.fullmatch(text) and _is_private(message):
        return []  # the app says it for everybody who opens the bot, before a word is written
    if not (text or attachments or fields):
        notes.append("content this version cannot show: " + ", ".join(clean_text(kind) for kind in kinds)[:200])
    if author := _forwarded_from(message):
        fields["forwarded_from"] = author
    native = f"{place}/{ident}"
    answered = text_at(values(message, "reply_to_message"), "message_id")
    sender = _sender(message)
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{native}/edit/{number(message, 'edit_date')}" if edited else native,
            event="edit" if edited else "message",
            message_id=native,
            in_reply_to=f"{place}/{answered}" if answered else "",
            conversation=_conversation(message, place),
            sender=sender,
            to=() if _is_private(message) else (_chat_party(chat),),
            text=text,
            attachments=tuple(attachments[: options.max_attachments]),
            language=_language(message),
            sent_at=unix_time(message, "edit_date" if edited else "date"),
            received_at=raw.received_at,
            visibility=_visibility(message),
            fields=fields,
            flags=_flags(message, sender, options),
            notes=tuple(notes),
        )
    ]


def _button(query: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """A press on a button under a message is the customer's answer, in the button's words."""
    ident, answer, message = text_at(query, "id"), text_at(query, "data"), values(query, "message")
    place = text_at(values(message, "chat"), "id") or text_at(values(query, "from"), "id")
    if not ident or not answer or not place:
        return []
    asked = text_at(message, "message_id")
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"callback/{ident}",
            message_id=f"callback/{ident}",
            in_reply_to=f"{place}/{asked}" if asked else "",
            conversation=_conversation(message, place),
            sender=_person(values(query, "from")),
            text=answer[: options.max_text_chars],
            language=_language(query),
            received_at=raw.received_at,
            visibility=_visibility(message),
            notes=("answered with a button",),
        )
    ]


def _deleted(event: JsonObject, raw: RawMessage) -> list[InboundMessage]:
    place = text_at(values(event, "chat"), "id")
    idents = event.get("message_ids")
    if not place or not isinstance(idents, list):
        return []
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{place}/{ident}/delete",
            event="delete",
            message_id=f"{place}/{ident}",
            conversation=_conversation(event, place),
            sender=_person(values(event, "chat")),
            received_at=raw.received_at,
        )
        for ident in idents
        if isinstance(ident, int)
    ]


# --- who and where -----------------------------------------------------------------------------------------------


def _person(user: JsonObject) -> Party:
    name = " ".join(filter(None, (text_at(user, "first_name").strip(), text_at(user, "last_name").strip())))
    handle = text_at(user, "username")
    return Party(address=f"@{handle}" if handle else "", name=name, id=text_at(user, "id"))


def _chat_party(chat: JsonObject) -> Party:
    party = _person(chat)
    return Party(address=party.address, name=text_at(chat, "title") or party.name, id=party.id)


def _sender(message: JsonObject) -> Party:
    """Who wrote it. Posts of a channel and of anonymous administrators name a chat (Bot API, Message.sender_chat)."""
    behind = values(message, "sender_chat")
    if behind or not values(message, "from"):
        party = _chat_party(behind or values(message, "chat"))
        signature = text_at(message, "author_signature")
        return Party(address=party.address, name=party.name or signature, id=party.id)
    return _person(values(message, "from"))


def _forwarded_from(message: JsonObject) -> str:
    """The author of forwarded words, in the form of Bot API 7.0 and in the one before it; for people to read.

    The case stays that of who sent them: the answer goes into that chat, and the author may know of nothing.
    """
    origin = values(message, "forward_origin")
    if user := values(origin, "sender_user") or values(message, "forward_from"):
        author = _person(user)
    elif chat := values(origin, "sender_chat") or values(origin, "chat") or values(message, "forward_from_chat"):
        author = _chat_party(chat)
    else:
        return text_at(origin, "sender_user_name") or text_at(message, "forward_sender_name")
    return " ".join(filter(None, (author.name, f"({author.address})" if author.address else ""))) or author.id


def _conversation(message: JsonObject, place: str) -> str:
    """The chat id, and what a reply needs beside it: ``#topic`` in a forum, ``@connection`` for a business account."""
    topic = text_at(message, "message_thread_id") if message.get("is_topic_message") is True else ""
    connection = text_at(message, "business_connection_id")
    return place + (f"#{topic}" if topic else "") + (f"@{connection}" if connection else "")


def _is_private(message: JsonObject) -> bool:
    return text_at(values(message, "chat"), "type") not in {"group", "supergroup", "channel"}


def _visibility(message: JsonObject) -> Visibility:
    return "private" if _is_private(message) else "public"


def _language(message: JsonObject) -> str:
    return text_at(values(message, "from"), "language_code").partition("-")[0].lower()[:8]


def _flags(message: JsonObject, sender: Party, options: ParseOptions) -> Flags:
    user, chat = values(message, "from"), values(message, "chat")
    # In a business account's private chat, whoever is not the chat's other side is the account itself.
    by_business = "business_connection_id" in message and user.get("id") != chat.get("id")
    return Flags(
        own=by_business or is_own(options, sender.id, sender.address),
        auto_reply=(user.get("is_bot") is True and "sender_chat" not in message)
        or message.get("is_automatic_forward") is True,
    )


# --- marked-up text ----------------------------------------------------------------------------------------------


def entity_texts(text: str, entities: list[JsonObject]) -> list[tuple[str, str]]:
    """Each entity's type and the piece of ``text`` it marks.

    Offsets count UTF-16 code units (Bot API, MessageEntity), so they are cut in that encoding; those outside the
    text are left out.
    """
    units = text.encode("utf-16-le", "surrogatepass")
    found = []
    for entity in entities:
        start, length = number(entity, "offset") * 2, number(entity, "length") * 2
        if length and start + length <= len(units):
            found.append((text_at(entity, "type"), units[start : start + length].decode("utf-16-le", "replace")))
    return found


def _hidden_links(message: JsonObject, body_key: str) -> list[str]:
    """Addresses behind words: the text itself does not show them, so they are listed beside it."""
    entities = objects(message, "entities" if body_key == "text" else "caption_entities")[:100]
    text = text_at(message, body_key)
    links = []
    for entity in entities:
        url = text_at(entity, "url")
        if text_at(entity, "type") == "text_link" and url:
            words = "".join(piece for _, piece in entity_texts(text, [entity]))
            links.append(f"{words}: {url}" if words else url)
    return links
