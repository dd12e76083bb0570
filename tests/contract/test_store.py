# SPDX-License-Identifier: Apache-2.0
"""Both databases, and SQLite in memory, keep the one store contract."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from router.config.models import Secret, StoreSettings
from router.crypto import reference_for
from router.interfaces import Store
from router.store.sql import open_store
from router.testing.assign_contract import AssignContract
from router.testing.corrections_contract import CorrectionsContract
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.postgres import postgres
from router.testing.store import TEST_KEY, memory_store
from router.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract, CorrectionsContract, AssignContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = await memory_store()
        yield store
        await store.close()


class TestSqliteStore(StoreContract, CorrectionsContract, AssignContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = await open_store(StoreSettings(), data_dir=tmp_path, reference=lambda k: reference_for(TEST_KEY, k))
        yield store
        await store.close()


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    try:
        with postgres() as url:
            yield url
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.mark.integration
class TestPostgresStore(StoreContract, CorrectionsContract, AssignContract):
    @pytest.fixture
    async def store(
        self, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> AsyncIterator[Store]:
        import asyncpg

        name = f"t{abs(hash(request.node.name)):x}"

        connection = await asyncpg.connect(postgres_url)
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        monkeypatch.setenv("TEST_POSTGRES", postgres_url.rsplit("/", 1)[0] + f"/{name}")
        store = await open_store(
            StoreSettings(kind="postgresql", url=Secret(env="TEST_POSTGRES")),
            data_dir=tmp_path,
            reference=lambda k: reference_for(TEST_KEY, k),
        )
        yield store
        await store.close()
