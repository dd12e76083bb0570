# SPDX-License-Identifier: Apache-2.0
"""The store's twin: the same statements on SQLite in memory, gone when closed; and made-up rows for tests."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from router.clock import SystemClock
from router.crypto import reference_for
from router.interfaces import Clock, Store
from router.schema import RawMessage
from router.store.database import SqliteDatabase
from router.store.migrate import migrate
from router.store.raw_files import RawFiles
from router.store.sql import SqlStore

__all__ = ["TEST_KEY", "make_raw", "memory_store"]

TEST_KEY = b"a key for tests, thirty-two bytes long at the least"


async def memory_store(*, clock: Clock | None = None) -> Store:
    """A store that behaves like the real one because it is, without a file; large bodies go to a temporary folder."""
    database = SqliteDatabase(None)
    await database.write(migrate)
    files = RawFiles(Path(tempfile.mkdtemp(prefix="complaint-router-")))
    return SqlStore(
        database, files=files, reference=lambda key: reference_for(TEST_KEY, key), clock=clock or SystemClock()
    )


def make_raw(
    body: bytes = b"hello",
    *,
    native_id: str | None = None,
    channel: str = "email",
    account: str = "support",
    received_at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
) -> RawMessage:
    """A raw message with defaults for everything; ``native_id`` falls back to the body's digest."""
    native_id = native_id or hashlib.sha256(body).hexdigest()[:16]
    return RawMessage(channel=channel, account=account, native_id=native_id, body=body, received_at=received_at)
