# SPDX-License-Identifier: Apache-2.0
"""Statements that count what cases are about: in the window, and as it is usual."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from router.incidents.detect import KeyCount, Usual
from router.incidents.settings import IncidentSettings
from router.store.intake import chunks
from router.store.tables import case_signs, sign_keys

__all__ = ["by_type", "counts", "having", "usual"]

_DAY = timedelta(days=1)
_SPAN = timedelta(hours=2)  # of earlier days around this time of day


def counts(connection: Connection, keys: Sequence[str], start: datetime, least: int) -> list[KeyCount]:
    """How often each of these keys was named since then, those named often enough."""
    by_key: dict[str, dict[tuple[str, str], int]] = {}
    for some in chunks(keys):
        query = (
            select(sign_keys.c.key, case_signs.c.type, case_signs.c.language, func.count(case_signs.c.who.distinct()))
            .join(case_signs, case_signs.c.case_id == sign_keys.c.case_id)
            .where(sign_keys.c.key.in_(some), sign_keys.c.at >= start)
            .group_by(sign_keys.c.key, case_signs.c.type, case_signs.c.language)
        )
        for key, kind, language, count in connection.execute(query):
            by_key.setdefault(key, {})[kind, language] = count
    found = [KeyCount(key=key, by=by) for key, by in by_key.items()]
    return [count for count in found if count.total >= least]


def by_type(connection: Connection, start: datetime) -> dict[str, int]:
    """Different senders since then, by the type of their cases; those in incidents left out."""
    query = select(case_signs.c.type, func.count(case_signs.c.who.distinct())).where(
        case_signs.c.at >= start, case_signs.c.incident_id.is_(None)
    )
    return {kind: count for kind, count in connection.execute(query.group_by(case_signs.c.type))}  # noqa: C416 - rows


def usual(connection: Connection, keys: Sequence[str], settings: IncidentSettings, *, as_of: datetime) -> Usual:
    """What came around this time of day on each earlier day that is remembered in full, in cases a window."""
    first = connection.scalar(select(func.min(case_signs.c.at)))
    span = max(_SPAN, settings.window)
    scale = settings.window / span
    totals: list[float] = []
    by_key: dict[str, list[float]] = {}
    for day in range(1, settings.history_days + 1):
        begin = as_of - day * _DAY - span / 2
        if first is None or first > begin:
            break
        inside = and_(case_signs.c.at >= begin, case_signs.c.at < begin + span, case_signs.c.incident_id.is_(None))
        totals.append((connection.scalar(select(func.count()).where(inside)) or 0) * scale)
        for some in chunks(keys):
            query = select(sign_keys.c.key, func.count()).where(
                sign_keys.c.key.in_(some), sign_keys.c.at >= begin, sign_keys.c.at < begin + span
            )
            for key, count in connection.execute(query.group_by(sign_keys.c.key)):
                by_key.setdefault(key, []).append(count * scale)
    before = as_of - settings.window
    past = and_(case_signs.c.at < before, case_signs.c.incident_id.is_(None))
    named: dict[str, int] = {}
    for some in chunks(keys):
        query = select(sign_keys.c.key, func.count()).where(sign_keys.c.key.in_(some), sign_keys.c.at < before)
        named |= {key: count for key, count in connection.execute(query.group_by(sign_keys.c.key))}  # noqa: C416
    return Usual(
        totals=tuple(totals),
        keys={key: tuple(values) for key, values in by_key.items()},
        ever=connection.scalar(select(func.count()).where(past)) or 0,
        named=named,
    )


def having(
    connection: Connection, keys: Sequence[str], start: datetime
) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """The cases that have each key since then, and who wrote them."""
    query = (
        select(sign_keys.c.key, case_signs.c.case_id, case_signs.c.who)
        .join(case_signs, case_signs.c.case_id == sign_keys.c.case_id)
        .where(sign_keys.c.key.in_(keys), sign_keys.c.at >= start)
    )
    having: dict[str, set[str]] = {key: set() for key in keys}
    senders = {}
    for key, case_id, who in connection.execute(query):
        having[key].add(case_id)
        senders[case_id] = who
    return {key: frozenset(found) for key, found in having.items()}, senders
