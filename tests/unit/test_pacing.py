"""The throttle's law: no window of W at the provider ever holds more than N starts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core import pacing
from campaigns.core.instants import Now
from campaigns.core.pacing import Granted, Slot, Wait, grant, startable, surplus

T0 = datetime(2026, 3, 10, tzinfo=UTC)
W = timedelta(seconds=60)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def now(seconds: float, speed: float = 1.0) -> Now:
    return Now(real=at(seconds), policy=at(seconds), speed=speed)


def slots(*free: float) -> list[Slot]:
    return [Slot(n=n, free_at=at(f), window=W) for n, f in enumerate(free, 1)]


class Account:
    """A model of one account at saturation: grants, latencies, answers, resizes."""

    def __init__(self, limit: int) -> None:
        self.free = dict.fromkeys(range(1, limit + 1), 0.0)
        self.born = limit

    def start(self, t: float, *, stamp_at_send: bool, to_server: float, back: float) -> float:
        """Grant at the first instant >= t; returns (grant). The slot is stamped by the answer."""
        n = min(self.free, key=lambda k: (self.free[k], k))
        granted = max(t, self.free[n])
        sent = now(granted)
        answered = now(granted + to_server + back)
        if stamp_at_send:
            free = sent.policy + W
        else:
            free = pacing.answered(answered, W)
        self.free[n] = (free - T0).total_seconds()
        return granted

    def resize(self, t: float, limit: int) -> None:
        have = [Slot(n=n, free_at=at(f), window=W) for n, f in self.free.items()]
        for n in surplus(have, limit):
            del self.free[n]
        while len(self.free) < limit:
            self.born += 1
            self.free[self.born] = (pacing.newborn(now(t), W) - T0).total_seconds()


def most_in_window(arrivals: Sequence[float], window: float = 60.0) -> int:
    """The most arrivals in any half-open window."""
    ordered = sorted(arrivals)
    return max(sum(1 for a in ordered[i:] if a < first + window) for i, first in enumerate(ordered))


latency = st.floats(min_value=0.0, max_value=15.0)


@given(
    limit=st.integers(1, 6),
    trips=st.lists(st.tuples(latency, latency, st.floats(0, 30)), min_size=1, max_size=60),
)
def test_no_window_at_the_provider_holds_more_than_the_limit(
    limit: int, trips: list[tuple[float, float, float]]
) -> None:
    """For any latency there and back, and any gaps in demand."""
    account, t, arrivals = Account(limit), 0.0, []
    for there, back, idle in trips:
        t = account.start(t + idle, stamp_at_send=False, to_server=there, back=back)
        arrivals.append(t + there)
    assert most_in_window(arrivals) <= limit


@given(
    trips=st.lists(st.tuples(latency, latency), min_size=20, max_size=60),
    resizes=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 6)), max_size=6),
)
@settings(max_examples=200)
def test_the_law_holds_while_the_limit_is_lowered_and_raised(
    trips: list[tuple[float, float]], resizes: list[tuple[int, int]]
) -> None:
    """Never more than the highest limit that was in force within the window."""
    account, t, limit = Account(3), 0.0, 3
    plan = dict(resizes)
    arrivals: list[tuple[float, float]] = []  # (arrival, grant)
    limits = [(-1e9, 3)]
    for i, (there, back) in enumerate(trips):
        if i in plan:
            limit = plan[i]
            account.resize(t, limit)
            limits.append((t, limit))
        t = account.start(t, stamp_at_send=False, to_server=there, back=back)
        arrivals.append((t + there, t))
    for first, _ in arrivals:
        inside = [(a, g) for a, g in arrivals if first <= a < first + 60]
        since = min(g for _, g in inside) - 60
        before = [n for when, n in limits if when <= since][-1:]
        in_force = before + [n for when, n in limits if when > since]
        assert len(inside) <= max(in_force)


def test_a_permit_at_send_time_fails_the_same_test() -> None:
    """The tester is tested: stamping at send lets more through under jitter."""
    dice = random.Random(7)  # a model, not a secret
    account, t, arrivals = Account(10), 0.0, []
    for _ in range(2000):
        there = dice.uniform(0, 0.25)
        t = account.start(t, stamp_at_send=True, to_server=there, back=0.0)
        arrivals.append(t + there)
    ordered = sorted(arrivals)
    assert any(b - a < 60 for a, b in zip(ordered, ordered[10:], strict=False))


@pytest.mark.parametrize(
    ("t", "granted"), [(59.999, False), (60.0, True), (60.001, True)], ids=["before", "at", "past"]
)
def test_a_slot_is_free_from_its_instant_on(t: float, granted: bool) -> None:
    decision = grant(slots(60, 90), at=at(t))
    assert isinstance(decision, Granted) is granted
    if isinstance(decision, Wait):
        assert decision.until == at(60)


def test_the_slot_free_longest_is_taken_first() -> None:
    decision = grant(slots(5, 3, 9), at=at(10))
    assert isinstance(decision, Granted)
    assert decision.slot.n == 2


def test_holds_and_spacing_delay_the_grant() -> None:
    held = grant(slots(0), at=at(10), not_before=at(30))
    spaced = grant(slots(0), at=at(10), last_at=at(9.5), spacing=timedelta(seconds=1))
    assert held == Wait(until=at(30))
    assert spaced == Wait(until=at(10.5))


def test_without_slots_nothing_ever_starts() -> None:
    assert grant([], at=at(0)) == Wait(until=at(60))


def test_startable_counts_what_can_really_leave() -> None:
    free = slots(0, 0, 0.5, 1.4, 40)
    common = {"not_before": None, "last_at": None}
    spaced = timedelta(seconds=1)
    assert startable(free, at=at(0), until=at(1.5), spacing=timedelta(0), **common) == 4
    assert startable(free, at=at(0), until=at(1.5), spacing=spaced, **common) == 2
    assert (
        startable(free, at=at(0), until=at(1.5), not_before=at(2), last_at=None, spacing=spaced)
        == 0
    )


def test_lowering_a_limit_deletes_the_slots_free_earliest() -> None:
    """The others stand for starts that the provider still counts."""
    assert surplus(slots(5, 50, 30), 1) == (1, 3)
    assert surplus(slots(5, 50), 2) == ()


def test_stamps_of_a_slot() -> None:
    """Mechanical terms pass in real seconds: sixty times as long in a rehearsal at speed 60."""
    assert pacing.held(now(0), W) == at(84)
    assert pacing.held(now(0, speed=60), W) == at(60 + 24 * 60)
    assert pacing.answered(now(0), W) == at(60.02)
    assert pacing.shut(now(0), W) == at(65)
    assert pacing.newborn(now(0), W) == at(84)


def test_where_two_slots_are_alike_the_lower_one_is_taken_and_deleted_first() -> None:
    alike = [Slot(n=n, free_at=at(5), window=W) for n in (3, 1, 2)]
    decision = grant(alike, at=at(10))
    assert isinstance(decision, Granted)
    assert decision.slot.n == 1
    assert surplus(alike, 1) == (1, 2)


def test_a_limit_that_is_not_lowered_deletes_nothing() -> None:
    assert surplus(slots(5, 3), 2) == ()
    assert surplus(slots(5, 3), 3) == ()
    assert surplus(slots(5, 3), 9) == ()


def test_without_a_spacing_the_last_start_holds_nobody_up() -> None:
    decision = grant(slots(0), at=at(10), last_at=at(10))
    assert isinstance(decision, Granted)
    assert isinstance(grant(slots(0), at=at(10), last_at=at(10.5)), Wait)


@pytest.mark.parametrize(("until", "count"), [(0.4, 0), (0.5, 1), (1.4, 1), (1.5, 2)])
def test_the_next_start_keeps_its_distance_from_the_last(until: float, count: int) -> None:
    found = startable(
        slots(-9, -9),
        at=at(0),
        until=at(until),
        not_before=None,
        last_at=at(-0.5),
        spacing=timedelta(seconds=1),
    )
    assert found == count
