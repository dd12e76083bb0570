# SPDX-License-Identifier: Apache-2.0
"""What in HTML a reader does not see: elements that are not shown, and letters too small or of their ground's colour.

An element that is not shown hides all in it. Size, colour and visibility are handed down and may be set anew inside:
newsletters set the size of a whole table to zero, and that of each text in it to something readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Look", "hidden_names", "is_away", "look_of"]

_Attributes = Mapping[str, str | None]

_AWAY = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|opacity\s*:\s*0?(?:\.0+)?\s*(?:;|!|\Z)|text-indent\s*:\s*-\d{3,}"
    r"|clip\s*:\s*rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)"
)
_NO_SIZE = re.compile(r"(?:^|[;\s])(?:max-)?(?:height|width)\s*:\s*[01](?:px|pt|em|%)?\s*(?:;|!|\Z)")
_CLIPPED = re.compile(r"overflow(?:-[xy])?\s*:\s*hidden")
_OFF_SCREEN = re.compile(r"(?:^|[;\s])(?:left|top|right|margin-left|margin-top)\s*:\s*-\d{3,}")
_PLACED = re.compile(r"position\s*:\s*(?:absolute|fixed)")
_SHOWN = re.compile(r"display\s*:\s*(?!none)[a-z]")
_SIZE = re.compile(
    r"(?:^|[;\s])font(?:-size)?\s*:(?:[^;]{0,60}?[\s:])??(\d{0,4}(?:\.\d{1,4})?)(px|pt|em|rem|ex|%)?(?=[\s;/!]|\Z)"
)
_VISIBILITY = re.compile(r"visibility\s*:\s*([a-z]+)")
_COLOUR = re.compile(r"(?:^|[;\s])color\s*:\s*([^;!]{1,60})")
_GROUND = re.compile(r"background(?:-color|-image)?\s*:\s*([^;!]{1,200})")
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,6}))?")
_NAMES = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
          "whitesmoke": (245, 245, 245), "red": (255, 0, 0), "blue": (0, 0, 255), "gray": (128, 128, 128)}  # fmt: skip
_STYLE = re.compile(r"<style[^>]{0,300}>")
_MOST_SHEETS, _MOST_SHEET_CHARS = 20, 100_000
_SIMPLE = re.compile(r"[a-z0-9]{0,20}([.#][\w-]{1,80})\Z", re.IGNORECASE)
_COMMENT = re.compile(r"/\*[^*]{0,2000}\*/|<!--|-->")
_LOOKED_AT = ("style", "color", "bgcolor", "background", "text", "href")
_MOST_CHARS = 2_000
_CLOSE = 8  # steps of 256 in each of red, green and blue that no eye tells apart

_Colour = tuple[int, int, int]


class Look(NamedTuple):
    """What letters inherit. ``ground`` None: it cannot be known, such as a picture."""

    tiny: bool = False
    invisible: bool = False
    colour: _Colour | None = None
    ground: _Colour | None = (255, 255, 255)

    @property
    def is_hidden(self) -> bool:
        return self.tiny or self.invisible or _is_same(self.colour, self.ground)


def is_away(tag: str, attributes: _Attributes, names: frozenset[str] = frozenset()) -> bool:
    """Whether an element and all in it is not shown. ``names`` are the classes and ids that a style sheet hides."""
    if "hidden" in attributes and tag != "input":
        return True
    style = (attributes.get("style") or "")[:_MOST_CHARS].lower()
    if style and _says_away(style):
        return True
    if not names or _SHOWN.search(style):
        return False
    classes = (attributes.get("class") or "")[:500].lower().split()
    return any(f".{name}" in names for name in classes) or f"#{(attributes.get('id') or '').lower()}" in names


def _says_away(style: str) -> bool:
    return (
        _AWAY.search(style) is not None
        or (_CLIPPED.search(style) is not None and _NO_SIZE.search(style) is not None)
        or (_PLACED.search(style) is not None and _OFF_SCREEN.search(style) is not None)
    )


def look_of(attributes: _Attributes, look: Look) -> Look:
    """The look of an element inside one that looks like ``look``; the same object if nothing changes."""
    if attributes.keys().isdisjoint(_LOOKED_AT):
        return look
    style = (attributes.get("style") or "")[:_MOST_CHARS].lower()
    tiny, invisible, colour, ground = look
    if "href" in attributes:
        colour = None  # links have a colour of their own
    if "font" in style:
        tiny = _is_tiny(style, inherited=tiny)
    if "visib" in style and (match := _VISIBILITY.search(style)):
        invisible = match[1] in ("hidden", "collapse")
    # What is set here wins over what is inherited, a style over an attribute.
    if said := attributes.get("color") or attributes.get("text"):
        colour = _colour(said.lower())
    if "color" in style and (match := _COLOUR.search(style)):
        colour = ground if match[1].strip() == "transparent" else _colour(match[1])
    if attributes.get("background"):
        ground = None
    elif said := attributes.get("bgcolor"):
        ground = _colour(said.lower())
    if "background" in style:
        ground = _ground(style, ground)
    changed = Look(tiny, invisible, colour, ground)
    return look if changed == look else changed


def _is_tiny(style: str, *, inherited: bool) -> bool:
    tiny = inherited
    for match in _SIZE.finditer(style):
        if match[1] in ("", "."):
            continue
        size, unit = float(match[1]), match[2]
        if size == 0 or (unit in ("px", "pt") and size <= 1):
            tiny = True
        elif unit in ("px", "pt", "rem"):
            tiny = False  # the others are a share of what is inherited
    return tiny


def _ground(style: str, inherited: _Colour | None) -> _Colour | None:
    ground = inherited
    for match in _GROUND.finditer(style):
        value = match[1]
        if "url(" in value or "gradient" in value:
            return None
        found = _colour(value)
        ground = found if found is not None else ground if "transparent" in value or "none" in value else None
    return ground


def _colour(text: str) -> _Colour | None:
    """Red, green and blue; None where the text names no colour that is known here."""
    if match := _HEX.search(text):
        digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := _RGB.search(text):
        return int(match[1]), int(match[2]), int(match[3])
    return next((_NAMES[word] for word in text.split()[:4] if word in _NAMES), None)


def _is_same(colour: _Colour | None, ground: _Colour | None) -> bool:
    if colour is None or ground is None:
        return False
    return all(abs(one - other) <= _CLOSE for one, other in zip(colour, ground, strict=True))


def hidden_names(html: str) -> tuple[frozenset[str], bool]:
    """What the style sheets in a document hide on every screen, as ".class" and "#id", and whether they set grounds.

    Only plain selectors count. Rules for some screens (``@media``) do not: what a phone hides is shown elsewhere.
    """
    hidden: set[str] = set()
    grounds = False
    for sheet in _sheets(html.lower()):
        text = _COMMENT.sub(" ", sheet)
        grounds = grounds or "background" in text
        for selectors, style in _rules(text):
            away, shown = _says_away(style) or "visibility:hidden" in style.replace(" ", ""), _SHOWN.search(style)
            for selector in selectors.split(",")[:50] if away or shown else ():
                if match := _SIMPLE.match(selector.strip()):
                    (hidden.add if away else hidden.discard)(match[1])
    return frozenset(hidden), grounds


def _sheets(html: str) -> list[str]:
    """The style sheets in a document, as many as a person could have meant."""
    found: list[str] = []
    at = 0
    while len(found) < _MOST_SHEETS and (match := _STYLE.search(html, at)):
        end = html.find("</style", match.end())
        at = len(html) if end < 0 else end
        found.append(html[match.end() : min(at, match.end() + _MOST_SHEET_CHARS)])
    return found


def _rules(text: str) -> list[tuple[str, str]]:
    """Selectors and declarations of the rules that stand in no block of their own."""
    found: list[tuple[str, str]] = []
    depth = at = 0
    selectors = ""
    for match in re.finditer(r"[{}]", text):
        piece = text[at : match.start()]
        at = match.end()
        if match[0] == "{":
            if depth == 0:
                selectors = piece.rpartition(";")[2].strip()
            depth += 1
        else:
            if depth == 1 and not selectors.startswith("@"):
                found.append((selectors, piece))
            depth = max(0, depth - 1)
    return found
