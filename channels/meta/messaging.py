# SPDX-License-Identifier: Apache-2.0
"""One event of a Messenger or Instagram conversation to a message; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from channels.meta.attachments import attachments_of
from channels.payload import (
    JsonObject,
    cut_text,
    is_own,
    listed,
    load_json,
    number,
    text_at,
    unix_time,
    values,
)
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage

__all__ = ["changes_of", "entries_of", "messaging_events", "parse_event"]


def entries_of(body: bytes, what: str) -> list[JsonObject]:
    """The entries of a call; an event or a change alone counts as an entry that holds it.

    Raises:
        ParseError: The bytes are not JSON, or have no such shape.
    """
    document = load_json(body)
    if isinstance(document, list) and all(isinstance(call, dict) and "entry" in call for call in document):
        return [entry for call in document for entry in listed(call, "entry")]  # as Instagram's documentation shows it
    if not isinstance(document, dict):
        raise ParseError(f"not a {what}: the JSON document is not an object")
    if "entry" in document:
        if not isinstance(document["entry"], list | dict):
            raise ParseError(f"not a {what}: entry is not a list")
        return listed(document, "entry")
    if {"messaging", "standby", "changes"} & document.keys() or {"field", "value"} <= document.keys():
        return [document]
    if {"sender", "recipient"} <= document.keys():
        return [{"messaging": [document]}]
    raise ParseError(f"not a {what}: there is no entry")


def messaging_events(entry: JsonObject) -> Iterator[tuple[JsonObject, bool]]:
    """The events of the conversations of an entry, and whether another app answers there (``standby``)."""
    for event in listed(entry, "messaging"):
        yield event, False
    for event in listed(entry, "standby"):
        yield event, True


def changes_of(entry: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """What changed on the page or account, by its field. A change can stand in the entry itself."""
    for change in (*listed(entry, "changes"), *((entry,) if "field" in entry else ())):
        for value in listed(change, "value"):
            yield text_at(change, "field"), value


def parse_event(
    event: JsonObject, raw: RawMessage, options: ParseOptions, *, page: str, standby: bool, position: int
) -> list[InboundMessage]:
    """Read one event.

    Args:
        page: Id of the page or account the call is about; what it wrote itself is flagged as own.
        standby: Another app answers this conversation.
        position: Counts the events of the call, for what comes without an id.

    Returns:
        No message for what nobody wrote: deliveries, reads, reactions, opt-ins, handovers, links followed.
    """
    found = _read(event)
    if found is None:
        return []
    text, cuts = cut_text(found.get("text", ""), options)
    notes = [*found.pop("notes", ()), *cuts]
    attachments = found.pop("attachments", ())
    if len(attachments) > options.max_attachments:
        notes.append(f"only {options.max_attachments} attachments are listed")
    if standby:
        notes.append("another app answers this conversation")
    sender, recipient = _party(values(event, "sender")), _party(values(event, "recipient"))
    if not found["native_id"] and not sender.key:
        raise ParseError("a message without id and sender")
    own = found.pop("echo", False) or (bool(sender.id) and sender.id == page) or is_own(options, sender.id)
    if own:
        found["flags"] = Flags(own=True)
    found["native_id"] = found["native_id"] or f"{raw.native_id}/{position}"
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            conversation=recipient.id if own else sender.id,
            sender=sender,
            to=(recipient,) if recipient.id else (),
            attachments=tuple(attachments[: options.max_attachments]),
            sent_at=unix_time(event, "timestamp"),
            received_at=raw.received_at,
            visibility="direct",
            **found | {"text": text, "notes": tuple(notes)},
        )
    ]


def _read(event: JsonObject) -> dict[str, Any] | None:
    """What the event says, as values of a message; None where it is no message."""
    if message := values(event, "message"):
        return _message(message)
    if edit := values(event, "message_edit"):
        return _edit(edit, event)
    if postback := values(event, "postback"):
        return _postback(postback, event)
    if feedback := values(event, "messaging_feedback"):
        return _feedback(feedback, event)
    return None


def _party(person: JsonObject) -> Party:
    handle = text_at(person, "username")
    return Party(
        id=text_at(person, "id") or text_at(person, "user_ref"),
        name=text_at(person, "name").strip(),
        address=f"@{handle}" if handle else "",
    )


# --- kinds of events ---------------------------------------------------------------------------------------------


def _message(message: JsonObject) -> dict[str, Any]:
    ident = text_at(message, "mid") or text_at(message, "id")
    found: dict[str, Any] = {"native_id": ident, "message_id": ident}
    if message.get("is_echo") is True or message.get("is_self") is True:
        found["echo"] = True
    if message.get("is_deleted") is True:
        return found | {"event": "delete", "native_id": f"{ident}/delete" if ident else ""}
    fields: dict[str, str] = {}
    notes: list[str] = []
    found["attachments"] = attachments_of(message, fields, notes)
    found["text"] = text_at(message, "text")
    if button := values(message, "quick_reply"):
        fields["button"] = text_at(button, "payload")
        notes.append("answered with a button")
    answered = values(message, "reply_to")
    found["in_reply_to"] = text_at(answered, "mid")
    if story := values(answered, "story"):
        notes.append("answers a story of ours")
        fields |= {"story": text_at(story, "id"), "story_url": text_at(story, "url")}
    _referral(values(message, "referral"), fields)
    found["fields"] = {key: value for key, value in fields.items() if value}
    found["notes"] = notes
    if message.get("is_unsupported") is True:
        notes.append("content this version cannot show: unsupported by the platform")
    elif not (found["text"] or found["attachments"] or found["fields"] or notes):
        notes.append("content this version cannot show: an empty message")
    return found


def _edit(edit: JsonObject, event: JsonObject) -> dict[str, Any] | None:
    ident = text_at(edit, "mid")
    if not ident:
        return None
    which = text_at(edit, "num_edit") or text_at(event, "timestamp")
    return {
        "native_id": f"{ident}/edit/{which}",
        "event": "edit",
        "message_id": ident,
        "text": text_at(edit, "text"),
    }


def _postback(postback: JsonObject, event: JsonObject) -> dict[str, Any] | None:
    """A press on a button: its title is the answer, in the words the customer saw."""
    title, payload = text_at(postback, "title"), text_at(postback, "payload")
    if not title and not payload:
        return None
    ident = text_at(postback, "mid")
    person, moment = text_at(values(event, "sender"), "id"), text_at(event, "timestamp")
    native = ident or (f"postback/{person}/{moment}" if person and moment else "")
    fields = {"button": payload}
    _referral(values(postback, "referral"), fields)
    return {
        "native_id": native,
        "message_id": ident or native,
        "text": title or payload,
        "fields": {key: value for key, value in fields.items() if value},
        "notes": ("answered with a button",),
    }


def _feedback(feedback: JsonObject, event: JsonObject) -> dict[str, Any] | None:
    """The answers to our own survey: a mark, and words where somebody added them."""
    words: list[str] = []
    fields: dict[str, str] = {}
    rating: float | None = None
    for screen in listed(feedback, "feedback_screens"):
        for question, answer in list(values(screen, "questions").items())[:50]:
            if not isinstance(answer, dict):
                continue
            mark = number(answer, "payload")
            if text_at(answer, "type") == "csat" and 1 <= mark <= 5:
                rating = float(mark)
            fields[f"survey_{len(fields) + 1}"] = f"{question}: {text_at(answer, 'payload')}"
            words += [text_at(values(answer, "follow_up"), "payload")]
    if not fields:
        return None
    native = f"feedback/{text_at(values(event, 'sender'), 'id')}/{text_at(event, 'timestamp')}"
    found = {"native_id": native, "message_id": native, "text": "\n".join(filter(None, words)), "fields": fields}
    return found | {"rating": rating, "notes": ("answers our survey",)}


def _referral(referral: JsonObject, fields: dict[str, str]) -> None:
    """The advertisement, link or product that the customer came from."""
    if referral:
        advertisement = values(referral, "ads_context_data")
        fields |= {
            "referral": text_at(referral, "ref"),
            "ad_id": text_at(referral, "ad_id"),
            "ad_title": text_at(advertisement, "ad_title"),
            "product_id": text_at(values(referral, "product"), "id") or text_at(advertisement, "product_id"),
        }
