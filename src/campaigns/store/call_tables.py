"""The tables of calls: dial tasks, attempts, and the raw events about them.

Two partial unique indexes carry "never two live calls to one phone": one open attempt per number
over everything in the database, and one per dial task. `attempt.open` is stored and only ever goes
from true to false.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from campaigns.store.columns import BigId, Instant, Json, Sealed, SealedJson, metadata

RIPE_FIRST = "state = 'waiting' AND ripe_at >= eligible_at AND attempts <= spent"
RIPE_AGAIN = "state = 'waiting' AND ripe_at >= eligible_at AND attempts > spent"
UNRIPE = "state = 'waiting' AND (ripe_at IS NULL OR ripe_at < eligible_at)"
"""Waiting dial tasks fall in one of these; the queries say it in the same words (selection.py)."""

dial_task = Table(
    "dial_task",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("contact_id", ForeignKey("contact.id"), nullable=False),
    Column("phone_id", ForeignKey("phone.id"), nullable=False),
    Column("lane_id", ForeignKey("lane.id"), nullable=False),
    Column("touch", String(63), nullable=False, server_default=""),
    Column("state", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),  # of the first attempt
    Column("retry_at", Instant),  # of the next one, where there was one already
    Column("deadline_at", Instant),
    Column("eligible_at", Instant, nullable=False),  # dispatch does not look before
    Column("wait_reason", String(32)),
    Column("attempts", Integer, nullable=False, server_default="0"),  # refunded ones not counted
    Column("claim", BigInteger, nullable=False, server_default="0"),
    Column("claim_until", Instant),
    Column("from_number", String(20)),  # the one this contact saw first
    Column("outcome", String(16)),
    Column("reason", String(64)),
    Column("ended_at", Instant),
    Column("occasion", String(40), nullable=False, server_default=""),  # which anchor, or run
    # The reason that goes with `expired`: campaign_end, deadline, superseded.
    Column("expires_as", String(32), nullable=False, server_default="campaign_end"),
    Column("stopped", String(32)),  # no further call, and why; a live one goes on
    Column("spent", Integer, nullable=False, server_default="0"),  # attempts of earlier rounds
    # Up to when it was seen to be eligible; whoever makes it wait longer makes it unripe.
    Column("ripe_at", Instant),
    UniqueConstraint("contact_id", "touch", "occasion"),
    CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="done_has_outcome"),
    Index(
        "ix_dial_task_lane_waiting",
        "lane_id",
        "eligible_at",
        "id",
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_dial_task_unripe",
        "lane_id",
        "eligible_at",
        "id",
        postgresql_where=text(UNRIPE),
        sqlite_where=text(UNRIPE),
    ),
    *(
        Index(
            name,
            *("lane_id", "deadline_at", "eligible_at", "id"),
            postgresql_where=text(ripe),
            sqlite_where=text(ripe),
        )
        for name, ripe in (
            ("ix_dial_task_ripe_first", RIPE_FIRST),
            ("ix_dial_task_ripe_again", RIPE_AGAIN),
        )
    ),
    Index(
        "ix_dial_task_deadline",
        "deadline_at",
        postgresql_where=text("state = 'waiting' AND deadline_at IS NOT NULL"),
        sqlite_where=text("state = 'waiting' AND deadline_at IS NOT NULL"),
    ),
    Index(
        "ix_dial_task_stopped",
        "id",
        postgresql_where=text("state = 'waiting' AND stopped IS NOT NULL"),
        sqlite_where=text("state = 'waiting' AND stopped IS NOT NULL"),
    ),
    Index(
        "ix_dial_task_claimed",
        "claim_until",
        postgresql_where=text("state = 'claimed'"),
        sqlite_where=text("state = 'claimed'"),
    ),
    Index("ix_dial_task_campaign_id_state", "campaign_id", "state"),
    Index("ix_dial_task_phone_id", "phone_id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("task_id", ForeignKey("dial_task.id")),  # none for a try-out call
    Column("campaign_id", ForeignKey("campaign.id")),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("phone_id", ForeignKey("phone.id"), nullable=False),
    Column("version", Integer),
    Column("attempt_no", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("late", Boolean, nullable=False, default=False, server_default=text("false")),
    # Not dialled from here: read off the provider's list after a restore.
    Column("recovered", Boolean, nullable=False, default=False, server_default=text("false")),
    # agent, from, max_duration_s, recording, context
    Column("snapshot", SealedJson("attempt.snapshot"), nullable=False),
    Column("intent_at", Instant, nullable=False),  # policy time, as everything below
    Column("settle_at", Instant, nullable=False),  # dialing past this is unknown
    Column("release_at", Instant, nullable=False),  # the number is free then at the latest
    Column("give_up_at", Instant, nullable=False),  # unresolved then
    Column("answered_at", Instant),
    Column("answer", String(16)),  # accepted | not_sent | rejected | slow_down | unknown
    Column("answer_blame", String(16)),
    Column("answer_detail", Sealed("attempt.answer_detail")),
    Column("call_id", Text),
    Column("session_id", Text),
    Column("ringing_at", Instant),
    Column("in_progress_at", Instant),
    Column("terminal_at", Instant),
    Column("duration_s", Float),
    Column("confirmed", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("check_at", Instant),  # when to look it up next
    Column("check_claim_until", Instant),
    Column("checks", Integer, nullable=False, server_default="0"),
    Column("check_error", Text),
    Column("enriched", SealedJson("attempt.enriched")),
    Column("cost", Float),
    Column("currency", Text),
    Column("recording_id", Text),
    Column("ended_reason", Text),
    Column("admitted", Json),  # what allowed it: rules, local times, caps; nothing of the person
    Column("proof", Json),  # why it is believed that nobody was rung, or what else came to light
    Index(
        "uq_attempt_open_phone",
        "phone_id",
        unique=True,
        postgresql_where=text("open"),
        sqlite_where=text("open = 1"),
    ),
    Index(
        "uq_attempt_open_task",
        "task_id",
        unique=True,
        postgresql_where=text("open"),
        sqlite_where=text("open = 1"),
    ),
    Index("uq_attempt_call_id", "account_id", "call_id", unique=True),
    Index("uq_attempt_session_id", "account_id", "session_id", unique=True),
    Index(
        "ix_attempt_check_at",
        "check_at",
        postgresql_where=text("check_at IS NOT NULL"),
        sqlite_where=text("check_at IS NOT NULL"),
    ),
    Index(
        "ix_attempt_open_release",
        "release_at",
        postgresql_where=text("open"),
        sqlite_where=text("open = 1"),
    ),
    Index(
        "ix_attempt_dialing",
        "settle_at",
        postgresql_where=text("state = 'dialing'"),
        sqlite_where=text("state = 'dialing'"),
    ),
    Index(
        "ix_attempt_open_account",
        "account_id",
        "campaign_id",
        postgresql_where=text("open"),
        sqlite_where=text("open = 1"),
    ),
    Index("ix_attempt_task_id", "task_id", "attempt_no"),
    Index("ix_attempt_phone_id_intent_at", "phone_id", "intent_at"),
    Index("ix_attempt_account_id_answered_at", "account_id", "answered_at"),
    Index("ix_attempt_campaign_id_intent_at", "campaign_id", "intent_at"),
)

attempt_member = Table(
    "attempt_member",
    metadata,
    Column("attempt_id", ForeignKey("attempt.id"), primary_key=True),
    # Besides the attempt's own task: who else of the family its call is for.
    Column("task_id", ForeignKey("dial_task.id"), primary_key=True),
    Column("attempt_no", Integer, nullable=False),  # as this task counts it
    Index("ix_attempt_member_task_id", "task_id"),
)

event = Table(
    "event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("attempt_id", ForeignKey("attempt.id"), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("source", String(16), nullable=False),  # webhook | account | status | sweep
    Column("digest", String(64), nullable=False),
    Column("status", String(16)),
    Column("word", Text, nullable=False),
    Column("call_id", Text),
    Column("duration_s", Float),
    Column("body", Sealed("event.body"), nullable=False),
    Column("folded", Boolean, nullable=False, default=False, server_default=text("false")),
    UniqueConstraint("attempt_id", "digest"),
    Index(
        "ix_event_unfolded",
        "id",
        postgresql_where=text("NOT folded"),
        sqlite_where=text("folded = 0"),
    ),
)

sweep_read = Table(
    "sweep_read",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("start_at", Instant, nullable=False),  # the stretch of time that was asked for
    Column("end_at", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("complete", Boolean, nullable=False),  # two passes over all pages agreed
    Column("digest", String(64), nullable=False),  # of the ids
    Column("sessions", Integer, nullable=False),
    Column("newest_at", Instant),  # when the youngest call in it began: the positive control
    Column("absent", Json, nullable=False),  # calls in doubt that it does not show
    Column("present", Json, nullable=False),  # and those it may show
    Index("ix_sweep_read_account_id_read_at", "account_id", "read_at"),
)

orphan_event = Table(
    "orphan_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("attempt_id", String(100), nullable=False),  # which this database does not know
    Column("digest", String(64), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("status", String(16)),
    Column("word", Text, nullable=False),
    Column("call_id", Text),
    Column("duration_s", Float),
    Column("body", Sealed("orphan_event.body"), nullable=False),
    Column("reviewed", Boolean, nullable=False, default=False, server_default=text("false")),
    UniqueConstraint("attempt_id", "digest"),
)
