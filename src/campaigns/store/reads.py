"""What doors look at: every screen's figures, read without a lock and without changing anything.

Long lists come in pages that begin where the last one ended, each in a transaction of its own: a
snapshot that stays open for minutes would keep the database from tidying up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from campaigns.core.figures import Page, Totals
from campaigns.core.lifecycle import RANG_NOBODY
from campaigns.errors import DatabaseAway
from campaigns.store import schema
from campaigns.store.database import Database, SqlTransaction
from campaigns.store.invariants import PROMISES, Broken, broken
from campaigns.store.reads_audit import AuditReads
from campaigns.store.reads_forecast import ForecastReads
from campaigns.store.reads_held import HeldReads
from campaigns.store.reads_metrics import MetricReads
from campaigns.store.reads_results import ResultReads
from campaigns.store.reads_unresolved import UnresolvedReads
from campaigns.store.reads_whom import WhomReads
from campaigns.store.tables import attempt, campaign, suppression

__all__ = ["BATCH", "PROMISED", "Reads", "revisions", "stream"]

T = TypeVar("T")
BATCH = 1_000
"""Rows of one page when a whole list is read."""
PROMISED = tuple(dict.fromkeys(promise.id for promise in PROMISES))
"""Every promise that is held against the rows, by its id."""


class Reads(
    WhomReads, ResultReads, MetricReads, AuditReads, UnresolvedReads, HeldReads, ForecastReads
):
    """All reads over one transaction: `with database.read() as tx: Reads(tx)`."""

    def __init__(self, tx: SqlTransaction) -> None:
        self.tx = tx

    def totals(self) -> Totals:
        """How much has happened in this database."""
        nobody = [state.value for state in RANG_NOBODY]
        counts = (
            select(func.count()).select_from(campaign),
            select(func.count()).select_from(attempt).where(attempt.c.state.not_in(nobody)),
            select(func.count()).select_from(suppression),
        )
        campaigns, calls, suppressed = (self.connection.execute(one).scalar_one() for one in counts)
        return Totals(campaigns=campaigns, calls=calls, suppressed=suppressed)

    def broken(self, *, live_only: bool = False) -> list[Broken]:
        """The promises that do not hold: what must never be found."""
        return broken(self.tx, live_only=live_only)


def stream(database: Database, page: Callable[[Reads, str | None], Page[T]]) -> Iterator[T]:
    """Every item of a long list, page after page; each page is a transaction of its own."""
    after: str | None = None
    while True:
        with database.read() as tx:
            found = page(Reads(tx), after)
        yield from found.items
        if found.next is None:
            return
        after = found.next


def revisions(url: str) -> tuple[str | None, str]:
    """(the database's revision, or None; the one this program needs).

    Raises DatabaseAway when the database does not answer.
    """
    database = Database(url)
    try:
        return schema.current(database), schema.head()
    except DatabaseError as error:
        kind = type(error.orig).__name__
        raise DatabaseAway(
            f"the database does not answer ({kind}): see `campaigns doctor`"
        ) from error
    finally:
        database.close()
