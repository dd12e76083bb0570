# SPDX-License-Identifier: Apache-2.0
"""Public holidays by country, from the ``holidays`` library, which is loaded only when a calendar names a country."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

__all__ = ["check_region", "holidays_of", "version"]

_COUNTRY = re.compile("[A-Z]{2}")


def check_region(text: str) -> str:
    """``FI``, ``GB-ENG``, ``ES-MD``: the same text if such holidays are known.

    Raises:
        ValueError: They are not; the sentence names those that are, or what is close.
    """
    import holidays

    country, _, part = text.partition("-")
    # The library's list of countries loads all 250 of them, and every start would wait for that.
    known: Any = getattr(holidays, country, None) if _COUNTRY.fullmatch(country) else None
    if getattr(known, "country", None) != country:  # UK is another name of GB
        raise ValueError(f"no holidays are known for the country '{text[:20]}'; write FI, GB-ENG, ES-MD")
    if part and part not in known.subdivisions:
        parts = ", ".join(known.subdivisions[:60]) or "none"
        raise ValueError(f"no holidays are known for the part '{part[:20]}' of {country}; known: {parts}")
    return text


@lru_cache(maxsize=512)
def holidays_of(region: str, year: int) -> frozenset[date]:
    """The public holidays of a region in a year, with the days given in their place."""
    import holidays

    country, _, part = region.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=[year])
    return frozenset(day for day in found if day.year == year)


def version(regions: Sequence[str]) -> str:
    """Of the library, where it matters: another one may know other holidays."""
    if not regions:
        return ""
    from importlib import metadata

    return metadata.version("holidays")
