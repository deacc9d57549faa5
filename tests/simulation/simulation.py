"""One seed: a fleet, a provider, people who pause and opt out, and faults; then the calm.

Everything is the product's own code but the clock, the broker and the wires. The simulator's ledger
says which phone rang; judge.py reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from uuid import UUID

from campaigns.core.calls import Limit
from campaigns.core.capabilities import YES, Capability
from campaigns.core.contacts import Contact
from campaigns.core.definition import CallingHours, Definition, Span
from campaigns.engine import control
from campaigns.engine.parts import Versions
from campaigns.engine.submit import Submission, submit
from campaigns.errors import CampaignsError
from campaigns.provider.webhooks import HookKeys
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.limits import LIMITS, Kind
from campaigns.simulator.messages import Reply
from campaigns.simulator.provider import Provider
from campaigns.simulator.script import Rule, Script
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.webhooks import WebhookOptions
from campaigns.store import schema
from campaigns.store.database import Database
from tests.simulation.door import Courier
from tests.simulation.network import Broker
from tests.simulation.plan import Plan
from tests.simulation.processes import Worker
from tests.simulation.scheduler import Process, Scheduler
from tests.support import idle
from tests.support.engine import contact, definition
from tests.support.secret import KEYS

SECRET = "0123456789abcdef0123456789abcdef"
WINDOW = timedelta(seconds=60)
CALM = timedelta(hours=80)
"""Long enough for the last retry, the next opening, and a day without evidence."""
LOOK = 1800.0
"""Seconds between two looks of a person who resumes what the engine has paused."""
PHONES = tuple(f"+1617555{n:04d}" for n in range(100))


class Ids:
    """Random ids that a seed repeats."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"ids {seed}")

    def uuid(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a person did, and when it was done (policy time)."""

    what: str
    about: str
    at: datetime


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
        self.limit = plan.limit
        self.versions = Versions()
        self.keys = HookKeys.from_secret(SECRET)
        self._away_until = self._storm_until = 0.0
        self._beat_at, self._quiet_until, self._beats = 0.0, 0.0, 0
        self._rows = -1
        self.marks = 0  # rows that a sign of life changed, and nothing else
        self.ticked = False  # a whole tick since the last beat that was not skipped
        self._beats_down = (0.0, 0.0)
        self.alive: dict[str, datetime] = {}
        self.database = _fresh(self.wall)
        self.settings = SimulatorSettings(
            ledger_path=None,
            seed=plan.seed,
            script=_script(plan),
            same_ids=plan.same_ids,
            list_unanswered=plan.list_unanswered,
            webhooks=WebhookOptions(
                drop=plan.chance("hook_dropped"),
                duplicate=plan.chance("hook_doubled"),
                delay=plan.chance("hook_late"),
                delay_s=(1.0, 900.0),
                reorder=plan.chance("hook_reordered"),
            ),
        )
        self.ledger = Ledger()
        self.provider = Provider(self.settings, self.ledger, self.truth, self._placed)
        self.broker = Broker(self)
        self.workers = [Worker(self, f"worker{n}") for n in range(plan.workers)]
        self.serve = Worker(self, "serve")
        self.operator = Worker(self, "operator")
        self.courier = Courier(self)
        self.account_id = self._limits(plan.limit)
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
            self.scheduler.after(at, lambda: self._stop(worker.process, seconds))
        if self.strikes("flush"):
            self.broker.flush()
        if self.struck["clock_step"] < 3 and self.strikes("clock_step"):
            step = timedelta(seconds=self.dice.uniform(-100, 100))
            self.offset += step
            self.steps += abs(step)

    def _stop(self, process: Process, seconds: float) -> None:
        process.stopped_until = self.scheduler.now + seconds
        if process.name == "serve" and seconds > 30:
            self.door_since = self.wall() + timedelta(seconds=seconds)

    # --- the run ----------------------------------------------------------------------------

    def run(self) -> None:
        """From the first submit to the end of everything."""
        plan = self.plan
        self._submit("one", PHONES[: plan.people])
        hours = plan.hours * 3600
        if plan.chance("beats_down"):
            begin = self.dice.uniform(0, hours)
            self._beats_down = (begin, begin + self.dice.uniform(30, 600))
        for _ in range(self.dice.randint(0, 5)):
            within = self.dice.choice((30, 300, 1800))  # most of it happens early
            self.scheduler.at(self.dice.uniform(0, min(hours, within)), self._somebody_acts)
        self._until(hours)
        self.calm = True
        self._resume_all()
        end = self.scheduler.now + CALM.total_seconds()
        while self.scheduler.now < end and self._open():
            self._until(min(end, self.scheduler.now + LOOK))
            self._resume_all()
        self._until(self.scheduler.now + 2 * LOOK)

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
            quiet = idle.quiet_for(self.operator.parts, self.database)
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

    # --- people -----------------------------------------------------------------------------

    def _somebody_acts(self) -> None:
        kinds = [act for act in _ACTS if self.plan.chance(act)]
        if kinds and not self.calm:
            act = self.dice.choice(kinds)
            self.count(act)
            self.operator.do(lambda: _ACTS[act](self))

    def _did(self, what: str, about: str) -> None:
        self.acts.append(Act(what=what, about=about, at=self.wall()))

    def _submit(self, name: str, numbers: Iterable[str]) -> None:
        numbers = list(numbers)
        people = [_person(n, number) for n, number in enumerate(numbers)]
        if self.plan.chance("same_number"):
            people.append(_person(len(people), numbers[0]))
        submission = Submission(
            definition=_definition(self.plan, name),
            digest=name,
            header=("key", "name", "to_number"),
            source="people.csv",
            entries=people,
        )
        parts = self.operator.parts
        if self.scheduler.current() is None:  # the first of all, before anything goes wrong
            parts = replace(parts, store=self.database)
        submit(submission, parts, who="a person")

    def _limits(self, count: int) -> int:
        limits = {
            Limit(kind.value): schema.LimitOf(count=LIMITS[kind], window=WINDOW) for kind in Kind
        }
        limits[Limit.START] = schema.LimitOf(count=count, window=WINDOW)
        spacing = timedelta(seconds=self.plan.spacing)
        return schema.ensure_account(self.database, "default", limits=limits, spacing=spacing)

    def _resume_all(self) -> None:
        """A person looks at what is paused, and lets it go on."""
        parts = replace(self.operator.parts, store=self.database)
        with self.database.read() as tx:
            account = tx.account(self.account_id)
            query = "SELECT name FROM campaign WHERE state = 'paused' OR id IN (SELECT campaign_id"
            query += " FROM pause_request WHERE NOT applied) ORDER BY id"
            names = [str(row[0]) for row in tx.connection.exec_driver_sql(query)]
            loading = "SELECT name FROM campaign WHERE state = 'loading'"
            half = [str(row[0]) for row in tx.connection.exec_driver_sql(loading)]
        for name in half:  # the same submit again goes on where a crash left it
            with suppress(CampaignsError):  # its lease has not ended yet
                self._submit(name, PHONES[: self.plan.people])
        if account.paused_why is not None:
            control.resume_account([self.account_id], parts, who="a person")
            self._did("resume_account", "")
        for name in names:
            control.resume(name, parts, who="a person")
            self._did("resume", name)


def _pause(sim: Simulation) -> None:
    control.pause("one", sim.operator.parts, who="a person", reason="lunch")
    sim._did("pause", "one")
    sim.scheduler.pause(sim.dice.uniform(1, 1200))
    sim._did("resume", "one")
    control.resume("one", sim.operator.parts, who="a person")


def _pause_account(sim: Simulation) -> None:
    control.pause_account([sim.account_id], sim.operator.parts, who="a person", reason="lunch")
    sim._did("pause_account", "")
    sim.scheduler.pause(sim.dice.uniform(1, 1200))
    sim._did("resume_account", "")
    control.resume_account([sim.account_id], sim.operator.parts, who="a person")


def _suppress(sim: Simulation) -> None:
    number = sim.dice.choice(PHONES[: sim.plan.people])
    control.suppress([number], sim.operator.parts, who="a person", reason="asked")
    sim._did("suppress", number)
    if sim.strikes("unsuppress"):
        sim.scheduler.pause(sim.dice.uniform(1, 600))
        sim._did("unsuppress", number)
        control.unsuppress(number, sim.operator.parts, who="a person")


def _cancel(sim: Simulation) -> None:
    control.cancel("one", sim.operator.parts, who="a person")
    sim._did("cancel", "one")


def _resubmit(sim: Simulation) -> None:
    sim._submit("one", PHONES[: sim.plan.people])


def _second(sim: Simulation) -> None:
    sim._submit("two", PHONES[: sim.plan.people])


def _limit(sim: Simulation) -> None:
    for count in (sim.dice.randint(1, sim.plan.limit), sim.dice.choice((sim.plan.limit, 10))):
        if not sim.database_away():
            sim._limits(count)
            sim.limit = max(sim.limit, count)
        sim.scheduler.pause(sim.dice.uniform(1, 100))


_ACTS: dict[str, Callable[[Simulation], None]] = {
    "pause": _pause,
    "pause_account": _pause_account,
    "suppress": _suppress,
    "cancel": _cancel,
    "resubmit": _resubmit,
    "second_campaign": _second,
    "limit": _limit,
}


def _person(n: int, number: str) -> Contact:
    zones = ("America/Los_Angeles",) if n % 3 == 2 else ("America/New_York",)
    return contact(n, to_number=number, zones=zones)


def _definition(plan: Plan, name: str) -> Definition:
    day = (Span(start=9 * 60, end=12 * 60), Span(start=13 * 60, end=19 * 60))
    hours = CallingHours(always=True) if plan.always_open else CallingHours(days=(day,) * 7)
    return definition(
        name=name, calling_hours=hours, retry=plan.retry, max_duration=plan.max_duration
    )


def _script(plan: Plan) -> Script:
    return Script(
        rules=tuple(
            Rule(number=number, calls=calls)
            for number, calls in zip(PHONES, plan.endings, strict=False)
        )
    )


@lru_cache(maxsize=1)
def _template() -> tuple[Database, Database]:
    """An empty database of ours, and the one that every seed begins anew: compiled once."""
    born = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
    template = Database("sqlite://", clock=lambda: born, keys=KEYS)
    schema.upgrade(template, kind="real")
    return template, Database("sqlite://", clock=lambda: born, keys=KEYS)


def _fresh(clock: Callable[[], datetime]) -> Database:
    template, database = _template()
    with template.reader.connect() as source, database.reader.connect() as target:
        source.rollback()
        target.rollback()
        there = source.connection.driver_connection
        here = target.connection.driver_connection
        assert there is not None
        assert here is not None
        there.backup(here)
    database.clock = clock
    return database
