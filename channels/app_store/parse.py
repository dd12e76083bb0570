# SPDX-License-Identifier: Apache-2.0
"""From App Store reviews to messages: the public feed (JSON or Atom) and App Store Connect's API; pure.

Neither tells whether a review said something else before. Each state is therefore a message of its own (its time is
part of the native id) under the same message id, so that a changed review is not lost.
"""

from __future__ import annotations

import re
from datetime import datetime

from channels.app_store.feed import Entry, read_atom, read_json
from channels.payload import (
    JsonObject,
    cut_text,
    ident_at,
    iso_time,
    load_json,
    objects,
    stand_in_id,
    stars,
    text_at,
    values,
)
from channels.text import html_to_text
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, Party, RawMessage, clean_text

__all__ = ["parse"]

_REVIEWER = re.compile(r"/reviews/id(\d{1,30})")


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one page of the feed, or one answer of the API.

    Returns:
        One message a review, whether it has words or stars only; none for the app's own entry, summaries and answers.

    Raises:
        ParseError: The bytes are neither JSON nor safe XML, or not of a shape the App Store has.
    """
    if raw.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or raw.body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return _entries(read_atom(raw.body.lstrip()), raw, options)
    document = load_json(raw.body)
    if not isinstance(document, dict):
        raise ParseError("not an App Store document: the JSON is no object")
    if "feed" in document:
        return _entries(read_json(values(document, "feed")), raw, options)
    if "entry" in document:
        return _entries(read_json(document), raw, options)
    if "data" in document:
        alone = values(document, "data")
        resources = [alone] if alone else objects(document, "data")
    elif "attributes" in document:
        resources = [document]
    else:
        raise ParseError("not an App Store document: neither a feed nor reviews")
    return [_resource(item, raw, options) for item in resources if text_at(item, "type") in {"customerReviews", ""}]


def _entries(entries: list[Entry], raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    return [_entry(entry, raw, options) for entry in entries if entry["im:rating"]]  # the app itself has none


def _entry(entry: Entry, raw: RawMessage, options: ParseOptions) -> InboundMessage:
    reviewer = _REVIEWER.search(entry["author.uri"])
    updated = iso_time({"at": entry["updated"]}, "at")
    fields = {"app_version": entry["im:version"], "votes": entry["im:voteCount"], "url": entry["link"]}
    return _made(
        raw,
        options,
        ident=clean_text(entry["id"]),
        reviewer=reviewer[1] if reviewer else "",
        name=entry["author.name"],
        title=entry["title"],
        words=entry["content"] or html_to_text(entry["content.html"]),
        rating=stars({"stars": entry["im:rating"]}, "stars"),
        moment=updated,
        fields=fields,
    )


def _resource(resource: JsonObject, raw: RawMessage, options: ParseOptions) -> InboundMessage:
    said = values(resource, "attributes")
    return _made(
        raw,
        options,
        ident=ident_at(resource, "id"),
        reviewer="",
        name=text_at(said, "reviewerNickname").strip(),
        title=text_at(said, "title").strip(),
        words=text_at(said, "body").strip(),
        rating=stars(said, "rating"),
        moment=iso_time(said, "createdDate"),
        fields={"territory": text_at(said, "territory")},
    )


def _made(
    raw: RawMessage,
    options: ParseOptions,
    *,
    ident: str,
    reviewer: str,
    name: str,
    title: str,
    words: str,
    rating: float | None,
    moment: datetime | None,
    fields: dict[str, str],
) -> InboundMessage:
    text, notes = cut_text(words, options)
    ident = ident or stand_in_id(name, title, words)
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=f"{ident}/{moment.isoformat()}" if moment else ident,
        message_id=ident,
        conversation=ident,
        # Where no account is named: a person has one review of an app, so its id tells reviewers apart.
        sender=Party(id=reviewer or ident, name=name),
        subject=title[: options.max_text_chars],
        text=text,
        sent_at=moment,
        received_at=raw.received_at,
        visibility="public",
        rating=rating,
        fields={key: value for key, value in fields.items() if value},
        notes=tuple(notes),
    )
