# SPDX-License-Identifier: Apache-2.0
"""From one webhook of Twilio to messages; pure. The body is a form; a saved one may also be a JSON object.

Text messages, and chats that Twilio passes on (WhatsApp, RCS, Messenger), are read here; calls in ``voice`` and the
Conversations product in ``conversations``.
"""

from __future__ import annotations

from typing import Any

from channels.payload import coordinates, cut_text, is_own
from channels.twilio.conversations import parse_conversation
from channels.twilio.form import Form, media_of, party, read_form
from channels.twilio.voice import parse_call
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, RawMessage

__all__ = ["parse"]

_SIDS = ("MessageSid", "SmsMessageSid", "SmsSid")

# Words by which the sender of a text message withdraws consent; Twilio blocks further messages on these.
_STOP_WORDS = frozenset({"CANCEL", "END", "OPTOUT", "QUIT", "REVOKE", "STOP", "STOPALL", "UNSUBSCRIBE"})


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one webhook.

    Returns:
        No message for what nobody wrote (what became of a message of ours, reactions, calls without a recording).

    Raises:
        ParseError: The bytes are no form, or none of Twilio's.
    """
    form = read_form(raw.body)
    if "EventType" in form and "ConversationSid" in form:
        return parse_conversation(form, raw, options)
    if "CallSid" in form or "RecordingSid" in form or "TranscriptionSid" in form:
        return parse_call(form, raw, options)
    if _is_status(form):
        return []
    ident = next((form[key] for key in _SIDS if form.get(key)), "")
    if not form.get("From") or not (ident or "Body" in form or "NumMedia" in form):
        if ident or "AccountSid" in form or "EventType" in form:
            return []
        raise ParseError("not a Twilio webhook: there is no From")
    if form.get("MessageType") == "reaction":
        return []
    return [_message(form, ident, raw, options)]


def _is_status(form: Form) -> bool:
    """A status callback tells what became of one of ours; an incoming message says "received", or nothing."""
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    return status.lower() not in {"", "received", "receiving"} or form.get("EventType", "").upper() == "READ"


def _message(form: Form, ident: str, raw: RawMessage, options: ParseOptions) -> InboundMessage:
    sender, to = party(form["From"], name=form.get("ProfileName", "")), party(form.get("To", ""))
    words = form.get("Body") or form.get("ButtonText") or form.get("ListTitle") or ""
    text, notes = cut_text(words, options)
    media, cuts = media_of(form, options)
    fields = _fields(form)
    if ":" not in form["From"]:
        if stop := _opt_out(form, words):
            fields["opt_out"] = stop
        if any(letter.isalpha() for letter in sender.address):
            notes.append("sent under a name, not from a number: no reply is possible")
    elif form.get("OptOutType"):
        fields["opt_out"] = form["OptOutType"].upper()
    if form.get("ButtonPayload") or form.get("ButtonText"):
        notes.append("answered with a button")
    if "true" in (form.get("Forwarded", "").lower(), form.get("FrequentlyForwarded", "").lower()):
        notes.append("forwarded by the customer")
    if not (text or media or fields):
        notes.append(f"content this version cannot show: {form.get('MessageType', '')[:80] or 'an empty message'}")
    found: dict[str, Any] = {"to": (to,)} if to.id else {}
    if is_own(options, sender.id, sender.address):
        found["flags"] = Flags(own=True)
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=ident or raw.native_id,
        message_id=ident,
        in_reply_to=form.get("OriginalRepliedMessageSid", ""),
        conversation=sender.id,
        sender=sender,
        text=text,
        attachments=tuple(media),
        received_at=raw.received_at,
        fields=fields,
        notes=(*notes, *cuts),
        **found,
    )


def _opt_out(form: Form, words: str) -> str:
    kind = form.get("OptOutType", "").upper()
    if kind:
        return kind
    word = words.strip().rstrip(".!").upper() if len(words) < 20 else ""
    return "STOP" if word in _STOP_WORDS else ""


def _fields(form: Form) -> dict[str, str]:
    """Content that is neither words nor a file: places, buttons, forms, the advertisement somebody came from."""
    place: dict[str, Any] = {}
    for key in ("Latitude", "Longitude"):
        try:
            place[key] = float(form.get(key, ""))
        except ValueError:
            continue
    named = {
        "location": coordinates(place, "Latitude", "Longitude"),
        "venue": form.get("Label", ""),
        "venue_address": form.get("Address", ""),
        "button": form.get("ButtonPayload", "") or form.get("ListId", ""),
        "button_description": form.get("ListDescription", ""),
        "form": form.get("InteractiveData", "") or form.get("FlowData", ""),
        "ad_title": form.get("ReferralHeadline", ""),
        "ad_text": form.get("ReferralBody", ""),
        "ad_url": form.get("ReferralSourceUrl", ""),
        "ad_id": form.get("ReferralSourceId", ""),
        "country": form.get("FromCountry", ""),
    }
    return {key: value for key, value in named.items() if value}
