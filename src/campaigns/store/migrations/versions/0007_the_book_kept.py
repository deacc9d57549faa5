"""The book keeps itself: refreshes and runs, one contact at a time, families, approval, rounds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    """Forward only, and only more: what runs the revision before goes on meanwhile."""
    for table, column in (
        ("campaign", sa.Column("refresh_at", tables.Instant(), nullable=True)),
        ("campaign", sa.Column("refresh_since", tables.Instant(), nullable=True)),
        ("campaign", sa.Column("refresh_why", sa.String(length=200), nullable=True)),
        ("campaign", sa.Column("refreshed_at", tables.Instant(), nullable=True)),
        ("campaign", sa.Column("run", sa.String(length=40), server_default="", nullable=False)),
        ("campaign", sa.Column("run_at", tables.Instant(), nullable=True)),
        ("campaign", sa.Column("run_after", sa.BigInteger(), nullable=True)),
        ("campaign", sa.Column("approved_at", tables.Instant(), nullable=True)),
        ("campaign", sa.Column("trial_since", tables.Instant(), nullable=True)),
        ("campaign_version", sa.Column("origin", tables.Json, nullable=True)),
        ("contact", sa.Column("said_at", tables.Instant(), nullable=True)),
        ("contact", sa.Column("from_number", sa.String(length=20), nullable=True)),
        ("dial_task", sa.Column("spent", sa.Integer(), server_default="0", nullable=False)),
    ):
        op.add_column(table, column)
    if op.get_bind().dialect.name == "postgresql":  # waiting_for_approval is a long word
        op.alter_column("campaign", "state", type_=sa.String(length=32))
    op.create_table(
        "attempt_member",
        sa.Column("attempt_id", sa.String(length=36), nullable=False),
        sa.Column("task_id", tables.BigId, nullable=False),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_member_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["dial_task.id"], name=op.f("fk_attempt_member_task_id_dial_task")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "task_id", name=op.f("pk_attempt_member")),
    )
    op.create_index("ix_attempt_member_task_id", "attempt_member", ["task_id"])
    op.create_table(
        "told_absent",
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("key_index", sa.Text(), nullable=False),
        sa.Column("said_at", tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_told_absent_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "key_index", name=op.f("pk_told_absent")),
    )
    op.create_table(
        "request_key",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", tables.Json, nullable=True),
        sa.Column("at", tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_request_key")),
    )
