"""Settings → a wired engine. The only file that knows which parts are real.

Nothing happens at import. A door calls `connect`, uses the parts, and calls `close`.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from campaigns.config import Settings
from campaigns.core.records import Claim
from campaigns.engine import clock
from campaigns.engine.parts import Parts, Policy
from campaigns.errors import ConfigurationError, Fault
from campaigns.ports import Doorbell
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.webhooks import HookKeys, hook_path
from campaigns.simulator.peek import next_event
from campaigns.store import schema
from campaigns.store.database import Database

DEFAULT_ACCOUNT = "default"
REAL, REHEARSAL = "real", "rehearsal"


class MachineClock:
    """The Clock port: this machine's monotonic clock."""

    def __init__(self) -> None:
        self.host = _host()

    def monotonic(self) -> float:
        """Seconds since some instant; never steps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)


def _host() -> str:
    """This machine since its last start; where that cannot be told, this machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return os.uname().nodename


class SystemDice:
    """The Dice port: the operating system's randomness."""

    def uuid(self) -> str:
        """A random UUID: an id that is never given twice, also after a restore."""
        return str(uuid.uuid4())


class SilentDoorbell:
    """Rings nobody: the heartbeat finds everything within a second anyway."""

    def dial(self, claim: Claim) -> None:
        """A claim nobody is told about goes back when its lease ends."""

    def fold(self, attempt_id: str) -> None:
        """The heartbeat folds what is unfolded."""

    def check(self, attempt_id: str) -> None:
        """The heartbeat rings again."""

    def dispatch(self, account_id: int) -> None:
        """The heartbeat dispatches each second."""

    def look(self, account_id: int) -> None:
        """The heartbeat rings again."""


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

    def close(self) -> None:
        """Give connections back."""
        for dialer in self._dialers.values():
            dialer.close()
        self.database.close()


def world_of(environ: Mapping[str, str]) -> str:
    """Which world this process belongs to; the supervisor of a rehearsal says so."""
    return environ.get("CAMPAIGNS_WORLD", REAL)


def upgrade(
    settings: Settings,
    *,
    world: str = REAL,
    speed: float = 1.0,
    starts_at: datetime | None = None,
) -> None:
    """Create or migrate the database, and give the account its slots."""
    database = Database(settings.database_url)
    try:
        schema.upgrade(database, kind=world, speed=speed, starts_at=starts_at)
        _account(database, settings)
    finally:
        database.close()


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
) -> Installation:
    """Wire one process. Raises DatabaseAway, or ConfigurationError for a mixed-up world.

    `statement_s`: how long one statement may take before it is given up. `around_post`: entered
    while a POST that may ring somebody is under way.
    """
    world = world or world_of(os.environ)
    database = Database(settings.database_url, statement_s=statement_s)
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
        keys = HookKeys.from_secret(settings.secret.get_secret_value()) if settings.secret else None
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
            next_outside=_simulator_next(settings) if world == REHEARSAL else tuple,
        )
        clock.begin(parts)
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


def _account(database: Database, settings: Settings) -> int:
    return schema.ensure_account(
        database,
        DEFAULT_ACCOUNT,
        limits={
            kind: schema.LimitOf(count=rate.count, window=rate.window)
            for kind, rate in settings.limits.items()
        },
        spacing=settings.start_spacing,
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


def _hook_url(settings: Settings, keys: HookKeys | None) -> Callable[[str], str | None]:
    public = settings.public_url
    if public is None:
        return lambda attempt_id: None
    if keys is None:
        fault = Fault(
            at="CAMPAIGNS_SECRET",
            expected="a secret of at least 32 characters",
            got="nothing",
            hint="webhook addresses are made from it; `openssl rand -hex 32` makes one",
        )
        raise ConfigurationError([fault])
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
