"""Seal everything under the current secret: what lay open before 0004, and after a rotation.

In chunks of their own transactions, while the engine runs; what is sealed already is skipped, so
a process that dies in between is simply run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Row,
    Table,
    Text,
    bindparam,
    select,
    tuple_,
    type_coerce,
    update,
)

from campaigns.core.instants import Now
from campaigns.store.columns import Json, Sealed, SealedJson, metadata
from campaigns.store.database import Database, SqlTransaction
from campaigns.store.sealing import Keys, Unopened, another_secret
from campaigns.store.tables import contact, phone, vault
from campaigns.store.vault import INDEX_KEY

CHUNK = 500
"""Rows of one transaction: gates and pauses wait no longer than for that."""

Cells = Mapping[str, Any]


def reseal(database: Database) -> int:
    """Seal under the current secret what an earlier one sealed; says how many rows."""
    keys = database.vault.keys
    changed = 0
    with database.write() as tx:
        query = tx.locked(select(vault.c.index_key))
        sealed = tx.connection.execute(query).scalar_one()
        if not keys.is_current(sealed):
            text = keys.seal(database.vault.open(sealed, INDEX_KEY), INDEX_KEY)
            tx.connection.execute(update(vault).values(index_key=text))
            changed += 1
    return changed + sum(_table(database, table, keys, clear=False) for table in _tables())


def fill(database: Database) -> None:
    """Seal what a database from before 0004 holds in clear, and leave no trace of it."""
    keys = database.vault.keys
    while _phones(database) or _contacts(database):
        pass
    for table in _tables():
        _table(database, table, keys, clear=True)
    database.compact()
    with database.write() as tx:
        now: Now = tx.now()
        tx.connection.execute(update(vault).values(sealed_at=now.real))


def _tables() -> Iterator[Table]:
    """Every table with a sealed column."""
    return (table for table in metadata.sorted_tables if _sealed(table))


def _sealed(table: Table) -> Sequence[Column[Any]]:
    return [one for one in table.columns if isinstance(one.type, Sealed | SealedJson)]


def _phones(database: Database) -> bool:
    """One chunk of numbers in clear; False: there was none."""
    with database.write() as tx:
        query = select(phone.c.id, phone.c.number_index).where(phone.c.number_index.like("+%"))
        rows = tx.connection.execute(query.limit(CHUNK)).all()
        values = [
            {
                "row": row.id,
                "found_by": tx.number_index(row.number_index),
                "sealed": row.number_index,
            }
            for row in rows
        ]
        if values:
            tx.connection.execute(
                update(phone)
                .where(phone.c.id == bindparam("row"))
                .values(number_index=bindparam("found_by"), e164=bindparam("sealed")),
                values,
            )
        return bool(values)


def _contacts(database: Database) -> bool:
    """One chunk of keys in clear; False: there was none."""
    with database.write() as tx:
        query = select(contact.c.id, contact.c.campaign_id, contact.c.key_index).where(
            contact.c.key.is_(None)
        )
        rows = tx.connection.execute(query.limit(CHUNK)).all()
        values = [
            {
                "row": row.id,
                "found_by": tx.key_index(row.campaign_id, row.key_index),
                "sealed": row.key_index,
            }
            for row in rows
        ]
        if values:
            tx.connection.execute(
                update(contact)
                .where(contact.c.id == bindparam("row"))
                .values(key_index=bindparam("found_by"), key=bindparam("sealed")),
                values,
            )
        return bool(values)


def _table(database: Database, table: Table, keys: Keys, *, clear: bool) -> int:
    """Every row of a table, in the order of its primary key; says how many were sealed anew."""
    after: tuple[Any, ...] | None = None
    changed = 0
    while True:
        with database.read() as tx:
            rows = _rows(tx, table, after)
        if not rows:
            return changed
        width = len(table.primary_key)
        after = tuple(rows[-1][:width])
        stale = [tuple(row[:width]) for row in rows if _stale(row, table, keys)]
        if stale:
            with database.write() as tx:
                changed += _seal(tx, table, stale, keys, clear=clear)


def _raw(table: Table) -> list[Any]:
    """The columns of a row as they lie there: its primary key, and what is sealed or should be."""
    return [
        *table.primary_key,
        *(
            type_coerce(one, Json if isinstance(one.type, SealedJson) else Text).label(one.name)
            for one in _sealed(table)
        ),
    ]


def _rows(tx: SqlTransaction, table: Table, after: tuple[Any, ...] | None) -> Sequence[Row[Any]]:
    primary = tuple(table.primary_key)
    query = select(*_raw(table)).order_by(*primary).limit(CHUNK)
    if after is not None:
        query = query.where(tuple_(*primary) > tuple_(*after))
    return tx.connection.execute(query).all()


def _stale(row: Row[Any], table: Table, keys: Keys) -> bool:
    cells = row._mapping
    return any(not _current(cells[one.name], keys) for one in _sealed(table))


def _current(value: Any, keys: Keys) -> bool:
    if not isinstance(value, str):
        return not value  # nothing, or an empty list or mapping
    return keys.is_current(value)


def _seal(
    tx: SqlTransaction, table: Table, stale: Sequence[tuple[Any, ...]], keys: Keys, *, clear: bool
) -> int:
    """Rows under their lock, in the order of the primary key, read again and written back."""
    primary = tuple(table.primary_key)
    query = select(*_raw(table)).where(tuple_(*primary).in_(stale)).order_by(*primary)
    changed = 0
    for row in tx.connection.execute(tx.locked(query)).all():
        values = {
            one.key: _opened(one, row._mapping[one.name], keys, clear=clear)
            for one in _sealed(table)
            if not _current(row._mapping[one.name], keys)
        }
        if values:
            where = [one == row._mapping[one.name] for one in primary]
            tx.connection.execute(update(table).where(*where).values(values))
            changed += 1
    return changed


def _opened(column: Column[Any], value: Any, keys: Keys, *, clear: bool) -> Any:
    """The value in clear. Raises ConfigurationError where no secret of ours sealed it."""
    assert isinstance(column.type, Sealed | SealedJson)
    try:
        if not isinstance(value, str):
            raise Unopened
        text = keys.open(value, column.type.label)
    except Unopened:
        if not clear:
            raise another_secret() from None
        return value
    return json.loads(text) if isinstance(column.type, SealedJson) else text
