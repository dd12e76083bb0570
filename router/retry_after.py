# SPDX-License-Identifier: Apache-2.0
"""How long another server asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["retry_after_seconds"]

_MAX_WAIT_SECONDS = 86_400.0


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """Retry-After as seconds, at most a day (RFC 9110 section 10.2.3); None when it says nothing usable."""
    if value.isascii() and value.isdecimal():
        return min(float(value), _MAX_WAIT_SECONDS)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), _MAX_WAIT_SECONDS)
