# SPDX-License-Identifier: Apache-2.0
"""What these tests share: a private PostgreSQL; and nothing outlives its test."""

import uuid
from collections.abc import Iterator

import asyncpg
import pytest

from router.testing.product import Product
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.postgres import postgres


@pytest.fixture(autouse=True)
def _no_product_left_running() -> Iterator[None]:
    """A test that failed half-way must not leave its product working beside the next ones."""
    yield
    Product.kill_all()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    try:
        with postgres() as url:
            yield url
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.fixture
async def database(server: str) -> str:
    """The address of an empty database."""
    name = f"db{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"create database {name}")
    await connection.close()
    return server.rsplit("/", 1)[0] + f"/{name}"
