"""When answers say nothing, dialling stops; when requests do not leave, it waits longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.breaker import IN_A_ROW, LAST, not_sent_hold, refusals_pause, trips

U, K = True, False  # unknown, known

answers = st.lists(st.booleans(), max_size=40)


@pytest.mark.parametrize(
    ("newest_first", "stops"),
    [
        ([], False),
        ([U], False),
        ([U, U], False),
        ([U, U, U], True),
        ([U, U, K, U], False),
        ([K, U, U, U], False),  # the newest is known: it has passed
        ([U, U, U, K, K], True),
    ],
)
def test_three_in_a_row_stop_the_account(newest_first: list[bool], stops: bool) -> None:
    assert trips(newest_first) is stops


def test_a_fifth_of_the_last_twenty_stops_the_account() -> None:
    four = [U, K, K, K, K] * 4
    assert trips(four)
    assert not trips([*four[:15], K, K, K, K, K])  # three of twenty
    assert not trips(four[:19])  # not twenty yet
    assert not trips([K, U, K, U, K, U, K, U, *[K] * 12])  # but the newest one is known
    assert not trips([U, *[K] * 19, *[U] * 20])  # what lies before the last twenty is over


@given(answers)
def test_a_known_answer_never_stops_anything(older: list[bool]) -> None:
    assert not trips([K, *older])


@given(answers, st.integers(0, 39))
def test_one_more_unknown_never_lets_an_account_go(given_: list[bool], n: int) -> None:
    if trips(given_):
        worse = [one or index == n for index, one in enumerate(given_)]
        assert trips(worse)


@given(answers)
def test_only_the_last_twenty_count(given_: list[bool]) -> None:
    assert trips(given_) is trips(given_[:LAST])
    assert trips([U] * IN_A_ROW + given_)


@pytest.mark.parametrize(
    ("streak", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (10**6, 60)]
)
def test_what_cannot_be_sent_holds_longer_each_time_up_to_a_minute(
    streak: int, seconds: int
) -> None:
    assert not_sent_hold(streak) == timedelta(seconds=seconds)


@given(st.integers(1, 10_000))
def test_a_hold_never_gets_shorter(streak: int) -> None:
    assert timedelta(seconds=1) <= not_sent_hold(streak) <= not_sent_hold(streak + 1)


@pytest.mark.parametrize(
    ("newest_first", "pauses"),
    [([], False), ([U, U], False), ([U, U, U], True), ([U, U, K, U], False), ([K, U, U, U], False)],
)
def test_three_contacts_refused_in_a_row_pause_the_campaign(
    newest_first: list[bool], pauses: bool
) -> None:
    assert refusals_pause(newest_first) is pauses
