# SPDX-License-Identifier: Apache-2.0
"""Which parts of a mail are its text and which are attached (RFC 8621 section 4.1.4), and the text of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email.charset import decode_text
from channels.email.mime import Part

__all__ = ["Layout", "encoded_bytes", "lay_out", "octets_text", "part_text", "unflow"]

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,3}=\s{0,3}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r+\n?")
_REPORTS = frozenset((
    "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
    "message/global-disposition-notification", "message/feedback-report", "text/rfc822-headers", "text/rfc822-header",
))  # fmt: skip
_READ = frozenset(("plain", "html", "enriched", "richtext", "markdown", "x-markdown"))
_DATA = frozenset((
    "calendar", "csv", "vcard", "x-vcard", "directory", "css", "javascript", "xml", "rtf", "tab-separated-values",
    "rfc822-headers", "rfc822-header", "x-amp-html", "watch-html", "x-watch-html", "x-diff", "x-patch", "x-log",
    "x-python", "x-sh", "x-java", "x-c", "x-csrc", "x-chdr", "yaml", "json", "sql", "troff", "uri-list",
))  # fmt: skip
_OTHER_FORMS = frozenset(("text/enriched", "text/richtext", "text/watch-html", "text/x-amp-html", "text/x-watch-html"))


@dataclass(slots=True)
class Layout:
    """The leaves of a mail, sorted. A part may be in both lists of text: then it has no other form."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)
    reports: list[Part] = field(default_factory=list)  # machine-readable: delivery status, read receipts


def lay_out(root: Part) -> Layout:
    """Sort the parts as RFC 8621 does, forgiving where types lie."""
    layout = Layout()
    _sort([root], "mixed", layout, _Forms())
    return layout


@dataclass(slots=True)
class _Forms:
    """For which form the parts that follow still count, as in the algorithm of RFC 8621."""

    text: bool = True
    html: bool = True
    in_alternative: bool = False


def _sort(parts: list[Part], kind: str, layout: Layout, forms: _Forms) -> None:
    texts, htmls = len(layout.text), len(layout.html)
    for number, part in enumerate(parts):
        if part.main == "multipart":
            inside = forms.in_alternative or part.sub == "alternative"
            _sort(part.children, part.sub, layout, _Forms(forms.text, forms.html, inside))
        elif part.content_type in _REPORTS:
            layout.reports.append(part)
        elif kind == "alternative" and part.content_type in _OTHER_FORMS:
            continue  # the same words again in a form that nobody here needs
        elif not _is_inline_text(part, number, kind):
            layout.attached.append(part)
        elif kind == "alternative":
            if part.sub == "html" and forms.html:
                layout.html.append(part)
            elif part.sub != "html" and forms.text:
                layout.text.append(part)
        else:
            _add(part, layout, forms)
    if kind == "alternative":
        # An alternative that offers one form only serves for the other as well.
        if len(layout.text) == texts and len(layout.html) > htmls:
            layout.text += layout.html[htmls:]
        elif len(layout.html) == htmls and len(layout.text) > texts:
            layout.html += layout.text[texts:]


def _add(part: Part, layout: Layout, forms: _Forms) -> None:
    """Take a text part that has no other form beside it."""
    if forms.in_alternative and part.sub == "html":
        forms.text = False
    elif forms.in_alternative:
        forms.html = False
    if forms.text:
        layout.text.append(part)
    if forms.html:
        layout.html.append(part)


def _is_inline_text(part: Part, number: int, kind: str) -> bool:
    """Whether a leaf is text to be read in place rather than something attached."""
    if part.main != "text" or part.disposition == "attachment":
        return False
    if part.sub not in _READ and (part.sub in _DATA or number or _is_named(part)):
        return False  # RFC 2046 section 4.1.4: other kinds of text are plain text, where they are no file
    if kind == "related" and number > 0:
        return not (part.headers.has("content-id") or _is_named(part))
    # Named text is a file unless it stands first: some programs name the body itself.
    return number == 0 or not _is_named(part) or part.disposition == "inline"


def _is_named(part: Part) -> bool:
    return any(key.startswith("filename") for key in part.disposition_params) or any(
        key.startswith("name") for key in part.params
    )


def part_text(part: Part, *, most: int, fallback: str = "utf-8") -> tuple[str, str]:
    """The text of a text part with ``\\n`` line ends, at most ``most`` characters, and a note if it was repaired."""
    return octets_text(part, part.decoded(encoded_bytes(most)), most=most, fallback=fallback)


def encoded_bytes(chars: int) -> int:
    """How many encoded bytes so many characters take at most: one is up to 4 bytes, an encoded byte 3, but hardly ever
    both."""
    return chars * 6 + 1_000


def octets_text(part: Part, octets: bytes, *, most: int, fallback: str = "utf-8") -> tuple[str, str]:
    """The text of a part whose transfer decoding is done; as ``part_text``."""
    label = part.params.get("charset", "")
    if not label and part.sub == "html" and (match := _META_CHARSET.search(octets[:4_000])):
        label = match[1].decode("ascii")
    text, note = decode_text(octets, label, fallback=fallback)
    if "\r" in text:
        text = _LINE_ENDS.sub(lambda match: "\n" if match[0][-1] == "\n" else "\n" * len(match[0]), text)
    if part.sub == "plain" and part.params.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=part.params.get("delsp", "").lower() == "yes")
    if len(text) > most:
        text, note = text[:most], f"text was cut at {most} characters"
    return text, note


def unflow(text: str, *, delsp: bool = False) -> str:
    """Join the soft-broken lines of ``format=flowed`` text (RFC 3676 section 4.2)."""
    out: list[str] = []
    depth_before = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        if depth_before == depth and out and depth >= 0:
            out.append(content)
        else:
            if out:
                out.append("\n")
            out.append((">" * depth + " " if depth else "") + content)
        depth_before = depth if flows else -1
        if not flows:
            continue
        if delsp:
            out[-1] = out[-1][:-1]
    return "".join(out)
