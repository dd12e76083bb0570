# SPDX-License-Identifier: Apache-2.0
"""Incidents that are muted or taken up again by hand, and updates that are for some teams or were stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns; what is there is muted by nobody, and its updates were for all."""
    nothing = sa.text("''")
    op.add_column("incidents", sa.Column("reopened_at", sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("muted_until", sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("muted_by", sa.Text(), server_default=nothing, nullable=False))
    op.add_column("incidents", sa.Column("silent", sa.Text(), server_default=nothing, nullable=False))
    op.add_column("incident_updates", sa.Column("teams", sa.Text(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("incident_updates", sa.Column("stopped_by", sa.Text(), server_default=nothing, nullable=False))
