# SPDX-License-Identifier: Apache-2.0
"""The words of a mail: its whole text, the text to look for new words in, and the HTML that is safe to show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email.body import Layout, lay_out, part_text
from channels.email.limits import MAX_HTML_CHARS
from channels.email.mime import Part, read_tree
from channels.text import HtmlText, read_html, safe_html

__all__ = ["Texts", "read_texts"]

_MESSAGES = ("message/rfc822", "message/global")
_MAX_ATTACHED_MESSAGE = 2 * 1024 * 1024  # bytes of an attached message that is read in place of a missing text
_QUOTE_SIGNS = re.compile(r"(?m)^\s?>|^-{2,}|:\s*$")


@dataclass(slots=True)
class Texts:
    """``new`` still holds whatever history and signature only words can tell."""

    text: str = ""
    new: str = ""
    html: str = ""
    notes: list[str] = field(default_factory=list)


def read_texts(layout: Layout, *, most: int, fallback: str) -> Texts:
    """Read the text parts of a mail.

    Args:
        layout: Its parts, sorted.
        most: Characters of text that are kept.
        fallback: The charset of parts that name none.
    """
    return _Reader(layout, most, fallback).read()


class _Reader:
    """Reads each part once; HTML of all parts together within one limit."""

    def __init__(self, layout: Layout, most: int, fallback: str) -> None:
        self.layout, self.most, self.fallback = layout, most, fallback
        self.texts = Texts()
        self.html_room = MAX_HTML_CHARS
        self.sources: dict[str, str] = {}  # path of an HTML part to its markup
        self.shown: dict[str, HtmlText] = {}

    def read(self) -> Texts:
        texts, layout = self.texts, self.layout
        texts.text = texts.new = self._joined(layout.text)
        html = [self._source(part) for part in layout.html if part.sub == "html"]
        if any(html):
            texts.html = safe_html("\n".join(html))
            self._use_html()
        if not texts.text.strip():
            texts.text = texts.new = self._text_of_others()
        if len(texts.text) > self.most:
            texts.text = texts.text[: self.most]
            texts.notes.append(f"text was cut at {self.most} characters")
        texts.new = texts.new[: self.most]
        return texts

    def _joined(self, parts: list[Part]) -> str:
        pieces: list[str] = []
        room = self.most + 1
        for part in parts:
            if room <= 0:
                break
            piece = self._display(part).text if part.sub == "html" else self._plain(part)
            if piece.strip():
                pieces.append(piece.rstrip())
                room -= len(piece)
        return "\n".join(pieces)

    def _plain(self, part: Part) -> str:
        text, note = part_text(part, most=self.most, fallback=self.fallback)
        self.texts.notes.append(note)
        return text

    def _source(self, part: Part) -> str:
        """The markup of an HTML part, as far as the limit allows."""
        if part.path not in self.sources and self.html_room <= 0:
            self.texts.notes.append(f"HTML beyond {MAX_HTML_CHARS} characters was not read")
            return ""
        if part.path not in self.sources:
            source, note = part_text(part, most=self.html_room, fallback=self.fallback)
            self.html_room -= len(source)
            self.sources[part.path] = source
            self.texts.notes.append(note)
        return self.sources[part.path]

    def _display(self, part: Part) -> HtmlText:
        if part.path not in self.shown:
            self.shown[part.path] = read_html(self._source(part))
        return self.shown[part.path]

    def _use_html(self) -> None:
        """Take the words, or only the new ones, from the HTML form where the plain one does not tell them."""
        texts = self.texts
        shown = [self._display(part) for part in self.layout.html if part.sub == "html"]
        if any(item.has_hidden for item in shown):
            texts.notes.append("text that is hidden in the HTML was left out")
        whole = "\n".join(item.text for item in shown if item.text)
        new = "\n".join(item.new for item in shown if item.new)
        if not texts.text.strip():
            texts.text = texts.new = whole
        if not new.strip() or new == whole:
            return
        only_html = all(part.sub == "html" for part in self.layout.text)
        if only_html or not _QUOTE_SIGNS.search(texts.text[:20_000]):
            texts.new = new

    def _text_of_others(self) -> str:
        """What to read where the mail has no text of its own: its report, or the one message attached to it."""
        if self.layout.reports:
            pieces = [part_text(part, most=self.most)[0].strip() for part in self.layout.reports]
            return "\n\n".join(pieces).strip()[: self.most]
        messages = [part for part in self.layout.attached if part.content_type in _MESSAGES]
        if len(messages) != 1:
            return ""
        inner, _ = read_tree(messages[0].decoded(_MAX_ATTACHED_MESSAGE))
        self.texts.notes.append("there is no text; that of the attached message was taken")
        self.sources.clear()
        self.shown.clear()
        return self._joined(lay_out(inner).text)
