"""the lost answer: reads of the list as evidence, what a provider can tell, incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    """Forward only, and only more: what runs the revision before goes on meanwhile."""
    op.create_table(
        "sweep_read",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("account_id", tables.BigId, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("start_at", tables.Instant(), nullable=False),
        sa.Column("end_at", tables.Instant(), nullable=False),
        sa.Column("read_at", tables.Instant(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("newest_at", tables.Instant(), nullable=True),
        sa.Column("absent", tables.Json, nullable=False),
        sa.Column("present", tables.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sweep_read_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep_read")),
    )
    op.create_index("ix_sweep_read_account_id_read_at", "sweep_read", ["account_id", "read_at"])
    op.create_table(
        "capability",
        sa.Column("account_id", tables.BigId, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("at", tables.Instant(), nullable=False),
        sa.Column("attempt_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_capability_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_capability_attempt_id_attempt")
        ),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_capability")),
    )
    op.add_column("attempt", sa.Column("proof", tables.Json, nullable=True))
    op.add_column("account", sa.Column("looked_at", tables.Instant(), nullable=True))
    op.add_column("account", sa.Column("look_at", tables.Instant(), nullable=True))
    op.add_column("heartbeat", sa.Column("since", tables.Instant(), nullable=True))
    op.create_index(
        "ix_audit_incident",
        "audit",
        ["at"],
        postgresql_where=sa.text("what = 'incident'"),
        sqlite_where=sa.text("what = 'incident'"),
    )
