# SPDX-License-Identifier: Apache-2.0
"""Telephone numbers, rather too few than too many: an order number must not be taken for one.

With ``+`` or ``00`` anywhere; in a national form only where the country is known or a word before it says so.
"""

from __future__ import annotations

import re

from router.parsing.entities.spans import Found, Hints

__all__ = ["as_labelled_phone", "find_international", "find_national"]

_GAP = r"[ \u00a0./()-]{0,3}"
_INTERNATIONAL = re.compile(rf"(?:\d{_GAP}){{7,18}}\d?")
_NATIONAL = re.compile(rf"(?:\d{_GAP}){{5,14}}\d?")
_TRAILING = re.compile(r"[^\d]+\Z")
_LEAST, _MOST = 8, 13  # digits with the country; ITU allows 15, which nobody uses
# ITU-T E.164: country codes of one and two digits; all others have three.
_SHORT_CODES = frozenset((
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
    "86", "90", "91", "92", "93", "94", "95", "98",
))  # fmt: skip
# Country: its code, the trunk prefix that falls away, and how many digits follow (from, to).
_COUNTRIES: dict[str, tuple[str, str, int, int]] = {
    "AT": ("43", "0", 7, 13), "AU": ("61", "0", 9, 9), "BE": ("32", "0", 8, 9), "CA": ("1", "1", 10, 10),
    "CH": ("41", "0", 9, 9), "CZ": ("420", "", 9, 9), "DE": ("49", "0", 7, 11), "DK": ("45", "", 8, 8),
    "EE": ("372", "", 7, 8), "ES": ("34", "", 9, 9), "FI": ("358", "0", 7, 11), "FR": ("33", "0", 9, 9),
    "GB": ("44", "0", 9, 10), "HR": ("385", "0", 8, 9), "HU": ("36", "06", 8, 9), "IE": ("353", "0", 7, 9),
    "IT": ("39", "", 8, 11), "LT": ("370", "8", 8, 8), "LU": ("352", "", 6, 9), "LV": ("371", "", 8, 8),
    "NL": ("31", "0", 9, 9), "NO": ("47", "", 8, 8), "NZ": ("64", "0", 8, 10), "PL": ("48", "", 9, 9),
    "PT": ("351", "", 9, 9), "RO": ("40", "0", 9, 9), "SE": ("46", "0", 7, 10), "SI": ("386", "0", 8, 8),
    "SK": ("421", "0", 9, 9), "US": ("1", "1", 10, 10), "BR": ("55", "0", 10, 11), "MX": ("52", "", 10, 10),
}  # fmt: skip


def find_international(text: str, at: int, stop: int, hints: Hints) -> Found | None:
    """The number with its country at ``at``: behind a plus sign, or beginning with 00."""
    plus = at > 0 and text[at - 1] == "+"
    if not plus and not (at > 1 and text[at - 2 : at] == "+("):
        if not text.startswith("00", at) or _touches(text, at):
            return None
        return _as_international(text, at, at, skipped=2)
    start = at - (1 if plus else 2)
    return None if _touches(text, start) else _as_international(text, start, at, skipped=0)


def _as_international(text: str, start: int, at: int, *, skipped: int) -> Found | None:
    match = _INTERNATIONAL.match(text, at)
    if match is None:
        return None
    written = match[0]
    while True:
        written = _TRAILING.sub("", written)
        bare = written.replace("(0)", "")
        digits = "".join(char for char in bare if char.isdigit())[skipped:]
        shorter = re.sub(r"[ \u00a0/()-]+\d[\d.]*\Z", "", written)
        if len(digits) <= _MOST or shorter == written:
            break
        written = shorter
    end = at + len(written)
    if not _LEAST <= len(digits) <= _MOST or not digits.isascii() or not _is_country(digits):
        return None
    return (
        None
        if end < len(text) and (text[end].isalnum() or text[end] == "_")
        else Found("phone", start, end, f"+{digits}")
    )


def _is_country(digits: str) -> bool:
    """Whether a number can begin like this."""
    if digits[:1] in _SHORT_CODES or digits[:2] in _SHORT_CODES:
        return True
    return digits[0] in "234569" or digits[:2] in ("80", "85", "87", "88")


def find_national(text: str, at: int, stop: int, hints: Hints) -> Found | None:
    """A number that begins with the trunk prefix 0 and is as long as numbers are in the installation's country."""
    country = _COUNTRIES.get(hints.country)
    if country is None or not country[1].startswith("0") or text[at] != "0" or text.startswith("00", at):
        return None
    return _as_national(text, at, hints, least=9)


def as_labelled_phone(text: str, at: int, hints: Hints) -> Found | None:
    """A number that the words before it call a telephone number, in whatever form."""
    if text.startswith("00", at):  # read with its country, by find_international
        return None
    return _as_national(text, at, hints, least=6)


def _as_national(text: str, at: int, hints: Hints, *, least: int) -> Found | None:
    start = at - 1 if at and text[at - 1] == "(" else at
    match = _NATIONAL.match(text, at)
    if match is None or _touches(text, start):
        return None
    written = _TRAILING.sub("", match[0])
    end = at + len(written)
    digits = "".join(char for char in written if char.isdigit())
    if not least <= len(digits) <= 12 or not digits.isascii() or (end < len(text) and text[end].isalnum()):
        return None
    value = digits
    if country := _COUNTRIES.get(hints.country):
        code, trunk, fewest, most = country
        subscriber = digits.removeprefix(trunk) if trunk else digits
        if fewest <= len(subscriber) <= most:
            value = f"+{code}{subscriber}"
        elif least > 6:
            return None
    return Found("phone", start, end, value)


def _touches(text: str, start: int) -> bool:
    return start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_+-/.,#")
