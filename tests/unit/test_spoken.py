"""Dates and times as an agent says them, and nothing that could be read two ways."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.languages import LANGUAGES
from campaigns.core.spoken import Unreadable, read, say

HERE = "America/New_York"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-10 14:00", "Tuesday, March 10 at 2 PM"),
        ("2026-03-10T14:30", "Tuesday, March 10 at 2:30 PM"),
        ("2026-03-10 14:05:09", "Tuesday, March 10 at 2:05 PM"),
        ("2026-03-10T14:00-05:00", "Tuesday, March 10 at 2 PM"),
        ("2026-03-10T14:00+0530", "Tuesday, March 10 at 2 PM"),
        ("2026-03-10T14:00:00.000Z", "Tuesday, March 10 at 2 PM"),
        ("2026-03-10 00:00", "Tuesday, March 10 at 12 AM"),
        ("2026-03-10 12:15", "Tuesday, March 10 at 12:15 PM"),
        ("2026-01-01", "Thursday, January 1"),
        ("09:30", "9:30 AM"),
        ("  14:00 ", "2 PM"),
    ],
)
def test_a_moment_is_said_on_the_clock_it_was_written_by(text: str, said: str) -> None:
    assert say(text, HERE) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3/10/2026 2:30 PM", "not a date or time"),
        ("March 10 at 2 PM", "not a date or time"),
        ("20260310", "not a date or time"),
        ("2026-W10-2", "not a date or time"),
        ("", "not a date or time"),
        ("2026-03-10 ", ""),
        ("2026-03-10T", "not a date or time"),
        ("2026-02-30", "calendar"),
        ("2026-03-10 24:00", "next"),
        ("14:00-05:00", "without a date"),
        ("2026-03-10T14:00+23:00", "offset"),
        ("2026-03-08 02:30", "does not exist"),
    ],
)
def test_what_can_be_read_two_ways_or_none_is_refused(text: str, why: str) -> None:
    if not why:
        assert say(text, HERE)
        return
    with pytest.raises(Unreadable, match=why):
        say(text, HERE)


def test_a_date_time_without_any_zone_is_an_error() -> None:
    with pytest.raises(Unreadable, match=r"schedule\.timezone"):
        say("2026-03-10 14:00", None)
    assert say("2026-03-10", None) == "Tuesday, March 10"
    assert say("14:00", None) == "2 PM"
    assert say("2026-03-10 14:00Z", None) == "Tuesday, March 10 at 2 PM"


def test_instants() -> None:
    assert read("2026-03-10 14:00").instant(HERE) == datetime(2026, 3, 10, 18, tzinfo=UTC)
    assert read("2026-03-10T14:00-05:00").instant(HERE) == datetime(2026, 3, 10, 19, tzinfo=UTC)
    assert read("2026-03-10").instant(HERE) == datetime(2026, 3, 10, 4, tzinfo=UTC)
    with pytest.raises(Unreadable):
        read("14:00").instant(HERE)


@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    separator=st.sampled_from(" T"),
)
def test_every_iso_minute_is_said(at: datetime, separator: str) -> None:
    said = say(at.strftime(f"%Y-%m-%d{separator}%H:%MZ"), None)
    back = datetime.strptime(  # noqa: DTZ007
        f"{at.year} {said}".replace(":", " "),
        "%Y %A, %B %d at %I %M %p" if at.minute else "%Y %A, %B %d at %I %p",
    )
    assert back == at.replace(second=0, microsecond=0)


@given(text=st.text(max_size=40))
def test_any_text_is_said_or_refused(text: str) -> None:
    try:
        assert say(text, HERE)
    except Unreadable:
        return


@pytest.mark.parametrize(
    ("locale", "said", "alone", "first"),
    [
        ("en", "Tuesday, March 10 at 2:30 PM", "1 AM", "Sunday, March 1"),
        ("es", "martes 10 de marzo a las 14:30", "1:00", "domingo 1 de marzo"),
        ("fr", "mardi 10 mars à 14 h 30", "1 h", "dimanche 1er mars"),
        ("de", "Dienstag, 10. März um 14:30 Uhr", "1 Uhr", "Sonntag, 1. März"),
        ("pt", "terça-feira, 10 de março às 14h30", "1h", "domingo, 1º de março"),
        ("it", "martedì 10 marzo alle 14:30", "1:00", "domenica 1º marzo"),
    ],
)
def test_every_language_says_days_and_times(locale: str, said: str, alone: str, first: str) -> None:
    assert say("2026-03-10 14:30", HERE, locale=locale) == said
    assert say("01:00", None, locale=locale) == alone
    assert say("2026-03-01", None, locale=locale) == first


@pytest.mark.parametrize(
    ("locale", "today", "friday"),
    [
        ("en", "today at 1 AM", "Friday"),
        ("es", "hoy a la 1:00", "el viernes"),
        ("fr", "aujourd'hui à 1 h", "vendredi"),
        ("de", "heute um 1 Uhr", "Freitag"),
        ("pt", "hoje à 1h", "sexta-feira"),
        ("it", "oggi all'1:00", "venerdì"),
    ],
)
def test_every_language_says_what_is_near(locale: str, today: str, friday: str) -> None:
    now = datetime(2026, 3, 10, 15, tzinfo=UTC)
    assert say("2026-03-10 01:00", HERE, locale=locale, relative_to=now) == today
    assert say("2026-03-13", HERE, locale=locale, relative_to=now) == friday
    with pytest.raises(Unreadable, match="zone"):
        say("2026-03-13", None, locale=locale, relative_to=now)


def test_every_language_has_seven_days_and_twelve_months() -> None:
    for language in LANGUAGES.values():
        assert (len(set(language.days)), len(set(language.months))) == (7, 12)
