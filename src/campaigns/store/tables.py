"""The tables: what is remembered. The database is the queue, the lock, the clock, the limiter."""

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

from campaigns.store.call_tables import (
    attempt,
    attempt_member,
    dial_task,
    event,
    orphan_event,
    sweep_read,
)
from campaigns.store.campaign_tables import (
    campaign,
    campaign_version,
    lane,
    pause_request,
    request_key,
    run_lease,
    told_absent,
)
from campaigns.store.columns import BigId, Instant, Json, Sealed, SealedJson, metadata

__all__ = [
    "BigId",
    "Instant",
    "Json",
    "account",
    "attempt",
    "attempt_member",
    "audit",
    "campaign",
    "campaign_suppression",
    "campaign_version",
    "capability",
    "contact",
    "dial_task",
    "event",
    "heartbeat",
    "lane",
    "metadata",
    "orphan_event",
    "pause_request",
    "phone",
    "rejected_row",
    "request_key",
    "run_lease",
    "schema_compat",
    "slot",
    "suppression",
    "sweep_read",
    "told_absent",
    "vault",
    "world",
]

world = Table(
    "world",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),  # real | rehearsal, stamped once
    Column("anchor_real", Instant, nullable=False),
    Column("anchor_policy", Instant, nullable=False),
    Column("speed", Float, nullable=False),
    Column("born", String(36)),  # of this database and every copy of it
    # Only ever rises: a database whose mark is lower than seen before went back in time.
    Column("mark", BigInteger, nullable=False, server_default="0"),
    Column("marked_at", Instant),  # real time
    Column("server", String(64)),  # PostgreSQL: system identifier and timeline it belongs to
    Column("held_why", String(200)),  # nothing is dialled until `recover`
    Column("held_at", Instant),
    Column("lost_since", Instant),  # calls after this may be missing here
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("kind = 'rehearsal' OR speed = 1", name="real_time_is_real"),
)

schema_compat = Table(
    "schema_compat",
    metadata,
    Column("revision", String(32), primary_key=True),  # programs of it may work with the schema
    Column("schema", String(32), nullable=False),  # the database's revision this was said of
)

vault = Table(
    "vault",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("index_key", Text, nullable=False),  # finds numbers and keys; sealed by the secret
    Column("sealed_at", Instant),  # nothing personal lies open since then (real time)
    CheckConstraint("id = 1", name="one_row"),
)

account = Table(
    "account",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", String(63), nullable=False, unique=True),
    Column("spacing_s", Float, nullable=False),
    Column("strict_until", Instant),  # wide spacing after a 429 nobody expected
    Column("last_intent_at", Instant),
    Column("not_before", Instant),  # held: nothing starts earlier
    Column("held_why", String(200)),
    Column("not_sent_streak", Integer, nullable=False, server_default="0"),
    Column("probing", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("unknown_since", Instant),  # answers before this no longer count for the breaker
    Column("looked_at", Instant),  # a look-up that worked since the breaker's hold began
    Column("look_at", Instant),  # when the next one may be tried
    Column("last_429_at", Instant),
    Column("paused_why", String(200)),
    Column("paused_by", String(100)),
    Column("paused_at", Instant),
    Column("concurrent_calls", Integer),  # none: as many as there are
)

slot = Table(
    "slot",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("window_s", Float, nullable=False),
    Column("attempt_id", String(36)),  # or the look-up that holds it
    Column("free_at", Instant, nullable=False),
)

phone = Table(
    "phone",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("number_index", String(20), nullable=False),
    Column("e164_sealed", Sealed("phone.e164"), key="e164"),  # none: erased, and never called
    # Named as when the column held the number in clear.
    UniqueConstraint("number_index", name="uq_phone_e164"),
)

contact = Table(
    "contact",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("key_index", Text, nullable=False),
    Column("key_sealed", Sealed("contact.key"), key="key"),  # none: erased
    Column("phone_id", ForeignKey("phone.id"), nullable=False),
    Column("zones", Text, nullable=False),
    Column("zone_source", String(32), nullable=False),
    Column("settings", SealedJson("contact.settings"), nullable=False),
    Column("fields", SealedJson("contact.fields"), nullable=False),
    Column("source_line", Integer, nullable=False),
    Column("digest", String(20), nullable=False, server_default=""),  # of what its row says
    Column("source", Text, nullable=False, server_default=""),  # the list that it is of
    Column("occasion", String(40), nullable=False, server_default=""),  # of its newest tasks
    Column("time_at", Instant),  # its anchor, or the time that its row gives it
    Column("gone_at", Instant),  # its list no longer has it
    Column("held", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("said_at", Instant),  # as of when its teller knows this; what is older is no news
    Column("from_number", String(20)),  # of a list of numbers, the one it saw first
    UniqueConstraint("campaign_id", "key_index", name="uq_contact_campaign_id_key"),
    Index("ix_contact_campaign_id_phone_id", "campaign_id", "phone_id"),
)

rejected_row = Table(
    "rejected_row",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),  # rejected | duplicate | filtered
    Column("column", String(200), nullable=False),
    Column("reason", Sealed("rejected_row.reason"), nullable=False),
)

suppression = Table(
    "suppression",
    metadata,
    Column("phone_id", ForeignKey("phone.id"), primary_key=True),
    Column("reason", String(200), nullable=False),
    Column("source", String(32), nullable=False),
    Column("added_at", Instant, nullable=False),
)

campaign_suppression = Table(
    "campaign_suppression",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("phone_id", ForeignKey("phone.id"), primary_key=True),
    Column("reason", String(200), nullable=False),
    Column("source", String(32), nullable=False),
    Column("added_at", Instant, nullable=False),
    Index("ix_campaign_suppression_phone_id", "phone_id"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("process", String(100), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at", Instant, nullable=False),  # real time
    Column("since", Instant),  # policy time: no pulse was missing from then on
)

capability = Table(
    "capability",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("value", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    Column("attempt_id", ForeignKey("attempt.id")),  # the test call that showed it
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String(100), nullable=False),
    Column("what", String(64), nullable=False),
    Column("campaign_id", ForeignKey("campaign.id")),
    Column("account_id", ForeignKey("account.id")),
    Column("detail", Json, nullable=False),
    Index("ix_audit_campaign_id", "campaign_id"),
    Index(
        "ix_audit_incident",
        "at",
        postgresql_where=text("what = 'incident'"),
        sqlite_where=text("what = 'incident'"),
    ),
)
