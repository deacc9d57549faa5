"""Whole campaigns without faults: what a forecast says of them, and what the engine then does.

The engine, the provider and the people are those of the simulation (simulation.py), but nothing
goes wrong, and who answers is drawn by dice that the forecast never sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

from campaigns.core.anchor import Anchored
from campaigns.core.assumptions import ASSUMED, Assumptions
from campaigns.core.contacts import Contact
from campaigns.core.definition import (
    Anchor,
    CallingHours,
    Contacts,
    Definition,
    Offset,
    Retry,
    Schedule,
    Span,
    Touch,
)
from campaigns.core.fluid import instant
from campaigns.core.forecast import Forecast, forecast
from campaigns.core.hours import Hours
from campaigns.core.lifecycle import Outcome
from campaigns.core.outlook import Outlook, going
from campaigns.core.schedule import plan_touches
from campaigns.core.side import Account
from campaigns.core.spoken import Moment
from campaigns.engine.submit import Submission, submit
from campaigns.simulator.provider import Provider
from campaigns.simulator.script import Rule, Script
from campaigns.simulator.settings import SimulatorSettings
from tests.simulation.appointments import appointments
from tests.simulation.plan import Plan
from tests.simulation.simulation import Simulation
from tests.support.engine import contact, definition

H = timedelta(hours=1)
M = timedelta(minutes=1)
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
_LATENCY = timedelta(seconds=0.415)
"""Of the simulation's wires on average: connecting, there and back (network.py)."""
_LIMIT = 10
_LOOKS_BACK = next(seed for seed in range(100) if appointments(seed))
"""A plan under which no opening between two heartbeats is overlooked (simulation.py)."""
_LONGEST = 240 * 3600.0


def _span(first: float, last: float) -> Span:
    return Span(start=int(first * 60), end=int(last * 60))


_HOURS: Mapping[str, CallingHours] = {
    "at any hour": CallingHours(always=True),
    "9 to 20": CallingHours(days=((_span(9, 20),),) * 7),
    "9 to 12:30, 13:30 to 19": CallingHours(days=((_span(9, 12.5), _span(13.5, 19)),) * 7),
    "weekdays 10 to 13, 15 to 18": CallingHours(
        days=((_span(10, 13), _span(15, 18)),) * 5 + ((),) * 2
    ),
}


@dataclass(frozen=True, kw_only=True)
class World:
    """One generated campaign."""

    n: int
    start: datetime
    people: int
    zones: tuple[str, ...]
    hours: str
    retry: Retry
    shares: Mapping[str, float]
    ends_after: timedelta | None
    visits_within: timedelta | None  # appointments; None: everybody is due at once

    @property
    def definition(self) -> Definition:
        """The same as a campaign."""
        schedule = Schedule(end=self.start + self.ends_after if self.ends_after else None)
        if self.visits_within is not None:
            schedule = Schedule(
                anchor=Anchor(column="visit_at", timezone=ZONES[0]),
                touches=(
                    Touch(name="day_before", offset=Offset(elapsed=-24 * H)),
                    Touch(name="hours_before", offset=Offset(elapsed=-4 * H), max_attempts=2),
                ),
                deadline=Offset(elapsed=-2 * H),
            )
        return definition(
            name=f"generated{self.n}",
            calling_hours=_HOURS[self.hours],
            retry=self.retry,
            schedule=schedule,
            contacts=Contacts(file="people.csv", key="key"),
        )

    @property
    def everybody(self) -> list[Contact]:
        """Its contacts."""
        dice = Random(f"people {self.n}")
        people = []
        for n in range(self.people):
            one = contact(n, zones=(dice.choice(self.zones),), to_number=f"+1617{2000000 + n}")
            if self.visits_within is not None:
                quarters = int(self.visits_within / (15 * M))
                visit = self.start + 26 * H + dice.randrange(quarters) * 15 * M
                one = replace(one, anchor=_anchored(visit), fields={**one.fields, **_cell(visit)})
            people.append(one)
        return people

    @property
    def assumptions(self) -> Assumptions:
        """The chances that are drawn from, and the middle of what calls take."""
        shares = {Outcome(word): share for word, share in self.shares.items()}
        return replace(ASSUMED, shares=shares, latency=_LATENCY)


def _anchored(visit: datetime) -> Anchored:
    place = ZoneInfo(ZONES[0])
    wall = visit.astimezone(place)
    moment = Moment(date=wall.date(), time=wall.time(), offset=None)
    return Anchored(at=visit, place=place, moment=moment, zone=ZONES[0])


def _cell(visit: datetime) -> dict[str, str]:
    return {"visit_at": f"{visit.astimezone(ZoneInfo(ZONES[0])):%Y-%m-%d %H:%M}"}


def generated(n: int, people: int | None = None) -> World:
    """Campaign number n; the same each time."""
    dice = Random(f"campaign {n}")
    words = {
        "completed": dice.uniform(0.45, 0.75),
        "no_answer": dice.uniform(0.15, 0.35),
        "busy": dice.uniform(0.03, 0.10),
        "failed": dice.uniform(0.01, 0.05),
        "voicemail": dice.uniform(0.02, 0.15),
    }
    total = sum(words.values())
    no_answer = dice.choice(((30 * M, 4 * H), (20 * M,), (1 * H, 2 * H), (2 * H,)))
    visits = n % 3 == 2
    return World(
        n=n,
        start=datetime(2026, 3, 10, dice.choice((12, 13, 15, 17, 21)), 0, tzinfo=UTC),
        people=dice.randint(100, 300) if people is None else people,
        zones=tuple(dice.sample(ZONES, dice.randint(1, 4))),
        hours=dice.choice(tuple(_HOURS)),
        retry=Retry(
            max_attempts=dice.choice((1, 2, 2, 3, 3)),
            no_answer=no_answer,
            busy=(dice.choice((5 * M, 10 * M, 15 * M)),),
            voicemail=dice.choice(((), (), (3 * H,))),
        ),
        shares={word: share / total for word, share in words.items()},
        ends_after=dice.choice((None, 5 * H, 26 * H)) if not visits else None,
        visits_within=dice.choice((10 * H, 30 * H)) if visits else None,
    )


def foreseen(world: World) -> Forecast:
    """What the forecast says."""
    said = world.definition
    hours = Hours.of(said)
    outlook = Outlook()
    for one in world.everybody:
        plan = plan_touches(
            said.schedule, one.anchor, now=world.start, hours=hours, where=one.where
        )
        outlook.take(one.where, plan, one.key)
    return forecast(
        outlook.batches(1),
        [going(said, id=1, mine=True, wheres={one.where for one in world.everybody})],
        Account(limit=_LIMIT),
        now=world.start,
        assumed=world.assumptions,
        left_out=outlook.left_out,
    )


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One run of the engine. `calls`: by hour of UTC."""

    finish: datetime
    calls: Counter[datetime]
    outcomes: Counter[str]


class Undisturbed(Simulation):
    """A simulation in which nothing goes wrong, of one generated campaign."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        super().__init__(
            Plan(
                seed=_LOOKS_BACK,
                start=world.start,
                on={},
                people=1,
                endings=("completed",),
                public=True,
                always_open=False,
                limit=_LIMIT,
                spacing=1.0,
                retry=world.retry,
                max_duration=10 * M,
                hours=0.0,
                same_ids=True,
                list_unanswered=True,
                probed=False,
            )
        )
        self.dice = Random(f"wires {seed}")
        chances = Script(rules=(Rule(chance=dict(world.shares)),))
        self.settings = SimulatorSettings(ledger_path=None, seed=seed, script=chances)
        self.provider = Provider(self.settings, self.ledger, self.truth, self._placed)

    def run(self) -> None:
        """Until every contact has its outcome."""
        world = self.world
        submission = Submission(
            definition=world.definition,
            digest=f"generated {world.n}",
            header=("key", "name", "to_number", "visit_at"),
            source="people.csv",
            entries=world.everybody,
        )
        submit(submission, replace(self.operator.parts, store=self.database), who="test")
        while self._open() and self.scheduler.now < _LONGEST:
            self._until(self.scheduler.now + 1800)


def happened(world: World, seed: int) -> Happened:
    """What the engine does under one seed."""
    sim = Undisturbed(world, seed)
    sim.run()
    with sim.database.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT outcome, ended_at FROM dial_task").all()
    calls = Counter(
        ring.placed_at.replace(minute=0, second=0, microsecond=0) for ring in sim.ledger.rings()
    )
    sim.ledger.close()
    ends = [instant(row[1]) for row in rows if row[1] is not None]
    return Happened(finish=max(ends), calls=calls, outcomes=Counter(str(row[0]) for row in rows))


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A forecast against several runs. `finish_off`: of the duration; `hours_off`: of all calls."""

    world: World
    said: Forecast
    runs: tuple[Happened, ...]

    @property
    def finish(self) -> datetime:
        """The median of the runs."""
        ends = [(one.finish - self.world.start).total_seconds() for one in self.runs]
        return self.world.start + timedelta(seconds=median(ends))

    @property
    def finish_off(self) -> float:
        """How far the finish is from what was said, as a share of the duration."""
        assert self.said.finish_at is not None
        return abs(self.said.finish_at - self.finish) / (self.finish - self.world.start)

    @property
    def hours_off(self) -> float:
        """The calls that were in another hour than said, on the average of the runs."""
        mean: Counter[datetime] = Counter()
        for one in self.runs:
            mean.update(one.calls)
        return self._off({at: count / len(self.runs) for at, count in mean.items()})

    @property
    def worst_run(self) -> float:
        """The same of the one run that is furthest."""
        return max(self._off(one.calls) for one in self.runs)

    def _off(self, calls: Mapping[datetime, float]) -> float:
        said = {one.at: one.calls for one in self.said.hours}
        total = sum(calls.values())
        hours = said.keys() | calls.keys()
        return sum(abs(said.get(at, 0.0) - calls.get(at, 0.0)) for at in hours) / total


def compared(world: World, seeds: range) -> Compared:
    """One campaign against the engine under these seeds."""
    runs = tuple(happened(world, seed) for seed in seeds)
    return Compared(world=world, said=foreseen(world), runs=runs)
