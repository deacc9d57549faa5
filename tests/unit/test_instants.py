"""Two kinds of time, and durations that only hold together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import instants, pacing
from campaigns.core.instants import Now
from campaigns.core.polling import give_up_at, release_at

T0 = datetime(2026, 3, 10, tzinfo=UTC)
S = timedelta(seconds=1)
speeds = st.sampled_from([1.0, 2.5, 10.0, 60.0])
durations = st.timedeltas(timedelta(0), timedelta(days=2))


def now(speed: float = 1.0) -> Now:
    return Now(real=T0, policy=T0 + timedelta(days=9), speed=speed)


def test_mechanical_seconds_are_many_in_a_fast_rehearsal() -> None:
    assert now().mechanical(4 * S) == 4 * S
    assert now(60).mechanical(4 * S) == 240 * S


def test_the_wait_until_a_policy_instant_is_short_in_a_fast_rehearsal() -> None:
    assert now(60).until(now().policy + 60 * S) == S
    assert now().until(now().policy - S) == -S


@given(durations, speeds)
def test_a_mechanical_duration_takes_as_long_as_it_says(real: timedelta, speed: float) -> None:
    at = now(speed)
    assert abs(at.until(at.policy + at.mechanical(real)) - real) <= timedelta(microseconds=1)


@given(st.timedeltas(S, timedelta(hours=24)), speeds)
def test_a_number_is_kept_longer_than_its_call_can_last(longest: timedelta, speed: float) -> None:
    at = now(speed)
    assert release_at(at.policy, longest) >= at.policy + instants.RING + longest
    assert give_up_at(at.policy, longest, can_tell=False) >= at.policy + longest
    assert give_up_at(at.policy, timedelta(hours=1), can_tell=True) == at.policy + 24 * 3600 * S


@given(speeds)
def test_a_slot_of_a_dead_process_outlasts_every_request_it_can_have_sent(speed: float) -> None:
    at = now(speed)
    window = 60 * S
    slowest = instants.SEND_BY + instants.POST_DEADLINE
    latest_arrival = at.policy + at.mechanical(slowest)
    assert pacing.held(at, window) >= latest_arrival + window
    assert pacing.newborn(at, window) >= latest_arrival + window


def test_a_rehearsed_intent_is_never_older_than_a_real_one_may_be() -> None:
    assert instants.REHEARSAL_SEND_WITHIN / 60 < instants.SEND_BY
    assert instants.REHEARSAL_SEND_WITHIN < instants.EDGE_MARGIN


def test_a_claim_outlasts_the_wait_for_a_slot_and_the_gate() -> None:
    assert instants.CLAIM_LEASE > instants.AHEAD + instants.SEND_BY + instants.POST_DEADLINE
