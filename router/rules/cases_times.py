# SPDX-License-Identifier: Apache-2.0
"""Times as people write them in cases and commands: how long ago, and the zone of a clock on the wall."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

__all__ = ["age_of", "is_zone"]

_AGE = re.compile(r"(\d{1,5})\s*(m|min|h|d|w)")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def age_of(text: str) -> timedelta:
    """``90m``, ``24h``, ``3d``, ``2w``, by the clock on the wall and not of anybody's hours. Raises ValueError."""
    found = _AGE.fullmatch(text.strip().casefold())
    if found is None:
        raise ValueError(f"'{text[:40]}' is no length of time here; write 90m, 24h, 3d or 2w")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2][0]])


def is_zone(text: str) -> str:
    """The text itself. Raises ValueError where no time zone is named so."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{text[:40]}' is no time zone; write names like Europe/Helsinki") from error
    return text
