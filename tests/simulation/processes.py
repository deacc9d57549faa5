"""The processes of the fleet: workers with an engine each, and the store that they share.

Between two transactions anything may happen: somebody else goes on, the database is away, the
process is killed. Inside one nothing does: SQLite has one writer, and a crash is a rollback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from campaigns.core.instants import Now
from campaigns.core.records import Claim
from campaigns.engine.clock import begin
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.halfopen import look
from campaigns.engine.lookup import check
from campaigns.engine.parts import Parts, Policy
from campaigns.engine.record import fold_events
from campaigns.engine.refresh import refresh
from campaigns.engine.tick import beat, show_life
from campaigns.errors import CampaignsError, DatabaseAway
from campaigns.provider.webhooks import hook_path
from campaigns.store.database import Database, SqlTransaction
from tests.simulation.network import Bell, Dialer
from tests.simulation.scheduler import Killed, Process

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


class SimulatedStore:
    """The Store port of one process on the database that all share."""

    single_writer = True

    def __init__(self, sim: Simulation, process: Process, database: Database) -> None:
        self._sim, self._process, self._database = sim, process, database

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction, and what may happen before, at, and after its commit."""
        sim = self._sim
        self._between()
        rolled_back = unclear = died = False
        try:
            with self._database.write() as tx:
                self._watched(tx)
                yield tx
                if sim.strikes("crash_before_commit"):
                    self._die()
                if sim.strikes("commit_failed"):
                    rolled_back = True
                    raise DatabaseAway("the connection broke before the commit")
                unclear = sim.strikes("commit_unclear")
                died = sim.strikes("crash_after_commit")
        finally:
            if rolled_back:
                sim.count("rolled_back")
        if died:
            self._die()
        if unclear:
            raise DatabaseAway("the connection broke at the commit")

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A look."""
        self._between()
        with self._database.read() as tx:
            self._watched(tx)
            yield tx

    def policy_now(self) -> Now:
        """One reading of the clock."""
        with self.read() as tx:
            return tx.now()

    def _watched(self, tx: SqlTransaction) -> None:
        """Signs of life change no row here, so that one can see when nothing has happened."""
        alive = self._sim.alive
        tx.alive = lambda process, kind, at: alive.update({process: at})  # type: ignore[method-assign]
        tx.last_alive = alive.get  # type: ignore[method-assign,assignment]
        sim, raise_mark = self._sim, tx.raise_mark

        def raised(at: datetime) -> int:
            sim.marks += 1
            return raise_mark(at)

        tx.raise_mark = raised  # type: ignore[method-assign]
        since = sim.door_since
        tx.door_since = lambda process, at: since  # type: ignore[method-assign]

    def _between(self) -> None:
        sim = self._sim
        if self._process.dead:
            raise Killed
        if sim.strikes("preempt"):
            sim.scheduler.pause(sim.dice.uniform(0, 0.3))
        if sim.database_away():
            raise DatabaseAway("the database does not answer")

    def _die(self) -> None:
        """kill -9 in the middle of our own work."""
        self._sim.scheduler.after(0, lambda: self._sim.restart(self._process))
        self._sim.scheduler.kill(self._process)


class ProcessClock:
    """The Clock port: monotonic time is the scheduler's."""

    host = "simulated"

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def monotonic(self) -> float:
        return self._sim.scheduler.now

    def sleep(self, seconds: float) -> None:
        self._sim.scheduler.pause(seconds)


class Worker:
    """One worker process, or the webhook server: the same engine, other work."""

    def __init__(self, sim: Simulation, name: str) -> None:
        self.simulation = sim
        self.process = Process(name)
        self._begun = False
        self.dialer = Dialer(self)
        public = sim.plan.public
        self.parts = Parts(
            store=SimulatedStore(sim, self.process, sim.database),
            clock=ProcessClock(sim),
            dice=sim.ids,
            doorbell=Bell(sim.broker),
            dialers=lambda _: self.dialer,
            hook_url=lambda id: f"http://engine.test{hook_path(sim.keys, id)}" if public else None,
            policy=Policy(public=public),
            versions=sim.versions,
        )

    def do(self, work: Callable[[], object]) -> None:
        """Start a piece of work. The world may be away; anything else is a fault of ours."""

        def guarded() -> None:
            try:
                if not self._begun:
                    begin(self.parts)
                    self._begun = True
                work()
            except CampaignsError:
                self.simulation.count("put_off")

        self.simulation.scheduler.spawn(self.process, guarded)

    def dial(self, claim: Claim) -> None:
        dial(claim, self.parts)

    def fold(self, attempt_id: str) -> None:
        fold_events(attempt_id, self.parts)

    def check(self, attempt_id: str) -> None:
        check(attempt_id, self.parts)

    def dispatch(self, account_id: int) -> None:
        dispatch(account_id, self.parts)

    def look(self, account_id: int) -> None:
        look(account_id, self.parts)

    def refresh(self, campaign_id: int) -> None:
        refresh(campaign_id, self.parts)

    def tick(self) -> None:
        if beat(self.parts) is not None:
            self.simulation.ticked = True

    def pulse(self) -> None:
        if show_life(self.parts, process=self.process.name, kind="worker") is not None:
            self.simulation.ticked = True
