"""What every group of queries shares: a connection, and the one kind of row lock we take."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from campaigns.store import vault
from campaigns.store.call_tables import dial_task


class Queries:
    """A connection inside a transaction."""

    connection: Connection

    @property
    def postgres(self) -> bool:
        """Whether rows can be locked one by one here; SQLite's writer is alone anyway."""
        return self.connection.dialect.name == "postgresql"

    def number_index(self, number: str) -> str:
        """What a number is found by: sealed values cannot be compared."""
        return vault.of(self.connection.dialect).number_index(self.connection, number)

    def key_index(self, campaign_id: int, key: str) -> str:
        """What a contact's key is found by, in its campaign."""
        return vault.of(self.connection.dialect).key_index(self.connection, campaign_id, key)

    def row_digest(self, campaign_id: int, row: str) -> str:
        """What a row of a list is compared by."""
        return vault.of(self.connection.dialect).row_digest(self.connection, campaign_id, row)

    def locked(self, query: Select[Any]) -> Select[Any]:
        """FOR NO KEY UPDATE: the plain lock deadlocks against foreign keys (design.md)."""
        return query.with_for_update(key_share=True)

    def lock_tasks(self, *where: ColumnElement[bool]) -> list[int]:
        """Ids of dial tasks, locked in their order: two that change many never deadlock."""
        query = select(dial_task.c.id).where(*where).order_by(dial_task.c.id)
        return list(self.connection.execute(self.locked(query)).scalars())

    def insert_or_ignore(self, table: Table) -> Insert:
        """INSERT … ON CONFLICT DO NOTHING."""
        if self.postgres:
            return postgresql.insert(table).on_conflict_do_nothing()
        return sqlite.insert(table).on_conflict_do_nothing()


def key_of(key: str | None, contact_id: int) -> str:
    """A contact's key, or the name of one whose person was erased."""
    return f"erased-{contact_id}" if key is None else key
