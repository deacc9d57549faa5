"""Connections and transactions: one code for PostgreSQL and SQLite.

PostgreSQL is READ COMMITTED with row locks (always FOR NO KEY UPDATE) and its own clock. SQLite
has a writer that begins IMMEDIATE, so that a transaction never has to turn from reader to writer,
and a reader that cannot write. `:memory:` is SQLite on one shared connection.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from campaigns.core.instants import Now
from campaigns.errors import CampaignsError, DatabaseAway
from campaigns.store import vault
from campaigns.store.accounts import AccountQueries
from campaigns.store.attempts import AttemptQueries
from campaigns.store.ceilings import CeilingQueries
from campaigns.store.erasing import ErasingQueries
from campaigns.store.events import EventQueries
from campaigns.store.evidence import EvidenceQueries
from campaigns.store.explaining import ExplainQueries
from campaigns.store.families import FamilyQueries
from campaigns.store.incarnation import IncarnationQueries
from campaigns.store.people import PeopleQueries
from campaigns.store.recovery import RecoveryQueries
from campaigns.store.rehearsal import RehearsalQueries
from campaigns.store.requests import RequestQueries
from campaigns.store.rounds import RoundQueries
from campaigns.store.runs import RunQueries
from campaigns.store.sealing import Keys
from campaigns.store.selection import SelectionQueries
from campaigns.store.suppressions import SuppressionQueries
from campaigns.store.tables import world
from campaigns.store.tasks import TaskQueries

Wall = Callable[[], datetime]


def wall() -> datetime:
    """This machine's UTC clock: on SQLite it IS the database's clock."""
    return datetime.now(UTC)


_MAP = (world.c.anchor_real, world.c.anchor_policy, world.c.speed)
_NOW_BY_SERVER = select(text("clock_timestamp()"), *_MAP)
_NOW_BY_MACHINE = select(text("0"), *_MAP)
"""Asked in every transaction, so built once; on SQLite the machine's clock is the database's."""


class SqlTransaction(
    AccountQueries,
    RunQueries,
    PeopleQueries,
    SuppressionQueries,
    TaskQueries,
    SelectionQueries,
    FamilyQueries,
    AttemptQueries,
    CeilingQueries,
    EventQueries,
    EvidenceQueries,
    ExplainQueries,
    RehearsalQueries,
    IncarnationQueries,
    RecoveryQueries,
    ErasingQueries,
    RequestQueries,
    RoundQueries,
):
    """All queries over one connection."""

    def __init__(self, connection: Connection, clock: Wall) -> None:
        self.connection = connection
        self._clock = clock

    def now(self) -> Now:
        """Both kinds of time at this instant; on PostgreSQL read by clock_timestamp()."""
        postgres = self.postgres
        row = self.connection.execute(_NOW_BY_SERVER if postgres else _NOW_BY_MACHINE).one_or_none()
        if row is None:
            raise DatabaseAway("the database is not stamped: run `campaigns db upgrade`")
        at = row[0].astimezone(UTC) if postgres else self._clock()
        policy = at
        if row.speed != 1 or row.anchor_policy != row.anchor_real:
            policy = row.anchor_policy + (at - row.anchor_real) * row.speed
        return Now(real=at, policy=policy, speed=row.speed)


class Database:
    """The Store port on SQLAlchemy. `url` may hold a password: it is never shown.

    Without `keys` nothing personal can be read or written.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Wall = wall,
        statement_s: float = 60.0,
        keys: Keys | None = None,
    ) -> None:
        """`statement_s`: after which PostgreSQL gives up a statement, or a silent transaction."""
        parsed = make_url(url)
        self.clock = clock
        self.vault = vault.Vault(keys)
        self.single_writer = parsed.get_backend_name() != "postgresql"
        self._lock: threading.RLock | None = None
        if parsed.get_backend_name() == "postgresql":
            self.writer = self.reader = create_engine(
                parsed,
                pool_size=8,
                max_overflow=16,
                pool_pre_ping=True,
                pool_timeout=10,
                hide_parameters=True,  # an error's text must not quote a person's row
                connect_args={
                    "connect_timeout": 5,
                    # A client that is gone in mid-transaction holds an account's lock no longer
                    # than one that is slow.
                    "options": f"-c statement_timeout={statement_s * 1000:.0f}"
                    f" -c idle_in_transaction_session_timeout={statement_s * 1000:.0f}"
                    " -c lock_timeout=15000 -c timezone=UTC",
                    "tcp_user_timeout": 20000,  # ms: what was sent and is not acknowledged
                    "keepalives_idle": 10,
                    "keepalives_interval": 5,
                    "keepalives_count": 3,
                    "application_name": "campaigns",
                },
            )
            event.listen(self.writer, "do_connect", partial(_patiently, statement_s))
        elif not parsed.database or parsed.database == ":memory:":
            self._lock = threading.RLock()
            self.writer = self.reader = _sqlite(parsed.render_as_string(), memory=True)
        else:
            self.writer = _sqlite(parsed.render_as_string())
            self.reader = _sqlite(parsed.render_as_string(), query_only=True)
        for engine in (self.writer, self.reader):
            vault.give(engine, self.vault)

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction that commits at the end, or rolls back on an exception."""
        with _translated(), self._exclusive(), self.writer.begin() as connection:
            yield SqlTransaction(connection, self.clock)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction for looking."""
        with _translated(), self._exclusive(), self.reader.connect() as connection:
            yield SqlTransaction(connection, self.clock)

    def policy_now(self) -> Now:
        """One reading of the clock."""
        with self.read() as tx:
            return tx.now()

    def compact(self) -> None:
        """Leave nothing on the disk that was deleted or written over, where that is one file."""
        if not self.single_writer:
            return  # PostgreSQL's VACUUM FULL locks every table: a person decides when
        with _translated(), self._exclusive():
            raw = self.writer.raw_connection()
            try:
                for pragma in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    raw.cursor().execute(pragma)
            except sqlite3.OperationalError as error:
                raise DatabaseAway(
                    f"the database could not be written anew ({error}): make room, and try again"
                ) from error
            finally:
                raw.close()

    def close(self) -> None:
        """Give all connections back to the system."""
        self.writer.dispose()
        self.reader.dispose()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if self._lock is None:
            yield
        else:
            with self._lock:
                yield


def _patiently(
    statement_s: float,
    _dialect: object,
    _record: object,
    arguments: Sequence[Any],
    options: Mapping[str, Any],
) -> Any:
    from campaigns.store.patience import PatientConnection  # noqa: PLC0415  # PostgreSQL's driver

    connection = PatientConnection.connect(*arguments, **options)
    connection.statement_s = statement_s
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseAway("every connection to the database is in use: try again") from error
    except DBAPIError as error:
        if isinstance(error, OperationalError) or error.connection_invalidated or _read_only(error):
            # The driver's text may quote the URL or a row: only its kind is told.
            kind = type(error.orig).__name__
            raise DatabaseAway(
                f"the database did not do it ({kind}); see `campaigns doctor`"
            ) from error
        raise
    except StatementError as error:
        if isinstance(error.orig, CampaignsError):  # a value could not be sealed
            raise error.orig from None
        raise


def _write_ahead(cursor: Any) -> None:
    """Turn the file to WAL, which waits for no lock by itself where another process writes."""
    for left in reversed(range(_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if not left:
                raise
            time.sleep(_PAUSE)


_TRIES, _PAUSE = 200, 0.05


def _read_only(error: DBAPIError) -> bool:
    """A server that became a standby takes no writes: away, until it is found again."""
    return getattr(error.orig, "sqlstate", None) == "25006"


def _sqlite(url: str, *, memory: bool = False, query_only: bool = False) -> Engine:
    options: dict[str, Any] = {
        "hide_parameters": True,
        "connect_args": {"check_same_thread": False, "timeout": 30},
    }
    if memory:
        options["poolclass"] = StaticPool
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver must not begin transactions of its own: ours begin IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=30000")
        if not memory:
            _write_ahead(cursor)
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")  # what is erased is written over
        cursor.execute("PRAGMA foreign_keys=ON")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")

    return engine
