# SPDX-License-Identifier: Apache-2.0
"""Whether two forms of one message say clearly different things. Slow to accuse: usual pairs differ in links, quotes,
footers and marks."""

from __future__ import annotations

import re

__all__ = ["differ", "is_stub"]

_WORD = re.compile(r"[^\W\d_]{3,}")
_LINK = re.compile(r"(?i)\b(?:https?://|www\.)\S+|\S+@\S+|\[(?:image|cid)[^\]\n]{0,200}\]")
# "Your program does not show HTML" stands in for the words, in any language with one of these.
_STUB = re.compile(r"(?i)html|browser|navegador|navigateur|selain|webbläsare|webläsare|przeglądar|preglednik|brauser")
_GLANCE = 4_000
_MOST_CHARS = 50_000
_FEWEST_WORDS = 8
_SAME = 0.3  # share of the words of the shorter form that the longer one has as well


def differ(plain: str, html: str) -> bool:
    """Whether the words of a plain text and those of the HTML beside it have next to nothing in common."""
    if _overlap(plain[:_GLANCE], html[:_GLANCE]) >= _SAME:
        return False
    if is_stub(plain, html):
        return False
    return _overlap(plain[:_MOST_CHARS], html[:_MOST_CHARS]) < _SAME


def is_stub(plain: str, html: str) -> bool:
    """Whether a plain text only says that there is HTML: it speaks of that, and has few of its words."""
    if len(plain) >= 1_000 or not _STUB.search(plain):
        return False
    ours, theirs = _words(plain), _words(html[:_GLANCE])
    return bool(theirs) and len(ours & theirs) <= _SAME * len(ours)


def _overlap(one: str, other: str) -> float:
    """The share of the words of the form with fewer words that are in the other; 1 where there are too few to tell."""
    ours, theirs = _words(one), _words(other)
    if min(len(ours), len(theirs)) < _FEWEST_WORDS:
        return 1.0
    return len(ours & theirs) / min(len(ours), len(theirs))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_LINK.sub(" ", text).lower()))
