# SPDX-License-Identifier: Apache-2.0
"""From answers of the Google Business Profile API to messages: reviews of places, and questions about them; pure.

A notice by Pub/Sub only names the review, so it makes no message; connecting the channel fetches what it names. A
review or question changed since it was written is an edit, with the time of the change in its native id.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from channels.payload import (
    JsonObject,
    cut_text,
    ident_at,
    iso_time,
    load_json,
    load_object,
    objects,
    stand_in_id,
    text_at,
    values,
)
from channels.payload import stars as stars_at
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, InboundMessage, Party, RawMessage

__all__ = ["parse"]

_STARS = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}
_TRANSLATED = re.compile(r"\(Translated by Google\)", re.IGNORECASE)
_ORIGINAL = re.compile(r"\(Original\)", re.IGNORECASE)
_LISTS = ("reviews", "locationReviews", "questions")
_EMPTY = {"averageRating", "totalReviewCount", "nextPageToken", "totalSize", "reviewReplyUpdateTime"}


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one answer, or the push of a notice.

    Returns:
        One message a review or question, whether it has words or stars only; none for our replies and for notices.

    Raises:
        ParseError: The bytes are not JSON, or not an answer of this API.
    """
    document = load_object(raw.body, "Google Business Profile answer")
    if "message" in document and "data" in values(document, "message"):
        document = _pushed(values(document, "message"))
    if any(isinstance(document.get(key), list) for key in _LISTS):
        return [found for key in _LISTS for item in objects(document, key) for found in _item(item, raw, options)]
    found = _item(document, raw, options)
    if not found and document and not _EMPTY & document.keys() and not _is_notice(document):
        raise ParseError("not a Google Business Profile answer: neither a review nor a question")
    return found


def _pushed(message: JsonObject) -> JsonObject:
    try:
        inner = load_json(b64decode(text_at(message, "data"), validate=False))
    except (binascii.Error, ValueError) as error:
        raise ParseError("not a Pub/Sub message: its data is not base64") from error
    return inner if isinstance(inner, dict) else {}


def _is_notice(document: JsonObject) -> bool:
    if "author" in document:  # a question of our own
        return True
    named = ("type", "notificationType", "review", "reviewName", "question", "location", "locationName", "comment")
    return any(text_at(document, key) for key in named)


def _item(item: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    place = text_at(item, "name") if isinstance(item.get("review"), dict) else ""
    item = values(item, "review") or item  # in answers for several places, the review lies one deeper
    if "starRating" in item or "reviewer" in item:
        return [_review(item, place, raw, options)]
    if "author" in item and text_at(values(item, "author"), "type") != "MERCHANT":
        return [_question(item, raw, options)]
    return []


def _review(review: JsonObject, place: str, raw: RawMessage, options: ParseOptions) -> InboundMessage:
    who = values(review, "reviewer")
    name = text_at(who, "displayName").strip()
    said = text_at(review, "comment")
    words = _original(said)
    place = place or text_at(review, "name").partition("/reviews/")[0]
    ident = ident_at(review, "reviewId") or ident_at(review, "name").rpartition("/")[2]
    ident = ident or stand_in_id(name, text_at(review, "createTime"), said)
    notes = ["Google also gave a translation; this is the original"] if words != said.strip() else []
    rating = _STARS.get(text_at(review, "starRating")) or stars_at(review, "starRating")
    files = [
        Attachment(content_type="image/jpeg", native_id=text_at(item, "thumbnailUrl") or text_at(item, "sourceUrl"))
        for item in objects(review, "reviewMediaItems")[: options.max_attachments]
    ]
    if who.get("isAnonymous") is True:
        notes.append("the reviewer is anonymous")
    return _made(
        review,
        raw,
        options,
        ident=ident,
        name=name,
        words=words,
        place=place,
        notes=notes,
        rating=rating,
        files=tuple(files),
    )


def _question(question: JsonObject, raw: RawMessage, options: ParseOptions) -> InboundMessage:
    name = text_at(values(question, "author"), "displayName").strip()
    place, _, ident = text_at(question, "name").partition("/questions/")
    ident = ident or stand_in_id(name, text_at(question, "createTime"), text_at(question, "text"))
    words = text_at(question, "text").strip()
    notes = ["a public question"]
    return _made(question, raw, options, ident=f"questions/{ident}", name=name, words=words, place=place, notes=notes)


def _made(
    item: JsonObject,
    raw: RawMessage,
    options: ParseOptions,
    *,
    ident: str,
    name: str,
    words: str,
    place: str,
    notes: list[str],
    rating: float | None = None,
    files: tuple[Attachment, ...] = (),
) -> InboundMessage:
    text, cut = cut_text(words, options)
    written, changed = iso_time(item, "createTime"), iso_time(item, "updateTime")
    edited = written is not None and changed is not None and changed > written
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=f"{ident}/edit/{text_at(item, 'updateTime')}" if edited else ident,
        event="edit" if edited else "message",
        message_id=ident,
        conversation=ident,
        # The API names no account; a person has one review of a place, so its id tells reviewers apart.
        sender=Party(id=ident, name=name),
        to=(Party(id=place),) if place else (),
        text=text,
        attachments=files,
        sent_at=changed if edited else written or changed,
        received_at=raw.received_at,
        visibility="public",
        rating=rating,
        fields={"place": place} if place else {},
        notes=(*notes, *cut),
    )


def _original(comment: str) -> str:
    """The reviewer's own words where Google put its translation before or behind them."""
    if not (translated := _TRANSLATED.search(comment)):
        return comment.strip()
    if original := _ORIGINAL.search(comment, translated.end()):
        return comment[original.end() :].strip()
    return comment[: translated.start()].strip() or comment[translated.end() :].strip()
