# SPDX-License-Identifier: Apache-2.0
"""HTML as it is displayed, as text; and HTML made safe to show. Never fetches anything; linear in the input."""

from __future__ import annotations

import re
from dataclasses import dataclass

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from channels.text.marks import is_hidden, is_signature, quote_kind

__all__ = ["HtmlText", "html_to_text", "read_html", "safe_html"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SKIPPED = frozenset(
    (
        "head",
        "style",
        "script",
        "title",
        "template",
        "noscript",
        "svg",
        "math",
        "object",
        "iframe",
        "select",
        "textarea",
    )
)
_BLOCKS = _words(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "header hr html li main nav ol section summary table tbody tfoot thead tr ul caption"
)
_PARAGRAPHS = _words("p h1 h2 h3 h4 h5 h6 pre")
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_LONG_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)[^<>]{4000,}>?")  # parsers take quadratic time in attributes
_ANY_TAG = re.compile(r"<[^<>]*>?")
# These close by themselves, so that real mail leaves thousands of them open.
_UNCLOSED = _words("p li td th tr br hr img meta link input option dt dd col area base wbr tbody thead tfoot")
# Stand for the edges of elements until the white space is tidied; taken out of the text itself.
_BLOCK, _PARAGRAPH = "\x01", "\x02"
_NO_MARKS = {1: None, 2: None}
MAX_NESTING = 1_000  # HTML parsers take quadratic time in the depth of open elements

_TAGS = _words(
    "a abbr b bdi bdo blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure h1 h2 "
    "h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th "
    "thead tr tt u ul var wbr"
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
}


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The text of an HTML document: all that is displayed, and the new words alone."""

    text: str
    new: str  # without what the mail program marked as history or signature
    has_quote: bool = False
    has_hidden: bool = False  # text that is there and not displayed was left out


def html_to_text(html: str) -> str:
    """The text that a browser would display, one paragraph a line."""
    return read_html(html).text


def read_html(html: str) -> HtmlText:
    """Turn HTML into the displayed text and the new words in it."""
    if _too_deep(html):
        text = _tidy(_ANY_TAG.sub("\n", html))
        return HtmlText(text, text)
    walk = _Walk()
    root = LexborHTMLParser(_LONG_TAG.sub(r"<\1>", html)).root
    if root is not None:
        walk.run(root)
    text = _tidy("".join(walk.all))
    new = _tidy("".join(walk.new)) if walk.marked else text
    return HtmlText(text, new, walk.has_quote, walk.has_hidden)


def safe_html(html: str) -> str:
    """HTML that is safe to show under a strict policy: no scripts, styles, forms, frames; nothing loaded from afar.

    Images stay only where they point at a part of the same message (``cid:``). "" where the HTML is nested too deeply.
    """
    if _too_deep(html):
        return ""
    return nh3.clean(
        _LONG_TAG.sub(r"<\1>", html),
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"},
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if tag == "img" and value[:4].lower() == "cid:" else None
    if name == "href":
        return None if value[:4].lower() == "cid:" or value.startswith("//") else value
    return value


def _too_deep(html: str) -> bool:
    """Whether elements are opened more than ``MAX_NESTING`` deep, counted without parsing."""
    if html.count("<") <= MAX_NESTING:
        return False
    depth = 0
    for match in _TAG.finditer(html):
        if match[2].lower() in _UNCLOSED:
            continue
        depth += -1 if match[1] else 1
        if depth > MAX_NESTING:
            return True
        depth = max(depth, 0)
    return False


class _Walk:
    """One walk over the tree, in document order, without recursion."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.new: list[str] = []
        self.quiet = 0  # how many open elements are history or signature
        self.pre = 0
        self.marked = False
        self.has_quote = False
        self.has_hidden = False

    def run(self, root: LexborNode) -> None:
        stack: list[tuple[LexborNode | None, str]] = [(root, "")]
        while stack:
            node, closing = stack.pop()
            if node is None:
                self._leave(closing)
                continue
            if node.next is not None and node is not root:
                stack.append((node.next, ""))
            if node.is_text_node:
                self._text(node.text_content or "")
                continue
            tag = node.tag or ""
            if tag.startswith("-") or tag in _SKIPPED:
                if tag == "-document" and node.child is not None:
                    stack.append((node.child, ""))
                continue
            closing = self._enter(node, tag)
            if closing == "hidden":
                continue
            stack.append((None, closing))
            if node.child is not None:
                stack.append((node.child, ""))

    def _enter(self, node: LexborNode, tag: str) -> str:
        """Open an element; returns what has to be undone when it closes, or "hidden" to skip what is in it."""
        if tag == "br":
            self._write("\n")
            return ""
        attributes = node.attributes
        if attributes and is_hidden(tag, attributes):
            self.has_hidden = self.has_hidden or bool((node.text() or "").strip())
            return "hidden"
        undo = ""
        quote = quote_kind(tag, attributes) if attributes else ""
        if quote or (attributes and is_signature(attributes)):
            self.marked = True
            self.has_quote = self.has_quote or bool(quote)
            self.quiet += 1
            undo += "" if quote == "rest" else "q"
        if tag in _PARAGRAPHS:
            self._write(_PARAGRAPH)
            undo += "P"
        elif tag in _BLOCKS:
            self._write(f"{_BLOCK}- " if tag == "li" else _BLOCK)
            undo += "B"
        elif tag in ("td", "th"):
            undo += "c"
        if tag == "pre":
            self.pre += 1
            undo += "p"
        return undo

    def _leave(self, undo: str) -> None:
        for what in undo:
            if what == "P":
                self._write(_PARAGRAPH)
            elif what == "B":
                self._write(_BLOCK)
            elif what == "c":
                self._write("\t")
            elif what == "p":
                self.pre -= 1
        if "q" in undo:
            self.quiet -= 1
            self._write(_BLOCK)

    def _text(self, text: str) -> None:
        text = text.translate(_NO_MARKS)
        self._write(text if self.pre else _SPACE.sub(" ", text))

    def _write(self, text: str) -> None:
        self.all.append(text)
        if not self.quiet:
            self.new.append(text)


_CELLS = re.compile(r"[ ]*\t[ \t]*")
_BREAKS = re.compile(rf"[ \t]*[\n{_BLOCK}{_PARAGRAPH}][ \t\n{_BLOCK}{_PARAGRAPH}]*")


def _tidy(text: str) -> str:
    """White space as it is displayed: lines where blocks meet, one empty line between paragraphs."""
    text = _BREAKS.sub(_line_ends, _CELLS.sub("\t", text))
    return text.strip()


def _line_ends(match: re.Match[str]) -> str:
    """The line ends that a run of breaks makes: block edges that meet are one, a <br> alone on its line is two."""
    count = 0
    at_start = False
    for char in match[0][:_LONGEST_RUN]:
        if char == _PARAGRAPH:
            return "\n\n"
        if char == "\n" or (char == _BLOCK and not at_start):
            count += 1
            at_start = True
        if count == 2:
            return "\n\n"
    return "\n"


_LONGEST_RUN = 200
