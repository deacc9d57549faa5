"""Touches: what a dial task is the touch of, why it expires, and why it gets no further call.

One contact has a dial task for each touch and occasion, so the pair that was unique is a triple
now. SQLite cannot drop a constraint: there the table is made anew, in this transaction, and its
rows come back under the ids that attempts point at.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    """Forward only, and only more: what runs the revision before goes on meanwhile."""
    if op.get_context().dialect.name == "sqlite":
        _made_anew()
    else:
        for column in _added():
            op.add_column("dial_task", column)
        op.drop_constraint("uq_dial_task_contact_id_touch", "dial_task", type_="unique")
        op.create_unique_constraint(
            "uq_dial_task_contact_id_touch_occasion",
            "dial_task",
            ["contact_id", "touch", "occasion"],
        )
    stopped = sa.text("state = 'waiting' AND stopped IS NOT NULL")
    op.create_index(
        "ix_dial_task_stopped",
        "dial_task",
        ["id"],
        postgresql_where=stopped,
        sqlite_where=stopped,
    )


def _added() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("occasion", sa.String(length=40), server_default="", nullable=False),
        sa.Column(
            "expires_as", sa.String(length=32), server_default="campaign_end", nullable=False
        ),
        sa.Column("stopped", sa.String(length=32), nullable=True),
    )


def _made_anew() -> None:
    # Attempts point at rows that are away for a moment: asked again at the commit.
    op.execute("PRAGMA defer_foreign_keys=ON")
    op.execute("CREATE TABLE dial_task_before AS SELECT * FROM dial_task")
    op.execute("DROP TABLE dial_task")
    op.create_table(
        "dial_task",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("account_id", tables.BigId, nullable=False),
        sa.Column("contact_id", tables.BigId, nullable=False),
        sa.Column("phone_id", tables.BigId, nullable=False),
        sa.Column("lane_id", tables.BigId, nullable=False),
        sa.Column("touch", sa.String(length=63), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", tables.Instant(), nullable=False),
        sa.Column("retry_at", tables.Instant(), nullable=True),
        sa.Column("deadline_at", tables.Instant(), nullable=True),
        sa.Column("eligible_at", tables.Instant(), nullable=False),
        sa.Column("wait_reason", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claim", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claim_until", tables.Instant(), nullable=True),
        sa.Column("from_number", sa.String(length=20), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("ended_at", tables.Instant(), nullable=True),
        *_added(),
        sa.CheckConstraint(
            "(state = 'done') = (outcome IS NOT NULL)", name=op.f("ck_dial_task_done_has_outcome")
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{one}_id"], [f"{one}.id"], name=op.f(f"fk_dial_task_{one}_id_{one}")
            )
            for one in ("account", "campaign", "contact", "lane", "phone")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_task")),
        sa.UniqueConstraint(
            "contact_id",
            "touch",
            "occasion",
            name=op.f("uq_dial_task_contact_id_touch_occasion"),
        ),
    )
    kept = ", ".join(_KEPT)
    op.execute(f"INSERT INTO dial_task ({kept}) SELECT {kept} FROM dial_task_before")  # noqa: S608
    op.execute("DROP TABLE dial_task_before")
    waiting = sa.text("state = 'waiting'")
    overdue = sa.text("state = 'waiting' AND deadline_at IS NOT NULL")
    claimed = sa.text("state = 'claimed'")
    op.create_index("ix_dial_task_campaign_id_state", "dial_task", ["campaign_id", "state"])
    op.create_index("ix_dial_task_claimed", "dial_task", ["claim_until"], sqlite_where=claimed)
    op.create_index("ix_dial_task_deadline", "dial_task", ["deadline_at"], sqlite_where=overdue)
    op.create_index(
        "ix_dial_task_lane_waiting",
        "dial_task",
        ["lane_id", "eligible_at", "id"],
        sqlite_where=waiting,
    )
    op.create_index("ix_dial_task_phone_id", "dial_task", ["phone_id"])


_KEPT = (
    *("id", "campaign_id", "account_id", "contact_id", "phone_id", "lane_id", "touch", "state"),
    *("due_at", "retry_at", "deadline_at", "eligible_at", "wait_reason", "attempts", "claim"),
    *("claim_until", "from_number", "outcome", "reason", "ended_at"),
)
