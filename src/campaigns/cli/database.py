"""`db`: bring the database to this program's schema, say where it is, or back it up."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from campaigns import bootstrap
from campaigns.cli import options, screen, state
from campaigns.errors import InputError

app = typer.Typer(help="The database: its schema, and a backup.", no_args_is_help=True)


class World(StrEnum):
    """What a database is for, once and for all."""

    REAL = "real"
    REHEARSAL = "rehearsal"


@app.command()
def upgrade(
    world: Annotated[
        World, typer.Option("--world", help="What a NEW database is stamped as, for ever.")
    ] = World.REAL,
) -> None:
    """Create or migrate the database, and give the account the limits of this environment."""
    found = state.settings()
    state.upgrade(found, world.value)
    at, _ = state.revisions(found)
    screen.say(f"{state.place(found)} is at {at}")


@app.command()
def reseal() -> None:
    """Seal everything under a new CAMPAIGNS_SECRET, while the engine runs.

    Say it again until it finds nothing; then CAMPAIGNS_SECRET_PREVIOUS may go.
    """
    with state.opened() as installation:
        changed = installation.reseal()
    if changed:
        screen.say(f"{screen.count(changed, 'row')} sealed anew: run it again to be sure")
    else:
        screen.say("everything is sealed under the current secret")


@app.command()
def current(as_json: options.AsJson = False) -> None:
    """At which schema the database is, and which one this program needs. Exit 3: not the same."""
    found = state.settings()
    at, needed = state.revisions(found)
    if as_json:
        screen.emit({"revision": at, "needed": needed})
    elif at == needed:
        screen.say(f"{state.place(found)} is at {at}, as it should be")
    else:
        screen.say(f"{state.place(found)} is at {at or 'nothing'}, this program needs {needed}")
        screen.note("`campaigns db upgrade` brings it there")
    if at != needed:
        raise typer.Exit(3)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
) -> None:
    """Copy an SQLite database while everything runs. PostgreSQL: says what to type."""
    found = state.settings()
    if not state.embedded(found):
        raise InputError(
            'PostgreSQL has its own: `pg_dump --format=custom --file=FILE "$DATABASE_URL"`;'
            " see docs/production.md"
        )
    size = bootstrap.backup(found, file)
    screen.say(f"{file}: {size / 1e6:,.1f} MB, of {state.place(found)}")
    screen.note(
        "the secret in the home is not in it: keep a copy of that too."
        " Calls made from now on are not in it either: after a restore, `campaigns recover`"
    )
