"""When a call is looked up: later each time, never for ever without a look, within the limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.instants import POST_DEADLINE, RING, SEND_BY
from campaigns.core.polling import SILENT_MARGIN, give_up_at, next_check, release_at

T0 = datetime(2026, 3, 10, tzinfo=UTC)
S, M, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SETTLED = SEND_BY + POST_DEADLINE
lengths = st.timedeltas(S, 24 * H)
flags = st.booleans()


def after(at: timedelta, longest: timedelta, *, unknown: bool, webhooks: bool) -> timedelta:
    """The next look after `at`, both counted from the intent."""
    found = next_check(
        intent_at=T0,
        settle_at=T0 + SETTLED,
        max_duration=longest,
        at=T0 + at,
        unknown=unknown,
        webhooks=webhooks,
    )
    return found - T0


def looks(
    until: timedelta, longest: timedelta = 10 * M, *, unknown: bool = False, webhooks: bool = False
) -> Iterator[timedelta]:
    """Every look in that time, as the engine would ask for the next after each."""
    at = timedelta(0)
    while (at := after(at, longest, unknown=unknown, webhooks=webhooks)) <= until:
        yield at


@given(st.timedeltas(timedelta(0), 96 * H), lengths, flags, flags)
def test_the_next_look_is_strictly_later_and_within_reach(
    at: timedelta, longest: timedelta, unknown: bool, webhooks: bool
) -> None:
    found = after(at, longest, unknown=unknown, webhooks=webhooks)
    assert found > at
    # Where events speak, the first look waits for the longest call to be over.
    quiet = RING + longest + SILENT_MARGIN
    assert found - at <= max(H, quiet - at if not unknown else timedelta(0), 65 * M)


def test_a_lost_answer_is_looked_for_at_once_and_then_hourly() -> None:
    found = [look - SETTLED for look in looks(6 * H, unknown=True)]
    assert found[:5] == [20 * S, M, 3 * M, 10 * M, 20 * M]
    assert {later - look for look, later in pairwise(found[4:])} == {H}


def test_with_webhooks_only_silence_is_looked_up() -> None:
    assert next(looks(H, webhooks=True)) == RING + 10 * M + SILENT_MARGIN


def test_without_webhooks_an_ending_is_seen_within_half_a_minute_at_first() -> None:
    found = list(looks(4 * M))
    assert found[0] == 45 * S
    assert {later - look for look, later in pairwise(found)} == {30 * S}


@pytest.mark.parametrize("lasts", [30 * S, M, 2 * M, 3 * M])
def test_calls_of_up_to_three_minutes_fit_the_status_limit(lasts: timedelta) -> None:
    """Ten calls a minute, each looked up until it has ended: 60 requests a minute are allowed."""
    until_it_is_seen = after(lasts, 10 * M, unknown=False, webhooks=False)
    assert 10 * len(list(looks(until_it_is_seen))) <= 60


@pytest.mark.parametrize("lasts", [6 * M, 11 * M])
def test_longer_calls_are_looked_up_less_often(lasts: timedelta) -> None:
    """They may ask for more than the limit; then the slots spread their looks out."""
    found = list(looks(lasts))
    assert len(found) <= 20
    assert all(later - look >= M for look, later in pairwise(found) if look > 4 * M)


@given(lengths, flags, flags)
def test_a_day_of_looks_is_bounded(longest: timedelta, unknown: bool, webhooks: bool) -> None:
    day = list(looks(24 * H, longest, unknown=unknown, webhooks=webhooks))
    assert len(day) <= 50
    assert day == sorted(set(day))


@given(lengths, flags)
def test_every_attempt_is_looked_up_before_it_is_given_up(longest: timedelta, tell: bool) -> None:
    given_up = give_up_at(T0, longest, can_tell=tell) - T0
    assert next(looks(given_up, longest, unknown=True)) < given_up


@given(lengths, flags)
def test_a_number_is_released_at_the_latest_after_ring_talk_and_five_minutes(
    longest: timedelta, tell: bool
) -> None:
    assert release_at(T0, longest) - T0 == RING + longest + 5 * M
    given_up = give_up_at(T0, longest, can_tell=tell) - T0
    assert given_up == (24 * H if tell else max(30 * M, longest + 20 * M))
