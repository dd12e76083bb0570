# SPDX-License-Identifier: Apache-2.0
"""How many rows wait for what: counted where they are, for gauges that are asked for every few seconds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from router.records import Tallies
from router.store.tables import clocks, outbox

__all__ = ["count"]


def count(connection: Connection, now: datetime) -> Tallies:
    """Outbox rows by state, and clocks that run and are past due, statutory ones apart."""
    states = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    late = select(clocks.c.statutory, func.count()).where(clocks.c.state == "running", clocks.c.due_at <= now)
    overdue = {bool(is_statutory): n for is_statutory, n in connection.execute(late.group_by(clocks.c.statutory))}
    return Tallies(
        outbox={state: n for state, n in states},  # noqa: C416 - a row is no pair
        overdue=overdue.get(False, 0),
        overdue_statutory=overdue.get(True, 0),
    )
