"""Who is really rung first: the whole engine on virtual time, a start each six seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from campaigns.core.definition import CallingHours, Pacing, Span
from campaigns.store.tables import dial_task
from tests.support.engine import NEW_YORK, START, World, contact

MINUTE = timedelta(minutes=1)
CHICAGO, DENVER, PACIFIC = ("America/Chicago",), ("America/Denver",), ("America/Los_Angeles",)
NINE_TO_FIVE = CallingHours(days=((Span(start=540, end=1020),),) * 7)


@pytest.fixture
def world() -> World:
    return World(limit=60, spacing=6.0)


def set_tasks(world: World, values: Mapping[int, Mapping[str, object]]) -> None:
    """Columns of dial tasks, by id."""
    with world.store.write() as tx:
        for id, columns in values.items():
            tx.connection.execute(update(dial_task).where(dial_task.c.id == id).values(**columns))


def deadlines(world: World, minutes: Mapping[int, float]) -> None:
    set_tasks(world, {id: {"deadline_at": START + n * MINUTE} for id, n in minutes.items()})


def rung(world: World) -> list[int]:
    """The contacts, as they were rung."""
    return [int(request.to_number[-4:]) for _, request in world.provider.rung]


def test_within_a_lane_whoever_ends_first_is_rung_first(world: World) -> None:
    world.submit(5)
    deadlines(world, {2: 60, 4: 30, 5: 90})
    world.run_for(40)
    assert rung(world) == [3, 1, 4, 0, 2]


def test_over_lanes_the_least_callable_time_counts_and_not_the_deadline(world: World) -> None:
    """Open from 9 to 5. Noon in New York, 11 in Chicago, 10 in Denver, 9 in Los Angeles."""
    world.clock.forward(hours=1)
    zones = [DENVER, CHICAGO, NEW_YORK, DENVER, PACIFIC]
    people = [contact(n, zones=where) for n, where in enumerate(zones)]
    world.submit(people, calling_hours=NINE_TO_FIVE)
    deadlines(world, {**dict.fromkeys((1, 2, 3), 12 * 60), 4: 6.5 * 60, 5: 65})
    world.run_for(40)
    assert rung(world) == [2, 3, 1, 0]  # 5 h; 5:30 h; 6 h; 7 h; the last one is still closed


def test_over_campaigns_the_least_callable_time_goes_first(world: World) -> None:
    world.submit([contact(n) for n in range(3)], name="one")
    world.submit([contact(n) for n in range(3, 6)], name="two", digest="d2")
    deadlines(world, {1: 50, 2: 30, 4: 40, 5: 20, 6: 60})
    world.run_for(50)
    assert rung(world) == [4, 1, 3, 0, 5, 2]


def test_a_higher_priority_goes_before_any_deadline(world: World) -> None:
    world.submit([contact(n) for n in range(3)], name="one", pacing=Pacing(priority=6))
    world.submit(
        [contact(n) for n in range(3, 6)], name="two", digest="d2", pacing=Pacing(priority=3)
    )
    deadlines(world, {1: 5, 2: 5, 3: 5})
    world.run_for(50)
    assert rung(world) == [3, 4, 5, 0, 1, 2]


def test_who_has_a_higher_priority_and_is_closed_holds_nobody_up(world: World) -> None:
    closed = CallingHours(days=((Span(start=1000, end=1020),),) * 7)
    world.submit([contact(0)], name="one", pacing=Pacing(priority=1), calling_hours=closed)
    world.submit([contact(1)], name="two", digest="d2", pacing=Pacing(priority=9))
    world.run_for(10)
    assert rung(world) == [1]


def test_campaigns_share_by_weight(world: World) -> None:
    for n, weight in enumerate((3.0, 1.0)):
        people = [contact(n * 100 + one) for one in range(60)]
        world.submit(people, name=f"c{n}", digest=f"d{n}", pacing=Pacing(weight=weight))
    world.run_for(6 * 60)
    shares = Counter(number // 100 for number in rung(world))
    assert sum(shares.values()) in (60, 61)
    assert abs(shares[0] - 45) <= 2


def test_retries_and_first_calls_take_turns_and_neither_waits_for_the_other(world: World) -> None:
    world.submit(12)
    set_tasks(world, {id: {"attempts": 1} for id in range(1, 7)})
    world.run_for(72)
    again = [number < 6 for number in rung(world)]
    assert again == [False, True] * 6


def test_a_retry_that_ends_first_does_not_wait_for_its_turn(world: World) -> None:
    world.submit(4)
    set_tasks(world, {id: {"attempts": 1} for id in (1, 2)})
    deadlines(world, {1: 30, 2: 31})
    world.run_for(30)
    assert rung(world) == [0, 1, 2, 3]


def test_what_becomes_due_is_rung_then_and_by_its_deadline(world: World) -> None:
    world.submit(6)
    set_tasks(world, {id: {"eligible_at": START + MINUTE} for id in (2, 3)})
    deadlines(world, {2: 40, 3: 20})
    world.run_for(24)
    assert rung(world) == [0, 3, 4, 5]
    world.run_for(60)
    assert rung(world) == [0, 3, 4, 5, 2, 1]


def test_a_campaign_that_starts_later_rings_by_deadline_from_its_first_call_on(
    world: World,
) -> None:
    start = START + MINUTE
    world.submit(4, schedule={"start": start})
    deadlines(world, {3: 10})
    assert {row["ripe_at"] for row in world.tasks()} == {
        (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    }
    world.run_for(90)
    assert rung(world) == [2, 0, 1, 3]


@pytest.mark.parametrize(
    "pacing",
    [Pacing(starts_per_minute=2), Pacing(concurrent_calls=2)],
    ids=["starts", "concurrent"],
)
def test_nothing_is_claimed_beyond_a_ceiling_of_the_campaign(world: World, pacing: Pacing) -> None:
    """It would be given back and looked at again each second; others are served meanwhile."""
    world.submit([contact(n) for n in range(5)], name="one", pacing=pacing)
    world.submit([contact(n) for n in range(10, 20)], name="two", digest="d2")
    world.run_for(50)
    assert Counter(number // 10 for number in rung(world)) == {0: 2, 1: 7}
    assert sum(int(str(row["claim"])) for row in world.tasks()) == 9
