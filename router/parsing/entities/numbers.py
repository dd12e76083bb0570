# SPDX-License-Identifier: Apache-2.0
"""Numbers that a word before them names: "order no. 4711", "tilausnumero: AB-1234", "numer zamówienia 2024/118"."""

from __future__ import annotations

import re

from router.parsing.entities.phones import as_labelled_phone
from router.parsing.entities.spans import Found, Hints
from router.parsing.entities.words import FILLERS, LABELS, LINKS, NUMBER_ENDS, NUMBER_WORDS

__all__ = ["find_labelled", "label_before"]

_TOKEN = re.compile(r"[^\W_]{1,40}(?:[-/._][^\W_]{1,40}){0,8}")
_MORE_GROUPS = re.compile(r"(?:[ \u00a0]\d{3,5}(?![\w.,/-])){1,6}|(?:[ \u00a0]\d{3,5}(?=[ \u00a0]\d{3,5})){1,5}")
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_MAX_LEFT = 24  # characters of a token before its first digit
_WINDOW = 64  # characters before the number in which its label may stand
_STRIPPED = ".,:;()[]\"'*<>„“”«»!?"
_NEAREST = 24  # characters in which the word before the number is looked for
_FIRST = {stem[:3] for _, stems in LABELS for stem in stems}
_LEADS = _FIRST | {word[:3] for word in (*NUMBER_WORDS, *LINKS)}


def find_labelled(text: str, at: int, stop: int, hints: Hints) -> Found | None:
    """The number around the digit at ``at``, if the words before it say what it is."""
    start = _token_start(text, at)
    label, marked = label_before(text, start)
    token = _TOKEN.match(text, start) if label else None
    if token is None or token.end() <= at:
        return None
    if label == "phone":
        return as_labelled_phone(text, at, hints)
    end = token.end()
    if token[0].isdigit() and (more := _MORE_GROUPS.match(text, end)):
        end = more.end()
    value = "".join(text[start:end].split())
    return Found(label, start, end, value.upper()) if _is_plausible(value, marked=marked) else None


def _is_plausible(value: str, *, marked: bool) -> bool:
    """Whether it looks like a number that was given out, not like a count or a year."""
    digits = sum(char.isdigit() for char in value)
    if len(value) > 40:
        return False
    if marked:
        return digits >= 2 and len(value) >= 3
    return (digits >= 4 and not _YEAR.match(value)) or (digits >= 2 and len(value) >= 5 and not value.isdigit())


def _token_start(text: str, at: int) -> int:
    start = at
    least = max(0, at - _MAX_LEFT)
    while start > least:
        char = text[start - 1]
        if char.isalnum() or (char in "-/_." and start > 1 and text[start - 2].isalnum() and text[start].isalnum()):
            start -= 1
        else:
            break
    return start


def label_before(text: str, start: int) -> tuple[str, bool]:
    """What the words before ``start`` say the number is, and whether they call it a number; ("", False) if nothing."""
    near = text[max(0, start - _NEAREST) : start].rstrip()
    nearest = near[near.rfind(" ") + 1 :].strip(_STRIPPED).casefold()
    if not near or (nearest and nearest[:3] not in _LEADS and "\n" not in nearest):
        return "", False  # as before nearly all numbers
    before = text[max(0, start - _WINDOW) : start]
    before = before[before.rfind("\n\n") + 2 :] if "\n\n" in before else before
    marked = before.endswith(("#", "№"))
    words = before.casefold().replace("#", " # ").split()[-7:]
    passed = 0
    while words:
        word = words.pop()
        bare = word.strip(_STRIPPED)
        if not bare:
            continue
        if bare in NUMBER_WORDS:
            marked = True
        elif bare in LINKS or (marked and bare in FILLERS):
            passed += 1
        elif bare[:3] in _FIRST and (kind := _kind(bare)):
            return kind, marked or bare.endswith(NUMBER_ENDS) or _marked_earlier(words)
        else:
            return "", False
        if passed > 3 or (word[-1] in ".;!?" and len(word) > 5):  # the sentence before speaks of something else
            return "", False
    return "", False


def _kind(word: str) -> str:
    for kind, stems in LABELS:
        if word.startswith(stems):
            return kind
    return ""


def _marked_earlier(words: list[str]) -> bool:
    """Whether "number of the" stands before the label: numéro de commande, numer zamówienia."""
    for word in reversed(words[-3:]):
        bare = word.strip(_STRIPPED)
        if bare in NUMBER_WORDS:
            return True
        if bare not in FILLERS:
            return False
    return False
