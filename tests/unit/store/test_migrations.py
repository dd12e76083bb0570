# SPDX-License-Identifier: Apache-2.0
"""The schema: the same by migrations and by the tables, on both databases; old or new, never between."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from router.config.models import Secret, StoreSettings
from router.errors import StoreError
from router.store.database import PostgresDatabase, SqliteDatabase
from router.store.migrate import HEAD, migrate
from router.store.sql import open_store
from router.store.tables import metadata
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.postgres import postgres

_OPEN = """
import asyncio, sys
from pathlib import Path
from router.config.models import StoreSettings
from router.store.sql import open_store
asyncio.run(open_store(StoreSettings(), data_dir=Path(sys.argv[1]), reference=str))
"""


def differences(connection: Connection) -> list[object]:
    """What alembic would change to get from the database to the tables."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def opened(folder: Path) -> str:
    """Open and close the SQLite store of a folder; its schema."""
    store = await open_store(StoreSettings(), data_dir=folder, reference=str)
    await store.close()
    with sqlite3.connect(folder / "router.db") as connection:
        [(version,)] = connection.execute("SELECT version_num FROM alembic_version")
    connection.close()
    return str(version)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    try:
        with postgres() as url:
            yield url
    except ServerMissing as error:
        skip_or_fail(error)


async def test_migrations_equal_tables_on_sqlite(tmp_path: Path) -> None:
    """Migrated from nothing, SQLite has exactly the tables that the statements use."""
    database = SqliteDatabase(tmp_path / "router.db")
    await database.write(migrate)
    assert await database.read(differences) == []
    await database.close()


@pytest.mark.integration
async def test_migrations_equal_tables_on_postgresql(postgres_url: str) -> None:
    """Migrated from nothing, PostgreSQL has exactly the tables that the statements use; migrating again is nothing."""
    database = PostgresDatabase(postgres_url)
    await database.write(migrate)
    await database.write(migrate)
    assert await database.read(differences) == []
    await database.close()


@pytest.mark.integration
async def test_postgresql_without_the_database_is_a_store_error(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is not there is an error of ours."""
    monkeypatch.setenv("TEST_POSTGRES", postgres_url.replace("/postgres", "/nowhere"))
    settings = StoreSettings(kind="postgresql", url=Secret(env="TEST_POSTGRES"))
    with pytest.raises(StoreError, match="database refused"):
        await open_store(settings, data_dir=tmp_path, reference=str)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://test:hunter2@127.0.0.1:1/x", "database refused"),
        ("postgresql://test:hunter2@127.0.0.1:70000/x", "must look like"),
        ("postgresql://test:hunter2@127.0.0.1:port/x", "must look like"),
        ("mysql://test:hunter2@127.0.0.1/x", "must look like"),
        ("hunter2", "must look like"),
    ],
    ids=["nobody-there", "port", "port-word", "other", "no-address"],
)
async def test_postgresql_address_that_cannot_be_used_is_a_store_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, sentence: str
) -> None:
    """A wrong address is refused with a sentence that does not quote the password."""
    monkeypatch.setenv("TEST_POSTGRES", address)
    settings = StoreSettings(kind="postgresql", url=Secret(env="TEST_POSTGRES"))
    with pytest.raises(StoreError, match=sentence) as caught:
        await open_store(settings, data_dir=tmp_path, reference=str)
    assert "hunter2" not in str(caught.value)


def test_head_is_the_newest_migration() -> None:
    """The revision that the program wants is the last one there is, and the chain has no fork."""
    script = ScriptDirectory(str(Path(migrate.__code__.co_filename).parent / "migrations"))
    assert script.get_heads() == [HEAD]


async def test_start_on_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """An older program does not touch a newer database, says both schemas, and leaves no lock behind."""
    assert await opened(tmp_path) == HEAD
    connection = sqlite3.connect(tmp_path / "router.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    for _ in range(2):
        with pytest.raises(StoreError, match=rf"schema 9999, this program knows {HEAD}: use a newer program"):
            await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()


@pytest.mark.parametrize("failpoint", ["migrate.mid", "db.before_commit", "db.after_commit"])
async def test_kill_in_migration_leaves_old_or_new(tmp_path: Path, failpoint: str) -> None:
    """Killed while it migrates, the database has no table or all, and the next start goes through."""
    environment = {**os.environ, "COMPLAINT_ROUTER_FAILPOINT": failpoint}
    command = [sys.executable, "-c", _OPEN, str(tmp_path)]
    done = subprocess.run(command, env=environment, timeout=60, check=False)
    assert done.returncode == -9
    connection = sqlite3.connect(tmp_path / "router.db")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    wanted = set(metadata.tables) | {"alembic_version"} if failpoint == "db.after_commit" else set()
    assert tables - {"sqlite_sequence"} == wanted
    assert await opened(tmp_path) == HEAD


@pytest.mark.parametrize("what", ["file-in-the-way", "not-a-database"])
async def test_data_that_cannot_be_opened_is_a_store_error(tmp_path: Path, what: str) -> None:
    """A data folder that is a file, or a database that is none, is refused with a sentence."""
    folder = tmp_path / "data"
    if what == "file-in-the-way":
        folder.write_text("x", encoding="utf-8")
    else:
        folder.mkdir()
        (folder / "router.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError):
        await open_store(StoreSettings(), data_dir=folder, reference=str)


async def test_seventh_schema_takes_over_incidents(tmp_path: Path) -> None:
    """Incidents and updates of an older database are muted by nobody and were for all."""
    from alembic import command
    from alembic.config import Config

    from router.store import migrate as migration

    database = SqliteDatabase(tmp_path / "router.db")

    def older(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migration.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.exec_driver_sql(
            "INSERT INTO incidents VALUES ('INC-A', 'open', 't', 'billing', '[]', '[]', '1.5', 1, 1, NULL, '', 0, NULL)"
        )
        connection.exec_driver_sql(
            "INSERT INTO incident_updates VALUES ('INC-A', 1, 1, 'aino', '{\"en\": \"a\"}', 'en', '', 0, '{}')"
        )

    await database.write(older)
    await database.close()
    store = await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    incident, [update] = await store.incident("INC-A"), await store.incident_updates()
    await store.close()
    assert (incident.silent, incident.muted_until, incident.muted_by, incident.cases) == ("", None, "", 0)
    assert (update.teams, update.stopped_by, update.done) == ((), "", False)


async def test_second_schema_takes_over_cases(tmp_path: Path) -> None:
    """A database of the first schema keeps its cases, which count as not yet told of deadlines."""
    from alembic import command
    from alembic.config import Config

    from router.store import migrate as migration

    database = SqliteDatabase(tmp_path / "router.db")

    def first(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migration.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO cases VALUES ('A', 'open', 't', 'q', 'complaint', NULL, 'high', 1, 'en', 'email', 's',"
            " 'private', 'x', '', '{}', NULL, NULL, '[]', 0, 1, 1, NULL, 3)"
        )

    await database.write(first)
    await database.close()
    store = await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    case = await store.case("A")
    await store.close()
    assert (case.version, case.due_at) == (3, None)
    with sqlite3.connect(tmp_path / "router.db") as connection:
        [(clocked,)] = connection.execute("SELECT clocked FROM cases")
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM cases WHERE clocked != version LIMIT 5").fetchall()
    connection.close()
    assert clocked == 0
    assert "ix_cases_unclocked" in str(plan)
