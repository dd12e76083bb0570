# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: always on the connection, and in the transaction, of the caller."""

from alembic import context

from router.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
