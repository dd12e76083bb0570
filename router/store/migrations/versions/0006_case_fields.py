# SPDX-License-Identifier: Apache-2.0
"""Named values on cases, and what routes said when a deadline warned or was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the values and which of them people set to each case, and the decision to each alarm."""
    op.add_column("cases", sa.Column("fields", sa.Text(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("cases", sa.Column("own_fields", sa.Text(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("alarms", sa.Column("decision", sa.Text(), nullable=True))
