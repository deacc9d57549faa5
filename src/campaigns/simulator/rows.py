"""The ledger's tables, and its rows as values.

Instants are text in UTC with microseconds, so that a person can read the file with `sqlite3` and
text sorts as time. API keys are stored as hashes only.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.simulator.clocks import stamp, unstamp
from campaigns.simulator.limits import Kind
from campaigns.simulator.model import Call, Life
from campaigns.simulator.script import Becomes
from campaigns.simulator.webhooks import Delivery, DeliveryState, Endpoint

VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    arrived_at TEXT NOT NULL, api_key_hash TEXT, kind TEXT NOT NULL, verdict TEXT NOT NULL,
    status INTEGER, fault TEXT, call_id TEXT, client_left_s REAL);
CREATE INDEX IF NOT EXISTS request_arrived ON request (kind, arrived_at);
CREATE TABLE IF NOT EXISTS ring (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE, to_number TEXT NOT NULL, from_number TEXT NOT NULL,
    agent_id TEXT NOT NULL, attempt_hint TEXT, placed_at TEXT NOT NULL, rang_at TEXT NOT NULL,
    ended_at TEXT, stopped_at TEXT, context TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ring_number ON ring (to_number);
CREATE TABLE IF NOT EXISTS call (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
    type TEXT NOT NULL, agent_id TEXT NOT NULL, to_number TEXT, from_number TEXT,
    created_at TEXT NOT NULL, ringing_at TEXT, answered_at TEXT, ended_at TEXT,
    ended_status TEXT, ended_reason TEXT, rest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS call_created ON call (key, created_at);
CREATE INDEX IF NOT EXISTS call_ringing ON call (ringing_at);
CREATE INDEX IF NOT EXISTS call_answered ON call (answered_at);
CREATE INDEX IF NOT EXISTS call_ended ON call (ended_at);
CREATE TABLE IF NOT EXISTS delivery (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id TEXT NOT NULL, call_id TEXT NOT NULL, url TEXT NOT NULL, event TEXT NOT NULL,
    body TEXT NOT NULL, secret TEXT, phase_at TEXT NOT NULL, due_at TEXT NOT NULL,
    state TEXT NOT NULL, tries INTEGER NOT NULL, last_status INTEGER);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due_at);
CREATE INDEX IF NOT EXISTS delivery_call ON delivery (call_id);
CREATE TABLE IF NOT EXISTS endpoint (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL, key TEXT);
"""
TABLES = ("request", "ring", "call", "delivery", "endpoint")


class Verdict(StrEnum):
    """What became of a request at the door."""

    GRANTED = "granted"  # counted by the limit
    REFUSED = "refused"  # 429, not counted
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as it arrived. `status` None: no answer was given.

    `client_left_s`: real seconds after which the client shut the socket before its answer was
    complete.
    """

    n: int = 0
    arrived_at: datetime
    api_key_hash: str | None
    kind: Kind
    verdict: Verdict
    status: int | None
    fault: str | None = None
    call_id: str | None = None
    client_left_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """One phone that was made to ring.

    `rang_at` is when it began to (for a busy or failed call: when it was placed), `ended_at` when
    the call is over (None: never), `stopped_at` when it was hung up before it rang.
    """

    n: int = 0
    call_id: str
    to_number: str = field(repr=False)
    from_number: str = field(repr=False)
    agent_id: str
    attempt_hint: str | None
    placed_at: datetime
    rang_at: datetime
    ended_at: datetime | None
    stopped_at: datetime | None = None
    context: dict[str, Any] = field(repr=False)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else unstamp(text)


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else stamp(instant)


def life_values(life: Life) -> tuple[Any, ...]:
    """ringing_at, answered_at, ended_at, ended_status, ended_reason as columns."""
    return (
        _text(life.ringing_at),
        _text(life.answered_at),
        _text(life.ended_at),
        life.ended_status,
        life.ended_reason,
    )


def call_values(call: Call) -> tuple[Any, ...]:
    """A call as columns, without `n`."""
    rest = {
        "context": dict(call.context),
        "max_duration_s": call.max_duration_s,
        "recording": call.recording,
        "webhook_url": call.webhook_url,
        "scheduled_at": _text(call.scheduled_at),
        "becomes": call.becomes.model_dump(mode="json", exclude_defaults=True),
    }
    return (
        call.call_id,
        call.session_id,
        call.key,
        call.type,
        call.agent_id,
        call.to_number,
        call.from_number,
        stamp(call.created_at),
        *life_values(call.life),
        json.dumps(rest),
    )


def read_call(row: sqlite3.Row) -> Call:
    """A call from its row."""
    rest = json.loads(row["rest"])
    return Call(
        n=row["n"],
        call_id=row["call_id"],
        session_id=row["session_id"],
        key=row["key"],
        type=row["type"],
        agent_id=row["agent_id"],
        to_number=row["to_number"],
        from_number=row["from_number"],
        context=rest["context"],
        max_duration_s=rest["max_duration_s"],
        recording=rest["recording"],
        webhook_url=rest["webhook_url"],
        created_at=unstamp(row["created_at"]),
        scheduled_at=_maybe(rest["scheduled_at"]),
        becomes=Becomes.model_validate(rest["becomes"]),
        life=Life(
            ringing_at=_maybe(row["ringing_at"]),
            answered_at=_maybe(row["answered_at"]),
            ended_at=_maybe(row["ended_at"]),
            ended_status=row["ended_status"],
            ended_reason=row["ended_reason"],
        ),
    )


def ring_values(ring: Ring) -> tuple[Any, ...]:
    """A ring as columns, without `n`."""
    return (
        ring.call_id,
        ring.to_number,
        ring.from_number,
        ring.agent_id,
        ring.attempt_hint,
        stamp(ring.placed_at),
        stamp(ring.rang_at),
        _text(ring.ended_at),
        _text(ring.stopped_at),
        json.dumps(ring.context),
    )


def read_ring(row: sqlite3.Row) -> Ring:
    """A ring from its row."""
    return Ring(
        n=row["n"],
        call_id=row["call_id"],
        to_number=row["to_number"],
        from_number=row["from_number"],
        agent_id=row["agent_id"],
        attempt_hint=row["attempt_hint"],
        placed_at=unstamp(row["placed_at"]),
        rang_at=unstamp(row["rang_at"]),
        ended_at=_maybe(row["ended_at"]),
        stopped_at=_maybe(row["stopped_at"]),
        context=json.loads(row["context"]),
    )


def request_values(request: Request) -> tuple[Any, ...]:
    """A request as columns, without `n` and `client_left_s`."""
    return (
        stamp(request.arrived_at),
        request.api_key_hash,
        request.kind,
        request.verdict,
        request.status,
        request.fault,
        request.call_id,
    )


def read_request(row: sqlite3.Row) -> Request:
    """A request from its row."""
    return Request(
        n=row["n"],
        arrived_at=unstamp(row["arrived_at"]),
        api_key_hash=row["api_key_hash"],
        kind=Kind(row["kind"]),
        verdict=Verdict(row["verdict"]),
        status=row["status"],
        fault=row["fault"],
        call_id=row["call_id"],
        client_left_s=row["client_left_s"],
    )


def delivery_values(delivery: Delivery) -> tuple[Any, ...]:
    """A delivery as columns, without `n`."""
    return (
        delivery.delivery_id,
        delivery.call_id,
        delivery.url,
        delivery.event,
        delivery.body,
        delivery.secret,
        stamp(delivery.phase_at),
        stamp(delivery.due_at),
        delivery.state,
        delivery.tries,
        delivery.last_status,
    )


def read_delivery(row: sqlite3.Row) -> Delivery:
    """A delivery from its row."""
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates its values
    values["phase_at"], values["due_at"] = unstamp(row["phase_at"]), unstamp(row["due_at"])
    values["state"] = DeliveryState(row["state"])
    return Delivery(**values)


def read_endpoint(row: sqlite3.Row) -> Endpoint:
    """An account-level address from its row."""
    return Endpoint(
        id=row["id"],
        url=row["url"],
        secret=row["secret"],
        events=tuple(json.loads(row["events"])),
        key=row["key"],
    )
