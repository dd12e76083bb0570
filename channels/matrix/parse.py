# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a Matrix document to messages; pure.

Read are answers of ``/sync`` and ``/messages``, transactions pushed to an application service, notices of a push
gateway, lists of events, and single events.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.matrix.content import UNREADABLE, Content, read_content
from channels.payload import (
    JsonObject,
    cut_text,
    ident_at,
    is_own,
    load_json,
    objects,
    stand_in_id,
    strings,
    text_at,
    unix_time,
    values,
)  # fmt: skip
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage, Visibility

__all__ = ["parse"]


@dataclass(slots=True)
class _Room:
    """What is known of the room an event is in."""

    raw: RawMessage
    options: ParseOptions
    ident: str = ""
    visibility: Visibility = "private"
    names: dict[str, str] = field(default_factory=dict)  # user id -> display name


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one document.

    Returns:
        No message for what nobody wrote (members, state, calls, reactions, receipts); several for a page of events.

    Raises:
        ParseError: The bytes are not JSON, or not of a shape Matrix has.
    """
    document = load_json(raw.body)
    if isinstance(document, list):
        return _events([event for event in document if isinstance(event, dict)], _Room(raw, options))
    if not isinstance(document, dict):
        raise ParseError("not a Matrix document: the JSON is no object")
    if "rooms" in document or "next_batch" in document:
        return _synced(document, raw, options)
    for key in ("events", "chunk"):
        if isinstance(document.get(key), list):
            state = objects(document, "state")
            return _events(objects(document, key), _Room(raw, options, names=_names(state)))
    event = values(document, "notification") or document
    if "type" not in event:
        raise ParseError("not a Matrix document: there is no type")
    room = _Room(raw, options)
    if name := text_at(event, "sender_display_name"):
        room.names[text_at(event, "sender")] = name
    return _event(event, room)


def _synced(document: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """The timelines of the rooms we are in, and of those we left meanwhile."""
    direct: set[str] = set()
    for event in objects(values(document, "account_data"), "events"):
        if text_at(event, "type") == "m.direct":
            content = values(event, "content")
            direct |= {room for person in content for room in strings(content, person)}
    found: list[InboundMessage] = []
    for group in ("join", "leave"):
        rooms = values(values(document, "rooms"), group)
        for ident in rooms:
            joined = values(rooms, ident)
            timeline = objects(values(joined, "timeline"), "events")
            state = [*objects(values(joined, "state"), "events"), *objects(values(joined, "state_after"), "events")]
            visibility: Visibility = "direct" if ident in direct else _openness([*state, *timeline])
            found += _events(timeline, _Room(raw, options, ident, visibility, _names([*state, *timeline])))
    return found


def _events(events: list[JsonObject], room: _Room) -> list[InboundMessage]:
    if not room.names:
        room.names = _names(events)
    return [message for event in events for message in _event(event, room)]


def _event(event: JsonObject, room: _Room) -> list[InboundMessage]:
    kind = text_at(event, "type")
    if "state_key" in event:
        return []
    unsigned = values(event, "unsigned")
    if kind == "m.room.redaction":
        target = ident_at(event, "redacts") or ident_at(values(event, "content"), "redacts")
        return _redacted(event, target, ident_at(event, "event_id"), room)
    content = read_content(kind, values(event, "content"))
    if content is None:
        return []
    if content.kind == UNREADABLE and (redaction := values(unsigned, "redacted_because")):
        return _redacted(event, ident_at(event, "event_id"), ident_at(redaction, "event_id"), room)
    return [_message(event, content, room)]


def _message(event: JsonObject, content: Content, room: _Room) -> InboundMessage:
    raw, options = room.raw, room.options
    place, sender = text_at(event, "room_id") or room.ident, _party(text_at(event, "sender"), room)
    text, cut = cut_text(content.text, options)
    native = ident_at(event, "event_id") or stand_in_id(place, sender.id, text_at(event, "origin_server_ts"), text)
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=native,
        event="edit" if content.replaces else "message",
        message_id=content.replaces or native,
        in_reply_to=content.in_reply_to or content.thread,
        conversation=f"{place}/{content.thread}" if content.thread else place,
        sender=sender,
        to=() if room.visibility == "direct" or not place else (Party(id=place),),
        text=text,
        reply_text=cut_text(content.new_words, options)[0],
        html=content.html if len(content.html) <= options.max_text_chars else "",
        attachments=content.attachments[: options.max_attachments],
        sent_at=unix_time(event, "origin_server_ts"),
        received_at=raw.received_at,
        visibility=room.visibility,
        fields=content.fields,
        flags=Flags(own=is_own(options, sender.id), auto_reply=content.automatic, encrypted=content.encrypted),
        notes=(*content.notes, *cut),
    )


def _redacted(event: JsonObject, target: str, native: str, room: _Room) -> list[InboundMessage]:
    """A message taken back, whether we see the taking back itself or what is left of the message."""
    if not target:
        return []
    redaction = values(values(event, "unsigned"), "redacted_because") or event
    sender = _party(text_at(event, "sender"), room)
    return [
        InboundMessage(
            channel=room.raw.channel,
            account=room.raw.account,
            native_id=native or f"{target}/delete",
            event="delete",
            message_id=target,
            conversation=text_at(event, "room_id") or room.ident,
            sender=sender,
            sent_at=unix_time(redaction, "origin_server_ts"),
            received_at=room.raw.received_at,
            visibility=room.visibility,
            flags=Flags(own=is_own(room.options, sender.id)),
        )
    ]


def _party(user: str, room: _Room) -> Party:
    return Party(id=user, address=user, name=room.names.get(user, ""))


def _names(events: list[JsonObject]) -> dict[str, str]:
    """What members call themselves, from the state of the room."""
    return {
        text_at(event, "state_key"): text_at(values(event, "content"), "displayname").strip()
        for event in events
        if event.get("type") == "m.room.member" and "state_key" in event
    }


def _openness(events: list[JsonObject]) -> Visibility:
    rules = [values(event, "content") for event in events if event.get("type") == "m.room.join_rules"]
    return "public" if rules and text_at(rules[-1], "join_rule") == "public" else "private"
