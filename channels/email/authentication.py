# SPDX-License-Identifier: Apache-2.0
"""What our own boundary says of a mail's sender (RFC 8601). What anybody else wrote into the mail counts for nothing.

ARC is left alone on purpose: its seals are claims of others, and whom to believe is for the boundary to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from channels.email.headers import Headers

__all__ = ["boundary", "failed_authentication"]

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"[^"]*"')
_RESULT = re.compile(r"(?:\A|;)\s*(dmarc|spf|dkim)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)")
_FIELD = "authentication-results"
_SPF_FAILED = frozenset(("fail", "hardfail", "softfail"))


def boundary(headers: Headers, trusted: Sequence[str]) -> int | None:
    """The place of our own Authentication-Results; None if the topmost one is not ours, as then none below can be."""
    for place, (name, value) in enumerate(headers.fields if trusted else ()):
        if name == _FIELD:
            return place if _is_ours(value, {one.lower() for one in trusted}) else None
    return None


def failed_authentication(headers: Headers, *, trusted: Sequence[str]) -> str:
    """In which way the sender is not who the mail says, by our boundary's word: "dmarc=fail", "spf=fail dkim=fail".

    "" where it passed, or where our boundary does not say: no verdict is not a failed one. A field below the topmost
    may be forged, so it can only add failures, which no forger wants.
    """
    failed: set[str] = set()
    passed: set[str] = set()
    for number, value in enumerate(_ours(headers, trusted)):
        results = _results(value)
        passed |= {method for method, words in results.items() if "pass" in words and number == 0}
        failed |= {method for method, words in results.items() if _is_failed(method, words)}
    if "dmarc" in failed - passed:
        return "dmarc=fail"
    return "spf=fail dkim=fail" if {"spf", "dkim"} <= failed - passed and "dmarc" not in passed else ""


def _ours(headers: Headers, trusted: Sequence[str]) -> Iterator[bytes]:
    """Our boundary's fields: they stand above the Received field that follows the topmost of them."""
    first = boundary(headers, trusted)
    if first is None:
        return
    names = {one.lower() for one in trusted}
    for name, value in headers.fields[first:]:
        if name == "received":
            return
        if name == _FIELD and _is_ours(value, names):
            yield value


def _is_ours(value: bytes, names: set[str]) -> bool:
    words = _COMMENT.sub(" ", value.decode("ascii", "replace")).partition(";")[0].split()
    return bool(words) and words[0].strip('"').lower() in names


def _results(value: bytes) -> dict[str, set[str]]:
    text = value.decode("ascii", "replace").lower()
    for _ in range(3):  # comments may stand inside each other
        text = _COMMENT.sub(" ", text)
    found: dict[str, set[str]] = {}
    for method, word in _RESULT.findall(_QUOTED.sub(" ", text.partition(";")[2])):
        found.setdefault(method, set()).add(word)
    return found


def _is_failed(method: str, words: set[str]) -> bool:
    if method == "spf":
        return bool(words & _SPF_FAILED) and "pass" not in words
    return "fail" in words and "pass" not in words
