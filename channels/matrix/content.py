# SPDX-License-Identifier: Apache-2.0
"""What a Matrix event holds for a reader: words, files, and how it relates to other events."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.payload import JsonObject, number, objects, text_at, values
from channels.text import html_to_text, safe_html
from router.schema import Attachment, clean_text

__all__ = ["UNREADABLE", "Content", "read_content"]

UNREADABLE = "nothing"
_TEXTS = frozenset(("m.text", "m.notice", "m.emote", "m.server_notice"))
_FILES = {"m.image": "image/jpeg", "m.video": "video/mp4", "m.audio": "audio/ogg",
          "m.file": "application/octet-stream"}  # fmt: skip
_POLLS = {"m.poll.start": "m.poll", "org.matrix.msc3381.poll.start": "org.matrix.msc3381.poll.start"}
_EXTENSIBLE = ("m.text", "org.matrix.msc1767.text", "org.matrix.msc1767.message")
_QUOTE = re.compile(r"\A> (?:\* )?<[@!][^>\n]{0,500}>[^\n]*\n(?:>[^\n]*\n)*\n?")
_MAX_HTML = 200_000


@dataclass(slots=True)
class Content:
    """One message's content. Ids are those of events."""

    kind: str = ""
    text: str = ""
    new_words: str = ""  # without the quoted message; "" when nothing is quoted
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    replaces: str = ""
    in_reply_to: str = ""
    thread: str = ""
    automatic: bool = False
    encrypted: bool = False
    notes: tuple[str, ...] = ()


def read_content(kind: str, content: JsonObject) -> Content | None:
    """Read the content of an event of type ``kind``; None for events that are nobody's words."""
    relation = values(content, "m.relates_to")
    relation_type = text_at(relation, "rel_type")
    if relation_type in {"m.annotation", "m.reference"} and kind not in {"m.room.message", *_POLLS}:
        return None
    replaces = text_at(relation, "event_id") if relation_type == "m.replace" else ""
    # An edit holds the new content apart; the outer one is for clients that know no edits.
    found = _read(kind, values(content, "m.new_content") or content if replaces else content)
    if found is None:
        return None
    found.replaces = replaces
    found.in_reply_to = text_at(values(relation, "m.in_reply_to"), "event_id")
    if relation_type == "m.thread":
        found.thread = text_at(relation, "event_id")
        if relation.get("is_falling_back") is True:
            found.in_reply_to = ""  # only for clients that know no threads
    if found.in_reply_to and found.text.startswith("> "):
        found.new_words = _QUOTE.sub("", found.text, count=1)
        if found.new_words == found.text:
            found.new_words = ""
    return found


def _read(kind: str, content: JsonObject) -> Content | None:
    if kind == "m.room.message":
        return _room_message(content)
    if kind == "m.room.encrypted":
        return Content(kind, encrypted=True, notes=("encrypted: the words cannot be read here",))
    if kind == "m.sticker":
        sticker = _attachment(content, default="image/png", inline=True)
        return Content(kind, attachments=(sticker,), fields={"sticker": text_at(content, "body")})
    if kind in _POLLS:
        return _poll(kind, content)
    return _unknown(kind, content)


def _room_message(content: JsonObject) -> Content | None:
    kind, body = text_at(content, "msgtype"), text_at(content, "body")
    if kind.startswith("m.key.verification."):
        return None
    html, words = _html(content)
    text = body or words
    if kind in _TEXTS:
        return Content(kind, text=text, html=html, automatic=kind in {"m.notice", "m.server_notice"})
    if kind in _FILES:
        named = text_at(content, "filename")
        caption = text if named and body != named else ""  # without a file name, the body is the name
        attachment = _attachment(content, default=_FILES[kind], inline=False)
        return Content(kind, text=caption, html=html if caption else "", attachments=(attachment,))
    if kind == "m.location":
        place = text_at(content, "geo_uri") or text_at(values(content, "org.matrix.msc3488.location"), "uri")
        return Content(kind, text=text, fields={"location": place} if place else {})
    if not kind and not text:
        return Content(UNREADABLE, notes=(f"content this version cannot show: {UNREADABLE}",))
    return Content(kind, text=text, html=html, notes=(f"content this version cannot show: {kind or 'no msgtype'}",))


def _unknown(kind: str, content: JsonObject) -> Content | None:
    """An event type of the future or of somebody's own. With words for readers in it, a person may have written it."""
    text = text_at(content, "body") or _extensible(content)
    if not text or kind.startswith(("m.call.", "m.key.", "m.room.", "m.poll.", "m.beacon", "m.reaction", "m.policy.")):
        return None
    return Content(kind, text=text, notes=(f"content this version cannot show: {kind}",))


def _poll(kind: str, content: JsonObject) -> Content:
    poll = values(content, _POLLS[kind]) or values(content, "m.poll")
    answers = [_extensible(answer) for answer in objects(poll, "answers")[:50]]
    choices = "\n".join(filter(None, answers))
    text = _extensible(values(poll, "question")) or text_at(content, "body") or _extensible(content)
    return Content(kind, text=text, fields={"poll": choices} if choices else {})


def _extensible(content: JsonObject) -> str:
    """Text of extensible events: a string, or representations of which one without a type or ``text/plain`` is it."""
    for key in _EXTENSIBLE:
        if text := text_at(content, key) or text_at(content, "body"):
            return text
        for part in objects(content, key)[:20]:
            if text_at(part, "mimetype") in {"", "text/plain"} and (text := text_at(part, "body")):
                return text
    return ""


def _html(content: JsonObject) -> tuple[str, str]:
    """The formatted body made safe, and its words where there is no plain body."""
    html = clean_text(text_at(content, "formatted_body"))
    if not html or text_at(content, "format") != "org.matrix.custom.html" or len(html) > _MAX_HTML:
        return "", ""
    words = "" if text_at(content, "body") else html_to_text(_without_quote(html))
    return safe_html(html), words


def _without_quote(html: str) -> str:
    """Formatted text without the message quoted in front of it."""
    before, mark, rest = html.partition("<mx-reply>")
    _, end, after = rest.partition("</mx-reply>")
    return before + after if mark and end else html


def _attachment(content: JsonObject, *, default: str, inline: bool) -> Attachment:
    info, encrypted = values(content, "info"), values(content, "file")
    return Attachment(
        filename=text_at(content, "filename") or text_at(content, "body"),
        content_type=clean_text(text_at(info, "mimetype") or text_at(encrypted, "mimetype"))[:200] or default,
        size=number(info, "size"),
        inline=inline,
        native_id=text_at(content, "url") or text_at(encrypted, "url"),
        note="encrypted" if encrypted else "",
    )
