# SPDX-License-Identifier: Apache-2.0
"""What one read asks with several statements is the state of one moment, whatever others commit between them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from router.errors import StoreError
from router.store.database import Database, PostgresDatabase, SqliteDatabase
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.postgres import postgres

Open = Callable[[], Database]
ADD = "INSERT INTO things VALUES ('one more')"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    try:
        with postgres() as url:
            yield url
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
async def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens one database again and again, each time as another process would; it has a table ``things``."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""

    def opened() -> Database:
        return PostgresDatabase(url) if url else SqliteDatabase(tmp_path / "one.sqlite")

    await run(opened(), "CREATE TABLE things (name TEXT)")
    yield opened
    await run(opened(), "DROP TABLE things")


async def run(database: Database, statement: str) -> None:
    await database.write(lambda connection: connection.exec_driver_sql(statement).close())
    await database.close()


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM things").scalar_one())


def from_elsewhere(open_database: Open) -> None:
    """Add a thing and commit it, from another thread with a connection and a loop of its own."""
    thread = threading.Thread(target=lambda: asyncio.run(run(open_database(), ADD)))
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive(), "a read kept a write waiting"


async def test_read_sees_one_moment(open_database: Open) -> None:
    """Two statements of one read count the same, though a thing is added between them; the next read counts it."""
    database = open_database()

    def twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        from_elsewhere(open_database)
        return before, count(connection)

    assert await database.read(twice) == (0, 0)
    assert await database.read(count) == 1
    await database.close()


async def test_read_cannot_write(open_database: Open) -> None:
    """A write by way of a read is refused, and the connection serves the next write as before."""
    database = open_database()
    with pytest.raises(StoreError):
        await database.read(lambda connection: connection.exec_driver_sql(ADD).close())
    await database.write(lambda connection: connection.exec_driver_sql(ADD).close())
    assert await database.read(count) == 1
    await database.close()
