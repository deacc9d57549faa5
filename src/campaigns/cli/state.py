"""Where a command's state is: settings, the database in the home, and the line that says which.

On SQLite a command makes or migrates the database itself; a PostgreSQL that others share is
migrated by `db upgrade` alone. Limits are set only when a database is made: a look from a shell
with another environment must not change what the engine may do.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from campaigns import bootstrap
from campaigns.bootstrap import Installation
from campaigns.cli import screen
from campaigns.cli.listing import Listing
from campaigns.config import Settings
from campaigns.core.figures import Page, Totals
from campaigns.embedded import home
from campaigns.errors import DatabaseAway
from campaigns.store.reads import Reads
from campaigns.store.reads import revisions as revisions_of

T = TypeVar("T")


def settings() -> Settings:
    """This environment's. Raises ConfigurationError with every fault."""
    return Settings.load(os.environ)


@contextmanager
def opened(*, quiet: bool = False) -> Iterator[Installation]:
    """An installation to ask or to change, after saying on stderr which one it is."""
    found = settings()
    installation = _connect(found)
    try:
        if not quiet:
            totals = look(installation, lambda reads: reads.totals())
            screen.note(_line(found, installation.world, totals))
        yield installation
    finally:
        installation.close()


def look(installation: Installation, ask: Callable[[Reads], T]) -> T:
    """One question in a transaction of its own."""
    with installation.database.read() as tx:
        return ask(Reads(tx))


def listing(
    installation: Installation,
    fetch: Callable[[Reads, str | None, int], Page[T]],
    *,
    limit: int = 0,
    after: str | None = None,
) -> Listing[T]:
    """A long list; each page of it is a transaction of its own. `limit` 0: everything."""

    def page(since: str | None, size: int) -> Page[T]:
        return look(installation, lambda reads: fetch(reads, since, size))

    return Listing(page, limit=limit, after=after)


def pages(installation: Installation, page: Callable[[Reads, str | None], Page[T]]) -> Iterator[T]:
    """Every item of a long list whose pages have their own size."""
    return iter(listing(installation, lambda reads, after, _: page(reads, after)))


def revisions(found: Settings) -> tuple[str | None, str]:
    """(the database's revision, the one this program needs)."""
    url = found.database_url
    if embedded(found) and not Path(url.partition("///")[2]).exists():
        url = "sqlite://"  # a question must not leave an empty file behind
    return revisions_of(url)


def who() -> str:
    """Who types: kept in the audit of every pause, resume and cancel."""
    try:
        return getpass.getuser()[:100]
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def asked_on_a_terminal() -> bool:
    """Whether a person is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def embedded(found: Settings) -> bool:
    """Whether the database is a file of this machine, made by whoever comes first."""
    return found.database_url.startswith("sqlite")


def place(found: Settings) -> str:
    """Where the state is, for a person; never a password."""
    if not embedded(found):
        url = urlsplit(found.database_url)
        port = f":{url.port}" if url.port else ""
        return f"PostgreSQL {url.hostname or 'local'}{port}{url.path}"
    if found.database_url != f"sqlite:///{found.home}/campaigns.db":
        return shortened(Path(found.database_url.partition("///")[2] or ":memory:"))
    return shortened(found.home)


def shortened(path: Path) -> str:
    """A path with ~ for the person's home."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def upgrade(found: Settings, world: str) -> None:
    """Create or migrate the database. Raises DatabaseAway where it cannot be."""
    home.create(found.home)
    try:
        bootstrap.upgrade(found, world=world)
    except sqlite3.Error as error:
        raise _unusable(found, error) from error


def _connect(found: Settings) -> Installation:
    # Commands make no webhook addresses: none of their parts may depend on one.
    quiet = found.model_copy(update={"public_url": None})
    if embedded(found):
        home.create(found.home)
        try:
            at, needed = revisions(found)
        except sqlite3.Error as error:
            raise _unusable(found, error) from error
        if at != needed and not (at is not None and bootstrap.usable(found)):
            upgrade(found, bootstrap.world_of(os.environ))
    return bootstrap.connect(quiet)


def _unusable(found: Settings, error: sqlite3.Error) -> DatabaseAway:
    return DatabaseAway(
        f"the database in {place(found)} cannot be used ({error}): see `campaigns doctor`"
    )


def _line(found: Settings, world: str, totals: Totals) -> str:
    where = f"state: {place(found)}"
    if world == bootstrap.REHEARSAL:
        where += " (rehearsal)"
    suppressed = f"{totals.suppressed:,} suppressed"
    if totals.calls:
        return f"{where}, {screen.count(totals.calls, 'call')}, {suppressed}"
    new = f"{where}, NEW, nobody has been called from here"
    return f"{new}, {suppressed}" if totals.suppressed else new
