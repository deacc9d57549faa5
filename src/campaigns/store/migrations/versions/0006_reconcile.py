"""Reconcile: what a contact's row said, whose list it is of, and whether it is still on it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    """Forward only, and only more: what runs the revision before goes on meanwhile."""
    for column in (
        sa.Column("digest", sa.String(length=20), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("occasion", sa.String(length=40), server_default="", nullable=False),
        sa.Column("time_at", tables.Instant(), nullable=True),
        sa.Column("gone_at", tables.Instant(), nullable=True),
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("contact", column)
