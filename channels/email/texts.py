# SPDX-License-Identifier: Apache-2.0
"""The words of a mail: its whole text, the text to look for new words in, and the HTML that is safe to show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email.body import Layout, encoded_bytes, lay_out, octets_text, part_text
from channels.email.contents import uuencoded
from channels.email.mime import Part, read_tree
from channels.email.pgp import unwrap
from channels.email.uuencoded import take_uuencoded
from channels.text import HtmlText, read_html, safe_html
from channels.text.compare import differ, is_stub
from channels.text.enriched import enriched_to_text
from router.content import Attachment, ReadLimits

__all__ = ["Spare", "Texts", "read_texts"]

_MESSAGES = ("message/rfc822", "message/global")
_MAX_ATTACHED_MESSAGE = 2 * 1024 * 1024  # bytes of an attached message that is read in place of a missing text
_HIDDEN = "text that is hidden in the HTML was left out"
_QUOTE_SIGNS = re.compile(r"(?m)^\s?>|^-{2,}|:\s*$")


@dataclass(slots=True)
class Spare:
    """Words from elsewhere in the mail, for one that has none of its own."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Texts:
    """``new`` still holds whatever history and signature only words can tell."""

    text: str = ""
    new: str = ""
    html: str = ""
    hidden: str = ""
    files: list[Attachment] = field(default_factory=list)  # that were written into the text
    signed: bool = False
    encrypted: bool = False
    parts_differ: bool = False
    notes: list[str] = field(default_factory=list)


def read_texts(layout: Layout, *, most: int, limits: ReadLimits, fallback: str, spare: Spare | None = None) -> Texts:
    """Read the text parts of a mail.

    Args:
        layout: Its parts, sorted.
        most: Characters of text that are kept.
        limits: How long lines and HTML may be.
        fallback: The charset of parts that name none.
        spare: What to read if there is no text.
    """
    return _Reader(layout, most, limits, fallback).read(spare or Spare())


class _Reader:
    """Reads each part once; HTML of all parts together within one limit."""

    def __init__(self, layout: Layout, most: int, limits: ReadLimits, fallback: str) -> None:
        self.layout, self.most, self.limits, self.fallback = layout, most, limits, fallback
        self.texts = Texts()
        self.html_room = limits.html_chars
        self.sources: dict[str, str] = {}  # path of an HTML part to its markup
        self.shown: dict[str, HtmlText] = {}

    def read(self, spare: Spare) -> Texts:
        texts, layout = self.texts, self.layout
        texts.text = texts.new = self._joined(layout.text)
        html = [self._source(part) for part in layout.html if part.sub == "html"]
        if any(html):
            texts.html = safe_html("\n".join(html))
            self._use_html()
        if not texts.text.strip() and not self._use_spare(spare):
            texts.text = texts.new = self._text_of_others()
        if len(texts.text) > self.most:
            texts.text = texts.text[: self.most]
            texts.notes.append(f"text was cut at {self.most} characters")
        texts.new = texts.new[: self.most]
        texts.hidden = texts.hidden[: self.most]
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
        """A plain part without the files and the armour in it, its lines bounded."""
        text, note = octets_text(part, self._without_files(part), most=self.most, fallback=self.fallback)
        self.texts.notes.append(note)
        if part.sub in ("enriched", "richtext"):
            text = enriched_to_text(text, old=part.sub == "richtext")
        found = unwrap(text)
        if found.signed:
            self.texts.signed = True
            self.texts.notes.append("signed with PGP; the signature was not checked")
        if found.encrypted:
            self.texts.encrypted = True
            self.texts.notes.append("encrypted with PGP; only the recipient's key opens it")
        return self._with_short_lines(found.text)

    def _without_files(self, part: Part) -> bytes:
        octets = part.decoded(encoded_bytes(self.most))
        if b"begin" not in octets:
            return octets
        if len(octets) < part.end - part.start:  # the file may reach beyond what is read as text
            octets = part.decoded(self.limits.attachment_bytes)
        octets, files = take_uuencoded(octets)
        octets = octets[: encoded_bytes(self.most)]
        for number, file in enumerate(files, 1):
            self.texts.files.append(uuencoded(file, f"{part.path}#{number}", fallback=self.fallback))
        return octets

    def _with_short_lines(self, text: str) -> str:
        most = self.limits.line_chars
        if len(text) <= most or all(len(line) <= most for line in text.split("\n")):
            return text
        self.texts.notes.append(f"a line was cut at {most} characters")
        return "\n".join(line[:most] for line in text.split("\n"))

    def _source(self, part: Part) -> str:
        """The markup of an HTML part, as far as the limit allows."""
        if part.path not in self.sources and self.html_room <= 0:
            self._note_cut_html()
            return ""
        if part.path not in self.sources:
            source, note = part_text(part, most=self.html_room, fallback=self.fallback)
            self.html_room -= len(source)
            self.sources[part.path] = source
            if self.html_room <= 0:
                self._note_cut_html()
            else:
                self.texts.notes.append(note)
        return self.sources[part.path]

    def _note_cut_html(self) -> None:
        self.texts.notes.append(f"HTML beyond {self.limits.html_chars} characters was not read")

    def _display(self, part: Part) -> HtmlText:
        if part.path not in self.shown:
            self.shown[part.path] = read_html(self._source(part))
        return self.shown[part.path]

    def _use_html(self) -> None:
        """Take the words, or only the new ones, from the HTML form where the plain one does not tell them."""
        texts = self.texts
        shown = [self._display(part) for part in self.layout.html if part.sub == "html"]
        self._keep_hidden(shown)
        whole = "\n".join(item.text for item in shown if item.text)
        new = "\n".join(item.new for item in shown if item.new)
        if not texts.text.strip() or is_stub(texts.text, whole):
            texts.text = texts.new = whole
        elif all(part.sub != "html" for part in self.layout.text) and differ(texts.text, f"{whole}\n{texts.hidden}"):
            texts.parts_differ = True
            texts.notes.append("its plain text and its HTML say different things; the plain text was read")
        if not texts.text.strip() and texts.hidden:
            texts.text, texts.new, texts.hidden = texts.hidden, texts.hidden, ""
            texts.notes.remove(_HIDDEN)
            texts.notes.append("its layout hides all of its words; they were read")
        if not new.strip() or new == whole:
            return
        only_html = texts.text == whole or all(part.sub == "html" for part in self.layout.text)
        if only_html or not _QUOTE_SIGNS.search(texts.text[:20_000]):
            texts.new = new

    def _keep_hidden(self, shown: list[HtmlText]) -> None:
        hidden = "\n".join(item.hidden for item in shown if item.hidden)
        if hidden:
            self.texts.hidden = hidden
            self.texts.notes.append(_HIDDEN)

    def _use_spare(self, spare: Spare) -> bool:
        """Take the words of a container; False if it has none."""
        texts = self.texts
        if spare.html:
            source = spare.html[: self.limits.html_chars]
            shown = read_html(source)
            texts.html, texts.text, texts.new = safe_html(source), shown.text, shown.new
            self._keep_hidden([shown])
        if not texts.text.strip() and spare.text:
            texts.text = texts.new = self._with_short_lines(spare.text)
        return bool(texts.text.strip())

    def _text_of_others(self) -> str:
        """What to read where the mail has no text of its own: its report, or the one message attached to it."""
        if self.layout.reports:
            pieces = [part_text(part, most=self.most)[0].strip() for part in self.layout.reports]
            return "\n\n".join(pieces).strip()[: self.most]
        messages = [part for part in self.layout.attached if part.content_type in _MESSAGES]
        if len(messages) != 1:
            return ""
        inner, _ = read_tree(messages[0].decoded(_MAX_ATTACHED_MESSAGE), self.limits)
        self.texts.notes.append("there is no text; that of the attached message was taken")
        self.sources.clear()
        self.shown.clear()
        return self._joined(lay_out(inner).text)
