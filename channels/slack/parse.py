# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a Slack request to messages: events, slash commands, and answers in forms; pure.

Read are the callbacks of the Events API, the same in an envelope of Socket Mode, bare events, pages of
``conversations.history``, and the form-encoded posts of slash commands and interactive parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from channels.payload import JsonObject, cut_text, is_own, load_object, number, objects, stand_in_id, text_at, values
from channels.slack.actions import INTERACTIONS, form_fields, parse_command, parse_interaction
from channels.slack.text import message_text, new_words, plain
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, Party, RawMessage, Visibility, clean_text

__all__ = ["parse"]

# Slack, message event: subtypes that carry somebody's words.
_WORDS = frozenset(("", "bot_message", "file_comment", "file_share", "me_message", "reply_broadcast",
                    "slackbot_response", "thread_broadcast"))  # fmt: skip
# Subtypes by which Slack itself says what happened; nobody wrote these.
_SERVICE = ("channel_", "group_", "ekm_", "bot_", "pinned_", "unpinned_", "reminder_", "sh_room_", "assistant_app_",
            "huddle_", "joiner_", "tombstone", "message_replied", "app_conversation_", "file_mention",
            "document_mention", "mpim_", "im_", "external_", "workflow_", "list_record_")  # fmt: skip
_VISIBILITY: dict[str, Visibility] = {
    "im": "direct", "app_home": "direct", "D": "direct", "mpim": "private", "group": "private", "privategroup":
    "private", "G": "private", "channel": "public", "C": "public",
}  # fmt: skip


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one request.

    Returns:
        No message for what nobody wrote (reactions, joins, challenges); several for a page of history.

    Raises:
        ParseError: The bytes are neither JSON nor a form of Slack's.
    """
    if raw.body.lstrip()[:1] not in {b"{", b"["} and b"=" in raw.body:
        form = form_fields(raw.body)
        if "payload" not in form:
            return parse_command(dict(form), raw, options)
        return parse_interaction(load_object(form["payload"].encode(errors="replace"), "Slack payload"), raw, options)
    return _document(load_object(raw.body, "Slack request"), raw, options)


def _document(document: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    kind, inner = text_at(document, "type"), values(document, "payload")
    if kind in {"events_api", "slash_commands", "interactive"} and inner:  # an envelope of Socket Mode
        return _document(inner | {"type": ""} if kind == "slash_commands" else inner | {"payload": None}, raw, options)
    if kind == "event_callback":
        bots = [text_at(grant, "user_id") for grant in objects(document, "authorizations") if grant.get("is_bot")]
        context = _Context(raw, options, text_at(document, "team_id"), frozenset(bots))
        return _event(values(document, "event"), context)
    if kind in INTERACTIONS:
        return parse_interaction(document, raw, options)
    if kind:
        return _event(document, _Context(raw, options, text_at(document, "team")))
    if "messages" in document:
        context = _Context(raw, options, text_at(document, "team_id"), place=text_at(document, "channel"))
        return [found for message in objects(document, "messages") for found in _event(message, context)]
    if "command" in document:
        return parse_command(document, raw, options)
    raise ParseError("not a Slack request: there is no type")


@dataclass(frozen=True, slots=True)
class _Context:
    raw: RawMessage
    options: ParseOptions
    team: str
    bots: frozenset[str] = field(default_factory=frozenset)  # who we are in this workspace
    place: str = ""


def _event(event: JsonObject, context: _Context) -> list[InboundMessage]:
    if text_at(event, "type") not in {"message", "app_mention"}:
        return []
    subtype = text_at(event, "subtype")
    if subtype == "message_changed":
        return _changed(event, context)
    if subtype == "message_deleted":
        return _deleted(event, values(event, "previous_message"), context)
    known = subtype in _WORDS
    if not known and (subtype.startswith(_SERVICE) or not message_text(event)):
        return []
    notes = [] if known else [f"content this version cannot show: {subtype}"]
    return [_message(event, event, context, notes=notes)]


def _changed(event: JsonObject, context: _Context) -> list[InboundMessage]:
    """An edit by its author; previews of links and counts of answers change a message too, and nobody wrote them."""
    message, before = values(event, "message"), values(event, "previous_message")
    if text_at(message, "subtype") == "tombstone":  # deleted, but others had answered it
        return _deleted(event, before or message, context)
    if not message or text_at(message, "subtype") not in _WORDS:
        return []
    if before and message_text(before) == message_text(message) and before.get("files") == message.get("files"):
        return []
    return [_message(message, event, context, edited=True)]


def _deleted(event: JsonObject, before: JsonObject, context: _Context) -> list[InboundMessage]:
    place = _place(event, context)
    stamp = text_at(event, "deleted_ts") or text_at(before, "ts")
    if not stamp or text_at(before, "subtype") not in {*_WORDS, "tombstone"}:
        return []
    raw = context.raw
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{place}/{stamp}/delete",
            event="delete",
            message_id=stamp,
            conversation=_conversation(event, before or event, stamp, context),
            sender=_sender(before),
            sent_at=_time(event, "event_ts") or _time(event, "ts"),
            received_at=raw.received_at,
            visibility=_visibility(event, place),
            flags=Flags(own=_is_ours(before, context), auto_reply=_is_automatic(before)),
        )
    ]


def _message(
    message: JsonObject, event: JsonObject, context: _Context, *, edited: bool = False, notes: list[str] | None = None
) -> InboundMessage:
    """One message; ``event`` says where it is, which an edited ``message`` does not."""
    raw, place = context.raw, _place(event, context)
    marked = message_text(message)
    stamp = text_at(message, "ts") or stand_in_id(place, text_at(message, "user"), marked)
    text, cut = cut_text(plain(marked), context.options)
    thread = text_at(message, "thread_ts")
    files = objects(message, "files") or [file for file in [values(message, "file")] if file]
    changed = text_at(values(message, "edited"), "ts") or text_at(event, "ts")
    quoted = [
        part for part in objects(message, "attachments")[:20] if part.get("is_share") or part.get("is_msg_unfurl")
    ]
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=f"{place}/{stamp}/edit/{changed}" if edited else f"{place}/{stamp}",
        event="edit" if edited else "message",
        message_id=stamp,
        in_reply_to=thread if thread != stamp else "",
        conversation=_conversation(event, message, stamp, context),
        sender=_sender(message),
        original_sender=_quoted_author(quoted) if not text_at(message, "text") else None,
        to=() if _visibility(event, place) == "direct" else (Party(id=place, name=text_at(event, "channel_name")),),
        text=text,
        reply_text=cut_text(new_words(marked), context.options)[0],
        attachments=tuple(_attachment(file) for file in files[: context.options.max_attachments]),
        sent_at=_time(values(message, "edited"), "ts") if edited else _time(message, "ts"),
        received_at=raw.received_at,
        visibility=_visibility(event, place),
        flags=Flags(own=_is_ours(message, context), auto_reply=_is_automatic(message)),
        notes=(*(notes or ()), *cut),
    )


# --- who and where -----------------------------------------------------------------------------------------------


def _place(event: JsonObject, context: _Context) -> str:
    return text_at(event, "channel") or text_at(values(event, "channel"), "id") or context.place


def _conversation(event: JsonObject, message: JsonObject, stamp: str, context: _Context) -> str:
    """``team/channel/thread``; a direct chat without threads is one conversation as a whole."""
    place, thread = _place(event, context), text_at(message, "thread_ts")
    if not thread and _visibility(event, place) != "direct":
        thread = stamp
    return "/".join(filter(None, (context.team, place, thread)))


def _visibility(event: JsonObject, place: str) -> Visibility:
    return _VISIBILITY.get(text_at(event, "channel_type")) or _VISIBILITY.get(place[:1], "private")


def _sender(message: JsonObject) -> Party:
    """Who wrote it: a person, else a bot by its own id. The name is there only for some workspaces and bots."""
    profile = values(message, "user_profile") or values(message, "bot_profile")
    handle = text_at(values(message, "user_profile"), "name")
    names: tuple[Any, ...] = (
        text_at(profile, "real_name"), text_at(profile, "display_name"), text_at(message, "username"),
        text_at(profile, "name"),
    )  # fmt: skip
    ident = text_at(message, "user") or text_at(values(message, "user"), "id") or text_at(message, "bot_id")
    return Party(id=ident, name=next(filter(None, names), ""), address=f"@{handle}" if handle else "")


def _quoted_author(quoted: list[JsonObject]) -> Party | None:
    for part in quoted:
        if ident := text_at(part, "author_id"):
            return Party(id=ident, name=text_at(part, "author_name"))
    return None


def _is_ours(message: JsonObject, context: _Context) -> bool:
    ids = (text_at(message, "user"), text_at(message, "bot_id"), text_at(message, "app_id"))
    return ids[0] in context.bots or is_own(context.options, *ids)


def _is_automatic(message: JsonObject) -> bool:
    automatic = {"bot_message", "slackbot_response"}
    return (
        bool(text_at(message, "bot_id"))
        or text_at(message, "subtype") in automatic
        or text_at(message, "user") == "USLACKBOT"
        or message.get("is_ephemeral") is True  # only programs can show a text to one person of a channel
    )


def _time(parent: JsonObject, key: str) -> datetime | None:
    """The time in a stamp such as ``1355517523.000005``; kept to the microsecond, which a float would not."""
    seconds, _, rest = text_at(parent, key).partition(".")
    whole = number({"s": seconds}, "s")
    if not 0 < whole < 253_402_300_800:
        return None
    micro = int(rest[:6].ljust(6, "0")) if rest.isascii() and rest.isdigit() else 0
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=micro)


def _attachment(file: JsonObject) -> Attachment:
    mode = text_at(file, "mode")
    note = {"tombstone": "deleted", "hidden_by_limit": "hidden by the workspace's limit", "external": "kept elsewhere"}
    return Attachment(
        filename=text_at(file, "name") or text_at(file, "title"),
        content_type=clean_text(text_at(file, "mimetype"))[:200] or "application/octet-stream",
        size=number(file, "size"),
        native_id=text_at(file, "id"),
        note=note.get(mode, ""),
    )
