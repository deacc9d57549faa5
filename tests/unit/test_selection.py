"""Who goes first: priority, time left, share, first calls and retries in turn, then the longest.

That no order reaches more in time is in test_selection_laws.py, how near to the best it comes where
hours have gaps in test_selection_optimum.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.selection import (
    HALF_LIFE,
    HORIZON,
    SHARE_WINDOW,
    Candidate,
    Served,
    Start,
    choose,
    shares,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLOT = timedelta(seconds=6)
WINDOW = SHARE_WINDOW // SLOT
ONE = Candidate(
    campaign_id=1, lane_id=1, priority=5, weight=1.0, again=False, left=HORIZON, since=NOON
)


def served_after(starts: Sequence[Candidate]) -> dict[int, Served]:
    """What each had, where one start left each six seconds."""
    now = NOON + len(starts) * SLOT
    return shares(
        (
            Start(campaign_id=one.campaign_id, again=one.again, at=NOON + n * SLOT)
            for n, one in enumerate(starts[-WINDOW - 5 :], max(0, len(starts) - WINDOW - 5))
        ),
        now,
    )


def saturated(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """So many starts where each candidate has another task behind it each time."""
    starts: list[Candidate] = []
    for _ in range(count):
        starts.append(candidates[choose(candidates, served_after(starts))])
    return starts


def longest(turns: Sequence[bool]) -> int:
    """The most that one had in a row."""
    return max(len(list(run)) for mine, run in groupby(turns) if mine)


def test_there_must_be_somebody() -> None:
    with pytest.raises(ValueError, match="nobody"):
        choose([], {})


def test_the_least_time_left_goes_first() -> None:
    soon = replace(ONE, left=HOUR, lane_id=2, since=NOON + HOUR)
    assert choose([ONE, soon], {1: Served(starts=50, again=0)}) == 1


def test_priority_goes_before_all_else() -> None:
    pressing = replace(ONE, left=timedelta(seconds=6), since=NOON - HOUR)
    above = replace(ONE, campaign_id=2, priority=4)
    assert choose([pressing, above], {2: Served(starts=100, again=50)}) == 1


def test_among_equals_the_campaign_with_the_least_of_its_share() -> None:
    other = replace(ONE, campaign_id=2, weight=3.0)
    assert choose([ONE, other], {1: Served(starts=10), 2: Served(starts=29)}) == 1
    assert choose([ONE, other], {1: Served(starts=10), 2: Served(starts=31)}) == 0


def test_whoever_has_less_time_left_does_not_wait_for_anybodys_share() -> None:
    less = replace(ONE, campaign_id=2, left=HOUR)
    assert choose([ONE, less], {2: Served(starts=100)}) == 1


def test_then_whoever_waits_longest() -> None:
    assert choose([ONE, replace(ONE, lane_id=2, since=NOON - HOUR)], {}) == 1


@given(st.permutations(range(8)))
def test_the_choice_does_not_depend_on_who_is_named_first(order: list[int]) -> None:
    all_of_them = [
        replace(ONE, campaign_id=1 + n % 2, lane_id=n // 2, again=n % 4 > 1) for n in range(8)
    ]
    had = {1: Served(starts=7, again=4), 2: Served(starts=7, again=2)}
    shuffled = [all_of_them[n] for n in order]
    assert shuffled[choose(shuffled, had)] == all_of_them[choose(all_of_them, had)]


@settings(max_examples=12)
@given(st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=2, max_size=5))
def test_shares_come_to_the_weights(weights: list[float]) -> None:
    campaigns = [replace(ONE, campaign_id=n, weight=weight) for n, weight in enumerate(weights)]
    starts = Counter(one.campaign_id for one in saturated(campaigns, 3 * WINDOW)[-WINDOW:])
    for n, weight in enumerate(weights):
        assert abs(starts[n] - WINDOW * weight / sum(weights)) <= 3


@pytest.mark.parametrize("weight", [20.0, 1000.0])
def test_nobody_waits_longer_than_the_window_however_small_its_weight(weight: float) -> None:
    starts = saturated([ONE, replace(ONE, campaign_id=2, weight=weight)], 5 * WINDOW)
    small = [n for n, one in enumerate(starts) if one.campaign_id == 1]
    assert max(b - a for a, b in pairwise(small)) <= WINDOW
    assert len(small) <= 5 * WINDOW / min(weight, 20.0) * 1.5


def test_a_campaign_that_joins_catches_up_and_then_takes_turns() -> None:
    starts = saturated([ONE], 3 * WINDOW)
    both = [ONE, replace(ONE, campaign_id=2)]
    for _ in range(2 * WINDOW):
        starts.append(both[choose(both, served_after(starts))])
    since = [one.campaign_id for one in starts[3 * WINDOW :]]
    alone = since.index(1)
    assert alone <= HALF_LIFE // SLOT + 1
    assert longest([one == 2 for one in since[alone:]]) <= 3
    assert longest([one == 1 for one in since[alone:]]) <= 3


def test_a_campaign_of_ten_is_not_pushed_aside_by_one_of_a_million() -> None:
    # One lane or forty: the share is the campaign's, not the lane's.
    wide = [replace(ONE, lane_id=lane) for lane in range(40)]
    starts = saturated([*wide, replace(ONE, campaign_id=2, lane_id=99)], WINDOW)
    assert Counter(one.campaign_id for one in starts) == {1: 50, 2: 50}


def test_first_calls_and_retries_take_turns() -> None:
    starts = saturated([ONE, replace(ONE, again=True, since=NOON + HOUR)], 20)
    assert [one.again for one in starts] == [False, True] * 10


@pytest.mark.parametrize("late", [False, True])
def test_neither_first_calls_nor_retries_starve_where_the_others_come_late(late: bool) -> None:
    starts = saturated([replace(ONE, again=not late)], 3 * WINDOW)
    both = [ONE, replace(ONE, again=True, since=NOON + HOUR)]
    for _ in range(2 * WINDOW):
        starts.append(both[choose(both, served_after(starts))])
    since = [one.again for one in starts[3 * WINDOW :]]
    alone = since.index(not late)
    assert 1 <= alone <= HALF_LIFE // SLOT + 1
    assert longest([one is late for one in since[alone:]]) <= 3
    assert longest([one is not late for one in since[alone:]]) <= 3


def test_what_is_older_than_the_window_is_forgotten() -> None:
    old = Start(campaign_id=1, again=True, at=NOON - SHARE_WINDOW)
    fresh = Start(campaign_id=2, again=True, at=NOON - HALF_LIFE)
    coming = Start(campaign_id=2, again=False, at=NOON + SLOT)  # a claim; clocks differ
    assert shares([old, fresh, coming], NOON) == {2: Served(starts=1.5, again=0.5)}


def test_a_retry_that_is_more_urgent_does_not_wait_for_its_turn() -> None:
    retry = replace(ONE, again=True, left=HOUR)
    assert choose([ONE, retry], {1: Served(starts=10, again=10)}) == 1


def test_a_lower_priority_goes_on_where_nobody_above_it_can_be_called() -> None:
    assert choose([replace(ONE, priority=9)], {}) == 0
