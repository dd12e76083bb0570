# SPDX-License-Identifier: Apache-2.0
"""Stored messages with what was decided of them, read in batches and never written: for a replay of rules."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, inspect, select

from router.config.models import StoreSettings
from router.errors import StoreError
from router.records import User
from router.store import people
from router.store.database import Database, PostgresDatabase, SqliteDatabase
from router.store.intake import chunks
from router.store.tables import alarms, messages

__all__ = ["AlarmRow", "StoredMessages", "StoredRow"]


class StoredRow(NamedTuple):
    """One message as it lies in the database; the last three are JSON."""

    id: int
    case_id: str
    at: datetime
    message: str
    classification: str | None
    decision: str | None


class AlarmRow(NamedTuple):
    """One warning or miss of a deadline, with the words that routes were asked about; JSON."""

    case_id: str
    at: datetime
    decision: str
    message: str
    classification: str | None


class StoredMessages:
    """Reads a database as it is: no migration, no write. Copies of a message and those without a decision are left
    out."""

    def __init__(self, settings: StoreSettings, *, data_dir: Path) -> None:
        """Raises StoreError where nothing was stored yet, or the address of the database is none."""
        self._database: Database
        if settings.kind == "postgresql":
            assert settings.url is not None  # the settings model refuses postgresql without an address
            self._database = PostgresDatabase(settings.url.read().get_secret_value())
            return
        path = data_dir / "router.db"
        if not path.is_file():
            raise StoreError(f"there are no stored messages: {path} does not exist")
        self._database = SqliteDatabase(path)

    async def span(self, *, since: datetime | None) -> tuple[int, int, int]:
        """Lowest id, highest id and number of the messages received since then; zeros where there are none."""

        def read(connection: Connection) -> tuple[int, int, int]:
            query = select(func.min(messages.c.id), func.max(messages.c.id), func.count()).where(_wanted)
            if since is not None:
                query = query.where(messages.c.at >= since)
            first, last, count = connection.execute(query).one()
            return (first or 0, last or 0, count)

        return await self._database.read(read)

    async def batch(self, *, after: int, until: int, since: datetime | None, limit: int) -> list[StoredRow]:
        """Messages with ids above ``after`` and up to ``until``, in order."""
        columns = (getattr(messages.c, name) for name in StoredRow._fields)
        query = select(*columns).where(_wanted, messages.c.id > after, messages.c.id <= until)
        if since is not None:
            query = query.where(messages.c.at >= since)
        query = query.order_by(messages.c.id).limit(limit)
        return await self._database.read(lambda connection: [StoredRow(*row) for row in connection.execute(query)])

    async def alarms(self, *, since: datetime | None) -> list[AlarmRow]:
        """Alarms of which it was kept what routes made of them, oldest first; none in an older database."""

        def read(connection: Connection) -> list[AlarmRow]:
            there = inspect(connection)
            names = there.get_columns("alarms") if there.has_table("alarms") else ()
            if "decision" not in {column["name"] for column in names}:
                return []
            query = select(alarms.c.case_id, alarms.c.at, alarms.c.decision).where(alarms.c.decision.is_not(None))
            if since is not None:
                query = query.where(alarms.c.at >= since)
            rows = connection.execute(query.order_by(alarms.c.at, alarms.c.case_id)).all()
            keys = [_about(row.decision) for row in rows]
            words: dict[str, Any] = {}
            for some in chunks(sorted({key for key in keys if key})):
                found = select(messages.c.source_key, messages.c.message, messages.c.classification)
                words |= {row[0]: row[1:] for row in connection.execute(found.where(messages.c.source_key.in_(some)))}
            return [AlarmRow(*row, *words[key]) for row, key in zip(rows, keys, strict=True) if key in words]

        return await self._database.read(read)

    async def users(self) -> list[User]:
        """Everybody who may log in."""
        return await self._database.read(people.users_all)

    async def close(self) -> None:
        await self._database.close()


def _about(decision: str) -> str:
    """The source key of the message that an alarm's routes were asked about."""
    given = json.loads(decision).get("given") or {}
    return str((given.get("alarm") or {}).get("message", ""))


_wanted = (messages.c.copy_of == "") & messages.c.decision.is_not(None)
