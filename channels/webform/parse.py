# SPDX-License-Identifier: Apache-2.0
"""What a filled form says, whether it can be taken, and the message it becomes; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from channels.payload import check_size
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, Party, RawMessage, Text

__all__ = ["FIELDS", "AppSubmission", "Submission", "find_mistakes", "parse"]

FIELDS = ("text", "order", "name", "email", "phone")
MAX_FIELD_CHARS = 200
_EMAIL = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@[^\s@<>(),;:\"\\\[\]]{1,189}\.[^\s@<>(),;:\"\\\[\].]{2,63}")


class Submission(BaseModel):
    """A filled form as it is stored: nothing in it changes when the same form is sent twice."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Text
    order: Text = ""
    name: Text = ""
    email: Text = ""
    phone: Text = ""
    language: str = Field(default="", max_length=35)


class AppSubmission(Submission):
    """What a program sends instead of the form; the same ``id`` with the same words makes no second case."""

    id: Text = Field(default="", max_length=100)


def find_mistakes(values: Mapping[str, str], *, max_text_chars: int) -> dict[str, str]:
    """Field to the key of the sentence that says what is wrong with it; empty when all is well."""
    mistakes = {}
    for field in FIELDS:
        limit = max_text_chars if field == "text" else MAX_FIELD_CHARS
        if len(values.get(field, "")) > limit:
            mistakes[field] = "error_too_long"
    if not values.get("text", "").strip():
        mistakes["text"] = "error_text_missing"
    if "email" not in mistakes and values.get("email") and not _EMAIL.fullmatch(values["email"]):
        mistakes["email"] = "error_email"
    return mistakes


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    check_size(raw.body)
    try:
        form = Submission.model_validate_json(raw.body)
    except ValidationError as error:
        raise ParseError(f"not a stored form: {error.error_count()} mistakes") from None  # its text holds the values
    cut = len(form.text) > options.max_text_chars
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=raw.native_id,
            sender=Party(address=form.email or form.phone, name=form.name),
            text=form.text[: options.max_text_chars],
            language=form.language,
            received_at=raw.received_at,
            fields={name: value for name in ("order", "phone") if (value := getattr(form, name))},
            notes=("the text was cut",) if cut else (),
        )
    ]
