"""Which state of the database this is, events of calls it forgot, and who may work with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    """Forward only: a backup is the way back (docs/production.md)."""
    op.add_column("world", sa.Column("born", sa.String(length=36), nullable=True))
    op.add_column("world", sa.Column("mark", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("world", sa.Column("marked_at", tables.Instant(), nullable=True))
    op.add_column("world", sa.Column("server", sa.String(length=64), nullable=True))
    op.add_column("world", sa.Column("held_why", sa.String(length=200), nullable=True))
    op.add_column("world", sa.Column("held_at", tables.Instant(), nullable=True))
    op.add_column("world", sa.Column("lost_since", tables.Instant(), nullable=True))
    op.add_column(
        "attempt",
        sa.Column("recovered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "orphan_event",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("attempt_id", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", tables.Instant(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("reviewed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orphan_event")),
        sa.UniqueConstraint("attempt_id", "digest", name=op.f("uq_orphan_event_attempt_id_digest")),
    )
    op.create_table(
        "schema_compat",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("schema", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_compat")),
    )
