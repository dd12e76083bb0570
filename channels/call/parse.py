# SPDX-License-Identifier: Apache-2.0
"""The note that staff write, and the message it becomes; pure."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from channels.payload import check_size
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Frozen, InboundMessage, Party, RawMessage, Text

__all__ = ["CallNote", "parse"]


class CallNote(Frozen):
    """One call or visit. ``id`` comes from the form that was opened: sent twice, it is still one case."""

    id: str = Field(min_length=8, max_length=100)
    kind: Literal["phone", "visit"] = "phone"
    summary: Text = Field(min_length=1, max_length=100_000)
    caller: Text = Field(default="", max_length=200)
    phone: Text = Field(default="", max_length=200)
    email: Text = Field(default="", max_length=320)
    language: str = Field(default="", max_length=35)  # spoken by the caller
    at: AwareDatetime
    logged_by: Text = Field(min_length=1, max_length=200)


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    check_size(raw.body)
    try:
        note = CallNote.model_validate_json(raw.body)
    except ValidationError as error:
        raise ParseError(f"not a call note: {error.error_count()} mistakes") from None  # its text holds the values
    how = "phone call" if note.kind == "phone" else "visit"
    cut = ("the text was cut",) if len(note.summary) > options.max_text_chars else ()
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=raw.native_id,
            message_id=raw.native_id,
            sender=Party(address=note.phone or note.email, name=note.caller),
            text=note.summary[: options.max_text_chars],
            language=note.language,
            sent_at=note.at,
            received_at=raw.received_at,
            fields={name: value for name in ("kind", "phone", "email", "logged_by") if (value := getattr(note, name))},
            notes=(f"{how}, noted by {note.logged_by}", *cut),
        )
    ]
