"""Run the migrations. Alembic is a quarter of a command's start: only a migration imports it."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, delete, insert

from campaigns.errors import DatabaseAway
from campaigns.store.migrations import HERE
from campaigns.store.tables import schema_compat


def config() -> Config:
    """Where our migrations are."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def migrate(connection: Connection) -> None:
    """Bring the database to our newest schema, and write down which programs may work with it.

    Raises DatabaseAway where a newer program made it.
    """
    ours = config()
    ours.attributes["connection"] = connection
    try:
        command.upgrade(ours, "head")
    except CommandError:
        raise DatabaseAway(
            "the database was made by a newer version of campaigns: upgrade this program"
        ) from None
    _compatible(connection)


def _compatible(connection: Connection) -> None:
    """The newest program, and each before it as far back as every migration since only adds."""
    scripts = ScriptDirectory.from_config(config())
    revisions: list[str] = []
    for script in scripts.walk_revisions():
        revisions.append(script.revision)
        if not getattr(script.module, "expands", False):
            break
        if isinstance(script.down_revision, str):
            revisions.append(script.down_revision)
    connection.execute(delete(schema_compat))
    connection.execute(
        insert(schema_compat),
        [{"revision": one, "schema": revisions[0]} for one in dict.fromkeys(revisions)],
    )
