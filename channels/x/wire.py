# SPDX-License-Identifier: Apache-2.0
"""What is X's own way of writing ids, times and text; everything else is read by ``channels.payload``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.payload import JsonObject, language_code, text_at
from router.interfaces import ParseOptions

__all__ = ["for_account", "ident", "language", "time_at", "unescape"]

_NO_LANGUAGE = {"art", "qam", "qct", "qht", "qme", "qst"}  # what X says beside "und" and "zxx" where there is none
_ESCAPED = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def ident(parent: JsonObject, key: str = "id") -> str:
    """The id at ``key``, preferring the string form that version 1.1 puts beside the number."""
    return text_at(parent, f"{key}_str") or text_at(parent, key)


def for_account(document: JsonObject, options: ParseOptions) -> ParseOptions:
    """The options, with the account the document was fetched for (which the channel adds) as one of ours."""
    us = text_at(document, "for_user_id")
    return options.model_copy(update={"own": (*options.own, us)}) if us else options


def language(code: str) -> str:
    """The language of a code of X; "" where it says that there is none, or cannot say."""
    found = language_code(code)
    return "" if found in _NO_LANGUAGE else found


def time_at(parent: JsonObject, key: str) -> datetime | None:
    """The time at ``key``: ISO 8601 (version 2), the mail-like form (1.1), or milliseconds; as aware UTC."""
    found = text_at(parent, key)
    try:
        if found.isdigit():
            return datetime.fromtimestamp(int(found) / 1000, UTC)
        if found[:1].isdigit():
            moment = datetime.fromisoformat(found)
        else:
            # "Wed Oct 10 20:19:24 +0000 2018": the year moves before the clock to make it a mail date.
            day, month, date, clock, zone, year = found.split()
            moment = parsedate_to_datetime(f"{day}, {date} {month} {year} {clock} {zone}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def unescape(text: str) -> str:
    """Undo the three HTML escapes that X applies to text, once."""
    return re.sub("&(?:amp|lt|gt);", lambda hit: _ESCAPED[hit[0]], text)
