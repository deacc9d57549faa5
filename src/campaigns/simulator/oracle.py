"""What tests ask of the ledger: which phone rang when, under which attempt, and what arrived.

Opened on a path it reads only, so another process may look while the simulator runs.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns.simulator import stats
from campaigns.simulator.clocks import stamp, unstamp
from campaigns.simulator.ledger_file import LedgerFile
from campaigns.simulator.limits import Kind
from campaigns.simulator.rows import (
    Request,
    Ring,
    Verdict,
    read_delivery,
    read_request,
    read_ring,
)
from campaigns.simulator.webhooks import Delivery

ARRIVED = (Verdict.GRANTED, Verdict.REFUSED)


class Oracle(LedgerFile):
    """The ledger as evidence."""

    @classmethod
    def read(cls, path: Path) -> Oracle:
        """A ledger that some simulator writes, opened for reading alone."""
        return Oracle(path, read_only=True)

    def rings(
        self, to_number: str | None = None, *, after: int = 0, limit: int = -1
    ) -> tuple[Ring, ...]:
        """Phones that were made to ring, in order; `after` and `limit` page by `n`."""
        rows = self.all(
            "SELECT * FROM ring WHERE n > ?1 AND (?2 IS NULL OR to_number = ?2)"
            " ORDER BY n LIMIT ?3",
            (after, to_number, limit),
        )
        return tuple(read_ring(row) for row in rows)

    def requests(
        self, kind: Kind | None = None, *, after: int = 0, limit: int = -1
    ) -> tuple[Request, ...]:
        """Requests in the order of their rows; `after` and `limit` page by `n`."""
        rows = self.all(
            "SELECT * FROM request WHERE n > ?1 AND (?2 IS NULL OR kind = ?2) ORDER BY n LIMIT ?3",
            (after, kind, limit),
        )
        return tuple(read_request(row) for row in rows)

    def deliveries(self, call_id: str | None = None) -> tuple[Delivery, ...]:
        """Webhook deliveries and what became of them."""
        rows = self.all(
            "SELECT * FROM delivery WHERE ?1 IS NULL OR call_id = ?1 ORDER BY n", (call_id,)
        )
        return tuple(read_delivery(row) for row in rows)

    def arrivals(
        self,
        kind: Kind,
        *,
        verdicts: Collection[Verdict] = ARRIVED,
        key: str | None = None,
        since: datetime | None = None,
    ) -> list[datetime]:
        """When requests of a kind arrived: by default refused ones too."""
        rows = self.all(
            "SELECT arrived_at, verdict FROM request WHERE kind = ?1 AND arrived_at >= ?2"
            " AND (?3 IS NULL OR api_key_hash = ?3) ORDER BY arrived_at",
            (kind, stamp(since) if since else "", key),
        )
        return [unstamp(row["arrived_at"]) for row in rows if row["verdict"] in verdicts]

    def rings_per_number(self) -> dict[str, int]:
        """How often each phone was made to ring."""
        rows = self.all("SELECT to_number, count(*) FROM ring GROUP BY to_number")
        return {row[0]: row[1] for row in rows}

    def rings_per_attempt(self) -> dict[str, int]:
        """How often a phone was made to ring for each attempt: more than once is a fault."""
        rows = self.all(
            "SELECT attempt_hint, count(*) FROM ring WHERE attempt_hint IS NOT NULL"
            " GROUP BY attempt_hint"
        )
        return {row[0]: row[1] for row in rows}

    def rung_while_live(self) -> int:
        """How many calls to a number began while an earlier one to it was alive."""
        rows = self.all("SELECT to_number, rang_at, ended_at FROM ring WHERE stopped_at IS NULL")
        return stats.overlapping(
            (row[0], unstamp(row[1]), unstamp(row[2]) if row[2] else None) for row in rows
        )

    def ended(self, at: datetime) -> dict[str, int]:
        """How many calls had ended by an instant, by their last word."""
        rows = self.all(
            "SELECT ended_status, count(*) FROM call WHERE ended_at <= ? GROUP BY ended_status",
            (stamp(at),),
        )
        return {row[0]: row[1] for row in rows}

    def statuses(self) -> dict[str, dict[str, int]]:
        """How many requests of each kind got each answer; `none`: no answer."""
        counts: dict[str, dict[str, int]] = {}
        for kind, status, count in self.all(
            "SELECT kind, status, count(*) FROM request GROUP BY kind, status"
        ):
            counts.setdefault(kind, {})["none" if status is None else str(status)] = count
        return counts


def summary(
    oracle: Oracle, *, limit: int, window: Any, since: datetime | None = None
) -> dict[str, Any]:
    """The figures by which a run is judged."""
    arrived = oracle.arrivals(Kind.START, since=since)
    granted = oracle.arrivals(Kind.START, verdicts=(Verdict.GRANTED,), since=since)
    per_number = oracle.rings_per_number()
    per_attempt = oracle.rings_per_attempt()
    return {
        "limit": limit,
        "window_s": window.total_seconds(),
        "starts": {
            "arrived": len(arrived),
            "granted": len(granted),
            "refused": len(arrived) - len(granted),
            "first": stamp(arrived[0]) if arrived else None,
            "last": stamp(arrived[-1]) if arrived else None,
            "max_in_sliding": stats.max_in_sliding(arrived, window),
            "max_per_calendar_minute": stats.max_per_calendar_minute(arrived),
            "max_by_bucket": stats.max_by_bucket(arrived, limit, window) if limit else None,
            "utilisation": stats.utilisation(granted, limit, window),
        },
        "requests": oracle.statuses(),
        "rings": {
            "total": sum(per_number.values()),
            "numbers": len(per_number),
            "most_per_number": max(per_number.values(), default=0),
            "attempts_rung_twice": sum(1 for count in per_attempt.values() if count > 1),
            "rung_while_live": oracle.rung_while_live(),
        },
        "rings_per_number": per_number,
    }
