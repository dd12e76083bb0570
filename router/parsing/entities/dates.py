# SPDX-License-Identifier: Apache-2.0
"""Dates in figures and in the month names of twelve languages, as ISO 8601.

A date in figures is read day first; month first only where the installation is in the United States, or where nothing
else is possible. A named day without a year is given as ``--03-05``.
"""

from __future__ import annotations

import re
from datetime import date

from router.parsing.entities.months import AMBIGUOUS, MONTHS, SHORT
from router.parsing.entities.spans import Found, Hints

__all__ = ["find_date"]

_NOT_AFTER = r"(?![\d]|[/.-]\d|-[^\W_])"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_NOT_AFTER}")
_YEAR_LAST = re.compile(
    rf"(\d{{1,2}})([./-])(\d{{1,2}})\2(\d{{4}}|\d\d){_NOT_AFTER}|(\d{{1,2}})\. (\d{{1,2}})\. ?(\d{{4}}){_NOT_AFTER}"
)
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|[ºª°])?(\.)?(?:[ \u00a0-]|(?<=\.))(?:of |de |di |d['’])?([^\W\d_]{3,12})"
    r"\.?(?:(?:[ \u00a0-]|, ?)(?:de |del |of )?((?:19|20)\d\d)(?![\d]|[.,]\d))?"
)
_AFTER_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?(?![\w:]|[.,]\d)(?:,? ((?:19|20)\d\d)(?!\d))?")


def find_date(text: str, at: int, stop: int, hints: Hints) -> Found | None:
    """The date whose first figure is at ``at``."""
    after = text[stop : stop + 1]
    length = stop - at
    if length > 2 and (length != 4 or after not in _PARTS):
        return None
    if at and (text[at - 1].isalnum() or (text[at - 1] in "-/.,:+" and at > 1 and text[at - 2].isalnum())):
        return None
    found = _in_figures(text, at, hints) if after in _PARTS else None
    if found is None and length <= 2:
        found = _day_first(text, at, hints) or _month_first(text, at, hints)
    return found


_PARTS = frozenset("-/.")


def _in_figures(text: str, at: int, hints: Hints) -> Found | None:
    if match := _YEAR_FIRST.match(text, at):
        return _found(match.start(), match.end(), int(match[1]), int(match[3]), int(match[4]))
    match = _YEAR_LAST.match(text, at)
    if match is None:
        return None
    day, month, year = (int(one) for one in (match.group(1, 3, 4) if match[1] else match.group(5, 6, 7)))
    if match[4] and len(match[4]) == 2:
        if match[2] != "/" and len(match[1]) + len(match[3]) < 4:  # 1.2.10 is rather a version
            return None
        year += 2000 if year < 70 else 1900
    if month > 12 or (hints.country == "US" and match[2] == "/" and day <= 12):
        day, month = month, day
    return _found(match.start(), match.end(), year, month, day)


def _day_first(text: str, at: int, hints: Hints) -> Found | None:
    match = _DAY_FIRST.match(text, at)
    if match is None:
        return None
    word = match[3]
    month = _month(word, hints, dotted=bool(match[2]))
    end = match.end() if match[4] else match.end(3)
    if not month or (end < len(text) and (text[end].isalnum() or text[end] == "_")):
        return None
    if not match[4] and (word.casefold() in SHORT or (word.casefold() in AMBIGUOUS and not word[0].isupper())):
        return None  # "3 out of 5", "the 2 may be broken"
    return _found(match.start(), end, int(match[4]) if match[4] else None, month, int(match[1]))


def _month_first(text: str, at: int, hints: Hints) -> Found | None:
    """``March 5th, 2024``: only with a capital, as this order is English."""
    if at < 4 or text[at - 1] != " ":
        return None
    start = text.rfind(" ", max(0, at - 14), at - 1) + 1
    start = max(start, text.rfind("\n", start, at) + 1)
    word = text[start : at - 1].rstrip(".")
    month = _month(word, hints, dotted=False) if word[:1].isupper() and start >= at - 14 else 0
    if not month:
        return None
    match = _AFTER_MONTH.match(text, at)
    if match is None or (word.casefold() in SHORT and not match[2]):
        return None
    return _found(start, match.end(), int(match[2]) if match[2] else None, month, int(match[1]))


def _month(word: str, hints: Hints, *, dotted: bool) -> int:
    folded = word.casefold()
    if folded.startswith("listopad"):  # November in Polish, October in Croatian, which writes a dot after the day
        return 10 if hints.language == "hr" or (dotted and hints.language != "pl") else 11
    return MONTHS.get(folded, 0)


def _found(start: int, end: int, year: int | None, month: int, day: int) -> Found | None:
    try:
        moment = date(year if year is not None else 2000, month, day)
    except ValueError:
        return None
    if year is not None and not 1900 <= year <= 2100:
        return None
    return Found("date", start, end, moment.isoformat() if year is not None else f"--{month:02}-{day:02}")
