"""Deliveries waiting in the ledger: taken when due, settled after each try.

They are rows from the moment a call is placed, so a restart loses none; one that was being sent
when the process died is sent again, as the provider's own redelivery would.
"""

from __future__ import annotations

from datetime import datetime

from campaigns.simulator.clocks import stamp, unstamp
from campaigns.simulator.ledger_file import LedgerFile
from campaigns.simulator.rows import read_delivery
from campaigns.simulator.webhooks import Delivery, DeliveryState


class Outbox:
    """The deliveries of one ledger."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def next_due(self) -> datetime | None:
        """When the next pending delivery is due."""
        found = self._file.all("SELECT min(due_at) FROM delivery WHERE state = 'pending'")[0][0]
        return unstamp(found) if found else None

    def take(self, at: datetime, limit: int) -> tuple[Delivery, ...]:
        """The deliveries that are due, marked as being sent."""
        with self._file.transaction():
            rows = self._file.all(
                "SELECT * FROM delivery WHERE state = 'pending' AND due_at <= ?"
                " ORDER BY due_at, n LIMIT ?",
                (stamp(at), limit),
            )
            self._file.many(
                "UPDATE delivery SET state = 'sending' WHERE n = ?", [(row["n"],) for row in rows]
            )
        return tuple(read_delivery(row) for row in rows)

    def settle(self, n: int, *, state: DeliveryState, due_at: datetime, status: int | None) -> None:
        """What came of one try."""
        with self._file.transaction():
            self._file.run(
                "UPDATE delivery SET state=?, due_at=?, tries=tries+1, last_status=? WHERE n=?",
                (state, stamp(due_at), status, n),
            )

    def recover(self) -> None:
        """After a restart: what was being sent is sent again."""
        with self._file.transaction():
            self._file.run("UPDATE delivery SET state = 'pending' WHERE state = 'sending'")
