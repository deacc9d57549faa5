"""Durations have one grammar everywhere, and nothing ambiguous is guessed."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import durations
from campaigns.core.durations import NotADuration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("30m", 1_800),
        ("4h", 14_400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1h30m", 5_400),
        ("1w2d3h4m5s", 604_800 + 172_800 + 10_800 + 240 + 5),
        ("1h 30m", 5_400),
        (" 10m ", 600),
        ("90m", 5_400),
        ("0s", 0),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "m", "1x", "30m1h", "1h1h", "-5m", "+5m", "1.5h", "1_0m", "٣m", "5 m 3", "1e3s", "∞"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotADuration):
        durations.parse(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("30", "write a unit: 30m or 30s"),
        ("30min", "write 30m"),
        ("2 hours", "write 2h"),
        ("90 seconds", "write 90s"),
        ("1 Day", "write 1d"),
        ("PT1H30M", "write 1h30m"),
        ("P2D", "write 2d"),
        ("1.5h", "write whole units: 1h30m, not 1.5h"),
        ("-5m", "a wait has no sign"),
        ("soon", ""),
    ],
)
def test_a_near_miss_is_told_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(NotADuration) as caught:
        durations.parse(text)
    assert caught.value.hint == hint


def test_a_bare_number_is_seconds_only_where_the_key_says_so() -> None:
    assert durations.parse("300", plain_seconds=True) == timedelta(minutes=5)
    assert durations.parse("5m", plain_seconds=True) == timedelta(minutes=5)


def test_a_text_of_any_length_is_answered() -> None:
    for text in ("9" * 1_000_000, "1h" * 500_000):
        with pytest.raises(NotADuration) as caught:
            durations.parse(text, plain_seconds=True)
        assert len(str(caught.value)) < 100
    assert durations.parse("999999w999999d") > timedelta(days=7_000_000)


@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_written_is_read_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert durations.parse(durations.write(duration)) == duration


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(minutes=10), "10m"),
        (timedelta(hours=30), "1d6h"),
        (timedelta(days=30), "30d"),
    ],
)
def test_the_text_is_the_usual_one(duration: timedelta, text: str) -> None:
    assert durations.write(duration) == text


@given(st.text(max_size=30))
def test_no_text_makes_it_fall_over(text: str) -> None:
    with suppress(NotADuration):
        assert durations.parse(text) >= timedelta()


def test_fractions_and_negative_durations_have_no_text() -> None:
    for duration in (timedelta(milliseconds=1), timedelta(seconds=-1)):
        with pytest.raises(ValueError, match="whole seconds"):
            durations.write(duration)
