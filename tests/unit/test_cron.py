"""When a cron fires: once for each wall time, also in the nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import zones
from campaigns.core.cron import GRACE, next_firing
from tests.support.trees import definition, fault, faults

NEW_YORK = "America/New_York"


def firings(written: str, zone: str, after: str, count: int) -> list[str]:
    at = datetime.fromisoformat(after).astimezone(UTC)
    found = []
    for _ in range(count):
        following = next_firing(written, zone, at)
        assert following is not None
        at = following
        found.append(at.isoformat(timespec="minutes")[:-6])
    return found


def test_it_fires_on_the_wall_clock_of_its_zone() -> None:
    assert firings("0 9 * * mon-fri", "Asia/Kolkata", "2026-10-02T00:00Z", 3) == [
        "2026-10-02T03:30",
        "2026-10-05T03:30",
        "2026-10-06T03:30",
    ]


def test_an_hour_that_comes_twice_fires_once() -> None:
    assert firings("30 1 * * *", NEW_YORK, "2026-10-31T06:00Z", 3) == [
        "2026-11-01T05:30",  # the first of the two
        "2026-11-02T06:30",
        "2026-11-03T06:30",
    ]


def test_an_hour_that_is_left_out_fires_as_the_clocks_go_forward() -> None:
    assert firings("30 2 * * *", NEW_YORK, "2026-03-07T00:00Z", 3) == [
        "2026-03-07T07:30",
        "2026-03-08T07:00",
        "2026-03-09T06:30",
    ]


def test_a_day_that_is_left_out_fires_as_it_would_have_begun() -> None:
    assert firings("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00Z", 3) == [
        "2011-12-29T22:00",
        "2011-12-30T10:00",
        "2011-12-30T22:00",
    ]


def test_a_firing_is_never_the_instant_that_was_asked_about() -> None:
    first = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
    assert next_firing("0 10 1 * *", NEW_YORK, first - timedelta(microseconds=1)) == first
    assert next_firing("0 10 1 * *", NEW_YORK, first) == datetime(2026, 4, 1, 14, 0, tzinfo=UTC)


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    zone=st.sampled_from(
        [NEW_YORK, "Europe/Dublin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata"]
    ),
    day=st.integers(0, 3650),
)
def test_a_daily_cron_fires_once_each_local_day(
    minute: int, hour: int, zone: str, day: int
) -> None:
    place = zones.load(zone)
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day)
    for _ in range(3):
        following = next_firing(f"{minute} {hour} * * *", zone, at)
        assert following is not None
        walls = [one.astimezone(place).replace(tzinfo=None) for one in (at, following)]
        gap = following - at
        if at != datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day):
            assert (walls[1].date() - walls[0].date()).days == 1
            assert timedelta(hours=22) <= gap <= timedelta(hours=26)
        # Never before the time it names, and later only by what the clocks left out.
        late = walls[1] - walls[1].replace(hour=hour, minute=minute)
        assert timedelta(0) <= late <= timedelta(hours=1)
        at = following


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0 0 31 2 *", "expected a cron that fires, got 0 0 31 2 * (no year has such a day)"),
        ("* * * *", "got 4 fields: * * * *"),
        ("0 0 0 1 1 *", "got 6 fields"),
        ("@daily", "got 1 field: @daily"),
        ("0 25 * * *", "out of range"),
        ("a b c d e", "expected a cron of five fields"),
        ("0 0 * * mon#1", "expected a cron of five fields"),
    ],
)
def test_what_is_no_cron_says_so(written: str, said: str) -> None:
    for section in (
        {"schedule": {"cron": written, "timezone": NEW_YORK}},
        {
            "contacts": {"file": "a.csv", "refresh": written},
            "schedule": {"timezone": NEW_YORK},
        },
    ):
        assert said in fault(**section)


@pytest.mark.parametrize(
    "written",
    [
        *("R 10 * * *", "r(0-9) 10 * * *", "H 10 * * *", "h/5 10 * * *", "0 r * * *"),
        *("0 0 R * *", "0 0 28-L * *", "0 0 15W * *", "0 0 ? * *", "0 0 mon * *"),
        *("0 0 * mon *", "0 0 * R *", "0 0 * * jan", "0 0 * * L5", "0 0 * * r", "0 L * * *"),
    ],
)
def test_letters_that_mean_another_time_whenever_they_are_read_are_none(written: str) -> None:
    said = fault(schedule={"cron": written, "timezone": NEW_YORK})
    assert "expected a cron of five fields: minute hour day month weekday" in said


def test_names_and_the_last_day_of_a_month_mean_what_they_say() -> None:
    assert definition(schedule={"cron": "0 9 * JAN-mar,Dec MON-fri,sun", "timezone": NEW_YORK})
    last = {"cron": "0 9 15,L 2-3 *", "timezone": "UTC"}
    assert firings(
        definition(schedule=last).schedule.cron or "", "UTC", "2028-02-01T00:00Z", 4
    ) == [
        "2028-02-15T09:00",
        "2028-02-29T09:00",
        "2028-03-15T09:00",
        "2028-03-31T09:00",
    ]


def test_a_cron_needs_a_clock() -> None:
    assert "schedule.cron: expected schedule.timezone beside it" in fault(
        schedule={"cron": "0 9 * * *"}
    )
    assert "contacts.refresh: expected schedule.timezone beside it" in fault(
        contacts={"file": "a.csv", "refresh": "0 9 * * *"}
    )
    # A zone that is wrong is told, and not asked for again.
    (only,) = faults(schedule={"cron": "0 9 * * *", "timezone": "New York"})
    assert only.startswith("schedule.timezone: expected an IANA zone")


def test_a_cron_fires_between_start_and_end_and_not_beside_an_anchor() -> None:
    within = {"start": "2026-03-02T00:00", "end": "2026-03-30T00:00", "timezone": NEW_YORK}
    assert "expected a firing between start and end, got none" in fault(
        schedule={"cron": "0 10 1 * *", **within}
    )
    assert definition(schedule={"cron": "0 10 2 * *", **within}).schedule.cron == "0 10 2 * *"
    both = {"cron": "0 10 * * *", "anchor": "visit_at", "timezone": NEW_YORK}
    assert "expected either cron or anchor, got both" in fault(schedule=both)


def test_a_list_is_not_read_again_all_the_time() -> None:
    zone = {"timezone": NEW_YORK}
    often = {"file": "a.csv", "refresh": "*/4 * * * *"}
    assert "five minutes apart" in fault(contacts=often, schedule=zone)
    rows = {"rows": [{"to_number": "+16175550100"}], "refresh": "0 3 * * *"}
    assert "expected a file that can be read again, got rows" in fault(contacts=rows, schedule=zone)
    assert "contacts.max_age: expected contacts.refresh beside it" in fault(
        contacts={"file": "a.csv", "max_age": "26h"}
    )
    fine = {"file": "a.csv", "refresh": "  */5  * * * * ", "max_age": "26h"}
    made = definition(contacts=fine, schedule=zone).contacts
    assert (made.refresh, made.max_age) == ("*/5 * * * *", timedelta(hours=26))


def test_a_missed_firing_is_caught_up_for_an_hour() -> None:
    assert timedelta(hours=1) == GRACE
