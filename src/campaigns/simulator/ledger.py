"""The ledger: which phone rang when, and every request's arrival, in one SQLite file.

What a dial causes is committed before anything is answered, so a simulator killed at any instant
has either rung nobody or says so. It survives restarts; tests judge by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from campaigns.simulator.clocks import stamp, unstamp
from campaigns.simulator.model import Call
from campaigns.simulator.oracle import Oracle
from campaigns.simulator.rows import (
    Request,
    Ring,
    Verdict,
    call_values,
    delivery_values,
    life_values,
    read_call,
    read_endpoint,
    read_request,
    request_values,
    ring_values,
)
from campaigns.simulator.webhooks import Delivery, DeliveryState, Endpoint

_STATUS = """CASE WHEN ended_at <= :at THEN ended_status WHEN answered_at <= :at THEN 'in_progress'
    WHEN ringing_at <= :at THEN 'ringing' ELSE 'initiating' END"""


class Ledger(Oracle):
    """What the server writes and asks, on top of what tests read."""

    def add_request(self, request: Request) -> int:
        """Write a request; its row's number."""
        with self.transaction():
            return self.run(
                "INSERT INTO request (arrived_at, api_key_hash, kind, verdict, status, fault,"
                " call_id) VALUES (?,?,?,?,?,?,?)",
                request_values(request),
            )

    def client_left(self, request: int, after_s: float) -> None:
        """Note that the client shut the socket before its answer was complete."""
        with self.transaction():
            self.run("UPDATE request SET client_left_s = ? WHERE n = ?", (after_s, request))

    def add_call(self, call: Call, ring: Ring | None, deliveries: Iterable[Delivery]) -> None:
        """Write a call with the phone that it rings and all that will be said of it."""
        with self.transaction():
            self.run(
                "INSERT INTO call (call_id, session_id, key, type, agent_id, to_number,"
                " from_number, created_at, ringing_at, answered_at, ended_at, ended_status,"
                " ended_reason, rest) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                call_values(call),
            )
            if ring is not None:
                self.run(
                    "INSERT INTO ring (call_id, to_number, from_number, agent_id, attempt_hint,"
                    " placed_at, rang_at, ended_at, stopped_at, context)"
                    " VALUES (?,?,?,?,?,?,?,?,?,?)",
                    ring_values(ring),
                )
            self._add_deliveries(deliveries)

    def _add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        self.many(
            "INSERT INTO delivery (delivery_id, call_id, url, event, body, secret, phase_at,"
            " due_at, state, tries, last_status) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            [delivery_values(delivery) for delivery in deliveries],
        )

    def hang_up(self, call: Call, deliveries: Iterable[Delivery], at: datetime) -> None:
        """Write a life cut short: later phases are withdrawn, the new ending is said."""
        with self.transaction():
            self.run(
                "UPDATE call SET ringing_at=?, answered_at=?, ended_at=?, ended_status=?,"
                " ended_reason=? WHERE call_id=?",
                (*life_values(call.life), call.call_id),
            )
            self.run(
                "UPDATE delivery SET state=? WHERE call_id=? AND phase_at > ? AND state=?",
                (DeliveryState.WITHDRAWN, call.call_id, stamp(at), DeliveryState.PENDING),
            )
            self.run(
                "UPDATE ring SET ended_at = ?1, stopped_at = CASE WHEN rang_at > ?1 THEN ?1 END"
                " WHERE call_id = ?2",
                (stamp(at), call.call_id),
            )
            self._add_deliveries(deliveries)

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Register an account-level address; one with its id is replaced."""
        with self.transaction():
            self.run(
                "INSERT OR REPLACE INTO endpoint (id, url, secret, events, key) VALUES (?,?,?,?,?)",
                (
                    endpoint.id,
                    endpoint.url,
                    endpoint.secret,
                    json.dumps(endpoint.events),
                    endpoint.key,
                ),
            )

    def call(self, id_: str, column: str) -> Call | None:
        """The call with this call_id, session_id or n."""
        assert column in ("call_id", "session_id", "n")
        rows = self.all(f"SELECT * FROM call WHERE {column} = ?", (id_,))  # noqa: S608
        return read_call(rows[0]) if rows else None

    def sessions(
        self,
        *,
        key: str,
        at: datetime,
        limit: int = 20,
        offset: int = 0,
        agent_id: str | None = None,
        status: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        until: datetime | None = None,
        answered_only: bool = False,
    ) -> tuple[list[Call], int]:
        """One page of a key's calls, newest first, and how many there are in all."""
        conditions = ["key = :key"]
        values: dict[str, Any] = {"key": key, "at": stamp(at), "agent": agent_id, "status": status}
        if agent_id is not None:
            conditions.append("agent_id = :agent")
        if status is not None:
            conditions.append(f"{_STATUS} = :status")
        if answered_only:
            conditions.append("answered_at <= :at")
        for name, instant, compare in (
            ("start", start, ">="),
            ("end", end, "<="),
            ("until", until, "<="),
        ):
            if instant is not None:
                conditions.append(f"created_at {compare} :{name}")
                values[name] = stamp(instant)
        where = " AND ".join(conditions)
        total = self.all(f"SELECT count(*) FROM call WHERE {where}", values)[0][0]  # noqa: S608
        rows = self.all(
            f"SELECT * FROM call WHERE {where}"  # noqa: S608
            " ORDER BY created_at DESC, n DESC LIMIT :limit OFFSET :offset",
            values | {"limit": limit, "offset": offset},
        )
        return [read_call(row) for row in rows], total

    def granted_since(self, at: datetime) -> list[Request]:
        """The requests that limits still remember, oldest first."""
        rows = self.all(
            "SELECT * FROM request WHERE verdict = ? AND arrived_at >= ? ORDER BY arrived_at",
            (Verdict.GRANTED, stamp(at)),
        )
        return [read_request(row) for row in rows]

    def count(self, *, key: str | None = None, type_: str) -> int:
        """How many calls of a type were placed, by one key or by all."""
        rows = self.all(
            "SELECT count(*) FROM call WHERE type = ?1 AND (?2 IS NULL OR key = ?2)", (type_, key)
        )
        return int(rows[0][0])

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every account-level address."""
        return tuple(read_endpoint(row) for row in self.all("SELECT * FROM endpoint ORDER BY id"))

    def next_event(self, after: datetime) -> datetime | None:
        """The next phase after an instant, or the oldest delivery not yet settled."""
        values = {"at": stamp(after)}
        parts = [
            f"SELECT min({column}) AS at FROM call WHERE {column} > :at"  # noqa: S608
            for column in ("ringing_at", "answered_at", "ended_at")
        ] + [
            f"SELECT min(due_at) AS at FROM delivery WHERE state = '{state}'"  # noqa: S608
            for state in (DeliveryState.PENDING, DeliveryState.SENDING)
        ]
        rows = self.all(" UNION ALL ".join(parts), values)
        return min((unstamp(row["at"]) for row in rows if row["at"]), default=None)
