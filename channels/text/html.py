# SPDX-License-Identifier: Apache-2.0
"""HTML as it is displayed, as text; and HTML made safe to show. Never fetches anything; linear in the input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from channels.text.marks import is_signature, quote_kind
from channels.text.visibility import Look, hidden_names, is_away, look_of

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
# A tag as parsers see it: what stands in quotes after an equals sign may hold any bracket.
_WHOLE_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)*+)>?")
_LONGEST_TAG = 4_000  # characters; parsers take quadratic time in attributes
_ANY_TAG = re.compile(r"<[^<>]*>?")
# These close by themselves, so that real mail leaves thousands of them open.
_UNCLOSED = _words("p li td th tr br hr img meta link input option dt dd col area base wbr tbody thead tfoot")
# Stand for the edges of elements until the white space is tidied; taken out of the text itself.
_BLOCK, _PARAGRAPH = "\x01", "\x02"
_PADDING = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2007\u2060-\u2064\ufeff]+")
_LETTER = re.compile(r"\w")
# Stand for white space inside <pre>, which is displayed as it is.
_KEPT = str.maketrans(" \t\n", "\x03\x04\x05")
_RESTORED = str.maketrans("\x03\x04\x05", " \t\n")
_NO_MARKS = dict.fromkeys(range(1, 6))
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
    hidden: str = ""  # text that is there and not displayed

    @property
    def has_hidden(self) -> bool:
        return bool(self.hidden)


def html_to_text(html: str) -> str:
    """The text that a browser would display, one paragraph a line."""
    return read_html(html).text


def read_html(html: str) -> HtmlText:
    """Turn HTML into the displayed text and the new words in it."""
    if _too_deep(html):
        text = _tidy(_ANY_TAG.sub("\n", html))
        return HtmlText(text, text)
    walk = _Walk(*hidden_names(html)) if "<style" in html or "<STYLE" in html else _Walk()
    root = LexborHTMLParser(_without_long_tags(html)).root
    if root is not None:
        walk.run(root)
    text = _tidy("".join(walk.all))
    new = _tidy("".join(walk.new)) if walk.marked else text
    return HtmlText(text, new, walk.has_quote, _concealed(walk.hidden))


def _concealed(pieces: list[str]) -> str:
    """Hidden text without the invisible characters that newsletters pad it with; "" if nothing else is in it."""
    text = _tidy(_PADDING.sub("", "".join(pieces))) if pieces else ""
    return text if _LETTER.search(text) else ""


def safe_html(html: str) -> str:
    """HTML that is safe to show under a strict policy: no scripts, styles, forms, frames; nothing loaded from afar.

    Images stay only where they point at a part of the same message (``cid:``). "" where the HTML is nested too deeply.
    """
    if _too_deep(html):
        return ""
    return nh3.clean(
        _without_long_tags(html),
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


def _without_long_tags(html: str) -> str:
    """The markup with tags of absurd length bare of their attributes."""
    if len(html) <= _LONGEST_TAG:
        return html
    return _WHOLE_TAG.sub(lambda match: f"<{match[1]}>" if len(match[2]) > _LONGEST_TAG else match[0], html)


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

    def __init__(self, names: frozenset[str] = frozenset(), grounds: bool = False) -> None:
        """``names`` are hidden by style sheets; ``grounds``: they colour grounds, so that the page's is not known."""
        self.all: list[str] = []
        self.new: list[str] = []
        self.hidden: list[str] = []
        self.names = names
        self.looks = [Look(ground=None) if grounds else Look()]
        self.away = 0  # how many open elements are not shown
        self.veiled = False  # what comes now is not seen: in such an element, or by its look
        self.quiet = 0  # how many open elements are history or signature
        self.pre = 0
        self.marked = False
        self.has_quote = False

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
            stack.append((None, self._enter(node, tag)))
            if node.child is not None:
                stack.append((node.child, ""))

    def _enter(self, node: LexborNode, tag: str) -> str:
        """Open an element; returns what has to be undone when it closes."""
        if tag == "br":
            self._write("\n")
            return ""
        attributes = node.attributes
        undo = self._veil(tag, attributes) if attributes else ""
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

    def _veil(self, tag: str, attributes: Mapping[str, str | None]) -> str:
        """Note what an element hides, or shows again; returns what has to be undone."""
        if is_away(tag, attributes, self.names):
            self.away += 1
            self.veiled = True
            return "v"
        look = look_of(attributes, self.looks[-1])
        if look is self.looks[-1]:
            return ""
        self.looks.append(look)
        self.veiled = self.away > 0 or look.is_hidden
        return "l"

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
        if undo.startswith(("v", "l")):
            if undo[0] == "v":
                self.away -= 1
            else:
                self.looks.pop()
            self.veiled = self.away > 0 or self.looks[-1].is_hidden

    def _text(self, text: str) -> None:
        text = text.translate(_NO_MARKS)
        text = text.translate(_KEPT) if self.pre else _SPACE.sub(" ", text)
        if self.veiled:
            self.hidden.append(text)
        else:
            self._write(text)

    def _write(self, text: str) -> None:
        if self.veiled:
            self.hidden.append(text)
            if self.away:
                return
        self.all.append(text)
        if not self.quiet:
            self.new.append(text)


_CELLS = re.compile(r"[ ]*\t[ \t]*")
_BREAKS = re.compile(rf"[ \t]*[\n{_BLOCK}{_PARAGRAPH}][ \t\n{_BLOCK}{_PARAGRAPH}]*")


def _tidy(text: str) -> str:
    """White space as it is displayed: lines where blocks meet, one empty line between paragraphs."""
    text = _BREAKS.sub(_line_ends, _CELLS.sub("\t", text)).strip()
    return text.translate(_RESTORED).strip("\n") if "\x03" in text or "\x05" in text or "\x04" in text else text


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
