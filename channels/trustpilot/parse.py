# SPDX-License-Identifier: Apache-2.0
"""From Trustpilot's webhook calls and API answers to messages: reviews of the company and of its products; pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from channels.payload import (
    JsonObject,
    cut_text,
    ident_at,
    iso_time,
    language_code,
    load_json,
    number,
    objects,
    stand_in_id,
    stars,
    text_at,
    values,
)
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, InboundMessage, Party, RawMessage, clean_text

__all__ = ["parse"]

_Event = Literal["message", "edit", "delete"]
_LISTS = ("reviews", "productReviews")
_EVENTS: dict[str, _Event] = {"created": "message", "updated": "edit", "revised": "edit", "deleted": "delete"}
# Review fields worth a rule or an agent's look, and the names they get.
_FIELDS = {
    "referenceId": "reference",
    "orderId": "order",
    "locationId": "location",
    "source": "source",
    "experiencedAt": "experienced_at",
    "link": "url",
}


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one call of a webhook, one page of reviews, or one review.

    Returns:
        One message a review, whether it has words or stars only; none for replies of the company.

    Raises:
        ParseError: The bytes are not JSON, or not of a shape Trustpilot has.
    """
    document = load_json(raw.body)
    if isinstance(document, list):
        document = {"reviews": document}
    if not isinstance(document, dict):
        raise ParseError("not a Trustpilot document: the JSON is no object")
    if isinstance(document.get("events"), list):
        return [found for event in objects(document, "events") for found in _called(event, raw, options)]
    if "eventName" in document:
        return _called(document, raw, options)
    if any(isinstance(document.get(key), list) for key in _LISTS):
        return [found for key in _LISTS for review in objects(document, key) for found in _review(review, raw, options)]
    if "stars" not in document and "consumer" not in document:
        if "links" in document or "total" in document:
            return []
        raise ParseError("not a Trustpilot document: neither events nor reviews")
    return _review(document, raw, options)


def _called(event: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """One event; its name is ``service-review-created``, ``product-review-deleted`` and so on."""
    subject, _, what = text_at(event, "eventName").rpartition("-")
    if not subject.endswith("review") or what not in _EVENTS:
        return []
    return _review(values(event, "eventData"), raw, options, event=_EVENTS[what], kind=subject.partition("-")[0])


def _review(
    review: JsonObject, raw: RawMessage, options: ParseOptions, *, event: _Event = "message", kind: str = ""
) -> list[InboundMessage]:
    if not review:
        return []
    consumer = values(review, "consumer")
    name = (text_at(consumer, "displayName") or text_at(consumer, "name")).strip()
    said = text_at(review, "text") or text_at(review, "content")
    ident = ident_at(review, "id") or stand_in_id(text_at(consumer, "id"), text_at(review, "createdAt"), said)
    text, notes = ("", []) if event == "delete" else cut_text(said.strip(), options)
    changed_at = text_at(review, "updatedAt") or text_at(review, "deletedAt")
    written, changed = iso_time(review, "createdAt"), _changed(review)
    if event == "message" and written and changed and changed > written:
        event = "edit"
    if event == "edit" and not changed_at:  # calls of the webhook name no time of the change
        changed_at = stand_in_id(text_at(review, "title"), said, text_at(review, "stars"))
    native = {"message": ident, "delete": f"{ident}/delete"}.get(event, f"{ident}/edit/{changed_at}")
    deleted = event == "delete"
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=native,
            event=event,
            message_id=ident,
            conversation=ident,
            sender=Party(id=text_at(consumer, "id") or ident, name=name, address=_address(review, consumer)),
            to=_reviewed(review),
            subject="" if deleted else text_at(review, "title").strip()[: options.max_text_chars],
            text=text,
            attachments=() if deleted else _files(review, options),
            language=language_code(text_at(review, "language") or text_at(review, "locale")),
            sent_at=(changed or written) if event != "message" else written,
            received_at=raw.received_at,
            visibility="public",
            rating=None if deleted else stars(review, "stars"),
            fields=_fields(review, kind),
            notes=tuple(notes),
        )
    ]


def _changed(review: JsonObject) -> datetime | None:
    return iso_time(review, "updatedAt") or iso_time(review, "deletedAt")


def _address(review: JsonObject, consumer: JsonObject) -> str:
    """The reviewer's mail address, which only the private API tells, and only of those we invited."""
    return text_at(consumer, "email") or text_at(review, "referralEmail")


def _reviewed(review: JsonObject) -> tuple[Party, ...]:
    unit = values(review, "businessUnit")
    ident = text_at(unit, "id") or text_at(review, "businessUnitId")
    if not ident:
        return ()
    return (Party(id=ident, name=text_at(unit, "displayName"), address=text_at(unit, "identifyingName")),)


def _files(review: JsonObject, options: ParseOptions) -> tuple[Attachment, ...]:
    found = []
    for item in objects(review, "attachments")[: options.max_attachments]:
        files = objects(item, "processedFiles") or [item]
        best = max(files, key=lambda file: number(file, "width") * number(file, "height"))
        found.append(
            Attachment(
                content_type=clean_text(text_at(best, "mimeType"))[:200] or "application/octet-stream",
                size=number(best, "size"),
                native_id=text_at(best, "url") or text_at(item, "id"),
            )
        )
    return tuple(found)


def _fields(review: JsonObject, kind: str) -> dict[str, str]:
    found = {name: text_at(review, key) for key, name in _FIELDS.items()}
    product = values(review, "product")
    found["product"] = text_at(product, "name") or text_at(product, "title")
    found["sku"] = text_at(product, "sku")
    found["reviewed"] = kind
    tags = [text_at(tag, "value") for tag in objects(review, "tags")[:50]]
    found["tags"] = ", ".join(filter(None, tags))
    found["likes"] = str(likes) if (likes := number(review, "numberOfLikes")) else ""
    if isinstance(review.get("isVerified"), bool):
        found["verified"] = "yes" if review["isVerified"] else "no"
    return {name: value for name, value in found.items() if value}
