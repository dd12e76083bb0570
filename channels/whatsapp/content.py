# SPDX-License-Identifier: Apache-2.0
"""What a WhatsApp message holds, by its kind: words, files, and values with a name. Nothing is fetched here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from channels.payload import JsonObject, coordinates, load_json, number, objects, text_at, values
from router.errors import ParseError
from router.schema import Attachment, clean_text

__all__ = ["Content", "content_of"]

_MAX_FIELDS = 100  # answers of one form, lines of one order, contacts of one message

# The field that holds a file, and the type it has where the message names none.
_FILES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg",
    "voice": "audio/ogg",
    "document": "application/octet-stream",
    "sticker": "image/webp",
}


@dataclass
class Content:
    """What was found in one message."""

    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def content_of(message: JsonObject) -> Content:
    """Read one message by its ``type``. What this version does not know is named in a note, never left out."""
    kind = text_at(message, "type") or next((key for key in ("text", *_FILES, *_READERS) if key in message), "")
    found = Content()
    body = values(message, kind)
    if kind == "text":
        found.text = text_at(body, "body")
    elif kind in _FILES:
        _file(body, kind, found)
    elif kind == "contacts":
        _contacts(objects(message, "contacts")[:_MAX_FIELDS], found)
    elif kind in _READERS:
        _READERS[kind](body, found)
    _context(values(message, "context"), found)
    _advertisement(values(message, "referral"), found)
    if not (found.text or found.attachments or found.fields):
        inner = text_at(body, "type")  # of an unsupported message, what it is; of an interactive one, which
        shown = f"{kind} ({inner})" if inner else kind or "without a kind"
        found.notes.append(f"content this version cannot show: {shown[:80]}")
        if errors := objects(message, "errors"):
            details = text_at(values(errors[0], "error_data"), "details") or text_at(errors[0], "title")
            found.notes.append(f"WhatsApp says: {details[:200]}")
    return found


def _named(found: Content, **named: str) -> None:
    found.fields.update({key: value for key, value in named.items() if value})


def _file(file: JsonObject, kind: str, found: Content) -> None:
    found.text = text_at(file, "caption")
    voice = kind == "voice" or file.get("voice") is True
    found.attachments.append(
        Attachment(
            filename=text_at(file, "filename"),
            content_type=clean_text(text_at(file, "mime_type") or _FILES[kind])[:200],
            size=number(file, "file_size"),
            inline=kind == "sticker",
            native_id=text_at(file, "id") or text_at(file, "url") or text_at(file, "link"),
            note="voice message" if voice else "",
        )
    )


def _location(place: JsonObject, found: Content) -> None:
    _named(
        found,
        location=coordinates(place, "latitude", "longitude"),
        venue=text_at(place, "name"),
        venue_address=text_at(place, "address"),
        link=text_at(place, "url"),
    )


def _contacts(contacts: list[JsonObject], found: Content) -> None:
    """Address cards; several are joined by commas, in their order."""
    names = [_card_name(values(contact, "name")) for contact in contacts]
    phones = [text_at(phone, "phone") for contact in contacts for phone in objects(contact, "phones")]
    mails = [text_at(mail, "email") for contact in contacts for mail in objects(contact, "emails")]
    _named(
        found,
        contact_name=", ".join(filter(None, names)),
        contact_phone=", ".join(filter(None, phones[:_MAX_FIELDS])),
        contact_email=", ".join(filter(None, mails[:_MAX_FIELDS])),
    )


def _card_name(name: JsonObject) -> str:
    parts = (text_at(name, "first_name"), text_at(name, "last_name"))
    return text_at(name, "formatted_name") or " ".join(filter(None, parts))


def _button(button: JsonObject, found: Content) -> None:
    """A button under one of our templates; its words are the answer."""
    found.text = text_at(button, "text")
    _named(found, button=text_at(button, "payload"))
    found.notes.append("answered with a button")


def _interactive(answer: JsonObject, found: Content) -> None:
    for kind in ("button_reply", "list_reply"):
        if chosen := values(answer, kind):
            found.text = text_at(chosen, "title")
            _named(found, button=text_at(chosen, "id"), button_description=text_at(chosen, "description"))
            found.notes.append("answered with a button" if kind == "button_reply" else "chosen from a list")
    if form := values(answer, "nfm_reply"):
        _form(form, found)
    if permission := values(answer, "call_permission_reply"):
        _named(found, call_permission=text_at(permission, "response"))


def _form(form: JsonObject, found: Content) -> None:
    """A filled form (a flow). The words somebody typed are in its answers, so these are the text."""
    try:
        answers = load_json(text_at(form, "response_json").encode("utf-8", "surrogatepass"))
    except ParseError:
        answers = form.get("response_json")  # an object already, or nothing
    if isinstance(answers, dict):
        for key, value in list(answers.items())[:_MAX_FIELDS]:
            if key != "flow_token" and value not in ("", None):
                found.fields[clean_text(key)[:200]] = value if isinstance(value, str) else _shown(value)
    found.text = "\n".join(f"{key}: {value}" for key, value in found.fields.items()) or text_at(form, "body")
    found.notes.append("answered with a form")


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:  # writing needs a little more of the stack than reading did
        return "(too deeply nested to show)"


def _order(order: JsonObject, found: Content) -> None:
    found.text = text_at(order, "text")
    lines = []
    for item in objects(order, "product_items")[:_MAX_FIELDS]:
        price = f"{_amount(item, 'item_price')} {text_at(item, 'currency')}".strip()
        goods = f"{_amount(item, 'quantity') or '1'} x {text_at(item, 'product_retailer_id')}"
        lines.append(f"{goods}, {price}" if price else goods)
    _named(found, order="\n".join(lines), catalogue=text_at(order, "catalog_id"))


def _amount(item: JsonObject, key: str) -> str:
    found = item.get(key)
    return str(found) if isinstance(found, float) else text_at(item, key)


def _system(event: JsonObject, found: Content) -> None:
    """WhatsApp itself says that a customer has another number, or another telephone."""
    found.text = text_at(event, "body")
    _named(found, system=text_at(event, "type"), new_number=text_at(event, "wa_id") or text_at(event, "new_wa_id"))
    found.notes.append("said by WhatsApp, not written by the customer")


_READERS: dict[str, Callable[[JsonObject, Content], None]] = {
    "location": _location,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "system": _system,
}


# --- what stands beside the content ------------------------------------------------------------------------------


def _context(context: JsonObject, found: Content) -> None:
    if not context:
        return
    if context.get("forwarded") is True or context.get("frequently_forwarded") is True:
        found.notes.append("forwarded by the customer")
    product = values(context, "referred_product")
    _named(found, product=text_at(product, "product_retailer_id"), catalogue=text_at(product, "catalog_id"))


def _advertisement(referral: JsonObject, found: Content) -> None:
    """The advertisement or post that the customer came from."""
    if referral:
        _named(
            found,
            ad_title=text_at(referral, "headline"),
            ad_text=text_at(referral, "body"),
            ad_url=text_at(referral, "source_url"),
            ad_id=text_at(referral, "source_id"),
        )
