"""How the simulated provider counts, and what the ledger's figures say: one law each."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.simulator import stats
from campaigns.simulator.limits import Counting, Granted, Kind, Limiter, Refused, policy

START = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


limits = st.integers(1, 12)
arrivals = st.lists(
    # Whole seconds hit the edges of windows; fractions fall between them.
    st.one_of(st.integers(0, 400), st.floats(0, 400)).map(at),
    max_size=150,
).map(sorted)


def granted(counting: Counting, limit: int, log: list[datetime]) -> list[datetime]:
    counted = policy(counting, limit)
    return [instant for instant in log if isinstance(counted.hit(instant), Granted)]


class TestSlidingLog:
    @given(limits, arrivals)
    def test_no_closed_window_holds_more_than_the_limit(
        self, limit: int, log: list[datetime]
    ) -> None:
        assert stats.max_in_sliding(granted(Counting.SLIDING, limit, log)) <= limit

    @given(limits, arrivals)
    def test_it_refuses_only_what_would_break_the_limit(
        self, limit: int, log: list[datetime]
    ) -> None:
        counted, taken = policy(Counting.SLIDING, limit), []
        for instant in log:
            if isinstance(counted.hit(instant), Granted):
                taken.append(instant)
            else:
                assert stats.max_in_sliding([*taken, instant]) == limit + 1

    def test_exactly_one_window_apart_is_still_inside(self) -> None:
        assert granted(Counting.SLIDING, 1, [at(0), at(60)]) == [at(0)]
        assert granted(Counting.SLIDING, 1, [at(0), at(60.000001)]) == [at(0), at(60.000001)]

    def test_a_refused_request_does_not_count(self) -> None:
        log = [at(0)] + [at(second) for second in range(1, 60)] + [at(60.5)]
        assert granted(Counting.SLIDING, 1, log) == [at(0), at(60.5)]

    @given(limits, arrivals)
    def test_waiting_retry_after_is_enough(self, limit: int, log: list[datetime]) -> None:
        counted = policy(Counting.SLIDING, limit)
        for instant in log:
            answer = counted.hit(instant)
            if isinstance(answer, Refused):
                assert isinstance(counted.hit(instant + answer.retry_after), Granted)
                break

    def test_a_clock_that_steps_back_makes_no_room(self) -> None:
        counted = policy(Counting.SLIDING, 1)
        counted.hit(at(100))
        assert isinstance(counted.hit(at(0)), Refused)

    def test_remaining_counts_down(self) -> None:
        counted = policy(Counting.SLIDING, 2)
        answers = [counted.hit(at(0)), counted.hit(at(1))]
        assert [answer.remaining for answer in answers if isinstance(answer, Granted)] == [1, 0]


class TestOtherCounts:
    @given(limits, arrivals)
    def test_fixed_windows_hold_the_limit_per_calendar_minute(
        self, limit: int, log: list[datetime]
    ) -> None:
        assert stats.max_per_calendar_minute(granted(Counting.FIXED, limit, log)) <= limit

    def test_fixed_windows_let_twice_the_limit_through_in_sixty_seconds(self) -> None:
        log = [at(59)] * 10 + [at(60)] * 10
        assert stats.max_in_sliding(granted(Counting.FIXED, 10, log)) == 20

    @given(limits, arrivals)
    def test_a_bucket_never_holds_more_than_its_capacity(
        self, limit: int, log: list[datetime]
    ) -> None:
        taken = granted(Counting.BUCKET, limit, log)
        assert stats.max_by_bucket(taken, limit) <= limit

    @given(limits, arrivals)
    def test_a_bucket_of_one_spaces_evenly(self, limit: int, log: list[datetime]) -> None:
        taken = granted(Counting.BUCKET1, limit, log)
        assert all(later - earlier >= MINUTE / limit for earlier, later in pairwise(taken))
        assert stats.max_by_bucket(taken, limit) <= 1

    @given(st.sampled_from(Counting), arrivals)
    def test_waiting_retry_after_is_enough(self, counting: Counting, log: list[datetime]) -> None:
        counted = policy(counting, 3)
        for instant in log:
            answer = counted.hit(instant)
            if isinstance(answer, Refused):
                assert answer.retry_after > timedelta(0)
                assert isinstance(counted.hit(instant + answer.retry_after), Granted)
                break

    @pytest.mark.parametrize("counting", Counting)
    def test_a_limit_of_zero_refuses_everything(self, counting: Counting) -> None:
        assert isinstance(policy(counting, 0).hit(at(0)), Refused)


class TestLimiter:
    def test_keys_and_kinds_are_counted_apart(self) -> None:
        limiter = Limiter(Counting.SLIDING, dict.fromkeys(Kind, 1), MINUTE)
        assert isinstance(limiter.hit("a", Kind.START, at(0)), Granted)
        assert isinstance(limiter.hit("b", Kind.START, at(0)), Granted)
        assert isinstance(limiter.hit("a", Kind.STATUS, at(0)), Granted)
        assert isinstance(limiter.hit("a", Kind.START, at(1)), Refused)


class TestStats:
    def test_nothing_arrived(self) -> None:
        assert stats.max_in_sliding([]) == 0
        assert stats.max_per_calendar_minute([]) == 0
        assert stats.max_by_bucket([], 10) == 0
        assert stats.utilisation([], 10) is None

    @given(arrivals.flatmap(st.permutations))
    def test_order_does_not_matter(self, mixed: list[datetime]) -> None:
        log = sorted(mixed)
        assert stats.max_in_sliding(mixed) == stats.max_in_sliding(log)
        assert stats.max_by_bucket(mixed, 10) == stats.max_by_bucket(log, 10)
        assert stats.utilisation(mixed, 2) == stats.utilisation(log, 2)

    @given(arrivals)
    def test_the_sliding_figure_is_the_most_over_all_windows(self, log: list[datetime]) -> None:
        slow = max(
            (sum(1 for one in log if first <= one <= first + MINUTE) for first in log), default=0
        )
        assert stats.max_in_sliding(log) == slow

    @given(limits, arrivals)
    def test_the_strictest_count_holds_all_others(self, limit: int, log: list[datetime]) -> None:
        taken = granted(Counting.SLIDING, limit, log)
        assert stats.max_per_calendar_minute(taken) <= limit
        # The drip of a bucket is rounded to the microsecond.
        assert stats.max_by_bucket(taken, limit) <= limit + 1e-5
        share = stats.utilisation(taken, limit)
        assert share is None or share <= 1

    def test_the_limit_used_to_the_full_is_one(self) -> None:
        log = [at(60 * turn + slot) for turn in range(12) for slot in range(10)]
        assert stats.utilisation(log, 10) == 1

    def test_each_slot_a_second_late_is_sixty_of_sixty_one(self) -> None:
        log = [at(61 * turn + slot) for turn in range(12) for slot in range(10)]
        assert stats.utilisation(log, 10) == pytest.approx(60 / 61)

    def test_an_even_spacing_of_6_2_s(self) -> None:
        assert stats.utilisation([at(6.2 * n) for n in range(100)], 10) == pytest.approx(6 / 6.2)

    def test_two_rounds_are_needed(self) -> None:
        assert stats.utilisation([at(n) for n in range(19)], 10) is None

    def test_overlapping_calls_to_one_number(self) -> None:
        spans = [
            ("a", at(0), at(60)),
            ("a", at(30), at(40)),
            ("a", at(50), at(90)),
            ("a", at(90), at(95)),
            ("b", at(10), None),
            ("b", at(500), at(501)),
        ]
        assert stats.overlapping(spans) == 3
