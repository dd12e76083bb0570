# SPDX-License-Identifier: Apache-2.0
"""Voice mail: a recording that a caller left, or what Twilio's machine heard in it."""

from __future__ import annotations

from typing import Any

from channels.payload import cut_text, is_own
from channels.twilio.form import Form, party
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, RawMessage

__all__ = ["parse_call"]


def parse_call(form: Form, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """A message for a transcript and for a recording as it is left; none for how a call goes on or ended."""
    transcript = "TranscriptionText" in form or "TranscriptionStatus" in form
    if not transcript and not _is_left_recording(form):
        return []
    ident = form.get("TranscriptionSid" if transcript else "RecordingSid") or form.get("CallSid", "")
    words = form.get("TranscriptionText", "").strip() if transcript else ""
    text, notes = cut_text(words, options)
    if words:
        notes.insert(0, "the text is a transcript of a voice message, made by a machine")
    elif transcript:
        notes.append("the voice message could not be transcribed: listen to the recording")
    else:
        notes.append("voice message without a transcript: listen to the recording")
    sender = party(form.get("From", "") or form.get("Caller", ""))
    if not any(digit.isdigit() for digit in sender.address):
        notes.append("the caller's number is hidden: no reply is possible")
    to = party(form.get("To", "") or form.get("Called", ""))
    found: dict[str, Any] = {"to": (to,)} if to.id else {}
    if is_own(options, sender.id):
        found["flags"] = Flags(own=True)
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=ident or raw.native_id,
            message_id=ident,
            conversation=sender.id,
            sender=sender,
            text=text,
            attachments=tuple(_recording(form)[: options.max_attachments]),
            received_at=raw.received_at,
            fields=_fields(form),
            notes=tuple(notes),
            **found,
        )
    ]


def _is_left_recording(form: Form) -> bool:
    """The call of Record's ``action`` comes with the caller and without a status. Recording status callbacks come for
    every recorded call, also for ours, and name no caller."""
    return bool(form.get("RecordingUrl") and form.get("From")) and "RecordingStatus" not in form


def _recording(form: Form) -> list[Attachment]:
    address, ident = form.get("RecordingUrl", ""), form.get("RecordingSid", "")
    if not address and not ident:
        return []
    seconds = form.get("RecordingDuration", "")
    return [
        Attachment(
            content_type="audio/x-wav",  # what the bare address gives; with .mp3 behind it, the same as MP3
            native_id=address or ident,
            note=f"voice message, {seconds} s" if seconds.isdigit() else "voice message",
        )
    ]


def _fields(form: Form) -> dict[str, str]:
    named = {
        "call": form.get("CallSid", ""),
        "recording": form.get("RecordingSid", ""),
        "seconds": form.get("RecordingDuration", ""),
        "forwarded_from": form.get("ForwardedFrom", ""),
        "country": form.get("FromCountry", ""),
    }
    return {key: value for key, value in named.items() if value}
