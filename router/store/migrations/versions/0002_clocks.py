# SPDX-License-Identifier: Apache-2.0
"""Clocks on cases, and the alarms they raised."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the nearest deadline to each case, and the tables of clocks and alarms."""
    op.add_column("cases", sa.Column("due_at", sa.BigInteger(), nullable=True))
    op.add_column("cases", sa.Column("clocked", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index("ix_cases_due", "cases", ["team", "state", "due_at"], unique=False)
    changed = sa.text("clocked <> version")
    op.create_index("ix_cases_unclocked", "cases", ["id"], unique=False, sqlite_where=changed, postgresql_where=changed)
    op.create_table(
        "clocks",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_seconds", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("next_alarm_at", sa.BigInteger(), nullable=True),
        sa.Column("warned_at", sa.BigInteger(), nullable=True),
        sa.Column("breached_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_clocks_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "name", name=op.f("pk_clocks")),
    )
    op.create_index(op.f("ix_clocks_next_alarm_at"), "clocks", ["next_alarm_at"], unique=False)
    op.create_index("ix_clocks_state_due_at", "clocks", ["state", "due_at"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_alarms_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "name", "round", "kind", name=op.f("pk_alarms")),
    )
