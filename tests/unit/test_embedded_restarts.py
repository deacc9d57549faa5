"""A child that ends is started again, unless starting it cannot help."""

import signal
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.embedded.restarts import LONGEST_WAIT, SETTLED, Again, GiveUp, Restarts, said

AT_ONCE = timedelta(seconds=0.2)
KILLED = -signal.SIGKILL


def after(*ends: tuple[timedelta, int]) -> Again | GiveUp:
    record, verdict = Restarts(), None
    for ran, status in ends:
        record, verdict = record.ended(ran=ran, status=status)
    assert verdict is not None
    return verdict


def test_the_wait_doubles_up_to_half_a_minute() -> None:
    waits = [after(*[(AT_ONCE, KILLED)] * times) for times in range(1, 8)]
    assert waits == [Again(wait=timedelta(seconds=s)) for s in (1, 2, 4, 8, 16, 30, 30)]


def test_a_good_run_starts_the_count_again() -> None:
    ends = [(AT_ONCE, KILLED)] * 5 + [(SETTLED, 1)]
    assert after(*ends) == Again(wait=timedelta(seconds=1))


def test_three_false_starts_in_a_row_are_a_fault_no_restart_cures() -> None:
    assert isinstance(after((AT_ONCE, 1), (AT_ONCE, 1)), Again)
    assert after((AT_ONCE, 1), (AT_ONCE, 3), (AT_ONCE, 1)) == GiveUp(times=3)


def test_a_crash_of_the_program_counts_as_a_false_start() -> None:
    assert after(*[(AT_ONCE, -signal.SIGSEGV)] * 3) == GiveUp(times=3)


def test_a_child_that_somebody_kills_is_never_given_up() -> None:
    assert after(*[(AT_ONCE, KILLED)] * 50) == Again(wait=LONGEST_WAIT)
    ends = [(AT_ONCE, 1), (AT_ONCE, 1), (AT_ONCE, KILLED), (AT_ONCE, 1)]
    assert isinstance(after(*ends), Again)


@given(st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(hours=1)), st.integers(-15, 3))))
def test_a_wait_is_never_nothing_and_never_long(ends: list[tuple[timedelta, int]]) -> None:
    record = Restarts()
    for ran, status in ends:
        record, verdict = record.ended(ran=ran, status=status)
        if isinstance(verdict, Again):
            assert timedelta(seconds=1) <= verdict.wait <= LONGEST_WAIT


def test_a_status_in_words() -> None:
    assert said(2) == "exit status 2"
    assert said(KILLED) == "killed by SIGKILL"
    assert said(-63) == "killed by signal 63"
