# SPDX-License-Identifier: Apache-2.0
"""Two databases behind one way to run a transaction; the statements themselves know neither thread nor loop.

Work is a function of a SQLAlchemy ``Connection``. SQLite runs it in one writer thread, PostgreSQL on asyncpg.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import QueuePool, StaticPool

from router.errors import Conflict, StoreError
from router.failpoints import failpoint

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["Database", "PostgresDatabase", "SqliteDatabase"]

T = TypeVar("T")
Work = Callable[[Connection], T]
_STATEMENT_SECONDS = 60.0


def _lower(value: str | float | None) -> str | float | None:
    return value.lower() if isinstance(value, str) else value


class Database(Protocol):
    """A place where a piece of work is one transaction, durable when the call returns. All statements of a read see
    the database as it was at one moment; those of a write see what others have committed meanwhile."""

    async def write(self, work: Work[T]) -> T: ...
    async def read(self, work: Work[T]) -> T: ...
    async def close(self) -> None: ...


@contextmanager
def _translated() -> Iterator[None]:
    """Let no driver's exception out."""
    try:
        yield
    except exc.IntegrityError as error:
        raise Conflict("the database already holds this, or it was changed meanwhile") from error
    except (exc.SQLAlchemyError, OSError, sqlite3.Error) as error:
        raise StoreError(f"the database refused: {type(error).__name__}") from error


def _lock_file(path: Path) -> IO[bytes]:
    """The file whose lock is held around each write, open as long as the database is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(f"{path}.lock").open("ab")
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}") from error


class SqliteDatabase:
    """SQLite in WAL mode with synchronous=FULL. Only one connection of all processes writes or checkpoints at a time:
    before SQLite 3.51.3 a checkpoint beside a write could lose a commit, so a file lock is held around each write."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the file; None keeps everything in memory, for tests.

        Raises:
            StoreError: The folder cannot be made or written.
        """
        self._path = path
        self._lock = None if path is None else _lock_file(path)
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = self._writer if path is None else ThreadPoolExecutor(2, "store-reader")
        self._write_engine = self._engine(query_only=False)
        self._read_engine = self._write_engine if path is None else self._engine(query_only=True)

    def _engine(self, *, query_only: bool) -> Engine:
        memory = self._path is None
        engine = create_engine(
            "sqlite://" if memory else f"sqlite:///{self._path}",
            connect_args={"timeout": 30, "check_same_thread": False},
            poolclass=QueuePool if query_only else StaticPool,
        )

        @event.listens_for(engine, "connect")
        def _configure(connection: sqlite3.Connection, _: object) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves
            connection.create_function("lower", 1, _lower, deterministic=True)  # its own knows A to Z only
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            if query_only:
                connection.execute("PRAGMA wal_autocheckpoint=0")
                connection.execute("PRAGMA query_only=ON")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")

        return engine

    def run_write(self, work: Work[T]) -> T:
        """Run in this thread; for migrations, which come before the loop."""
        with _translated():
            if self._lock is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                with self._write_engine.begin() as connection:
                    answer = work(connection)
                    failpoint("db.before_commit")
                failpoint("db.after_commit")
                return answer
            finally:
                if self._lock is not None:
                    fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _run_read(self, work: Work[T]) -> T:
        with _translated(), self._read_engine.begin() as connection:
            return work(connection)

    async def write(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.run_write, work)

    async def read(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run_read, work)

    async def close(self) -> None:
        def shut() -> None:
            if self._lock is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._read_engine.dispose()
            self._write_engine.dispose()
            if self._lock is not None:
                self._lock.close()
                self._lock = None

        await asyncio.get_running_loop().run_in_executor(self._writer, shut)
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)


class PostgresDatabase:
    """PostgreSQL through asyncpg. A transaction that loses a race is tried again; nothing else is."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. Raises StoreError where ``url`` is no address of a PostgreSQL database."""
        from sqlalchemy.ext.asyncio import create_async_engine

        self._engine = create_async_engine(
            _address(url),
            pool_size=5,
            max_overflow=5,
            pool_pre_ping=True,
            connect_args={"timeout": 10, "command_timeout": 60},
        )
        # by default each statement sees what was committed just before it: a message already "done" without its case
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def _run(self, engine: AsyncEngine, work: Work[T], *, tries: int = 3) -> T:
        with _translated():
            for left in reversed(range(tries)):
                try:
                    async with asyncio.timeout(_STATEMENT_SECONDS), engine.begin() as connection:
                        answer: T = await connection.run_sync(work)
                        failpoint("db.before_commit")
                    failpoint("db.after_commit")
                except exc.DBAPIError as error:
                    if not left or _sqlstate(error) not in {"40001", "40P01"}:
                        raise
                else:
                    return answer
        raise StoreError("the transaction kept losing against others")

    async def write(self, work: Work[T]) -> T:
        return await self._run(self._engine, work)

    async def read(self, work: Work[T]) -> T:
        return await self._run(self._reader, work)

    async def close(self) -> None:
        await self._engine.dispose()


def _address(url: str) -> URL:
    """The address for asyncpg; what is wrong with one is not quoted, since it holds the password."""
    try:
        address = make_url(url)
    except (exc.ArgumentError, ValueError):
        address = make_url("other://")
    if address.drivername not in {"postgres", "postgresql"} or not 0 < (address.port or 5432) <= 65535:
        raise StoreError("the address of the database must look like postgresql://user:password@host:port/database")
    return address.set(drivername="postgresql+asyncpg")


def _sqlstate(error: exc.DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", "") or "")
