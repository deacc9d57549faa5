"""What is personal is sealed: numbers and keys get an index, and the rest is sealed in its place.

The two columns that things were looked up by are renamed, on purpose: a process of an older
release that still runs would look for clear numbers, find none, and store a second phone for
the same number, which no suppression and no lock covers. So it fails instead. What lies in the
rows is sealed afterwards, in chunks, by `db upgrade`; until then no process starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a backup is the way back (docs/production.md)."""
    op.create_table(
        "vault",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index_key", sa.Text(), nullable=False),
        sa.Column("sealed_at", tables.Instant(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_vault_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault")),
    )
    op.execute("ALTER TABLE phone RENAME COLUMN e164 TO number_index")
    op.add_column("phone", sa.Column("e164_sealed", sa.Text(), nullable=True))
    op.execute('ALTER TABLE contact RENAME COLUMN "key" TO key_index')
    op.add_column("contact", sa.Column("key_sealed", sa.Text(), nullable=True))
