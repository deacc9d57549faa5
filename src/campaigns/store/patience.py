"""A connection to PostgreSQL on which no wait is for ever.

The server's own timeouts end what it knows of. Behind a router that forgot the connection, or a
proxy that hangs, nothing comes back at all: without a bound on this side, each thread that asks is
lost, and with the last one the worker.
"""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

T = TypeVar("T")

GRACE = 3.0
"""Seconds that an answer may be late once the server should have given up by itself."""
PROMPT = 10.0
"""Seconds for what nothing can make the server wait for: a ping, a BEGIN."""


class PatientConnection(psycopg.Connection[Any]):
    """Raises OperationalError, and is closed, when an answer does not come."""

    statement_s = 60.0
    """After which the server gives a statement up."""

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Every exchange with the server passes through here."""
        # A ping, or the BEGIN before the first statement.
        idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        seconds = PROMPT if idle else self.statement_s + GRACE
        return super().wait(self._bounded(gen, time.monotonic() + seconds), *args, **kwargs)

    def _bounded(self, gen: PQGen[T], deadline: float) -> PQGen[T]:
        # The driver looks up ten times a second while nothing comes: then `ready` is nothing.
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    # Closed, so that the pool knows: this one and its like are not used again.
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as end:
            value: T = end.value
            return value
