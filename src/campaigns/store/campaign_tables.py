"""The tables of campaigns: what they say, what holds them, when they go on."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from campaigns.store.columns import BigId, Instant, Json, metadata

campaign = Table(
    "campaign",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", String(63), nullable=False, unique=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    # SQLite never looks at the length, and would have to write the table anew to change it.
    Column("state", String(16).with_variant(String(32), "postgresql"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("start_at", Instant),
    Column("end_at", Instant),
    Column("load_token", String(36)),
    Column("load_until", Instant),
    Column("paused_why", String(200)),
    Column("paused_by", String(100)),
    Column("paused_at", Instant),
    Column("vouched_at", Instant),  # a person resumed after refusals: take them at their word
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("refresh_at", Instant),  # when its list is read again; its cron's next firing
    Column("refresh_since", Instant),  # the firing that is refused, and tried again for an hour
    Column("refresh_why", String(200)),  # why it was; none: the last one was taken
    Column("refreshed_at", Instant),
    Column("run", String(40), nullable=False, server_default=""),  # the occasion of its tasks
    Column("run_at", Instant),  # when that run begins; none: it has begun
    Column("run_after", BigInteger),  # contacts up to this id have their task of it; none: all
    Column("approved_at", Instant),  # a person has heard its first calls
    Column("trial_since", Instant),  # those from then on; none: from its beginning
    Index("ix_campaign_account_state", "account_id", "state"),
)

campaign_version = Table(
    "campaign_version",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", Json, nullable=False),
    Column("header", Json, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("accepted_at", Instant, nullable=False),
    # Where it was read: path of its file, digest of the file alone, what options filled in.
    Column("origin", Json),
)

lane = Table(
    "lane",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("zones", Text, nullable=False),  # space separated, sorted: one calendar for all of it
    UniqueConstraint("campaign_id", "zones"),
)

pause_request = Table(
    "pause_request",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("why", String(200), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("applied", Boolean, nullable=False, default=False, server_default=text("false")),
    Index(
        "ix_pause_request_open",
        "campaign_id",
        postgresql_where=text("NOT applied"),
        sqlite_where=text("applied = 0"),
    ),
)

run_lease = Table(
    "run_lease",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("until", Instant, nullable=False),  # real time: a lease is mechanical
)

told_absent = Table(
    "told_absent",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("key_index", Text, primary_key=True),  # of a contact that was never on the list
    Column("said_at", Instant, nullable=False),  # as of when it is not: what is older is no news
)

request_key = Table(
    "request_key",
    metadata,
    Column("key", String(64), primary_key=True),  # hash of an Idempotency-Key and its route
    Column("digest", String(64), nullable=False),  # of the request that it came with
    Column("status", Integer),  # none: under way
    Column("body", Json),
    Column("at", Instant, nullable=False),
)
