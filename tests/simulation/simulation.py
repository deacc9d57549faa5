"""One seed: a fleet, a provider, people who pause and opt out, and faults; then the calm.

Everything is the product's own code but the clock, the broker and the wires. The simulator's ledger
says which phone rang; judge.py reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random

from campaigns.core.capabilities import YES, Capability
from campaigns.engine.parts import Versions
from campaigns.provider.webhooks import HookKeys
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.messages import Reply
from campaigns.simulator.provider import Provider
from tests.simulation.appointments import appointments
from tests.simulation.birth import Ids, database, provider_of
from tests.simulation.door import Courier
from tests.simulation.edits import edits
from tests.simulation.network import Broker
from tests.simulation.people import (
    Act,
    edit,
    everybody,
    resume_all,
    set_limit,
    somebody_acts,
    submit,
)
from tests.simulation.plan import Plan
from tests.simulation.processes import Worker
from tests.simulation.scheduler import Process, Scheduler
from tests.support import idle

SECRET = "0123456789abcdef0123456789abcdef"
CALM = timedelta(hours=80)
"""Long enough for the last retry, the next opening, and a day without evidence."""
LOOK = 1800.0
"""Seconds between two looks of a person who resumes what the engine has paused."""


class Simulation:
    """`planted`: names of mistakes that stand-ins of this package make on purpose."""

    def __init__(self, plan: Plan, planted: Iterable[str] = ()) -> None:
        self.plan = plan
        self._planted = frozenset(planted)
        self.scheduler = Scheduler()
        self.dice = Random(f"faults {plan.seed}")
        self.ids = Ids(plan.seed)
        self.struck: Counter[str] = Counter()
        self.calm = False
        self.offset = timedelta(0)
        self.steps = timedelta(0)  # the sum of what the clock was stepped by
        self.acts: list[Act] = []
        self.rung_for: dict[str, str] = {}  # call id → attempt id
        self.limits: list[tuple[datetime, int]] = []  # of starts, and since when
        self._waiting_acts = 0
        self.edits = edits(plan.seed, len(everybody(plan)))
        self.list = 0  # which of its lists a person submitted last
        self.versions = Versions()
        self.keys = HookKeys.from_secret(SECRET)
        self._away_until = self._storm_until = 0.0
        self._beat_at, self._quiet_until, self._beats = 0.0, 0.0, 0
        self._rows = -1
        self.marks = 0  # rows that a sign of life changed, and nothing else
        self.ticked = False  # a whole tick since the last beat that was not skipped
        self._beats_down = (0.0, 0.0)
        self.alive: dict[str, datetime] = {}
        self.database = database(self.wall)
        self.settings = provider_of(plan)
        self.ledger = Ledger()
        self.provider = Provider(self.settings, self.ledger, self.truth, self._placed)
        self.broker = Broker(self)
        self.workers = [Worker(self, f"worker{n}") for n in range(plan.workers)]
        self.serve = Worker(self, "serve")
        self.operator = Worker(self, "operator")
        self.courier = Courier(self)
        self.account_id = set_limit(self, plan.limit)
        self.door_since = plan.start
        if plan.probed:
            with self.database.write() as tx:
                found = {Capability.LISTS_UNANSWERED: YES}
                tx.set_capabilities(self.account_id, found, attempt_id=None, at=plan.start)

    # --- clocks and chance ------------------------------------------------------------------

    def truth(self) -> datetime:
        """The time at the provider and beside every phone."""
        return self.plan.start + timedelta(seconds=self.scheduler.now)

    def wall(self) -> datetime:
        """The database's clock, which may have been stepped."""
        return self.truth() + self.offset

    def strikes(self, fault: str) -> bool:
        """Whether this fault strikes here and now."""
        chance = self.plan.chance(fault)
        if self.calm or not chance or self.dice.random() >= chance:
            return False
        self.count(fault)
        return True

    def count(self, what: str) -> None:
        """Count by kind."""
        self.struck[what] += 1

    def planted(self, mistake: str) -> bool:
        """Whether a stand-in is to make this mistake."""
        return mistake in self._planted

    def database_away(self) -> bool:
        """Whether the database is away at this moment."""
        if self.scheduler.now >= self._away_until and self.strikes("database_away"):
            self._away_until = self.scheduler.now + self.dice.uniform(0.1, 20)
        return not self.calm and self.scheduler.now < self._away_until

    def storm(self) -> bool:
        """Whether the provider answers nothing but errors."""
        if self.scheduler.now >= self._storm_until and self.strikes("storm"):
            self._storm_until = self.scheduler.now + self.dice.uniform(30, 1200)
        return not self.calm and self.scheduler.now < self._storm_until

    # --- processes --------------------------------------------------------------------------

    def restart(self, process: Process) -> None:
        """A supervisor starts again what has died, after a moment."""
        self.scheduler.after(self.dice.uniform(0.5, 5), lambda: self._start(process.name))

    def kill(self, worker: Worker) -> None:
        """kill -9; from the worker's own work it does not return."""
        if not worker.process.dead:
            self.restart(worker.process)
            self.scheduler.kill(worker.process)

    def _start(self, name: str) -> None:
        fresh = Worker(self, name)
        if name == "serve":
            self.serve = fresh
        elif name == "operator":
            self.operator = fresh
        else:
            self.workers = [fresh if w.process.name == name else w for w in self.workers]

    def harass(self, worker: Worker) -> None:
        """Now and then something happens to a process that has just got work."""
        if self.strikes("kill"):
            self.scheduler.after(self.dice.uniform(0, 4), lambda: self.kill(worker))
        if self.strikes("stop"):
            seconds = self.dice.choice((2.0, 5.0, 20.0, 60.0))
            at = self.dice.uniform(0, 3)
            self.scheduler.after(at, lambda: self.stop(worker.process, seconds))
        if self.strikes("flush"):
            self.broker.flush()
        if self.struck["clock_step"] < 3 and self.strikes("clock_step"):
            step = timedelta(seconds=self.dice.uniform(-100, 100))
            self.offset += step
            self.steps += abs(step)

    def stop(self, process: Process, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so many seconds."""
        process.stopped_until = self.scheduler.now + seconds
        if process.name == "serve" and seconds > 30:
            self.door_since = self.wall() + timedelta(seconds=seconds)

    # --- the run ----------------------------------------------------------------------------

    def run(self) -> None:
        """From the first submit to the end of everything."""
        plan = self.plan
        submit(self, "one")
        hours = plan.hours * 3600
        if plan.chance("beats_down"):
            begin = self.dice.uniform(0, hours)
            self._beats_down = (begin, begin + self.dice.uniform(30, 600))
        for _ in range(self.dice.randint(0, 5)):
            within = self.dice.choice((0, 30, 300, 1800))  # most of it happens early
            if not within:
                self._waiting_acts += 1
                continue
            self.scheduler.at(self.dice.uniform(0, min(hours, within)), lambda: somebody_acts(self))
        for index, share in enumerate(self.edits.when if self.edits else (), start=1):
            self.scheduler.at(share * hours, partial(edit, self, index))
        self._until(hours)
        self.calm = True
        resume_all(self)
        end = self.scheduler.now + CALM.total_seconds()
        while self.scheduler.now < end and self._open():
            self._until(min(end, self.scheduler.now + LOOK))
            resume_all(self)
        self._until(self.scheduler.now + 2 * LOOK)

    def ringing(self) -> None:
        """A dial is on its way to a worker: the moment in which an act is almost too late."""
        if self._waiting_acts and not self.calm and self.dice.random() < 0.5:
            self._waiting_acts -= 1
            self.scheduler.after(self.dice.uniform(0, 0.05), lambda: somebody_acts(self))

    def arrived(self, attempt_id: str, reply: Reply) -> None:
        """A dial of this attempt reached the provider."""
        if reply.call_id is not None:
            self.rung_for[reply.call_id] = attempt_id

    @contextmanager
    def misled(self, dial: bool) -> Iterator[None]:
        """Now and then the account's agents are not there: 400, and not the contact's fault."""
        exchange = self.provider.exchange
        if dial and self.strikes("unverified"):
            exchange._settings = replace(self.settings, agents=frozenset())
        yield
        exchange._settings = self.settings

    def _placed(self) -> None:
        self.courier.look()

    def _open(self) -> bool:
        with self.database.read() as tx:
            query = "SELECT 1 FROM dial_task WHERE state <> 'done' LIMIT 1"
            return tx.connection.exec_driver_sql(query).first() is not None

    def _until(self, end: float) -> None:
        scheduler = self.scheduler
        while min(scheduler.next_at(), self._beat_at) < end:
            if self._beat_at <= scheduler.next_at():
                scheduler.now = max(scheduler.now, self._beat_at)
                self._beat()
            else:
                scheduler.step()
        scheduler.now = max(scheduler.now, end)

    def _beat(self) -> None:
        """Both beats tick each second, but for ticks that could find nothing to do."""
        now, scheduler = self.scheduler.now, self.scheduler
        rows = (idle.changes(self.database) or 0) - self.marks
        found_nothing = rows == self._rows and self.ticked
        if found_nothing and not self._quiet_until:
            unseen = timedelta(seconds=2 if appointments(self.plan.seed) else 0)
            quiet = idle.quiet_for(self.operator.parts, self.database, unseen=unseen)
            seconds = 7200.0 if quiet is None else min(7200.0, quiet.total_seconds())
            self._quiet_until = now + seconds
        if found_nothing and now < self._quiet_until:
            self._beat_at = min(self._quiet_until, max(now + 1, scheduler.next_at()))
            return
        self._rows, self._quiet_until, self.ticked = rows, 0.0, False
        self._beat_at = now + 1
        self._beats += 1
        down = self._beats_down[0] <= now < self._beats_down[1]
        for _ in range(0 if down else self.plan.beats):
            self.broker.send(lambda worker: worker.tick())
        for worker in self.workers:
            if self._beats % 5 == 0 and (down or worker.parts.unrecorded):
                worker.do(worker.pulse)
