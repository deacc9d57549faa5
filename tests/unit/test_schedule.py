"""What becomes of each touch, by example; the laws of all plans are in test_schedule_laws.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.core.anchor import Anchored
from campaigns.core.definition import Anchor, CallingHours, Offset, Schedule, Span, Touch
from campaigns.core.hours import Hours
from campaigns.core.lifecycle import Outcome
from campaigns.core.offsets import read
from campaigns.core.schedule import TouchPlan, plan_touches
from campaigns.core.spoken import Moment
from campaigns.core.where import Where

ZONE = "America/New_York"
PLACE = ZoneInfo(ZONE)
DAYTIME = CallingHours(days=((Span(start=9 * 60, end=19 * 60),),) * 7)
ALWAYS = CallingHours(always=True)


def wall(text: str) -> datetime:
    """An instant by the clock of New York."""
    return datetime.fromisoformat(text).replace(tzinfo=PLACE).astimezone(UTC)


def anchored(text: str) -> Anchored:
    naive = datetime.fromisoformat(text)
    moment = Moment(date=naive.date(), time=naive.time(), offset=None)
    return Anchored(at=wall(text), place=PLACE, moment=moment, zone=ZONE)


def schedule(*touches: str, **changes: object) -> Schedule:
    values: dict[str, object] = {
        "anchor": Anchor(column="visit_at"),
        "touches": tuple(Touch(name=text, offset=read(text)) for text in touches),
    }
    return Schedule(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


def plan(
    when: Schedule,
    *,
    visit: str = "2026-03-12 14:00",
    now: str = "2026-03-01 12:00",
    hours: CallingHours = DAYTIME,
    zones: tuple[str, ...] = (ZONE,),
) -> tuple[TouchPlan, ...]:
    return plan_touches(
        when, anchored(visit), now=wall(now), hours=Hours(hours), where=Where(zones)
    )


def told(plans: tuple[TouchPlan, ...]) -> list[tuple[str, str, str]]:
    """(name, due on the wall clock, reason or until when and why)."""
    shown = []
    for one in plans:
        due = f"{one.due_at.astimezone(PLACE):%m-%d %H:%M}"
        assert one.deadline_at is not None
        until = f"until {one.deadline_at.astimezone(PLACE):%m-%d %H:%M} {one.expires_as}"
        shown.append((one.name, due, f"{one.outcome} {one.reason}" if one.outcome else until))
    return shown


def test_each_touch_ends_when_the_next_comes_due_and_the_last_at_the_deadline() -> None:
    assert told(plan(schedule("-2d at 17:30", "-3h", deadline=read("-45m")))) == [
        ("-2d at 17:30", "03-10 17:30", "until 03-12 11:00 superseded"),
        ("-3h", "03-12 11:00", "until 03-12 13:15 deadline"),
    ]


def test_they_are_known_by_their_anchor() -> None:
    assert {one.occasion for one in plan(schedule("-2d", "-3h"))} == {"2026-03-12T18:00Z"}


def test_the_campaign_s_end_ends_them_too() -> None:
    ends = schedule("-2d at 17:30", "-3h", end=wall("2026-03-11 12:00"))
    assert told(plan(ends)) == [
        ("-2d at 17:30", "03-10 17:30", "until 03-11 12:00 campaign_end"),
        ("-3h", "03-12 11:00", "expired campaign_end"),
    ]


def test_a_touch_that_is_past_when_the_contact_arrives_is_skipped() -> None:
    found = plan(schedule("-2d", "-1d", "-3h"), now="2026-03-11 15:00")
    assert [one.reason for one in found] == ["past_due", "past_due", None]


def test_or_the_latest_of_them_is_made_now() -> None:
    now = schedule("-2d", "-1d", "-3h", past_due="now")
    assert told(plan(now, now="2026-03-11 15:00")) == [
        ("-2d", "03-10 14:00", "skipped past_due"),
        ("-1d", "03-11 15:00", "until 03-12 11:00 superseded"),
        ("-3h", "03-12 11:00", "until 03-12 14:00 deadline"),
    ]


def test_the_start_is_when_everybody_arrives() -> None:
    started = schedule("-2d", "-3h", start=wall("2026-03-11 09:00"))
    assert [one.reason for one in plan(started)] == ["past_due", None]


def test_an_appointment_that_is_over_has_no_touch_left() -> None:
    found = plan(schedule("-2d", "-3h", past_due="now"), now="2026-03-13 10:00")
    assert [(one.outcome, one.reason) for one in found] == [
        (Outcome.SKIPPED, "past_due"),
        (Outcome.EXPIRED, "deadline"),
    ]


@pytest.mark.parametrize(
    ("when_closed", "second"),
    [
        ("later", ("-1h", "03-12 06:00", "expired deadline")),
        ("earlier", ("-1h", "03-11 18:00", "until 03-12 07:00 deadline")),
        ("skip", ("-1h", "03-12 06:00", "skipped closed_hours")),
    ],
)
def test_a_touch_in_closed_hours_waits_or_is_made_earlier_or_not_at_all(
    when_closed: str, second: tuple[str, str, str]
) -> None:
    found = plan(schedule("-2d", "-1h", when_closed=when_closed), visit="2026-03-12 07:00")
    assert told(found)[1] == second


def test_an_opening_that_is_shorter_than_an_hour_is_used_from_its_beginning() -> None:
    short = CallingHours(days=((Span(start=600, end=630),),) * 7)
    found = plan(schedule("-3h", when_closed="earlier"), hours=short)
    assert told(found)[0][1] == "03-12 10:01"  # hours must be open a minute before


def test_an_opening_that_is_over_lets_the_touch_wait() -> None:
    found = plan(
        schedule("-10h", when_closed="earlier"), visit="2026-03-12 16:00", now="2026-03-12 05:00"
    )
    assert told(found)[0] == ("-10h", "03-12 06:00", "until 03-12 16:00 deadline")


def test_an_opening_that_is_nearly_over_is_used_at_once() -> None:
    found = plan(
        schedule("-1h", when_closed="earlier"), visit="2026-03-12 07:00", now="2026-03-11 18:40"
    )
    assert told(found)[0][1] == "03-11 18:40"


def test_a_touch_at_the_minute_of_opening_is_not_in_closed_hours() -> None:
    found = plan(schedule("-1d at 09:00", when_closed="skip"))
    assert found[0].outcome is None


def test_of_two_touches_that_are_too_close_the_later_is_made() -> None:
    found = plan(schedule("-6h", "-3h", "-1h", min_gap=timedelta(hours=4)), hours=ALWAYS)
    assert told(found) == [
        ("-6h", "03-12 08:00", "until 03-12 13:00 superseded"),
        ("-3h", "03-12 11:00", "skipped min_gap"),
        ("-1h", "03-12 13:00", "until 03-12 14:00 deadline"),
    ]


def test_two_that_would_wait_for_one_opening_are_one() -> None:
    found = plan(
        schedule("-15h", "-10h", min_gap=timedelta(hours=4)),
        visit="2026-03-12 12:00",
        hours=CallingHours(days=((Span(start=9 * 60, end=18 * 60),),) * 7),
    )
    assert [one.reason for one in found] == ["min_gap", None]


def test_an_anchor_without_touches_is_one_call_until_it() -> None:
    (one,) = plan(schedule())
    assert (one.name, one.due_at) == ("", wall("2026-03-01 12:00"))
    assert (one.deadline_at, one.expires_as) == (wall("2026-03-12 14:00"), "deadline")


def test_hours_that_never_open_skip_every_touch() -> None:
    found = plan(schedule("-2d", "-3h"), zones=())
    assert {one.reason for one in found} == {"no_callable_time"}


def test_without_an_anchor_there_is_one_call_from_the_start_on() -> None:
    start = wall("2026-03-02 20:00")
    (one,) = plan_touches(
        Schedule(start=start),
        None,
        now=wall("2026-03-01 12:00"),
        hours=Hours(DAYTIME),
        where=Where((ZONE,)),
    )
    assert (one.due_at, one.deadline_at, one.expires_as) == (start, None, "campaign_end")
    assert one.opens_at == wall("2026-03-03 09:01")


def test_the_distance_counts_on_the_calendar_of_the_anchor() -> None:
    (one,) = plan(schedule("-1d"), visit="2026-03-08 14:00", hours=ALWAYS)
    assert one.due_at == wall("2026-03-07 14:00")
    assert Offset(days=-1) == read("-1d")
