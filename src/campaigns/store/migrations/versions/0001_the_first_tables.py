"""the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from campaigns.store import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a backup is the way back (docs/production.md)."""
    op.create_table(
        "account",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("spacing_s", sa.Float(), nullable=False),
        sa.Column("strict_until", tables.Instant(), nullable=True),
        sa.Column("last_intent_at", tables.Instant(), nullable=True),
        sa.Column("not_before", tables.Instant(), nullable=True),
        sa.Column("held_why", sa.String(length=200), nullable=True),
        sa.Column("not_sent_streak", sa.Integer(), server_default="0", nullable=False),
        sa.Column("probing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unknown_since", tables.Instant(), nullable=True),
        sa.Column("last_429_at", tables.Instant(), nullable=True),
        sa.Column("paused_why", sa.String(length=200), nullable=True),
        sa.Column("paused_by", sa.String(length=100), nullable=True),
        sa.Column("paused_at", tables.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "phone",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
        sa.UniqueConstraint("e164", name=op.f("uq_phone_e164")),
    )
    op.create_table(
        "world",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("anchor_real", tables.Instant(), nullable=False),
        sa.Column("anchor_policy", tables.Instant(), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "kind = 'rehearsal' OR speed = 1", name=op.f("ck_world_real_time_is_real")
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_world_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_world")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("account_id", tables.BigId, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("start_at", tables.Instant(), nullable=True),
        sa.Column("end_at", tables.Instant(), nullable=True),
        sa.Column("load_token", sa.String(length=36), nullable=True),
        sa.Column("load_until", tables.Instant(), nullable=True),
        sa.Column("paused_why", sa.String(length=200), nullable=True),
        sa.Column("paused_by", sa.String(length=100), nullable=True),
        sa.Column("paused_at", tables.Instant(), nullable=True),
        sa.Column("vouched_at", tables.Instant(), nullable=True),
        sa.Column("created_at", tables.Instant(), nullable=False),
        sa.Column("finished_at", tables.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_campaign_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_account_state", ["account_id", "state"], unique=False)

    op.create_table(
        "slot",
        sa.Column("account_id", tables.BigId, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("window_s", sa.Float(), nullable=False),
        sa.Column("attempt_id", sa.String(length=36), nullable=True),
        sa.Column("free_at", tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_slot_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", "n", name=op.f("pk_slot")),
    )
    op.create_table(
        "suppression",
        sa.Column("phone_id", tables.BigId, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("added_at", tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["phone.id"], name=op.f("fk_suppression_phone_id_phone")
        ),
        sa.PrimaryKeyConstraint("phone_id", name=op.f("pk_suppression")),
    )
    op.create_table(
        "audit",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("at", tables.Instant(), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", tables.BigId, nullable=True),
        sa.Column("account_id", tables.BigId, nullable=True),
        sa.Column("detail", tables.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_audit_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_audit_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_campaign_id", ["campaign_id"], unique=False)

    op.create_table(
        "campaign_version",
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", tables.Json, nullable=False),
        sa.Column("header", tables.Json, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("accepted_at", tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_version_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_campaign_version")),
    )
    op.create_table(
        "contact",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("phone_id", tables.BigId, nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.Column("zone_source", sa.String(length=32), nullable=False),
        sa.Column("settings", tables.Json, nullable=False),
        sa.Column("fields", tables.Json, nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_contact_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_contact_phone_id_phone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_contact_campaign_id_key")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contact_campaign_id_phone_id", ["campaign_id", "phone_id"], unique=False
        )

    op.create_table(
        "lane",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_lane_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("campaign_id", "zones", name=op.f("uq_lane_campaign_id_zones")),
    )
    op.create_table(
        "pause_request",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("asked_at", tables.Instant(), nullable=False),
        sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_pause_request_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause_request")),
    )
    with op.batch_alter_table("pause_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pause_request_open",
            ["campaign_id"],
            unique=False,
            postgresql_where=sa.text("NOT applied"),
            sqlite_where=sa.text("applied = 0"),
        )

    op.create_table(
        "rejected_row",
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("column", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_rejected_row_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "line", name=op.f("pk_rejected_row")),
    )
    op.create_table(
        "run_lease",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", tables.BigId, nullable=False),
        sa.Column("until", tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_run_lease_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_lease")),
    )
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
        sa.CheckConstraint(
            "(state = 'done') = (outcome IS NOT NULL)", name=op.f("ck_dial_task_done_has_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_dial_task_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_dial_task_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_dial_task_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_dial_task_lane_id_lane")),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["phone.id"], name=op.f("fk_dial_task_phone_id_phone")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_task")),
        sa.UniqueConstraint("contact_id", "touch", name=op.f("uq_dial_task_contact_id_touch")),
    )
    with op.batch_alter_table("dial_task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_dial_task_campaign_id_state", ["campaign_id", "state"], unique=False
        )
        batch_op.create_index(
            "ix_dial_task_claimed",
            ["claim_until"],
            unique=False,
            postgresql_where=sa.text("state = 'claimed'"),
            sqlite_where=sa.text("state = 'claimed'"),
        )
        batch_op.create_index(
            "ix_dial_task_deadline",
            ["deadline_at"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting' AND deadline_at IS NOT NULL"),
            sqlite_where=sa.text("state = 'waiting' AND deadline_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_dial_task_lane_waiting",
            ["lane_id", "eligible_at", "id"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index("ix_dial_task_phone_id", ["phone_id"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("task_id", tables.BigId, nullable=True),
        sa.Column("campaign_id", tables.BigId, nullable=True),
        sa.Column("account_id", tables.BigId, nullable=False),
        sa.Column("phone_id", tables.BigId, nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("snapshot", tables.Json, nullable=False),
        sa.Column("intent_at", tables.Instant(), nullable=False),
        sa.Column("settle_at", tables.Instant(), nullable=False),
        sa.Column("release_at", tables.Instant(), nullable=False),
        sa.Column("give_up_at", tables.Instant(), nullable=False),
        sa.Column("answered_at", tables.Instant(), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("answer_blame", sa.String(length=16), nullable=True),
        sa.Column("answer_detail", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("ringing_at", tables.Instant(), nullable=True),
        sa.Column("in_progress_at", tables.Instant(), nullable=True),
        sa.Column("terminal_at", tables.Instant(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("check_at", tables.Instant(), nullable=True),
        sa.Column("check_claim_until", tables.Instant(), nullable=True),
        sa.Column("checks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("check_error", sa.Text(), nullable=True),
        sa.Column("enriched", tables.Json, nullable=True),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("recording_id", sa.Text(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_attempt_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_attempt_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_attempt_phone_id_phone")),
        sa.ForeignKeyConstraint(
            ["task_id"], ["dial_task.id"], name=op.f("fk_attempt_task_id_dial_task")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(
            "ix_attempt_account_id_answered_at", ["account_id", "answered_at"], unique=False
        )
        batch_op.create_index(
            "ix_attempt_campaign_id_intent_at", ["campaign_id", "intent_at"], unique=False
        )
        batch_op.create_index(
            "ix_attempt_check_at",
            ["check_at"],
            unique=False,
            postgresql_where=sa.text("check_at IS NOT NULL"),
            sqlite_where=sa.text("check_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_attempt_dialing",
            ["settle_at"],
            unique=False,
            postgresql_where=sa.text("state = 'dialing'"),
            sqlite_where=sa.text("state = 'dialing'"),
        )
        batch_op.create_index(
            "ix_attempt_open_release",
            ["release_at"],
            unique=False,
            postgresql_where=sa.text("open"),
            sqlite_where=sa.text("open = 1"),
        )
        batch_op.create_index(
            "ix_attempt_phone_id_intent_at", ["phone_id", "intent_at"], unique=False
        )
        batch_op.create_index("ix_attempt_task_id", ["task_id", "attempt_no"], unique=False)
        batch_op.create_index("uq_attempt_call_id", ["account_id", "call_id"], unique=True)
        batch_op.create_index(
            "uq_attempt_open_phone",
            ["phone_id"],
            unique=True,
            postgresql_where=sa.text("open"),
            sqlite_where=sa.text("open = 1"),
        )
        batch_op.create_index(
            "uq_attempt_open_task",
            ["task_id"],
            unique=True,
            postgresql_where=sa.text("open"),
            sqlite_where=sa.text("open = 1"),
        )
        batch_op.create_index("uq_attempt_session_id", ["account_id", "session_id"], unique=True)

    op.create_table(
        "event",
        sa.Column("id", tables.BigId, nullable=False),
        sa.Column("attempt_id", sa.String(length=36), nullable=False),
        sa.Column("received_at", tables.Instant(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("folded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_event_attempt_id_attempt")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("attempt_id", "digest", name=op.f("uq_event_attempt_id_digest")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_event_unfolded",
            ["id"],
            unique=False,
            postgresql_where=sa.text("NOT folded"),
            sqlite_where=sa.text("folded = 0"),
        )
