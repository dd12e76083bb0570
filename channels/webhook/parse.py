# SPDX-License-Identifier: Apache-2.0
"""From the JSON of a webhook to a message; pure. ``Payload`` documents the format."""

import json
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from channels.payload import check_size
from router.errors import ParseError, UserInputError
from router.interfaces import ParseOptions
from router.schema import Attachment, InboundMessage, Party, RawMessage, Text, Visibility

Id = Annotated[Text, BeforeValidator(lambda value: str(value) if type(value) is int else value)]  # digits kept exactly


class Payload(BaseModel):
    """One complaint. Only ``text`` is required; unknown keys are ignored, also in ``sender`` and ``attachments``."""

    id: Id = Field(default="", max_length=900)  # the same id again makes no second case; default: webhook-id
    text: Text
    subject: Text = ""
    sender: Party = Party()  # address, name, id; the id tells people apart, without one the address does
    conversation: Id = ""  # messages with the same value belong together
    in_reply_to: Id = ""
    language: str = Field(default="", max_length=35)  # BCP 47
    visibility: Visibility = "private"
    sent_at: AwareDatetime | None = None
    rating: float | None = Field(default=None, ge=1, le=5, strict=True)
    fields: dict[str, Text] = Field(default_factory=dict, max_length=100)
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=200)  # described, not carried


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice; two readers could believe different ones")
    return found


def read_payload(body: bytes) -> Payload:
    """Check a body. Raises UserInputError: 400 when it is not JSON, 422 with the fields that have the wrong shape."""
    try:
        text = body.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once, parse_constant=int)  # int("NaN") raises
        return Payload.model_validate(document, extra="ignore")
    except ValidationError as error:  # from None: its text holds the values
        wrong = {".".join(map(str, e["loc"]))[:200]: e["msg"] for e in error.errors(include_input=False)}
        raise UserInputError(f"wrong shape: {', '.join(wrong)}", fields=wrong) from None
    except (ValueError, RecursionError) as error:
        raise UserInputError("the body is not acceptable JSON", status=400) from error


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    check_size(raw.body)
    try:
        said = read_payload(raw.body).model_dump(exclude={"id"})
    except UserInputError as error:
        raise ParseError(str(error)) from None
    if len(said["text"]) > options.max_text_chars:
        said |= {"text": said["text"][: options.max_text_chars], "notes": ["the text was cut"]}
    same = raw.model_dump(include={"channel", "account", "native_id", "received_at"})
    return [InboundMessage(**said, **same, message_id=raw.native_id)]
