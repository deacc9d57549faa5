"""Strikes a rehearsed fleet after a schedule, and plays the operator's supervisor meanwhile.

A process that ends by itself is started again, as systemd or a container runtime would, and
counted. Everything that happens is printed at once, for the failure that nobody expected.
"""

from __future__ import annotations

import heapq
import itertools
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
import redis
from sqlalchemy.engine import make_url

from campaigns.errors import DatabaseAway
from tests.support.blows import BEATS, WORKERS, Blow, What
from tests.support.processes import answers, wait_until
from tests.support.proxy import Fault, Kind
from tests.support.rehearsed import Rehearsed

DRAIN = 25.0
"""Seconds for an orderly end: the promise is 20, the rest is the machine's."""
_RESPAWN = 0.5
_SLOW = Fault(kind=Kind.LATENCY, seconds=0.06)
"""So long a commit is on its way back; the statements before it must not take for ever."""
_DIALING = "SELECT id FROM attempt WHERE state = 'dialing'"
_TABLES = ("attempt", "dial_task", "campaign", "account", "slot", "event")


@dataclass
class Nemesis:
    """One world's tormentor."""

    world: Rehearsed
    blows: list[Blow]
    counts: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    drains: list[float] = field(default_factory=list)
    instants: list[datetime] = field(default_factory=list)
    """Policy times at which something was killed or stopped."""

    def __post_init__(self) -> None:
        self._begun = time.monotonic()
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._down: set[str] = set()
        self._respawn_at: dict[str, float] = {}
        self._skipped = 0.0
        self._meanwhile: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """Blows fall on a fleet that works, not on one that is starting."""
        names = list(self.world.fleet.processes)
        wait_until(lambda: all(map(self.works, names)), within=120, what="all processes to work")

    def run(self, meanwhile: Callable[[], None]) -> None:
        """Every blow at its time, and its end; `meanwhile` between them."""
        self._begun = time.monotonic()
        self._meanwhile = meanwhile
        for blow in self.blows:
            self._later(blow.at, lambda blow=blow: self._strike(blow))  # type: ignore[misc]
        while self._agenda:
            at, _, act = self._agenda[0]
            if at <= self._clock():
                heapq.heappop(self._agenda)
                act()
            else:
                self.keep()
                meanwhile()
                time.sleep(0.05)

    @contextmanager
    def paused(self, names: Iterable[str]) -> Iterator[None]:
        """These processes stand still."""
        names = list(names)
        for name in names:
            self.world.fleet.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                self.world.fleet.signal(name, signal.SIGCONT)

    def keep(self) -> None:
        """Start again what ended by itself."""
        for name, process in self.world.fleet.processes.items():
            code = process.poll()
            if code is None or name in self._down:
                continue
            if name not in self._respawn_at:
                self.ended[name.rstrip("0123456789")] += 1
                self._tell(f"{name} ended by itself with {code}")
                self._respawn_at[name] = time.monotonic() + _RESPAWN
            elif time.monotonic() >= self._respawn_at[name]:
                del self._respawn_at[name]
                self.world.fleet.again(name)

    @property
    def lasted(self) -> float:
        """Seconds since the first blow could fall."""
        return time.monotonic() - self._begun

    def told(self) -> str:
        """How the logs of all processes end, and where their threads stood."""
        fleet = self.world.fleet
        for name in fleet.processes:
            # Python's fault handler writes where every thread stands: what hangs is seen.
            fleet.signal(name, signal.SIGCONT)
            fleet.signal(name, signal.SIGABRT)
        time.sleep(2)
        logs = [f"--- {name}\n{fleet.log(name)[-12000:]}" for name in sorted(fleet.processes)]
        return "\n".join(logs)

    def _clock(self) -> float:
        return time.monotonic() - self._begun - self._skipped

    def _later(self, at: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), act))

    def _tell(self, what: str) -> None:
        print(f"[{time.monotonic() - self._begun:7.1f}] {what}", flush=True)

    def _strike(self, blow: Blow) -> None:
        self._tell(str(blow))
        self.counts[blow.kind] += 1
        until = self._clock() + blow.lasts
        match blow.what:
            case What.KILL:
                self._note()
                self._down.add(blow.whom)
                self.world.fleet.kill(blow.whom)
                self._later(until, lambda: self._again(blow.whom))
            case What.STOP:
                self._note()
                self.world.fleet.signal(blow.whom, signal.SIGSTOP)
                self._later(until, lambda: self.world.fleet.signal(blow.whom, signal.SIGCONT))
            case What.FREEZE:
                begun = time.monotonic()
                self._freeze(blow)
                self._skipped += time.monotonic() - begun
            case What.FLUSH:
                self._flush()
            case What.KILL_SERVER | What.RESTART_SERVER:
                self._note()
                server = self.world.redis if blow.whom == "redis" else self.world.postgres
                if blow.what is What.KILL_SERVER:
                    server.kill()
                else:
                    server.stop()
                self._later(until, server.start)
            case What.WIRE:
                assert blow.fault is not None
                proxy = self.world.proxies[blow.whom]
                proxy.strike(blow.fault)
                self._later(until, proxy.heal)
            case What.ROLL:
                begun = time.monotonic()
                self._roll()
                self._skipped += time.monotonic() - begun

    def _again(self, name: str) -> None:
        self._down.discard(name)
        self._respawn_at.pop(name, None)
        self.world.fleet.again(name)

    def _note(self) -> None:
        try:
            self.instants.append(self.world.fleet.installation.parts.store.policy_now().policy)
        except DatabaseAway:
            self._tell("the database is away: no policy time")

    def _flush(self) -> None:
        with redis.Redis(port=self.world.redis.port) as broker:
            try:
                broker.flushall()
            except redis.ConnectionError:
                self._tell("nothing to flush: the broker is away")

    def _freeze(self, blow: Blow) -> None:
        """Stop all workers while the commit of an intent is on its way back to one of them.

        Its POST is then still to come, and its time passes: it must never leave.
        """
        database = self.world.proxies["database"]
        database.strike(_SLOW)
        try:
            seen = {row["id"] for row in self.world.fleet.rows(_DIALING)}
            wait_until(lambda: self._new_intent(seen), within=3, what="an intent")
        except (TimeoutError, DatabaseAway) as none:
            self._tell(f"no intent to freeze behind: {none}")
            self.counts[blow.kind] -= 1
            self.counts["workers: SIGSTOP, no intent seen"] += 1
        with self.paused(WORKERS):
            database.heal()
            self._note()
            time.sleep(blow.lasts)

    def _new_intent(self, seen: set[object]) -> bool:
        """Whether an intent has been committed since the last look.

        By its id: the instant that it bears is that of its transaction's beginning.
        """
        dialing = {row["id"] for row in self.world.fleet.rows(_DIALING)}
        new = dialing - seen
        seen |= dialing
        return bool(new)

    def _roll(self) -> None:
        """The schema grows under the running code; then every process is replaced in turn."""
        for table in _TABLES:
            self._grow(table)
        for name in (*WORKERS, *BEATS, "serve"):
            fleet = self.world.fleet
            self._meanwhile()
            begun = time.monotonic()
            self._down.add(name)
            code = fleet.stop(name, within=DRAIN)
            self.drains.append(time.monotonic() - begun)
            self._tell(f"{name} ended with {code} after {self.drains[-1]:.1f} s")
            self._again(name)
            wait_until(lambda name=name: self.works(name), within=60, what=name)  # type: ignore[misc]

    def works(self, name: str, since: float | None = None) -> bool:
        """Whether a process has given a sign of life since then (or since its start)."""
        fleet = self.world.fleet
        if name == "serve":
            return answers(fleet.port)
        alive = fleet.root / f"{name}.alive"
        since = fleet.started[name] if since is None else since
        return alive.exists() and alive.stat().st_mtime >= since

    def _grow(self, table: str) -> None:
        url = make_url(self.world.postgres.admin_url).set(drivername="postgresql")
        for _ in range(30):
            try:
                with psycopg.connect(url.render_as_string(False), autocommit=True) as link:
                    link.execute("SET lock_timeout = '2s'")
                    link.execute(
                        f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS grown int DEFAULT 0"
                    )
            except psycopg.OperationalError as busy:
                self._tell(f"{table} could not be changed yet: {type(busy).__name__}")
                time.sleep(0.5)
            else:
                return
        raise TimeoutError(f"{table} could not be changed")
