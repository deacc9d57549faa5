"""Real processes under a nemesis: blows cost time and nothing else.

`./test --chaos` (CHAOS_MINUTES of blows in all; CHAOS_SEED replays one world's; CHAOS_FIGURES names
a file of JSON lines). The world is a rehearsal, so its clock goes on to where the calls of dead
processes settle. Judged by the phone ledger and by the tables' conservation alone.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.definition import Retry
from campaigns.errors import CampaignsError, DatabaseAway
from campaigns.simulator.limits import Kind
from tests.support.blows import BEATS, WORKERS, Blow, What, schedule
from tests.support.nemesis import Nemesis
from tests.support.processes import wait_until
from tests.support.rehearsed import FAST, FAST_ENV, Rehearsed, rehearsed
from tests.support.verdict import in_flight, judge

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

MINUTES = float(os.environ.get("CHAOS_MINUTES", "20"))
WORLD_MINUTES = 10.0
_WORLDS = max(1, round(MINUTES / WORLD_MINUTES))
_GIVEN = os.environ.get("CHAOS_SEED")
SEEDS = [int(_GIVEN)] if _GIVEN else list(range(1, _WORLDS + 1))
_ROLL = 50
"""Seconds that the rolling restart takes on a quiet machine; it has its own time."""
SECONDS = max(30.0, MINUTES * 60 / _WORLDS - _ROLL)

SPEED = 30.0
"""Slower than a rehearsal may be: a busy machine must send within 50 s of policy time."""
LIMITS = {"start": 8, "status": 16, "sessions": 8, "other": 16}
ENVIRON = {
    **FAST_ENV,
    "CAMPAIGNS_START_LIMIT": "8/60s",
    "CAMPAIGNS_LIMITS": "status:16/60s,sessions:8/60s,other:16/60s",
}
SLOW = timedelta(milliseconds=500)
"""Latency of the provider, so that blows hit requests under way."""
RETRY = Retry(no_answer=(timedelta(minutes=10), timedelta(minutes=20)))
"""Waits of minutes: what has no outcome after the last blow gets it within a few more."""
FIRST_CALL, ALL_DONE, ALONE = 60, 180, 60
"""Seconds: the bounds of the recovery on a quiet machine; a busy one gets five times that."""


class Feeder:
    """Keeps the campaigns' work from running out, and from piling up."""

    def __init__(self, world: Rehearsed) -> None:
        self.world = world
        self.people = 0
        self._looked_at = 0.0

    def __call__(self) -> None:
        """Another campaign where fewer than a few dozen wait for their first call."""
        if time.monotonic() - self._looked_at < 2:
            return
        self._looked_at = time.monotonic()
        try:
            fresh = self.world.fleet.rows(
                "SELECT count(*) AS n FROM dial_task WHERE state <> 'done' AND attempts = 0"
            )
            if fresh[0]["n"] < 25:  # type: ignore[operator]  # a count
                self.more(50)
        except CampaignsError:
            return  # the database is away: the same campaign is submitted once more later

    def more(self, people: int) -> None:
        """A campaign of so many new contacts."""
        name = f"campaign-{self.people}"
        self.world.submit(people, first=self.people, name=name, retry=RETRY)
        self.people += people


@pytest.mark.parametrize("seed", SEEDS)
def test_blows_cost_time_and_nothing_else(seed: int) -> None:
    with rehearsed(
        speed=SPEED, environ=ENVIRON, limits=LIMITS, latency=SLOW, proxied=seed, seed=seed
    ) as world:
        world.fleet.start(workers=len(WORKERS), beats=len(BEATS))
        feeder = Feeder(world)
        feeder.more(50)
        nemesis = Nemesis(world=world, blows=schedule(seed, SECONDS))
        with explained(nemesis, f"seed {seed}, {SECONDS:.0f} s and a rolling restart"):
            nemesis.begin()
            nemesis.run(feeder)
            lasted = {"seconds of blows": round(nemesis.lasted)}
            recovery = recovered(nemesis, feeder)
            record(nemesis, feeder.people, seed=seed, **lasted, **recovery)


def test_kills_cost_time_and_nothing_else() -> None:
    """A fixed list of 200 people, 22 kills, 2 FLUSHALL, and PostgreSQL killed and recovered."""
    seed = SEEDS[0]
    environ = {**FAST_ENV, "CAMPAIGNS_START_LIMIT": "5/60s"}
    limits = {**FAST, "start": 5}
    with rehearsed(
        speed=SPEED, environ=environ, limits=limits, latency=SLOW, proxied=seed, seed=seed
    ) as world:
        world.fleet.start(workers=len(WORKERS), beats=len(BEATS))
        world.submit(200, retry=RETRY)
        nemesis = Nemesis(world=world, blows=kills(random.Random(seed)))
        with explained(nemesis, f"seed {seed}"):
            nemesis.begin()
            nemesis.run(lambda: None)
            assert not done(world), "the campaign was over before the kills were"
            wait_until(lambda: done(world, nemesis), within=ALL_DONE, what="every outcome")
            figures = record(nemesis, 200, limits=limits, seed=seed)
            assert figures["unresolved"] <= figures["in flight at the blows"]


def kills(dice: random.Random) -> list[Blow]:
    """Kills of workers and beats at seeded instants, and what else fails among them."""
    victims = [*WORKERS * 3, *BEATS]
    blows: list[Blow] = []
    at = 0.0
    flushes, restart = set(dice.sample(range(2, 22), 2)), dice.randrange(4, 20)
    for n in range(22):
        at += dice.uniform(1.0, 5.0)  # most victims have begun to work again
        blows.append(Blow(at=at, what=What.KILL, whom=dice.choice(victims)))
        if n in flushes:
            blows.append(Blow(at=at, what=What.FLUSH, whom="redis"))
        if n == restart:
            blows.append(Blow(at=at, what=What.KILL_SERVER, whom="postgres"))
    return blows


@contextmanager
def explained(nemesis: Nemesis, what: str) -> Iterator[None]:
    """A failure tells its seed, every blow with its time, and how the logs end."""
    print(what, flush=True)
    try:
        yield
    except BaseException:
        print(f"FAILED: {what}; CHAOS_SEED replays the blows, CHAOS_MINUTES their length")
        print(nemesis.told())
        raise


def recovered(nemesis: Nemesis, feeder: Feeder) -> dict[str, float]:
    """The blows are over: work goes on, ends, and every process still does its part."""
    world, over = nemesis.world, time.monotonic()
    starts = len(world.simulator.ledger.arrivals(Kind.START))
    persist(lambda: feeder.more(10), nemesis)

    def called() -> bool:
        nemesis.keep()
        return len(world.simulator.ledger.arrivals(Kind.START)) > starts

    wait_until(called, within=FIRST_CALL, what="the first call after the last blow")
    first = time.monotonic() - over
    wait_until(lambda: done(world, nemesis), within=ALL_DONE, what="every contact's outcome")
    ended = time.monotonic() - over
    for name in BEATS:
        wait_until(
            lambda name=name: nemesis.works(name, time.time() - 5),  # type: ignore[misc]
            within=60,
            what=f"a beat of {name}",
        )
    alone = {}
    for name in WORKERS:
        alone[name] = works_alone(nemesis, feeder, name)
    return {
        "first call after the last blow (s)": round(first, 1),
        "all done after the last blow (s)": round(ended, 1),
        "slowest worker alone (s)": round(max(alone.values()), 1),
    }


def works_alone(nemesis: Nemesis, feeder: Feeder, name: str) -> float:
    """With the other workers stopped, this one carries a call: none has gone deaf."""
    world, begun = nemesis.world, time.monotonic()
    with nemesis.paused([other for other in WORKERS if other != name]):
        feeder.more(1)
        wait_until(lambda: done(world, nemesis), within=ALONE, what=f"{name} alone to dial")
    return time.monotonic() - begun


def persist(do: Any, nemesis: Nemesis) -> None:
    """Do it, again while the database comes back."""

    def tried() -> bool:
        nemesis.keep()
        try:
            do()
        except CampaignsError:
            return False
        return True

    wait_until(tried, within=60, what="the database to take a campaign")


def done(world: Rehearsed, nemesis: Nemesis | None = None) -> bool:
    """Whether every dial task has its outcome; what ended meanwhile is started again."""
    if nemesis is not None:
        nemesis.keep()
    try:
        return world.fleet.done()
    except DatabaseAway:
        return False


def record(
    nemesis: Nemesis, people: int, *, limits: dict[str, int] = LIMITS, **more: Any
) -> dict[str, Any]:
    """Judge, print the figures, keep them where CHAOS_FIGURES says, and fail where it must."""
    verdict = judge(nemesis.world, people=people, limits=limits)
    figures = {
        **more,
        "blows": sum(nemesis.counts.values()),
        "by kind": dict(sorted(nemesis.counts.items())),
        "ended by themselves": dict(nemesis.ended),
        "slowest drain (s)": round(max(nemesis.drains, default=0.0), 1),
        **verdict.figures,
        "in flight at the blows": in_flight(nemesis.world, nemesis.instants),
    }
    line = json.dumps(figures, ensure_ascii=False)
    print(line, flush=True)
    if path := os.environ.get("CHAOS_FIGURES"):
        with Path(path).open("a") as file:
            file.write(line + "\n")
    assert not verdict.faults, verdict.faults
    return figures
