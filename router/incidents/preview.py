# SPDX-License-Identifier: Apache-2.0
"""What an update would do, before it is sent: how many get which text on which channel, and who gets none and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from router.errors import UserInputError
from router.incidents.records import Incident
from router.interfaces import Capabilities, Store
from router.measure import measure
from router.schema import Case

__all__ = ["Fate", "Preview", "checked_texts", "preview_update"]

Fate: TypeAlias = Literal["sent", "held", "too_long", "none"]
Preview: TypeAlias = dict[tuple[str, str, Fate], int]  # channel, language of the text, what happens -> cases

_LONGEST = 20_000
_AT_ONCE = 1000


def checked_texts(texts: Mapping[str, str], *, default_language: str) -> dict[str, str]:
    """The texts without blanks around them. Raises UserInputError where the default language has none."""
    found = {
        language.strip().lower(): text.replace("\r\n", "\n").strip() for language, text in texts.items() if text.strip()
    }
    if default_language not in found:
        raise UserInputError(
            f"the update needs a text in {default_language}, for those whose language has none",
            fields={default_language: "write something"},
        )
    long = [language for language, text in found.items() if len(text) > _LONGEST]
    if long:
        raise UserInputError("the text is too long", fields=dict.fromkeys(long, f"at most {_LONGEST} characters"))
    return found


async def preview_update(
    store: Store,
    able: Callable[[Case], Capabilities],
    incident: Incident,
    texts: Mapping[str, str],
    *,
    default_language: str,
    teams: Sequence[str] | None = None,
) -> Preview:
    """How many would get it, by channel, language of the text and what happens. Holds by rules, and machines among
    the senders, are found out only when it is sent.

    Args:
        able: What an answer to a case may be.
        teams: Whose cases get it; None: all.
    """
    counts: Counter[tuple[str, str, Fate]] = Counter()
    after = ""
    while page := await store.incident_cases(incident.id, after=after, limit=_AT_ONCE, teams=teams):
        after = page[-1].id
        for case in page:
            language = case.language if case.language in texts else default_language
            counts[case.channel, language, _fate(case, able(case), texts[language])] += 1
    return dict(counts)


def _fate(case: Case, able: Capabilities, text: str) -> Fate:
    if case.visibility not in able.reply:
        return "none"
    limit = able.limit(case.visibility)
    if limit is not None and measure(text, able.length_unit) > limit:
        return "too_long"
    return "held" if case.visibility == "public" else "sent"
