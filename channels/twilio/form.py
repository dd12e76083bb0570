# SPDX-License-Identifier: Apache-2.0
"""The forms Twilio posts: names and values, who is meant by an address, and the files listed in one."""

from __future__ import annotations

from typing import TypeAlias
from urllib.parse import parse_qsl

from channels.payload import load_object, text_at
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Party, clean_text

__all__ = ["Form", "media_of", "party", "read_form"]

Form: TypeAlias = dict[str, str]

_MAX_BYTES = 1024 * 1024  # a form is some kilobytes
_MAX_PAIRS = 2000  # Twilio posts some thirty, and a few for each file


def read_form(body: bytes) -> Form:
    """Every name with its value; of a name that comes twice, the first. Raises ParseError for what is no form."""
    if body.lstrip()[:1] == b"{":
        document = load_object(body, "Twilio webhook")
        return {key: text_at(document, key) for key in document}
    if len(body) > _MAX_BYTES:
        raise ParseError("not a Twilio webhook: too long")
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace").strip(), keep_blank_values=True, max_num_fields=_MAX_PAIRS)
    except ValueError as error:
        raise ParseError("not a Twilio webhook: too many values") from error
    if not pairs:
        raise ParseError("not a Twilio webhook: there is no form")
    form: Form = {}
    for key, value in pairs:
        form.setdefault(key, value)
    return form


def party(address: str, *, name: str = "") -> Party:
    """Who is meant: ``id`` as Twilio writes it (``whatsapp:+358401234567``), ``address`` without the kind of chat.

    A plus sign that somebody forgot to escape arrives as a space, and is put back.
    """
    kind, colon, number = address.rpartition(":")
    if number[:1] == " " and number[1:2].isdigit():
        number = f"+{number[1:]}"
    number = number.strip()
    return Party(id=f"{kind.strip()}{colon}{number}" if number else "", address=number, name=name.strip())


def media_of(form: Form, options: ParseOptions) -> tuple[list[Attachment], list[str]]:
    """The files listed, and a note if there are more. The address of a file is where it can be fetched.

    The count is not trusted: what has an address is listed.
    """
    found: list[Attachment] = []
    while address := form.get(f"MediaUrl{len(found)}"):
        if len(found) >= options.max_attachments:
            return found, [f"only {options.max_attachments} attachments are listed"]
        found.append(
            Attachment(
                filename=form.get(f"MediaFilename{len(found)}", ""),
                content_type=_type(form.get(f"MediaContentType{len(found)}", "")),
                native_id=address,
            )
        )
    return found, []


def _type(claimed: str) -> str:
    return clean_text(claimed)[:200] or "application/octet-stream"
