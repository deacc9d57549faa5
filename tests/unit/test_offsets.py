"""Distances from an appointment: how they are written, and where they land when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.definition import Offset
from campaigns.core.offsets import certainly_not_before, first_instant, land, read
from campaigns.core.reading import Refused

NEW_YORK = ZoneInfo("America/New_York")
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")
H = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("-2d at 17:30", Offset(days=-2, at=17 * 60 + 30)),
        ("-3h", Offset(elapsed=-3 * H)),
        ("+2h", Offset(elapsed=2 * H)),
        ("-1d2h", Offset(days=-1, elapsed=-2 * H)),
        ("- 1w 1d", Offset(days=-8)),
        ("-45m", Offset(elapsed=-0.75 * H)),
        ("-90s", Offset(elapsed=-timedelta(seconds=90))),
        ("-0d at 08:00", Offset(at=8 * 60)),
        ("+1w at 9:05", Offset(days=7, at=9 * 60 + 5)),
    ],
)
def test_a_distance_is_read(text: str, offset: Offset) -> None:
    assert read(text) == offset


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2h", "give it a sign: -2h before the anchor, +2h after it"),
        ("2d at 17:30", "give it a sign: -2d at 17:30"),
        ("-2d at 24:00", ""),
        ("-2d at 17:61", ""),
        ("at 17:30", "-1d at 17:30 is the day before"),
        ("17:30", "-1d at 17:30 is the day before"),
        ("-3h at 17:30", "-2d at 17:30"),
        ("-1d2h at 17:30", "-2d at 17:30"),
        ("-30", "write a unit: 30m or 30s"),
        ("-400d", ""),
        ("-2d 17:30", ""),
        ("-", ""),
        ("tomorrow", ""),
    ],
)
def test_what_is_no_distance_is_told_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("text", "lands"),
    [
        ("-1d", "2026-03-07 14:00 -0500"),  # across the night that skips an hour: the same wall
        ("-24h", "2026-03-07 13:00 -0500"),  # and 24 hours that passed
        ("-1d2h", "2026-03-07 12:00 -0500"),
        ("-0d at 02:30", "2026-03-08 03:00 -0400"),  # skipped: the first instant after the gap
        ("-0d at 01:59", "2026-03-08 01:59 -0500"),
        ("-0d at 03:00", "2026-03-08 03:00 -0400"),
    ],
)
def test_days_are_of_the_calendar_and_hours_pass(text: str, lands: str) -> None:
    anchor = datetime(2026, 3, 8, 14, tzinfo=NEW_YORK)
    found = land(read(text), anchor, NEW_YORK)
    assert f"{found.astimezone(NEW_YORK):%Y-%m-%d %H:%M %z}" == lands


def test_a_wall_time_that_happens_twice_is_the_first() -> None:
    anchor = datetime(2026, 11, 2, 1, 30, tzinfo=NEW_YORK)
    assert land(Offset(days=-1), anchor, NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@given(
    wall=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
)
def test_every_wall_time_is_its_first_instant_or_the_first_after_its_gap(
    wall: datetime, zone: str
) -> None:
    wall, place = wall.replace(microsecond=0), ZoneInfo(zone)
    found = first_instant(wall, place)
    shown = found.astimezone(place).replace(tzinfo=None)
    second = timedelta(seconds=1)
    if shown == wall:
        earlier = found - timedelta(hours=2)
        shows = {(earlier + n * H / 2).astimezone(place).replace(tzinfo=None) for n in range(4)}
        assert wall not in shows
    else:
        assert shown > wall
        assert (found - second).astimezone(place).replace(tzinfo=None) < wall


@given(
    day=st.sampled_from([(2026, 3, 8), (2026, 11, 1), (2026, 3, 29), (2026, 10, 25)]),
    minutes=st.integers(0, 1439),
    zone=st.sampled_from(ZONES),
    days=st.integers(-3, 3),
)
def test_on_the_nights_that_clocks_change_days_keep_the_wall_time(
    day: tuple[int, int, int], minutes: int, zone: str, days: int
) -> None:
    place = ZoneInfo(zone)
    wall = datetime(*day) + timedelta(minutes=minutes)  # noqa: DTZ001
    anchor = first_instant(wall, place)
    shown = anchor.astimezone(place).replace(tzinfo=None)
    landed = land(Offset(days=days), anchor, place).astimezone(place).replace(tzinfo=None)
    wanted = shown + timedelta(days=days)
    assert landed == wanted or timedelta(0) < landed - wanted <= H


@pytest.mark.parametrize(
    ("one", "other", "never_before"),
    [
        ("-45m", "-45m", True),
        ("-30m", "-45m", True),
        ("-1h", "-45m", False),
        ("-1d at 18:00", "-1d at 17:00", True),
        ("-1d at 16:00", "-1d at 17:00", False),
        ("-0d at 08:00", "-0m", False),  # before an appointment at noon, after one at seven
        ("+1d at 08:00", "-0m", True),
    ],
)
def test_what_can_never_be_before_a_deadline(one: str, other: str, never_before: bool) -> None:
    assert certainly_not_before(read(one), read(other)) is never_before
