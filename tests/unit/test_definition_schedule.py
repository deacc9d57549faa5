"""Start and end are one instant each: a wall clock that skips or repeats an hour is asked about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.trees import definition, fault, faults

NEW_YORK = "America/New_York"


def start(text: str, zone: str | None = None) -> datetime | None:
    keys: dict[str, Any] = {"start": text} | ({"timezone": zone} if zone else {})
    return definition(schedule=keys).schedule.start


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-03-09T09:00", NEW_YORK, datetime(2026, 3, 9, 13, 0, tzinfo=UTC)),
        ("2026-03-09 09:00", "Asia/Kolkata", datetime(2026, 3, 9, 3, 30, tzinfo=UTC)),
        ("2026-03-09T09:00-05:00", None, datetime(2026, 3, 9, 14, 0, tzinfo=UTC)),
        ("2026-03-09T09:00Z", NEW_YORK, datetime(2026, 3, 9, 9, 0, tzinfo=UTC)),
        ("2026-03-09T09:00:30", "UTC", datetime(2026, 3, 9, 9, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_date_time_is_an_instant(text: str, zone: str | None, instant: datetime) -> None:
    assert start(text, zone) == instant


def test_it_is_kept_in_utc() -> None:
    found = start("2026-03-09T09:00-05:00")
    assert found is not None
    assert found.tzinfo is UTC


def test_a_date_time_without_offset_needs_a_zone() -> None:
    assert fault(schedule={"end": "2026-03-09T09:00"}) == (
        "schedule.end: expected a date-time whose zone is known, got 2026-03-09T09:00 "
        "(set schedule.timezone, or write an offset such as 2026-03-09T09:00-05:00)"
    )


def test_a_wrong_zone_is_told_once() -> None:
    said = fault(schedule={"start": "2026-03-09T09:00", "timezone": "New York"})
    assert said == (
        "schedule.timezone: expected an IANA zone such as America/New_York, got New York "
        "(did you mean America/New_York?)"
    )


def test_an_hour_that_the_clocks_skip_is_told_what_exists() -> None:
    said = fault(schedule={"start": "2026-03-08T02:30", "timezone": NEW_YORK})
    assert said == (
        "schedule.start: expected a time that exists in America/New_York, got 2026-03-08T02:30 "
        "(the clocks go forward over it that day: write 2026-03-08T03:30)"
    )


def test_an_hour_that_happens_twice_is_asked_for_its_offset() -> None:
    said = fault(schedule={"end": "2026-11-01T01:30", "timezone": NEW_YORK})
    assert "expected a time that happens once in America/New_York" in said
    assert "write 2026-11-01T01:30-04:00 or 2026-11-01T01:30-05:00" in said
    assert start("2026-11-01T01:30-05:00", NEW_YORK) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-08T01:59", "2026-03-08T03:00", "2026-11-01T02:00"])
def test_times_beside_the_change_are_fine(text: str) -> None:
    assert start(text, NEW_YORK) is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-03-09", "(add the time)"),
        ("09:00", "(add the date)"),
        ("tomorrow", "expected a date and a time such as 2026-03-09T09:00, got tomorrow"),
        ("3/9/2026 09:00", "expected a date and a time such as 2026-03-09T09:00"),
        ("2026-02-30T09:00", "no such day or time in the calendar"),
        ("2026-03-09T24:00", "(write 00:00 of the next day)"),
        ("0001-01-01T00:00", "expected a year from 2000 to 2199"),
        ("9999-12-31T23:59", "expected a year from 2000 to 2199"),
        ("2026-03-09T09:00+25:00", "an offset that no zone has"),
        ("", "got nothing"),
    ],
)
def test_other_texts_are_refused(text: str, says: str) -> None:
    assert says in fault(schedule={"start": text, "timezone": "Asia/Tokyo"})


@pytest.mark.parametrize("end", ["2026-03-09T09:00", "2026-03-09T08:59", "2026-03-09T12:00+09:00"])
def test_the_end_comes_after_the_start(end: str) -> None:
    said = faults(schedule={"start": "2026-03-09T09:00", "end": end, "timezone": NEW_YORK})
    assert "".join(said) == (
        f"schedule.end: expected an instant after schedule.start, got {end}, "
        "which is not after 2026-03-09T09:00"
    )


@pytest.mark.parametrize("value", ["2026-03-09T09:00", ["x"], ""])
def test_a_schedule_is_keys_and_values(value: Any) -> None:
    assert "schedule: expected keys and values, got" in fault(schedule=value)
