# SPDX-License-Identifier: Apache-2.0
"""From answers of the Google Play Developer API (``reviews.list`` and ``reviews.get``) to messages; pure.

The API tells what a review says now, not whether it said something else before. Each state is therefore a message of
its own (its time of change is part of the native id) under the same message id, so that a changed review is neither
lost nor taken for the old one. It is an edit for certain where the developer's answer is older than the review.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from channels.payload import (
    JsonObject,
    cut_text,
    ident_at,
    language_code,
    load_object,
    number,
    objects,
    stand_in_id,
    stars,
    text_at,
    values,
)
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, Party, RawMessage

__all__ = ["parse"]

# Review fields worth a rule or an agent's look, and the names they get.
_FIELDS = {
    "appVersionName": "app_version",
    "appVersionCode": "app_version_code",
    "androidOsVersion": "android_api",
    "device": "device",
    "reviewerLanguage": "reviewer_language",
    "thumbsUpCount": "thumbs_up",
    "thumbsDownCount": "thumbs_down",
}


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one answer.

    Returns:
        One message a review, whether it has words or stars only; the developer's answers are none.

    Raises:
        ParseError: The bytes are not JSON, or not an answer of this API.
    """
    document = load_object(raw.body, "Google Play answer")
    if "reviewId" in document or "comments" in document:
        return _review(document, raw, options)
    if "reviews" in document:
        return [found for review in objects(document, "reviews") for found in _review(review, raw, options)]
    if "review" in document:
        return _review(values(document, "review"), raw, options)
    if document and not {"tokenPagination", "pageInfo", "result"} & document.keys():
        raise ParseError("not a Google Play answer: there are no reviews")
    return []  # the API leaves the list out when there is none


def _review(review: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    comments = objects(review, "comments")
    said = [comment for part in comments if (comment := values(part, "userComment"))]
    if not said:
        return []
    newest = max(said, key=_stamp)
    answered = max((_stamp(values(part, "developerComment")) for part in comments), default=(0, 0))
    title, text = _title_and_text(text_at(newest, "originalText") or text_at(newest, "text"))
    name, stamp = text_at(review, "authorName").strip(), _stamp(newest)
    ident = ident_at(review, "reviewId") or stand_in_id(name, title, text)
    text, notes = cut_text(text, options)
    if text_at(newest, "originalText"):
        notes.append("Google Play also gave a translation; this is the original")
    edited = len(said) > 1 or (0, 0) < answered < stamp
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id=f"{ident}/{_name_of(stamp)}" if stamp > (0, 0) else ident,
            event="edit" if edited else "message",
            message_id=ident,
            conversation=ident,
            # The API names no account; a person has one review of an app, so its id tells reviewers apart.
            sender=Party(id=ident, name=name),
            subject=title[: options.max_text_chars],
            text=text,
            language=language_code(text_at(newest, "reviewerLanguage")),
            sent_at=_time(stamp),
            received_at=raw.received_at,
            visibility="public",
            rating=stars(newest, "starRating"),
            fields=_fields(newest),
            notes=tuple(notes),
        )
    ]


def _title_and_text(text: str) -> tuple[str, str]:
    """Reviews from the time when they had titles hold it before a tab (Google Play, UserComment.text)."""
    title, tab, rest = text.partition("\t")
    return (title.strip(), rest.strip()) if tab else ("", text.strip())


def _stamp(comment: JsonObject) -> tuple[int, int]:
    """When it was last changed: seconds and nanoseconds."""
    moment = values(comment, "lastModified")
    return number(moment, "seconds"), min(number(moment, "nanos"), 999_999_999)


def _name_of(stamp: tuple[int, int]) -> str:
    return f"{stamp[0]}.{stamp[1]:09}"


def _time(stamp: tuple[int, int]) -> datetime | None:
    if not 0 < stamp[0] < 253_402_300_800:
        return None
    return datetime.fromtimestamp(stamp[0], UTC) + timedelta(microseconds=stamp[1] // 1000)


def _fields(comment: JsonObject) -> dict[str, str]:
    device = values(comment, "deviceMetadata")
    found = {name: text_at(comment, key) for key, name in _FIELDS.items()}
    found["device_name"] = " ".join(filter(None, (text_at(device, "manufacturer"), text_at(device, "productName"))))
    return {name: value for name, value in found.items() if value}
