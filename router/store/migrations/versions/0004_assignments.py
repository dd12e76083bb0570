# SPDX-License-Identifier: Apache-2.0
"""Who has which case since when, which cases wait, and who was served when."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables of assignment, and find a customer's cases quickly."""
    op.create_index("ix_cases_customer_id", "cases", ["customer_id"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("passed", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("knows", sa.Text(), nullable=False),
        sa.Column("knew_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_assignments_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_assignments")),
    )
    op.create_table(
        "served",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("hostile_turn", sa.Integer(), nullable=False),
        sa.Column("hostile_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("team", "member", name=op.f("pk_served")),
    )
