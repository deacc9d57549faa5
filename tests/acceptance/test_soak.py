"""At the real limit for minutes: never one start too many, and hardly a slot wasted.

`./test --soak` (SOAK_MINUTES=12). All figures come from the ledger's arrivals. What must never
happen is asserted; the share of the limit that was used depends on the machine and is printed
(`-s`; docs/figures.md has what it was on a quiet one).
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from campaigns.simulator.limits import Counting, Kind
from campaigns.simulator.stats import (
    max_by_bucket,
    max_in_sliding,
    max_per_calendar_minute,
    utilisation,
)
from tests.support.rehearsed import Rehearsed, rehearsed

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
MINUTE = timedelta(minutes=1)
EVEN = timedelta(seconds=6.2)
LIMIT = 10
MINUTES = float(os.environ.get("SOAK_MINUTES", "12"))


def run(world: Rehearsed, minutes: float) -> None:
    """Keep the account saturated for so many minutes."""
    world.fleet.start(workers=3, beats=2)
    world.submit(int(minutes * LIMIT) + 60)
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        time.sleep(1)
    assert not world.fleet.done(), "the list ran out: the account was not saturated"


def figures(starts: list[datetime]) -> dict[str, float]:
    """What the ledger says about these arrivals; a share of 0: too few to tell."""
    return {
        "starts": len(starts),
        "sliding minute": max_in_sliding(starts, MINUTE),
        "calendar minute": max_per_calendar_minute(starts),
        "bucket of 10": max_by_bucket(starts, LIMIT, MINUTE),
        "share of the limit": round(utilisation(starts, LIMIT, MINUTE) or 0, 4),
    }


def test_ten_a_minute_with_latency_and_stalls() -> None:
    with rehearsed(
        speed=1.0,
        limits={"status": 6000, "sessions": 3000, "other": 9000},
        environ={},
        latency=timedelta(milliseconds=100),
        stall_chance=0.01,
        pace=0.05,
    ) as world:
        run(world, MINUTES)
        found = figures(world.simulator.ledger.arrivals(Kind.START))
        print(found)
        assert found["sliding minute"] <= LIMIT
        assert found["calendar minute"] <= LIMIT
        assert found["bucket of 10"] <= LIMIT


def test_a_provider_that_counts_as_a_bucket_of_one() -> None:
    """One 429, and from then on the spacing that such a provider wants."""
    with rehearsed(
        speed=1.0,
        limits={"status": 6000, "sessions": 3000, "other": 9000},
        environ={},
        latency=timedelta(milliseconds=100),
        pace=0.05,
        counting=Counting.BUCKET1,
    ) as world:
        run(world, MINUTES / 2)
        requests = world.simulator.ledger.requests()
        refused = [one.arrived_at for one in requests if one.status == 429]
        assert refused
        intents = world.fleet.rows("SELECT intent_at FROM attempt ORDER BY intent_at")
        times = [one["intent_at"] for one in intents]
        spaced = [b - a for a, b in pairwise(times) if isinstance(a, datetime) and a > refused[0]]
        assert all(gap >= EVEN for gap in spaced)
        starts = world.simulator.ledger.arrivals(Kind.START, since=refused[0] + MINUTE / 2)
        found = figures(starts)
        print({"429": len(refused), **found})
