"""The right moment: what is ripe, what allowed a call, lists of one campaign, calls at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
expands = True

_RIPE = "state = 'waiting' AND ripe_at >= eligible_at AND attempts "


def upgrade() -> None:
    """Forward only, and only more: what runs the revision before goes on meanwhile."""
    op.add_column("dial_task", sa.Column("ripe_at", tables.Instant(), nullable=True))
    op.add_column("attempt", sa.Column("admitted", tables.Json, nullable=True))
    op.add_column("account", sa.Column("concurrent_calls", sa.Integer(), nullable=True))
    for table, name, columns, where in (
        (
            "dial_task",
            "ix_dial_task_unripe",
            ["lane_id", "eligible_at", "id"],
            "state = 'waiting' AND (ripe_at IS NULL OR ripe_at < eligible_at)",
        ),
        (
            "dial_task",
            "ix_dial_task_ripe_first",
            ["lane_id", "deadline_at", "eligible_at", "id"],
            _RIPE + "<= spent",
        ),
        (
            "dial_task",
            "ix_dial_task_ripe_again",
            ["lane_id", "deadline_at", "eligible_at", "id"],
            _RIPE + "> spent",
        ),
    ):
        op.create_index(
            name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where)
        )
    op.create_index(
        "ix_attempt_open_account",
        "attempt",
        ["account_id", "campaign_id"],
        postgresql_where=sa.text("open"),
        sqlite_where=sa.text("open = 1"),
    )
    op.create_table(
        "campaign_suppression",
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("phone_id", tables.BigId, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("added_at", tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_suppression_campaign_id_campaign"),
        ),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["phone.id"], name=op.f("fk_campaign_suppression_phone_id_phone")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "phone_id", name=op.f("pk_campaign_suppression")),
    )
    op.create_index("ix_campaign_suppression_phone_id", "campaign_suppression", ["phone_id"])
