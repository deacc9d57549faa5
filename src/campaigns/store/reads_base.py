"""What every group of reads shares: a transaction, and the words of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from campaigns.core.figures import Page
from campaigns.core.records import CampaignRow
from campaigns.errors import InputError, UnknownName
from campaigns.store.database import SqlTransaction
from campaigns.store.tables import campaign

T = TypeVar("T")
_REMEMBERED = 1_000


class BaseReads:
    """A transaction for looking."""

    tx: SqlTransaction

    @property
    def connection(self) -> Connection:
        """The transaction's connection."""
        return self.tx.connection

    def campaign_row(self, name: str) -> CampaignRow:
        """The campaign of that name. Raises UnknownName."""
        row = self.tx.campaign_named(name)
        if row is None:
            raise UnknownName(f"no campaign is called {name!r}: {self._instead(name)}")
        return row

    def _instead(self, name: str) -> str:
        newest = select(campaign.c.name).order_by(campaign.c.id.desc()).limit(_REMEMBERED)
        near = get_close_matches(name, self.connection.execute(newest).scalars(), n=1)
        return f"did you mean {near[0]}?" if near else "see `campaigns list`"


def page_of(
    rows: Sequence[Row[Any]],
    limit: int,
    make: Callable[[Row[Any]], T],
    cursor: Callable[[Row[Any]], object],
) -> Page[T]:
    """A page out of rows that were asked for with `limit + 1`: the extra one says there is more."""
    kept = rows[:limit]
    more = str(cursor(kept[-1])) if len(rows) > limit else None
    return Page(items=tuple(make(row) for row in kept), next=more)


def number_after(after: str | None) -> int:
    """The cursor of a list that is ordered by a whole number."""
    if after is None:
        return -1
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InputError("--after takes what the page before said under `next`")
    return int(after)
