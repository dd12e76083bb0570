# SPDX-License-Identifier: Apache-2.0
"""Lengths of time as operators write them: open hours, business days, calendar days, weeks, months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Duration", "Ends", "Unit", "parse_duration"]

Unit: TypeAlias = Literal["time", "business_days", "days", "weeks", "months"]
Ends: TypeAlias = Literal["close", "midnight", "same_time"]

_PART = re.compile(r"(\d{1,6})\s*(hours?|hrs?|h|minutes?|mins?|min|m|seconds?|secs?|s)(?![a-z])\s*")
_COUNT = re.compile(r"(\d{1,4})\s*(business days?|working days?|d|calendar days?|weeks?|w|months?)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_UNITS: dict[str, Unit] = {"b": "business_days", "w": "weeks", "d": "business_days", "c": "days", "m": "months"}
_LONGEST_SECONDS = 10 * 366 * 86_400
_LONGEST_DAYS: dict[Unit, int] = {"business_days": 2500, "days": 3650, "weeks": 520, "months": 120}


@dataclass(frozen=True)
class Duration:
    """A length that only a calendar can lay out.

    ``amount`` is seconds of open time for "time", else a number of days, weeks or months after the day it starts on.
    """

    amount: int
    unit: Unit

    def __str__(self) -> str:
        if self.unit != "time":
            words = {"business_days": "business day", "days": "calendar day", "weeks": "week", "months": "month"}
            return f"{self.amount} {words[self.unit]}{'' if self.amount == 1 else 's'}"
        hours, rest = divmod(self.amount, 3600)
        minutes, seconds = divmod(rest, 60)
        parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if n]
        return " ".join(parts) or "0s"


def parse_duration(text: str) -> Duration:
    """``4h``, ``1h 30m``, ``2d`` or ``2 business days``, ``15 calendar days``, ``8 weeks``, ``2 months``.

    Raises:
        ValueError: It is none of these; the sentence says what to write.
    """
    word = " ".join(text.casefold().replace("_", " ").split())
    if (count := _COUNT.fullmatch(word)) is not None:
        amount, name = int(count[1]), count[2]
        unit: Unit = "business_days" if name.startswith("working") else _UNITS[name[0]]
        if amount > _LONGEST_DAYS[unit]:
            raise ValueError(f"'{text[:40]}' is longer than ten years")
        return _positive(Duration(amount, unit), text)
    seconds, at = 0, 0
    while (part := _PART.match(word, at)) is not None:
        seconds += int(part[1]) * _SECONDS[part[2][0]]
        at = part.end()
    if at == len(word) and at:
        if seconds > _LONGEST_SECONDS:
            raise ValueError(f"'{text[:40]}' is longer than ten years")
        return _positive(Duration(seconds, "time"), text)
    if re.fullmatch(r"\d+\s*days?", word):
        raise ValueError(f"'{text[:40]}' could mean two things: write 'business days' or 'calendar days'")
    raise ValueError(
        f"'{text[:40]}' is no length of time; write 4h, 1h 30m, 2 business days, 15 calendar days, 8 weeks or 2 months"
    )


def _positive(duration: Duration, text: str) -> Duration:
    if duration.amount <= 0:
        raise ValueError(f"'{text[:40]}' is no time at all")
    return duration
