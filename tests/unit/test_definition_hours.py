"""Calling hours: what can be read two ways is refused, for a phone would ring at the wrong hour."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.definition import CallingHours, DateRange, Span
from tests.support.trees import definition, fault, faults

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours(**keys: Any) -> CallingHours:
    return definition(
        calling_hours={key.replace("_", "-"): say for key, say in keys.items()}
    ).calling_hours


def open_days(key: str) -> list[str]:
    found = definition(calling_hours={key: "09:00-17:00"}).calling_hours
    return [day for day, spans in zip(DAYS, found.days, strict=True) if spans]


def test_always_is_a_word() -> None:
    assert definition(calling_hours="always").calling_hours == CallingHours(always=True)


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("sat", ["sat"]),
        ("Saturday", ["sat"]),
        ("mon-fri", ["mon", "tue", "wed", "thu", "fri"]),
        ("mon – wed", ["mon", "tue", "wed"]),
        ("mon, wed", ["mon", "wed"]),
        ("mon-tue, sun", ["mon", "tue", "sun"]),
        ("sun-thu", ["mon", "tue", "wed", "thu", "sun"]),
        ("fri-mon", ["mon", "fri", "sat", "sun"]),
        ("mon-sun", list(DAYS)),
    ],
)
def test_days(key: str, days: list[str]) -> None:
    assert open_days(key) == days


def test_a_day_not_named_is_closed() -> None:
    assert hours(sat="10:00-14:00").days == ((),) * 5 + ((Span(start=600, end=840),), ())


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        ("09:00-12:30, 13:30-19:00", [(540, 750), (810, 1140)]),
        (["09:00-12:30", "13:30-19:00"], [(540, 750), (810, 1140)]),
        ("13:30-19:00,9:00-12:30", [(540, 750), (810, 1140)]),
        ("09:00–17:00", [(540, 1020)]),
        ("00:00-24:00", [(0, 1440)]),
        ("09:00-12:00, 12:00-17:00", [(540, 720), (720, 1020)]),
        ("closed", []),
    ],
)
def test_hours_are_spans_of_minutes(value: Any, spans: list[tuple[int, int]]) -> None:
    assert hours(mon=value).days[0] == tuple(Span(start=one, end=two) for one, two in spans)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("20:00-02:00", "(split at midnight: 20:00-24:00 and, on the next day, 00:00-02:00)"),
        ("20:00-00:00", "(write 24:00 for the end)"),
        ("09:00-09:00", "(00:00-24:00 is the whole day)"),
        ("09:00-09:01", "expected hours of more than two minutes, got 09:00-09:01 (a call keeps"),
        ("08:00-12:00, 13:00-13:02", "expected hours of more than two minutes, got 13:00-13:02"),
        ("24:00-24:00", "expected hours that start before 24:00"),
        ("09:00-24:01", "expected times from 00:00 to 24:00, got 24:01"),
        ("09:60-10:00", "expected times from 00:00 to 24:00, got 09:60"),
        ("9-17", "(a time is written 09:00 or 17:30, in 24 hours)"),
        ("9am-5pm", "(a time is written 09:00 or 17:30, in 24 hours)"),
        ("09:00", "expected hours such as 09:00-12:30, 13:30-19:00, got 09:00"),
        ("09:00-12:00-15:00", "expected hours such as"),
        ("09:00-12:00, 11:00-15:00", "do not overlap, got 09:00-12:00 and 11:00-15:00"),
        ("09:00-17:00, 10:00-11:00", "do not overlap, got 09:00-17:00 and 10:00-11:00"),
        ("", "got nothing"),
        ([], "got nothing"),
        ({"from": "09:00"}, "expected a text, got keys and values"),
    ],
)
def test_other_hours_are_refused(value: Any, says: str) -> None:
    said = fault(calling_hours={"mon": value})
    assert said.startswith("calling_hours.mon: ")
    assert says in said


def test_a_day_named_twice_is_refused() -> None:
    said = fault(calling_hours={"mon-fri": "09:00-12:00", "fri": "13:00-17:00"})
    assert "calling_hours.fri: expected each day once, got fri in mon-fri and in fri" in said


def test_the_same_day_in_two_spellings_is_still_twice() -> None:
    assert "each day once" in fault(calling_hours={"mon": "09:00-12:00", "Monday": "13:00-17:00"})


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("weekdays", "write mon-fri"),
        ("weekend", "write sat-sun"),
        ("daily", "write mon-sun"),
        ("mon to fri", ""),
        ("mon-", ""),
        ("mon-wed-fri", ""),
    ],
)
def test_other_words_for_days_are_told_ours(key: str, hint: str) -> None:
    said = fault(calling_hours={key: "09:00-12:00"})
    assert "expected days such as mon-fri" in said
    assert hint in said


@pytest.mark.parametrize("keys", [{}, {"timezone": "contact"}, {"closed": "2026-11-27"}])
def test_hours_without_a_day_are_refused_for_they_would_never_open(keys: dict[str, str]) -> None:
    said = fault(calling_hours=keys)
    assert said.startswith("calling_hours: expected the days on which phones may ring, got none")


def test_closed_takes_dates_and_ranges_with_both_ends() -> None:
    found = hours(mon="09:00-10:00", closed=["2026-11-27", "2026-12-24/2027-01-01"]).closed
    assert found == (
        DateRange(first=date(2026, 11, 27), last=date(2026, 11, 27)),
        DateRange(first=date(2026, 12, 24), last=date(2027, 1, 1)),
    )
    assert hours(mon="09:00-10:00", closed="2026-11-27").closed == found[:1]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("27.11.2026", "expected a date such as 2026-11-27, got 27.11.2026"),
        ("2026-02-30", "no such day or time in the calendar"),
        ("2026-11-27T09:00", "expected a date such as 2026-11-27"),
        ("2026-12-24/", "expected a text"),
        ("2027-01-01/2026-12-24", "(write the earlier date first)"),
        ("0026-11-27", "expected a year from 2000 to 2199"),
    ],
)
def test_other_dates_are_refused(value: str, says: str) -> None:
    assert says in fault(calling_hours={"mon": "09:00-10:00", "closed": [value]})


def test_open_gives_one_date_hours_of_its_own() -> None:
    found = hours(open={"2026-10-12": "09:00-12:00, 13:00-17:00"})
    assert found.open == {date(2026, 10, 12): (Span(start=540, end=720), Span(start=780, end=1020))}
    assert found.days == ((),) * 7


def test_unquoted_hours_in_braces_are_explained() -> None:
    said = faults(
        calling_hours={
            "mon": "09:00-10:00",
            "open": {"2026-10-12": "09:00-12:00", "13:00-17:00": ""},
        }
    )
    assert "".join(said) == (
        "calling_hours.open.13:00-17:00: expected a date such as 2026-10-12, got 13:00-17:00 "
        "(inside { } several hours need quotes: {2026-10-12: '09:00-12:00, 13:00-17:00'})"
    )


def test_a_date_is_not_both_open_and_closed() -> None:
    said = fault(
        calling_hours={
            "mon": "09:00-10:00",
            "closed": "2026-12-24/2027-01-01",
            "open": {"2026-12-28": "09:00-12:00"},
        }
    )
    assert "calling_hours.open.2026-12-28: expected a date that is not also under `closed`" in said


def test_open_with_no_hours_belongs_under_closed() -> None:
    said = fault(calling_hours={"mon": "09:00-10:00", "open": {"2026-12-28": "closed"}})
    assert "put the date under `closed`" in said


def test_the_clock_is_the_contact_s_or_one_zone_s() -> None:
    assert hours(mon="09:00-10:00").timezone == "contact"
    assert hours(mon="09:00-10:00", timezone="Asia/Calcutta").timezone == "Asia/Kolkata"
    said = fault(calling_hours={"mon": "09:00-10:00", "timezone": "EST"})
    assert "expected contact, or an IANA zone such as America/New_York, got EST" in said
    assert "did you mean America/New_York?" in said


@given(st.lists(st.integers(0, 480), min_size=2, max_size=8, unique=True))
def test_any_hours_that_do_not_overlap_are_kept_in_order(thirds: list[int]) -> None:
    edges = [3 * third for third in sorted(thirds[: len(thirds) // 2 * 2])]
    pairs = list(zip(edges[::2], edges[1::2], strict=True))
    text = ", ".join(
        f"{one // 60:02}:{one % 60:02}-{two // 60:02}:{two % 60:02}" for one, two in reversed(pairs)
    )
    assert [(span.start, span.end) for span in hours(mon=text).days[0]] == pairs


@pytest.mark.parametrize(
    ("written", "places"),
    [("US-MA", ("US-MA",)), ("us-ma", ("US-MA",)), (["DE-BY", "AT", "AT"], ("DE-BY", "AT"))],
)
def test_places_with_public_holidays(written: object, places: tuple[str, ...]) -> None:
    hours = definition(calling_hours={"mon-fri": "09:00-17:00", "holidays": written})
    assert hours.calling_hours.holidays == places


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("UK", "write GB"),
        ("USA-MA", "write US-MA"),
        ("US-MZ", "did you mean US-"),
        ("SG-XX", "SG is not divided: write SG"),
        ("Massachusetts", "among them are"),
    ],
)
def test_a_place_nobody_knows_is_told_the_near_one(written: str, hint: str) -> None:
    (said,) = faults(calling_hours={"mon-fri": "09:00-17:00", "holidays": written})
    assert said.startswith("calling_hours.holidays: expected a country such as US, or a part of")
    assert hint in said
