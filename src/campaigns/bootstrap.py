"""Settings → a wired engine. The only file that knows which parts are real.

Nothing happens at import. A door calls `connect`, uses the parts, and calls `close`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from campaigns.config import Settings
from campaigns.embedded import home
from campaigns.engine import clock, incarnation
from campaigns.engine.parts import Parts, Policy
from campaigns.engine.watch import Watch
from campaigns.errors import ConfigurationError, DatabaseAway, Fault
from campaigns.files.again import read_again
from campaigns.machine import MachineClock, SilentDoorbell, SystemDice
from campaigns.ports import Doorbell, Witness
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.webhooks import HookKeys, hook_path
from campaigns.simulator.peek import next_event
from campaigns.store import resealing, schema
from campaigns.store.backup import backup as sqlite_backup
from campaigns.store.database import Database
from campaigns.store.sealing import Keys, no_secret
from campaigns.witness import FileWitness, RedisWitness, redis_url

DEFAULT_ACCOUNT = "default"
REAL, REHEARSAL = "real", "rehearsal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """One process's engine: what doors work with."""

    settings: Settings
    world: str
    database: Database
    parts: Parts
    account_id: int
    keys: HookKeys | None
    _dialers: Mapping[int, ThinnestDialer]

    def dialer(self) -> ThinnestDialer:
        """The default account's way to the provider. Raises ConfigurationError without a key."""
        return _need(self._dialers, self.account_id)

    def require_current(self) -> None:
        """Raises DatabaseAway unless the database answers and its schema is ours."""
        schema.require_current(self.database)

    def reseal(self) -> int:
        """Seal everything under the current secret; says how many rows it was news to."""
        return resealing.reseal(self.database)

    def close(self) -> None:
        """Give connections back."""
        for dialer in self._dialers.values():
            dialer.close()
        self.database.close()


def world_of(environ: Mapping[str, str]) -> str:
    """Which world this process belongs to; the supervisor of a rehearsal says so."""
    return environ.get("CAMPAIGNS_WORLD", REAL)


def secrets_of(settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The secret that seals, and those before it. One machine alone makes its own, in its home.

    Raises ConfigurationError where a shared database has none.
    """
    previous = tuple(one.get_secret_value() for one in settings.secret_previous)
    if settings.secret is not None:
        return settings.secret.get_secret_value(), previous
    if not settings.database_url.startswith("sqlite"):
        raise no_secret()
    return home.ensure_secret(settings.home), previous


def _database(settings: Settings, *, statement_s: float = 60.0) -> Database:
    keys = Keys.from_secret(*secrets_of(settings))
    return Database(settings.database_url, statement_s=statement_s, keys=keys)


def usable(settings: Settings) -> bool:
    """Whether this program may work with the database's schema: its own, or a compatible one."""
    database = _database(settings)
    try:
        schema.require_current(database)
    except DatabaseAway:
        return False
    finally:
        database.close()
    return True


def upgrade(
    settings: Settings,
    *,
    world: str = REAL,
    speed: float = 1.0,
    starts_at: datetime | None = None,
) -> None:
    """Create or migrate the database, and give the account its slots."""
    database = _database(settings)
    try:
        schema.upgrade(database, kind=world, speed=speed, starts_at=starts_at)
        _account(database, settings)
    finally:
        database.close()


def backup(settings: Settings, target: Path) -> int:
    """Copy the SQLite database to a new file; its size. Raises Conflict, DatabaseAway."""
    return sqlite_backup(Path(settings.database_url.partition("///")[2]), target)


def start_clock(installation: Installation, at: datetime, *, speed: float) -> None:
    """From now on it is `at` in this rehearsal, passing at `speed`."""
    with installation.database.write() as tx:
        tx.set_clock(real=tx.now().real, policy=at, speed=speed)


def connect(
    settings: Settings,
    *,
    world: str | None = None,
    doorbell: Doorbell | None = None,
    leased_only: bool = False,
    statement_s: float = 60.0,
    around_post: Callable[[], AbstractContextManager[None]] = nullcontext,
    stopping: Callable[[], bool] = bool,
) -> Installation:
    """Wire one process.

    `statement_s`: how long one statement may take before it is given up. `around_post`: entered
    while a POST that may ring somebody is under way. Raises DatabaseAway, or ConfigurationError
    for a mixed-up world and for a wrong secret.
    """
    world = world or world_of(os.environ)
    database = _database(settings, statement_s=statement_s)
    try:
        schema.require_current(database)
        with database.read() as tx:
            stamped = tx.world().kind
        if stamped != world:
            fault = Fault(
                at="CAMPAIGNS_DATABASE_URL",
                expected=f"a {world} database",
                got=f"one stamped {stamped}",
                hint="real calls and rehearsals never share a database",
            )
            raise ConfigurationError([fault])
        with database.read() as tx:
            account_id = tx.account_named(DEFAULT_ACCOUNT).id
        dialers = _dialers(settings, world, account_id, around_post)
        keys = HookKeys.from_secret(*secrets_of(settings))
        parts = Parts(
            store=database,
            clock=MachineClock(),
            dice=SystemDice(),
            doorbell=doorbell or SilentDoorbell(),
            dialers=partial(_need, dialers),
            hook_url=_hook_url(settings, keys),
            policy=Policy(
                public=settings.public_url is not None,
                rehearsal=world == REHEARSAL,
                leased_only=leased_only,
            ),
            lists=read_again,
            stopping=stopping,
            next_outside=_simulator_next(settings) if world == REHEARSAL else tuple,
            watch=Watch(() if world == REHEARSAL else _witnesses(settings)),
        )
        clock.begin(parts)
        incarnation.at_start(parts)
    except BaseException:
        database.close()
        raise
    return Installation(
        settings=settings,
        world=world,
        database=database,
        parts=parts,
        account_id=account_id,
        keys=keys,
        _dialers=dialers,
    )


def _witnesses(settings: Settings) -> Sequence[Witness]:
    """A file beside an SQLite database; for PostgreSQL one in the home, and the fleet's Redis."""
    url = settings.database_url
    if url.startswith("sqlite"):
        path = url.partition("///")[2]
        in_memory = not path or path.startswith(":")
        return () if in_memory else (FileWitness(Path(f"{path}.mark")),)
    found: list[Witness] = []
    if settings.home.is_dir() and os.access(settings.home, os.W_OK):
        found.append(FileWitness(settings.home / "database.mark"))
    if settings.redis_url is not None:
        found.append(RedisWitness(redis_url(settings.redis_url.get_secret_value())))
    return found


def _account(database: Database, settings: Settings) -> int:
    return schema.ensure_account(
        database,
        DEFAULT_ACCOUNT,
        limits={
            kind: schema.LimitOf(count=rate.count, window=rate.window)
            for kind, rate in settings.limits.items()
        },
        spacing=settings.start_spacing,
        concurrent_calls=settings.concurrent_calls,
    )


def _dialers(
    settings: Settings,
    world: str,
    account_id: int,
    around_post: Callable[[], AbstractContextManager[None]],
) -> Mapping[int, ThinnestDialer]:
    if settings.api_key is None:
        return {}
    dialer = ThinnestDialer(
        api_key=settings.api_key.get_secret_value(),
        base_url=settings.provider_url,
        world="rehearsal" if world == REHEARSAL else "real",
        around_post=around_post,
    )
    return {account_id: dialer}


def _need(dialers: Mapping[int, ThinnestDialer], account_id: int) -> ThinnestDialer:
    if account_id not in dialers:
        fault = Fault(
            at="THINNESTAI_API_KEY", expected="the API key of the voice account", got="nothing"
        )
        raise ConfigurationError([fault])
    return dialers[account_id]


def _hook_url(settings: Settings, keys: HookKeys) -> Callable[[str], str | None]:
    public = settings.public_url
    if public is None:
        return lambda attempt_id: None
    return lambda attempt_id: public.rstrip("/") + hook_path(keys, attempt_id)


def _simulator_next(settings: Settings) -> Callable[[], tuple[datetime, ...]]:
    def ask() -> tuple[datetime, ...]:
        at = next_event(settings.provider_url)
        return () if at is None else (at,)

    return ask


class WorldClock:
    """Reads the map of a rehearsal's clock for the simulator: same instants, same function."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings.database_url)

    def __call__(self) -> tuple[datetime, datetime, float]:
        """(real anchor, policy anchor, speed). Raises DatabaseAway."""
        with self._database.read() as tx:
            return tx.clock_map()

    def close(self) -> None:
        """Give connections back."""
        self._database.close()
