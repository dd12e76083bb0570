# SPDX-License-Identifier: Apache-2.0
"""What people write on a Page, under its posts, about it elsewhere, and in its reviews: all of it public."""

from __future__ import annotations

from typing import Any

from channels.meta.attachments import file_name, media_type
from channels.payload import JsonObject, cut_text, is_own, iso_time, stars, strings, text_at, unix_time, values
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, Party, RawMessage

__all__ = ["parse_feed", "parse_mention", "parse_rating"]

# Graph API, Page feed: the things somebody writes, and what can become of them. Likes, and the hiding of a comment by
# ourselves, are none; a thing of another kind counts where it holds words.
_WRITTEN = frozenset({"", "album", "comment", "link", "note", "photo", "post", "share", "status", "story", "video"})
_EVENTS = {"": "message", "add": "message", "edit": "edit", "edited": "edit", "remove": "delete", "delete": "delete"}


def parse_feed(value: JsonObject, raw: RawMessage, options: ParseOptions, *, page: str) -> list[InboundMessage]:
    """A post or a comment: written, changed or removed."""
    item, event = text_at(value, "item"), _EVENTS.get(text_at(value, "verb"))
    comment, post = text_at(value, "comment_id"), text_at(value, "post_id")
    ident = comment or post
    if event is None or not ident or not (item in _WRITTEN or text_at(value, "message")):
        return []
    media = [] if event == "delete" else _media(value)
    fields = {} if event == "delete" else {"link": "" if media else text_at(value, "link")}
    answered = text_at(value, "parent_id") or post
    return _built(
        value,
        raw,
        options,
        page=page,
        ident=ident,
        event=event,
        text=text_at(value, "message"),
        fields=fields | {"post_url": text_at(values(value, "post"), "permalink_url")},
        media=media,
        notes=[],
        more={"conversation": post or ident, "in_reply_to": answered if comment and answered != ident else ""},
    )


def parse_mention(value: JsonObject, raw: RawMessage, options: ParseOptions, *, page: str) -> list[InboundMessage]:
    """Somebody names the Page in a post or comment elsewhere. Often the call tells only where."""
    event = _EVENTS.get(text_at(value, "verb"))
    ident = text_at(value, "comment_id") or text_at(value, "post_id")
    if event is None or not ident:
        return []
    text = text_at(value, "message")
    notes = ["mentions the Page"] if text else ["mentions the Page; the words have to be looked up there"]
    more = {"conversation": text_at(value, "post_id") or ident}
    return _built(
        value, raw, options, page=page, ident=ident, event=event, text=text, fields={}, media=[], notes=notes, more=more
    )


def parse_rating(value: JsonObject, raw: RawMessage, options: ParseOptions, *, page: str) -> list[InboundMessage]:
    """A review of the Page, or a comment under one: stars in the past, a recommendation for or against it today."""
    event = _EVENTS.get(text_at(value, "verb"))
    story, comment = text_at(value, "open_graph_story_id"), text_at(value, "comment_id")
    if text_at(value, "item") not in {"", "rating", "comment"} or event is None or not (story or comment):
        return []
    more: dict[str, Any] = {"conversation": story or comment, "in_reply_to": story if comment else ""}
    if (rating := stars(value, "rating")) is not None:
        more["rating"] = rating
    return _built(
        value,
        raw,
        options,
        page=page,
        ident=comment or story,
        event=event,
        text=text_at(value, "review_text") or text_at(value, "message"),
        fields={"recommendation": text_at(value, "recommendation_type").lower()},
        media=_media(value),
        notes=[],
        more=more,
    )


def _built(
    value: JsonObject,
    raw: RawMessage,
    options: ParseOptions,
    *,
    page: str,
    ident: str,
    event: str,
    text: str,
    fields: dict[str, str],
    media: list[Attachment],
    notes: list[str],
    more: dict[str, Any],
) -> list[InboundMessage]:
    text, cuts = cut_text("" if event == "delete" else text, options)
    fields = {key: found for key, found in fields.items() if found}
    if event == "message" and not (text or media or fields or notes):
        notes = [f"content this version cannot show: {text_at(value, 'item')[:80] or 'without a kind'}"]
    if len(media) > options.max_attachments:
        notes = [*notes, f"only {options.max_attachments} attachments are listed"]
    sender = _sender(value)
    if (sender.id and sender.id == page) or is_own(options, sender.id):
        more["flags"] = Flags(own=True)
    if event != "message":
        more["event"] = event
    moment = text_at(value, "created_time")
    return [
        InboundMessage(
            channel=raw.channel,
            account=raw.account,
            native_id={"message": ident, "delete": f"{ident}/delete"}.get(event, f"{ident}/edit/{moment}"),
            message_id=ident,
            sender=sender,
            to=(Party(id=page),) if page else (),
            text=text,
            attachments=tuple(media[: options.max_attachments]),
            sent_at=unix_time(value, "created_time") or iso_time(value, "created_time"),
            received_at=raw.received_at,
            visibility="public",
            fields=fields,
            notes=(*notes, *cuts),
            **more,
        )
    ]


def _sender(value: JsonObject) -> Party:
    """Who wrote it, in each form the calls have had; nobody where the person keeps it private."""
    person = values(value, "from")
    name = text_at(person, "name") or text_at(value, "sender_name") or text_at(value, "reviewer_name")
    ident = text_at(person, "id") or text_at(value, "sender_id") or text_at(value, "reviewer_id")
    return Party(id=ident, name=name.strip())


def _media(value: JsonObject) -> list[Attachment]:
    """Pictures and films of a post or comment. A link stands for a file only where the post is that file."""
    item = text_at(value, "item")
    addresses = [(address, "image/jpeg") for address in (text_at(value, "photo"), *strings(value, "photos")) if address]
    if video := text_at(value, "video"):
        addresses.append((video, "video/mp4"))
    if item in {"photo", "video"} and not addresses and (link := text_at(value, "link")):
        addresses.append((link, "image/jpeg" if item == "photo" else "video/mp4"))
    return [
        Attachment(filename=name, content_type=media_type(name, usual), native_id=address)
        for address, usual in dict.fromkeys(addresses)
        for name in (file_name(address),)
    ]
