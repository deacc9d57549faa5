"""Workers and beats are killed while a campaign runs: nobody is rung twice, nobody is lost.

`./test --chaos`. Kills, flushes and the restart of PostgreSQL come at seeded instants; the world is
a rehearsal, so its clock goes on to where the calls of dead processes settle.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import redis

from campaigns.errors import DatabaseAway
from campaigns.simulator.limits import Kind
from campaigns.simulator.stats import max_in_sliding
from tests.support.processes import wait_until
from tests.support.rehearsed import FAST, FAST_ENV, Rehearsed, rehearsed

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
PEOPLE, KILLS, LIMIT = 200, 22, 5
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@dataclass
class Nemesis:
    """Kills, and remembers when."""

    world: Rehearsed
    dice: random.Random
    kills: list[tuple[str, datetime]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def strike(self) -> None:
        """kill -9 one worker or beat and start it again."""
        fleet = self.world.fleet
        victim = self.dice.choices(
            ["worker0", "worker1", "worker2", "beat0", "beat1"], weights=[3, 3, 3, 1, 1]
        )[0]
        fleet.kill(victim)
        self.kills.append((victim, self.policy()))
        start = fleet.worker if victim.startswith("worker") else fleet.beat
        start(int(victim[-1]))

    def policy(self) -> datetime:
        """The world's time."""
        while True:
            try:
                return self.world.fleet.installation.parts.store.policy_now().policy
            except DatabaseAway:
                time.sleep(0.05)

    def flush(self) -> None:
        """Everything the broker knows is gone."""
        redis.Redis.from_url(self.world.redis.url).flushall()
        self.others["FLUSHALL"] += 1

    def restart_postgres(self) -> None:
        """kill -9 of the database server, and its recovery."""
        self.world.postgres.kill()
        self.world.postgres.start()
        self.others["PostgreSQL kill -9"] += 1


def test_kills_cost_time_and_nothing_else() -> None:
    environ = {**FAST_ENV, "CAMPAIGNS_START_LIMIT": f"{LIMIT}/60s"}
    # Half a second of latency, so that kills hit requests under way.
    slow = timedelta(milliseconds=500)
    limits = {**FAST, "start": LIMIT}
    with rehearsed(environ=environ, limits=limits, latency=slow) as world:
        world.fleet.start(workers=3, beats=2)
        world.submit(PEOPLE)
        nemesis = Nemesis(world=world, dice=random.Random(SEED))  # replayable
        torment(nemesis)
        wait_until(lambda: done(world), within=600, what="every contact to have an outcome")
        judge(nemesis)


def torment(nemesis: Nemesis) -> None:
    """Strike at seeded instants while the campaign runs."""
    flushes = set(nemesis.dice.sample(range(2, KILLS), 2))
    restart = nemesis.dice.randrange(4, KILLS - 2)
    for n in range(KILLS):
        time.sleep(nemesis.dice.uniform(0.3, 2.0))
        nemesis.strike()
        if n in flushes:
            nemesis.flush()
        if n == restart:
            nemesis.restart_postgres()
    assert not done(nemesis.world), "the campaign was over before the kills were"


def done(world: Rehearsed) -> bool:
    try:
        return world.fleet.done()
    except DatabaseAway:
        return False


def judge(nemesis: Nemesis) -> None:
    """The ledger, and our own books."""
    world = nemesis.world
    ledger = world.simulator.ledger
    tasks = world.fleet.rows("SELECT outcome, reason FROM dial_task")
    outcomes = Counter(str(task["outcome"]) for task in tasks)
    attempts = world.fleet.rows("SELECT intent_at, answered_at FROM attempt")
    in_flight = sum(
        1
        for one in attempts
        if any(flew(one["intent_at"], one["answered_at"], at) for _, at in nemesis.kills)
    )
    arrivals = ledger.arrivals(Kind.START)
    figures = {
        "kills": len(nemesis.kills),
        **nemesis.others,
        "calls": len(attempts),
        "phones rung": sum(ledger.rings_per_number().values()),
        "rung twice for one intent": sum(n - 1 for n in ledger.rings_per_attempt().values()),
        "rung while live": ledger.rung_while_live(),
        "contacts": len(tasks),
        "in flight at the kills": in_flight,
        "most in a minute": max_in_sliding(arrivals, timedelta(seconds=60)),
        "429": [request.status for request in ledger.requests()].count(429),
        **outcomes,
    }
    print(figures)
    assert set(ledger.rings_per_attempt().values()) == {1}
    assert ledger.rung_while_live() == 0
    assert len(tasks) == PEOPLE
    assert "None" not in outcomes
    assert outcomes["unresolved"] <= in_flight
    assert max_in_sliding(arrivals, timedelta(seconds=60)) <= LIMIT


def flew(intent: object, answered: object, at: datetime) -> bool:
    """Whether an attempt was between intent and answer at that instant."""
    assert isinstance(intent, datetime)
    later = answered is None or (isinstance(answered, datetime) and answered >= at)
    return intent <= at and later
