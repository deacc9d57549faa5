"""What a campaign may spend in a day, and which day that is."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.budget import Purse, Spent, day_of
from campaigns.core.definition import Budget, CallingHours, Schedule
from tests.support.engine import definition

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
T2025 = datetime(2025, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
H = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ZONES = (
    "America/New_York",
    "Europe/London",
    "Asia/Kolkata",
    "America/Havana",  # its clocks change at midnight
    "Asia/Beirut",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Kiritimati",
    "America/Santiago",
)


def purse(
    *, max_duration: timedelta = 10 * MINUTE, spent: Spent | None = None, **budget: object
) -> Purse:
    return Purse(
        budget=Budget(**budget),  # type: ignore[arg-type]  # a test helper
        spent=spent or Spent(),
        day_ends=T0 + 9 * H,
        max_duration=max_duration,
    )


def day(zone: str, at: datetime) -> tuple[datetime, datetime]:
    return day_of(definition(schedule=Schedule(timezone=zone)), at)


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("America/New_York", "2026-03-07T17:00", 24),
        ("America/New_York", "2026-03-08T17:00", 23),
        ("America/New_York", "2026-11-01T17:00", 25),
        ("Europe/London", "2026-03-29T12:00", 23),
        ("Europe/London", "2026-10-25T12:00", 25),
        ("America/Havana", "2026-03-08T17:00", 23),  # 00:00 does not exist: it begins at 01:00
        ("America/Havana", "2026-11-01T17:00", 25),
        ("Australia/Lord_Howe", "2026-04-05T02:00", 24.5),
        ("Australia/Lord_Howe", "2026-10-04T01:00", 23.5),
        ("Asia/Kolkata", "2026-03-29T06:00", 24),
    ],
)
def test_a_day_is_as_long_as_it_is_there(zone: str, noon: str, hours: float) -> None:
    first, last = day(zone, datetime.fromisoformat(noon).replace(tzinfo=UTC))
    assert last - first == hours * H
    assert first.astimezone(ZoneInfo(zone)).date() < last.astimezone(ZoneInfo(zone)).date()
    assert (first - TICK).astimezone(ZoneInfo(zone)).date() < first.astimezone(
        ZoneInfo(zone)
    ).date()


@given(
    st.sampled_from(ZONES),
    st.integers(0, 11 * 366 * 24 * 3600).map(lambda s: T2025 + timedelta(seconds=s)),
)
def test_days_follow_one_another_without_gap_or_overlap(zone: str, at: datetime) -> None:
    first, last = day(zone, at)
    assert first <= at < last
    assert day(zone, last)[0] == last
    assert day(zone, last - TICK) == (first, last)
    there = ZoneInfo(zone)
    assert first.astimezone(there).date() == at.astimezone(there).date()
    assert (first - TICK).astimezone(there).date() != first.astimezone(there).date()


@pytest.mark.parametrize("where", ["schedule", "hours"])
def test_a_zone_that_nobody_knows_is_no_utc(where: str) -> None:
    of = definition(schedule=Schedule(timezone="Nowhere/Zone"))
    if where == "hours":
        of = definition(calling_hours=CallingHours(timezone="Nowhere/Zone", always=True))
    with pytest.raises(ValueError, match="no time zone 'Nowhere/Zone'"):
        day_of(of, T0)


def test_whose_clock_counts() -> None:
    scheduled = definition(
        schedule=Schedule(timezone="Asia/Kolkata"),
        calling_hours=CallingHours(timezone="America/New_York", always=True),
    )
    hours = definition(calling_hours=CallingHours(timezone="America/New_York", always=True))
    everywhere = definition(calling_hours=CallingHours(timezone="contact", always=True))
    starts = [day_of(one, T0)[0] for one in (scheduled, hours, everywhere)]
    assert [f"{one:%d %H:%M}" for one in starts] == ["09 18:30", "10 04:00", "10 00:00"]


@pytest.mark.parametrize(("made", "short"), [(0, None), (2, None), (3, "calls_per_day")])
def test_calls_are_counted(made: int, short: str | None) -> None:
    assert purse(calls_per_day=3, spent=Spent(calls=made)).short() == short
    assert purse(calls_per_day=3, spent=Spent(calls=made)).room() == 3 - made


def test_without_a_bound_nothing_is_ever_short() -> None:
    assert purse(spent=Spent(calls=10_000, cost=1e6, unpriced=99)).short() is None
    assert purse().room() is None


def test_while_no_price_is_known_one_call_goes_at_a_time() -> None:
    assert purse(cost_per_day=60).short() is None
    assert purse(cost_per_day=60, spent=Spent(calls=1, unpriced=1)).short() == "cost_per_day"
    told = Spent(calls=1, cost=0.08, dearest=0.08)
    assert purse(cost_per_day=60, spent=told).short() is None
    free = Spent(calls=1)  # nobody answered: it cost nothing, and tells no price
    assert purse(cost_per_day=60, spent=free).short() is None


def test_a_call_whose_price_nobody_has_told_reserves_the_dearest_it_can_be() -> None:
    """10 minutes at 0.10 USD a minute."""
    assert purse(spent=Spent(dearest=0.1)).reserve == pytest.approx(1.0)
    fits = Spent(calls=3, cost=7.0, unpriced=2, dearest=0.1)
    assert purse(cost_per_day=10, spent=fits).short() is None
    assert purse(cost_per_day=9.99, spent=fits).short() == "cost_per_day"


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(10, 1), (60, 1), (61, 2), (90, 2), (600, 10), (601, 11)]
)
def test_a_minute_that_was_begun_is_paid_whole(seconds: int, minutes: int) -> None:
    reserve = purse(max_duration=timedelta(seconds=seconds), spent=Spent(dearest=0.1)).reserve
    assert reserve == pytest.approx(0.1 * minutes)


def test_what_a_call_is_said_to_cost_counts_instead_of_what_others_did() -> None:
    stated = purse(cost_per_day=1, cost_per_call=0.5, spent=Spent(unpriced=1, dearest=9.0))
    assert stated.reserve == 0.5
    assert stated.short() is None
    two = purse(cost_per_day=1, cost_per_call=0.5, spent=Spent(unpriced=2))
    assert two.short() == "cost_per_day"


def test_what_is_reserved_is_what_each_call_may_last() -> None:
    """Rows may have a max_duration of their own: 30 begun minutes at 0.10 USD."""
    long = Spent(calls=2, unpriced=2, minutes=30, dearest=0.1)
    assert purse(cost_per_day=4, spent=long).short() is None  # 3.00 and another 1.00
    assert purse(cost_per_day=3.99, spent=long).short() == "cost_per_day"


@pytest.mark.parametrize(("cost", "never"), [(0.99, True), (1.0, False), (5, False)])
def test_a_day_that_cannot_pay_for_one_call_lets_none_go_ever(cost: float, never: bool) -> None:
    assert purse(cost_per_day=cost, spent=Spent(dearest=0.1)).never is never
    assert purse(cost_per_day=cost).never is False  # no price is known yet


def test_sums_of_cents_agree() -> None:
    """0.1 and 0.2 are no more than 0.3, whatever a float makes of them."""
    spent = Spent(calls=3, cost=0.1 + 0.2, dearest=0.1)
    assert purse(cost_per_day=0.4, max_duration=MINUTE, spent=spent).short() is None


@given(
    budget=st.integers(1, 60),
    minutes=st.integers(1, 5),
    calls=st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=60),
    stated=st.booleans(),
)
def test_no_sequence_of_calls_goes_over_its_budget(
    budget: int, minutes: int, calls: list[tuple[bool, float]], stated: bool
) -> None:
    """Whatever order prices are told in, as long as none is above what is reserved.

    Each step either asks for one more call, or tells the price of the oldest that has none.
    """
    a_minute = 0.5
    made, cost, unpriced = 0, 0.0, 0
    for asks, share in calls:
        held = purse(
            cost_per_day=float(budget),
            cost_per_call=a_minute * minutes if stated else None,
            max_duration=minutes * MINUTE,
            spent=Spent(calls=made, cost=cost, unpriced=unpriced, dearest=a_minute),
        )
        reserve = held.reserve
        assert reserve is not None
        if asks and held.short() is None:
            made, unpriced = made + 1, unpriced + 1
        elif not asks and unpriced:
            unpriced, cost = unpriced - 1, cost + share * reserve
        assert cost + unpriced * reserve <= budget + 1e-4
    assert math.isfinite(cost)


@given(
    most=st.integers(1, 20),
    made=st.integers(0, 25),
    cost=st.floats(0, 50),
    unpriced=st.integers(0, 5),
)
def test_the_stricter_of_calls_and_money_holds(
    most: int, made: int, cost: float, unpriced: int
) -> None:
    spent = Spent(calls=made, cost=cost, unpriced=unpriced, dearest=0.1)
    both = purse(calls_per_day=most, cost_per_day=20, spent=spent).short()
    calls = purse(calls_per_day=most, spent=spent).short()
    money = purse(cost_per_day=20, spent=spent).short()
    assert both == (calls or money)


def test_what_is_told_of_it_is_what_it_decides_by() -> None:
    spent = Spent(calls=2, cost=1.5, unpriced=1)
    assert purse(calls_per_day=3, cost_per_day=60, spent=spent).said() == {
        "day_ends": T0 + 9 * H,
        "calls": "2 of 3",
        "cost": "1.50 of 60.00 USD",
        "unpriced": 1,
        "reserve": "unknown",
    }
    assert purse(cost_per_day=60, cost_per_call=0.5).said()["reserve"] == "0.50 USD"
    assert purse(calls_per_day=3).said() == {"day_ends": T0 + 9 * H, "calls": "0 of 3"}
