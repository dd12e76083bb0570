# SPDX-License-Identifier: Apache-2.0
"""Goes through a text from digit to digit and asks at each what it belongs to. Pure, and linear in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Literal

from router.parsing.entities.amounts import find_amount
from router.parsing.entities.dates import find_date
from router.parsing.entities.numbers import find_labelled
from router.parsing.entities.patterns import find_by_patterns
from router.parsing.entities.phones import find_international, find_national
from router.parsing.entities.spans import Found, Hints
from router.parsing.entities.tracking import find_tracking
from router.schema import Entity

__all__ = ["KINDS", "MAX_CHARS", "MAX_ENTITIES", "find_entities"]

MAX_CHARS = 20_000  # of the text; what stands further down is hardly what the message is about
MAX_ENTITIES = 50  # of one message
MAX_SUBJECT_CHARS = 1_000
_MAX_TRIED = 2_000  # groups of digits looked at in one text

KINDS = ("order", "invoice", "tracking", "contract", "customer", "amount", "date", "phone")
_DIGITS = re.compile(r"\d+")
Finder = Callable[[str, int, int, Hints], Found | None]  # text, start and end of its digits, hints

# In this order: what proves itself by its form or a currency comes before what only a label says.
_FINDERS: tuple[Finder, ...] = (find_tracking, find_date, find_amount, find_labelled, find_international, find_national)


def find_entities(
    subject: str,
    text: str,
    *,
    patterns: Sequence[tuple[str, str]] = (),
    kinds: Sequence[str] = KINDS,
    language: str = "",
    country: str = "",
) -> tuple[Entity, ...]:
    """Find what is named in subject and text, in the order it stands there, subject first.

    Args:
        patterns: Pairs of kind and RE2 expression of the installation; they go before what ships.
        kinds: Which of the shipped kinds are looked for.
        language: ISO 639-1 code if known; decides where the same word is another month.
        country: ISO 3166 code of the installation if given; tells national telephone numbers, kr and $.

    Returns:
        At most ``MAX_ENTITIES``, none overlapping another.
    """
    hints = _hints(language[:2].lower(), country.upper(), tuple(kinds))
    found: list[Entity] = []
    fields: tuple[tuple[Literal["subject", "text"], str], ...] = (
        ("subject", subject[:MAX_SUBJECT_CHARS]), ("text", text[:MAX_CHARS]),
    )  # fmt: skip
    for place, words in fields:
        own = find_by_patterns(words, patterns) if patterns and words else []
        spans = _shipped(words, hints, own) if hints.kinds else []
        for one in sorted((*own, *spans), key=_START) if own else spans:
            found.append(
                Entity(
                    kind=one.kind, text=words[one.start : one.end], value=one.value, unit=one.unit, place=place,
                    start=one.start, end=one.end,
                )
            )  # fmt: skip
            if len(found) == MAX_ENTITIES:
                return tuple(found)
    return tuple(found)


_START = attrgetter("start")


@lru_cache(maxsize=64)
def _hints(language: str, country: str, kinds: tuple[str, ...]) -> Hints:
    return Hints(language=language, country=country, kinds=frozenset(kinds))


def _shipped(text: str, hints: Hints, taken: Sequence[Found]) -> Iterator[Found]:
    """What ships finds, left to right, around what the installation's own patterns took."""
    done = 0
    for tried, digits in enumerate(_DIGITS.finditer(text)):
        at, stop = digits.span()
        if at < done:
            continue
        if tried >= _MAX_TRIED:
            return
        for finder in _FINDERS:
            span = finder(text, at, stop, hints)
            if span is None or span.start < done or span.kind not in hints.kinds:
                continue
            if not any(span.start < other.end and other.start < span.end for other in taken):
                yield span
            done = span.end
            break
