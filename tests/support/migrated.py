"""Empty SQLite databases get our newest tables at once: the migrations run once a process.

They take a third of a second, and most tests begin with an empty database. Whoever tests the
migrations themselves asks for `real_migrations`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from sqlalchemy import Connection, create_engine

from campaigns.store import migrating

Migrate = Callable[[Connection], None]
REAL: Migrate = migrating.migrate


def migrate(connection: Connection) -> None:
    """What the migrations would have left in an empty SQLite database; elsewhere they run."""
    if connection.dialect.name != "sqlite" or _tables(connection):
        REAL(connection)
        return
    for statement in _left_behind():
        connection.exec_driver_sql(statement)


def _tables(connection: Connection) -> int:
    found = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    return int(found)


@lru_cache(maxsize=1)
def _left_behind() -> tuple[str, ...]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        REAL(connection)
        # A table comes before its indexes.
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
            " ORDER BY type DESC, rowid"
        ).scalars()
        statements = list(made)
        for table in ("alembic_version", "schema_compat"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            values = (", ".join(repr(value) for value in row) for row in rows)
            statements += [f"INSERT INTO {table} VALUES ({row})" for row in values]
    engine.dispose()
    return tuple(statements)
