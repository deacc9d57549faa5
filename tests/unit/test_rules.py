"""Every row of the rule packs, against the table of the law as a person wrote it down."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from campaigns.core import public_holidays
from campaigns.core.definition import PURPOSES
from campaigns.core.rules import Rule, packs, rows, rule, said

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

HOURS = {
    # place, purposes, hours of the days, holidays, certainty
    "us-federal-marketing": ("US", "marketing", {"mon-sun": "08-21"}, "", "A"),
    "us-reg-f": ("US", "debt", {"mon-sun": "08-21"}, "", "A"),
    "us-fl-marketing": ("US-FL", "marketing", {"mon-sun": "08-20"}, "", "A"),
    "us-ok-marketing": ("US-OK", "marketing", {"mon-sun": "08-20"}, "", "A"),
    "us-md-marketing": ("US-MD", "marketing", {"mon-sun": "08-20"}, "", "A"),
    "us-wa-marketing": ("US-WA", "marketing", {"mon-sun": "08-20"}, "", "A"),
    "us-tx-marketing": ("US-TX", "marketing", {"mon-sat": "09-21", "sun": "12-21"}, "", "A"),
    "us-ri-marketing": ("US-RI", "marketing", {"mon-fri": "09-18", "sat": "10-17"}, "US-RI", "B"),
    "us-ky-marketing": ("US-KY", "marketing", {"mon-sun": "10-21"}, "", "B"),
    "us-al-marketing": ("US-AL", "marketing", {"mon-sat": "08-20"}, "US-AL", "B"),
    "us-la-marketing": ("US-LA", "marketing", {"mon-sat": "08-20"}, "US-LA", "B"),
    "us-ms-marketing": ("US-MS", "marketing", {"mon-sat": "08-20"}, "", "B"),
    "us-ms-holidays": ("US-MS", "marketing", {"mon-sun": "00-24"}, "US-MS", "C"),
    "us-ct-marketing": ("US-CT", "marketing", {"mon-sun": "09-20"}, "", "B"),
    "us-ma-marketing": ("US-MA", "marketing", {"mon-sun": "08-20"}, "", "C"),
    "us-nv-marketing": ("US-NV", "marketing", {"mon-sun": "09-20"}, "", "C"),
    "us-mi-marketing": ("US-MI", "marketing", {"mon-sun": "09-21"}, "", "C"),
    "us-mn-marketing": ("US-MN", "marketing", {"mon-sun": "09-21"}, "", "C"),
    "us-nm-marketing": ("US-NM", "marketing", {"mon-sun": "09-21"}, "", "C"),
    "us-wy-marketing": ("US-WY", "marketing", {"mon-sun": "08-20"}, "", "C"),
    "us-pa-marketing": ("US-PA", "marketing", {"mon-sun": "08-21"}, "US-PA", "A"),
    "us-pa-sunday": ("US-PA", "marketing", {"mon-sat": "08-21"}, "", "C"),
    "us-ut-marketing": ("US-UT", "marketing", {"mon-sat": "09-21"}, "US-UT", "C"),
    "us-sd-marketing": ("US-SD", "marketing", {"mon-sat": "09-21"}, "US-SD", "C"),
    "us-me-marketing": ("US-ME", "marketing", {"mon-fri": "09-17"}, "", "C"),
    "us-ne-marketing": (
        *("US-NE", "marketing", {"mon-sat": "08-21", "sun": "13-21"}),
        *("US-NE", "C"),  # 13-21 on a holiday too, which a day without a name cannot say: closed
    ),
    "us-il-marketing": ("US-IL", "marketing", {"mon-sun": "09-21"}, "", "C"),
    "us-ca-marketing": ("US-CA", "marketing", {"mon-sun": "08-21"}, "", "A"),
    "ca-marketing": ("CA", "marketing", {"mon-fri": "09-21:30", "sat-sun": "10-18"}, "", "A"),
    "ca-bc-holidays": ("CA-BC", "marketing", {"mon-sun": "00-24"}, "CA-BC", "B"),
    "uk-marketing": ("GB", "marketing", {"mon-fri": "09-20", "sat": "10-17"}, "", "A"),
    "fr-marketing": ("FR", "marketing", {"mon-fri": "10-13 14-20"}, "FR", "A"),
    "es-marketing": ("ES", "marketing", {"mon-fri": "09-21"}, "ES", "A"),
    "de-marketing": ("DE", "marketing", {"mon-sun": "09-20"}, "", "B"),
    "it-marketing": ("IT", "marketing", {"mon-fri": "09-20", "sat": "10-19"}, "", "C"),
    "nl-marketing": ("NL", "marketing", {"mon-fri": "09-20", "sat": "10-19"}, "", "C"),
    "in-marketing": ("IN", "marketing", {"mon-sun": "09-21"}, "", "A"),  # none from 21 to 9
    "in-marketing-10": ("IN", "marketing", {"mon-sun": "10-21"}, "", "C"),
    "in-loan-recovery": ("IN", "debt", {"mon-sun": "08-19"}, "", "A"),
    "au-marketing": ("AU", "marketing", {"mon-fri": "09-20", "sat": "09-17"}, "AU", "A"),
    "au-research": ("AU", "survey", {"mon-fri": "09-20:30", "sat-sun": "09-17"}, "AU", "A"),
}

WITHOUT_HOURS = {
    # place, purposes, what it asks for, certainty
    "us-ai-voice": ("US", "all", "disclosure", "A"),
    "us-ai-voice-marketing": ("US", "marketing", "consent, disclosure", "A"),
    "us-opt-out": ("US", "all", "", "A"),
    "us-ca-natural-voice": ("US-CA", "marketing", "consent, disclosure", "C"),
    "us-ut-ai": ("US-UT", "all", "disclosure", "C"),
    "us-me-ai": ("US-ME", "all", "disclosure", "C"),
    "uk-automated-marketing": ("GB", "marketing", "consent", "C"),
    "eu-automated-marketing": ("EU", "marketing", "consent", "A"),
    "eu-ai-act": ("EU", "all", "disclosure", "A"),
}

CAPS = {
    "us-reg-f": [(7, timedelta(days=7))],
    "us-fl-marketing": [(3, timedelta(hours=24))],
    "us-ok-marketing": [(3, timedelta(hours=24))],
    "us-md-marketing": [(3, timedelta(hours=24))],
    "fr-marketing": [(4, timedelta(days=30))],
}

ASKS = {
    "us-fl-marketing": "consent",
    "us-ok-marketing": "consent",
    "us-wa-marketing": "disclosure",
    "us-ca-marketing": "disclosure",
    "ca-marketing": "consent",
    "fr-marketing": "consent",
    "es-marketing": "consent",
    "de-marketing": "consent",
    "nl-marketing": "consent",
}

PACKS = {
    "us-tcpa": 33,
    "us-debt": 1,
    "canada": 2,
    "uk": 2,
    "eu": 2,
    "france": 1,
    "spain": 1,
    "germany": 1,
    "italy": 1,
    "netherlands": 1,
    "india": 2,
    "india-loans": 1,
    "australia": 2,
}


def minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute or 0)


def spans(text: str) -> list[tuple[int, int]]:
    return [
        (minutes(first), minutes(last))
        for first, _, last in (part.partition("-") for part in text.split())
    ]


def week(days: dict[str, str]) -> list[list[tuple[int, int]]]:
    found: list[list[tuple[int, int]]] = [[] for _ in WEEK]
    for named, hours in days.items():
        first, _, last = named.partition("-")
        for day in range(WEEK.index(first), WEEK.index(last or first) + 1):
            found[day] = spans(hours)
    return found


def test_no_row_is_without_a_test_and_none_is_missing() -> None:
    assert {row.key for row in rows()} == {*HOURS, *WITHOUT_HOURS}
    assert len(rows()) == len(HOURS) + len(WITHOUT_HOURS)
    assert {name: len(of) for name, of in packs().items()} == PACKS


@pytest.mark.parametrize("key", HOURS)
def test_the_hours_of_a_row(key: str) -> None:
    place, purposes, days, holidays, certainty = HOURS[key]
    row = rule(key)
    assert (row.place, said.purposes(row), row.certainty.value) == (place, purposes, certainty)
    assert row.hours is not None
    assert [[(span.start, span.end) for span in day] for day in row.hours.days] == week(days)
    assert row.hours.holidays == ((holidays,) if holidays else ())
    assert (row.hours.timezone, row.hours.closed, row.hours.open) == ("contact", (), {})
    assert not row.hours.always
    assert said.asks(row) == ASKS.get(key, "")


@pytest.mark.parametrize("key", WITHOUT_HOURS)
def test_a_row_that_only_asks_for_something(key: str) -> None:
    place, purposes, asks, certainty = WITHOUT_HOURS[key]
    row = rule(key)
    assert (row.place, said.purposes(row), row.certainty.value) == (place, purposes, certainty)
    assert (row.hours, said.asks(row)) == (None, asks)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.key)
def test_every_row_has_its_caps_its_source_and_its_dates(row: Rule) -> None:
    assert [(cap.calls, cap.per) for cap in row.caps] == CAPS.get(row.key, [])
    after = timedelta(days=7) if row.key == "us-reg-f" else None
    assert row.after_conversation == after
    assert row.says.endswith(".")
    assert row.source
    assert row.purposes <= set(PURPOSES)
    assert row.as_of == date(2026, 11, 1)
    early = {"us-opt-out", "us-pa-sunday"}
    review = date(2027, 1, 31) if row.key in early else date(2027, 11, 1)
    assert row.review_by == review
    assert row.binds == (row.key != "us-opt-out")


def test_the_holidays_of_every_row_are_known() -> None:
    places = {place for row in rows() if row.hours for place in row.hours.holidays}
    assert len(places) == 12
    for place in places:
        assert public_holidays.of_year(place, 2026), place
