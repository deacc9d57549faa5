"""Bring a database to our schema, stamp its world, and give every account its slots.

Forward only, and safe to run twice or by two processes at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, inspect, literal, select, text, update
from sqlalchemy.exc import DatabaseError

from campaigns.core import pacing
from campaigns.core.calls import Limit
from campaigns.errors import ConfigurationError, DatabaseAway, Fault
from campaigns.store.database import Database
from campaigns.store.incarnation import stamp
from campaigns.store.migrations import HERE
from campaigns.store.resealing import fill
from campaigns.store.sealing import new_index_key
from campaigns.store.tables import (
    account,
    contact,
    event,
    phone,
    rejected_row,
    schema_compat,
    slot,
    vault,
    world,
)
from campaigns.store.vault import INDEX_KEY

_MIGRATION_LOCK = 0x6D696772


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitOf:
    """How many requests of a kind an account may make in a window."""

    count: int
    window: timedelta


def head() -> str:
    """The revision this code is written for: the newest of the migrations beside it."""
    return max(path.name for path in (HERE / "versions").glob("[0-9]*_*.py")).partition("_")[0]


def current(database: Database) -> str | None:
    """The revision of a database; None for an empty one."""
    with database.reader.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def upgrade(
    database: Database, *, kind: str, speed: float = 1.0, starts_at: datetime | None = None
) -> None:
    """Migrate, stamp a new database as `real` or `rehearsal`, once, and seal what lies open in it.

    Raises ConfigurationError when it is stamped as the other kind already, or was written with
    another secret; DatabaseAway when a newer program made it.
    """
    with database.write() as tx:
        connection = tx.connection
        if tx.postgres:
            # Two processes that upgrade at once: the second waits and finds nothing to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if _revision(connection) != head():
            from campaigns.store.migrating import migrate  # noqa: PLC0415  # slow, and seldom

            migrate(connection)
        row = connection.execute(select(world)).one_or_none()
        if row is None:
            real = _real_now(connection, database)
            connection.execute(
                insert(world).values(
                    id=1,
                    kind=kind,
                    anchor_real=real,
                    anchor_policy=starts_at or real,
                    speed=speed,
                )
            )
        elif row.kind != kind:
            fault = Fault(
                at="CAMPAIGNS_DATABASE_URL",
                expected=f"a {kind} database",
                got=f"one stamped {row.kind}",
                hint="real calls and rehearsals never share a database",
            )
            raise ConfigurationError([fault])
        stamp(connection)
        sealed = _vaulted(connection, database)
    if not sealed:
        fill(database)


def _vaulted(connection: Connection, database: Database) -> bool:
    """A new database gets its index key, an old one is opened; False: something lies open."""
    row = connection.execute(select(vault)).one_or_none()
    if row is None:
        places = (phone, contact, event, rejected_row)
        empty = not any(
            connection.execute(select(literal(1)).select_from(one).limit(1)).first()
            for one in places
        )
        connection.execute(
            insert(vault).values(
                id=1,
                index_key=database.vault.seal(new_index_key(), INDEX_KEY),
                sealed_at=_real_now(connection, database) if empty else None,
            )
        )
        return empty
    database.vault.check(connection)
    return row.sealed_at is not None


def _real_now(connection: Connection, database: Database) -> datetime:
    if connection.dialect.name == "postgresql":
        at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at
    return database.clock()


def require_current(database: Database) -> None:
    """Raises DatabaseAway unless the schema is ours, or a later one that only adds to it.

    Raises ConfigurationError unless the secret is the database's.
    """
    try:
        found = current(database)
    except DatabaseError as error:
        kind = type(error.orig).__name__
        raise DatabaseAway(f"the database does not answer ({kind})") from error
    if found != head() and not _accepts(database, found):
        raise DatabaseAway(
            f"the database is at revision {found or 'none'}, this program needs {head()}:"
            " run `campaigns db upgrade`"
        )
    with database.read() as tx:
        database.vault.check(tx.connection)
        if tx.connection.execute(select(vault.c.sealed_at)).scalar_one() is None:
            raise DatabaseAway("the database is not sealed to its end: run `campaigns db upgrade`")


def _accepts(database: Database, found: str | None) -> bool:
    """Whether a newer schema says that a program of our revision may work with it.

    A newer program wrote it down; its migrations are not here to be asked.
    """
    try:
        with database.reader.connect() as connection:
            query = select(schema_compat.c.revision).where(
                schema_compat.c.revision == head(), schema_compat.c.schema == found
            )
            return connection.execute(query).first() is not None
    except DatabaseError:
        return False  # older than the table


def ensure_account(
    database: Database,
    name: str,
    *,
    limits: Mapping[Limit, LimitOf],
    spacing: timedelta,
    concurrent_calls: int | None = None,
) -> int:
    """The account of that name with exactly these limits; its id.

    A lowered limit deletes the slots that are free earliest; a new slot of a living account is
    free only when whatever it may stand for has left the window; a longer window is added to
    every slot (design.md, idea 1).
    """
    with database.write() as tx:
        connection = tx.connection
        if tx.postgres:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        found = connection.execute(select(account.c.id).where(account.c.name == name)).scalar()
        born = found is None
        if found is None:
            found = connection.execute(
                insert(account)
                .values(
                    name=name,
                    spacing_s=spacing.total_seconds(),
                    not_sent_streak=0,
                    probing=False,
                )
                .returning(account.c.id)
            ).scalar_one()
        account_id = int(found)
        tx.lock_account(account_id)
        now = tx.now()
        tx.change_account(
            account_id, spacing_s=spacing.total_seconds(), concurrent_calls=concurrent_calls
        )
        for kind, limit in limits.items():
            slots = tx.slots(account_id, kind)
            where = (slot.c.account_id == account_id) & (slot.c.kind == kind.value)
            for n in pacing.surplus(slots, limit.count):
                connection.execute(delete(slot).where(where, slot.c.n == n))
            for one in slots:
                longer = limit.window - one.window
                if longer:
                    connection.execute(
                        update(slot)
                        .where(where, slot.c.n == one.n)
                        .values(
                            window_s=limit.window.total_seconds(),
                            free_at=one.free_at + max(longer, timedelta(0)),
                        )
                    )
            free_at = now.policy if born else pacing.newborn(now, limit.window)
            highest = max((one.n for one in slots), default=0)
            new = [
                {
                    "account_id": account_id,
                    "kind": kind.value,
                    "n": highest + n,
                    "window_s": limit.window.total_seconds(),
                    "free_at": free_at,
                }
                for n in range(1, 1 + limit.count - len(slots))
            ]
            if new:
                connection.execute(insert(slot), new)
        return account_id
