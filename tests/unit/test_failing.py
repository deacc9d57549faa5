"""When a person should look before there are more calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.definition import Failing
from campaigns.core.failing import SHORT, Ending, is_failing, why
from campaigns.core.lifecycle import AttemptState as S

HALF_OF_4 = Failing(share=0.5, of=4)
GOOD = Ending(state=S.COMPLETED, duration=timedelta(minutes=2))
BAD = Ending(state=S.FAILED)

endings = st.lists(st.sampled_from([GOOD, BAD]), max_size=12)


@pytest.mark.parametrize(
    ("state", "seconds", "bad"),
    [
        (S.COMPLETED, None, False),
        (S.COMPLETED, 0, True),
        (S.COMPLETED, 4.9, True),
        (S.COMPLETED, 5, False),
        (S.COMPLETED, 120, False),
        (S.FAILED, None, True),
        (S.REJECTED, None, True),
        (S.UNKNOWN, None, True),
        (S.NO_ANSWER, None, False),
        (S.NO_ANSWER, 0, False),
        (S.BUSY, 1, False),
        (S.VOICEMAIL, 1, False),
        (S.CANCELLED, None, False),
        (S.NOT_PLACED, None, False),
    ],
)
def test_which_endings_are_bad(state: S, seconds: float | None, bad: bool) -> None:
    """People who do not pick up are no fault of the campaign."""
    duration = None if seconds is None else timedelta(seconds=seconds)
    assert Ending(state=state, duration=duration).bad is bad


def test_too_few_calls_tell_nothing() -> None:
    assert not is_failing(HALF_OF_4, [BAD] * 3)
    assert is_failing(HALF_OF_4, [BAD] * 4)


@pytest.mark.parametrize(("bad", "failing"), [(0, False), (1, False), (2, True), (4, True)])
def test_the_share_itself_is_enough(bad: int, failing: bool) -> None:
    assert is_failing(HALF_OF_4, [BAD] * bad + [GOOD] * (4 - bad)) is failing


@pytest.mark.parametrize(
    ("share", "of", "bad", "failing"),
    [(0.1, 3, 0, False), (0.1, 3, 1, True), (0.07, 100, 6, False), (0.07, 100, 7, True)],
)
def test_a_share_that_is_no_whole_number_of_calls(
    share: float, of: int, bad: int, failing: bool
) -> None:
    policy = Failing(share=share, of=of)
    assert is_failing(policy, [BAD] * bad + [GOOD] * (of - bad)) is failing


def test_what_is_older_does_not_count() -> None:
    assert not is_failing(HALF_OF_4, [GOOD] * 4 + [BAD] * 100)


@given(endings, st.integers(1, 100), st.integers(2, 10))
def test_one_more_bad_call_instead_of_a_good_one_never_helps(
    newest: list[Ending], percent: int, of: int
) -> None:
    policy = Failing(share=percent / 100, of=of)
    worse = [BAD, *newest[1:]]
    assert is_failing(policy, newest) <= is_failing(policy, worse)


@given(st.integers(1, 100), st.integers(2, 500), st.data())
def test_the_share_is_that_of_whole_numbers(percent: int, of: int, data: st.DataObject) -> None:
    """`7% of 100` is reached by 7, though 0.07 * 100 is more than that as a float."""
    bad = data.draw(st.integers(0, of))
    newest = [BAD] * bad + [GOOD] * (of - bad)
    policy = Failing(share=percent / 100, of=of)
    assert is_failing(policy, newest) is (bad * 100 >= percent * of)


def test_the_sentence_names_the_key() -> None:
    assert why(HALF_OF_4, [BAD, GOOD, BAD, GOOD, BAD]) == (
        "2 of the last 4 calls failed, were refused or ended within 5 s (pacing.pause_when_failing)"
    )
    assert timedelta(seconds=5) == SHORT
