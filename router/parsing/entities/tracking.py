# SPDX-License-Identifier: Apache-2.0
"""Numbers of parcels that prove themselves: by a check digit (UPU S10, UPS, SSCC, USPS) or a carrier's own prefix."""

from __future__ import annotations

import re

from router.parsing.entities.spans import Found, Hints, is_apart

__all__ = ["find_tracking"]

_S10 = re.compile(r"([A-Z]{2}) ?(\d{3}) ?(\d{3}) ?(\d{3}) ?([A-Z]{2})(?![A-Za-z0-9])")
_UPS = re.compile(r"1Z(?: ?[0-9A-Z]){16}(?![A-Za-z0-9])")
_PREFIXED = re.compile(
    r"(?:JJFI\d{13,17}|JJD\d{14,20}|JD\d{16,20}|JVGL\d{12,20}|TBA\d{12}|3S[0-9A-Z]{11,13})(?![A-Za-z0-9])"
)
_LONG = re.compile(r"\d{20,22}(?![\w])")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def find_tracking(text: str, at: int, stop: int, hints: Hints) -> Found | None:
    """The tracking number whose first digit is at ``at``."""
    if text[at] == "1" and text[at + 1 : at + 2] == "Z":
        match, good = _UPS.match(text, at), _ups_good
    elif stop - at >= 3 and at > 1 and (text[at - 1].isupper() or (text[at - 1] == " " and text[at - 2].isupper())):
        start = at - (1 if text[at - 1] == " " else 0)
        match, good = _S10.match(text, start - 2) if start > 1 else None, _s10_good
        if match is None and text[at - 1] != " ":
            while start and text[start - 1].isupper() and at - start < 5:
                start -= 1
            match, good = _PREFIXED.match(text, start), _always
    elif text[at : at + 2] == "3S":
        match, good = _PREFIXED.match(text, at), _always
    elif stop - at >= 20:
        match, good = _LONG.match(text, at), _long_good
    else:
        return None
    if match is None or not is_apart(text, match.start(), match.end()):
        return None
    value = match[0].replace(" ", "")
    return Found("tracking", match.start(), match.end(), value) if good(value) else None


def _always(value: str) -> bool:
    return sum(char.isdigit() for char in value) >= 8


def _s10_good(value: str) -> bool:
    """The check digit of UPU standard S10."""
    total = sum(int(digit) * weight for digit, weight in zip(value[2:10], _S10_WEIGHTS, strict=True))
    check = 11 - total % 11
    return int(value[10]) == {10: 0, 11: 5}.get(check, check)


def _ups_good(value: str) -> bool:
    """The check digit of a UPS number: letters count as their place, every second sign doubled."""
    numbers = [int(char) if char.isdigit() else (ord(char) - 63) % 10 for char in value[2:]]
    total = sum(number * (1 + place % 2) for place, number in enumerate(numbers[:-1]))
    return (10 - total % 10) % 10 == numbers[-1]


def _long_good(value: str) -> bool:
    """SSCC after its identifier 00, and the 22 digits of USPS: both with the check digit of GS1."""
    if not ((len(value) == 20 and value.startswith("00")) or (len(value) == 22 and value[:2] in _USPS)):
        return False
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(value[:-1])))
    return (10 - total % 10) % 10 == int(value[-1])


_USPS = ("91", "92", "93", "94", "95")
