"""Calling hours: open in every zone, with time to spare, on the clock beside the phone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.core.definition import CallingHours, DateRange, Span
from campaigns.core.hours import LOOK_AHEAD, Hours
from campaigns.core.where import Where

NEW_YORK = Where(("America/New_York",))
MINUTE = timedelta(minutes=1)
NINE_TO_EIGHT = CallingHours(days=((Span(start=540, end=1200),),) * 7, stated=False)
ALL_DAY = CallingHours(days=((Span(start=0, end=1440),),) * 7)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = "America/New_York") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_spans_are_half_open() -> None:
    hours = Hours(NINE_TO_EIGHT)
    assert not hours.is_open(local("2026-06-01T08:59:59"), NEW_YORK)
    assert hours.is_open(local("2026-06-01T09:00"), NEW_YORK)
    assert hours.is_open(local("2026-06-01T19:59:59.999999"), NEW_YORK)
    assert not hours.is_open(local("2026-06-01T20:00"), NEW_YORK)


def test_a_margin_keeps_away_from_both_edges() -> None:
    hours = Hours(NINE_TO_EIGHT)
    assert not hours.is_open(local("2026-06-01T09:00:59"), NEW_YORK, MINUTE)
    assert hours.is_open(local("2026-06-01T09:01"), NEW_YORK, MINUTE)
    assert not hours.is_open(local("2026-06-01T19:59"), NEW_YORK, MINUTE)
    assert hours.next_open(local("2026-06-01T05:00"), NEW_YORK, MINUTE) == local("2026-06-01T09:01")


def test_a_gap_shorter_than_the_margins_is_never_used() -> None:
    hours = Hours(CallingHours(days=((Span(start=600, end=602),),) * 7))
    assert hours.next_open(utc("2026-06-01"), NEW_YORK, MINUTE) is None
    assert hours.next_open(utc("2026-06-01"), NEW_YORK, timedelta(seconds=59)) is not None


def test_every_candidate_zone_must_be_open() -> None:
    hours = Hours(NINE_TO_EIGHT)
    coasts = Where(("America/Los_Angeles", "America/New_York"))
    assert hours.next_open(local("2026-06-01T00:00"), coasts) == local("2026-06-01T12:00")
    assert hours.closes(local("2026-06-01T12:00"), coasts) == local("2026-06-01T20:00")


def test_zones_without_a_common_minute_are_never_called() -> None:
    hours = Hours(CallingHours(days=((Span(start=540, end=600),),) * 7))
    apart = Where(("America/New_York", "Asia/Tokyo"))
    assert hours.next_open(utc("2026-06-01"), apart) is None


def test_an_unknown_place_is_never_called() -> None:
    hours = Hours(ALL_DAY)
    now = utc("2026-06-01")
    for names in ((), ("Mars/Olympus",), ("America/New_York", "Mars/Olympus")):
        nowhere = Where(names)
        assert not hours.is_open(now, nowhere)
        assert hours.next_open(now, nowhere) is None
        assert hours.closes(now, nowhere) == now


def test_always_means_always() -> None:
    hours = Hours(CallingHours(always=True))
    now = utc("2026-06-01T03:00")
    assert hours.is_open(now, Where(()))
    assert hours.next_open(now, Where(())) == now
    assert hours.closes(now, Where(())) == now + LOOK_AHEAD


def test_a_named_zone_takes_the_place_of_the_contacts_own() -> None:
    hours = Hours(NINE_TO_EIGHT.model_copy(update={"timezone": "Europe/Berlin"}))
    for zones in (Where(()), NEW_YORK, Where(("Asia/Tokyo",))):
        assert hours.is_open(local("2026-06-01T09:00", "Europe/Berlin"), zones)
        assert not hours.is_open(local("2026-06-01T20:00", "Europe/Berlin"), zones)


def test_closed_dates_override_days_and_open_dates_override_both() -> None:
    hours = Hours(
        NINE_TO_EIGHT.model_copy(
            update={
                "closed": (DateRange(first=date(2026, 12, 24), last=date(2027, 1, 1)),),
                "open": {date(2026, 12, 28): (Span(start=600, end=720),)},
            }
        )
    )
    assert hours.next_open(local("2026-12-23T20:00"), NEW_YORK) == local("2026-12-28T10:00")
    assert hours.closes(local("2026-12-28T10:00"), NEW_YORK) == local("2026-12-28T12:00")
    assert hours.next_open(local("2026-12-28T12:00"), NEW_YORK) == local("2027-01-02T09:00")


def test_a_day_without_hours_is_closed() -> None:
    weekdays = CallingHours(days=((Span(start=540, end=1200),),) * 5 + ((), ()))
    assert Hours(weekdays).next_open(local("2026-06-05T20:00"), NEW_YORK) == local(
        "2026-06-08T09:00"
    )


def test_the_skipped_hour_of_spring_is_not_waited_for() -> None:
    hours = Hours(CallingHours(days=((Span(start=150, end=300),),) * 7))  # 02:30 to 05:00
    assert hours.next_open(utc("2026-03-08T00:00") + 5 * 60 * MINUTE, NEW_YORK) == utc(
        "2026-03-08T07:00"
    )
    # Hours that lie wholly in the skipped hour do not happen on that day.
    lost = Hours(CallingHours(days=((Span(start=120, end=180),),) * 7))
    assert lost.next_open(local("2026-03-08T00:00"), NEW_YORK) == local("2026-03-09T02:00")


def test_the_repeated_hour_of_autumn_is_open_twice() -> None:
    hours = Hours(CallingHours(days=((Span(start=60, end=90),),) * 7))  # 01:00 to 01:30
    first = hours.next_open(utc("2026-11-01T04:00"), NEW_YORK)
    assert first == utc("2026-11-01T05:00")
    assert hours.closes(first, NEW_YORK) == utc("2026-11-01T05:30")
    assert hours.next_open(utc("2026-11-01T05:30"), NEW_YORK) == utc("2026-11-01T06:00")


def test_midnight_does_not_close_what_is_open_on_both_sides() -> None:
    hours = Hours(ALL_DAY)
    assert hours.is_open(local("2026-06-01T00:00"), NEW_YORK, 60 * MINUTE)
    assert hours.closes(utc("2026-06-01"), NEW_YORK) == utc("2026-06-01") + LOOK_AHEAD


def test_the_horizon_is_respected() -> None:
    hours = Hours(NINE_TO_EIGHT)
    at, opening = local("2026-06-01T00:00"), local("2026-06-01T09:00")
    assert hours.next_open(at, NEW_YORK, horizon=opening - at) == opening
    assert hours.next_open(at, NEW_YORK, horizon=opening - at - MINUTE) is None


def test_answers_are_utc_whatever_the_question_was_in() -> None:
    there = datetime(2026, 6, 1, 6, tzinfo=ZoneInfo("Asia/Tokyo"))
    opening = Hours(NINE_TO_EIGHT).next_open(there, Where(("Asia/Tokyo",)))
    assert opening == utc("2026-06-01T00:00")
    assert opening.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(TypeError):
        Hours(NINE_TO_EIGHT).is_open(datetime(2026, 6, 1), NEW_YORK)  # noqa: DTZ001


# --- public holidays ------------------------------------------------------------------------

PATRIOTS = datetime(2026, 4, 20, 16, 0, tzinfo=UTC)  # a Monday; noon in Boston
BOSTON = NEW_YORK


def on_holidays(*places: str, **more: object) -> Hours:
    days = ((Span(start=9 * 60, end=17 * 60),),) * 7
    return Hours(CallingHours(days=days, holidays=places, **more))  # type: ignore[arg-type]


def test_a_public_holiday_of_the_place_is_closed_and_of_another_is_not() -> None:
    assert on_holidays().is_open(PATRIOTS, BOSTON)
    assert on_holidays("US").is_open(PATRIOTS, BOSTON)  # no federal one
    assert not on_holidays("US-MA").is_open(PATRIOTS, BOSTON)
    assert not on_holidays("DE", "US-MA").is_open(PATRIOTS, BOSTON)
    opens = datetime(2026, 4, 21, 13, 0, tzinfo=UTC)
    assert on_holidays("US-MA").next_open(PATRIOTS, BOSTON) == opens


def test_a_date_that_is_opened_is_open_on_a_holiday() -> None:
    opened = {PATRIOTS.date(): (Span(start=11 * 60, end=13 * 60),)}
    hours = on_holidays("US-MA", open=opened)
    assert hours.is_open(PATRIOTS, BOSTON)
    assert not hours.is_open(PATRIOTS.replace(hour=14), BOSTON)


def test_the_date_is_that_beside_the_phone() -> None:
    at = datetime(2026, 12, 26, 1, 0, tzinfo=UTC)  # Christmas in Honolulu, the day after in Tokyo
    all_day = ((Span(start=0, end=1440),),) * 7
    hours = Hours(CallingHours(days=all_day, holidays=("US",)))
    assert not hours.is_open(at, Where(("Pacific/Honolulu",)))
    assert hours.is_open(at, Where(("Asia/Tokyo",)))
    assert not hours.is_open(at, Where(("Asia/Tokyo", "Pacific/Honolulu")))


def test_a_stored_place_that_nobody_knows_any_more_fails_closed() -> None:
    with pytest.raises(ValueError, match="no public holidays are known of 'XX'"):
        on_holidays("XX")
