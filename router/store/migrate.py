# SPDX-License-Identifier: Apache-2.0
"""Bring the schema up to date at start, inside the transaction that is given: old or new, never between."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from router.errors import StoreError
from router.failpoints import failpoint

__all__ = ["migrate"]

HEAD = "0007"
_FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Run what is missing. Alembic is imported only when there is something to do, since that takes a while.

    Raises:
        StoreError: The schema was made by a newer program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7221001)"))  # one process migrates, the others wait
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if current == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise StoreError(
            f"the database has schema {current}, this program knows {HEAD}: use a newer program"
        ) from error
    failpoint("migrate.mid")
