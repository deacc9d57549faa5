"""The laws of every plan, whatever touches, hours, clocks and instants it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.anchor import Anchored
from campaigns.core.definition import Anchor, CallingHours, Offset, Schedule, Span, Touch
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.offsets import first_instant, land
from campaigns.core.schedule import TouchPlan, plan_touches
from campaigns.core.spoken import Moment
from campaigns.core.where import Where

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")
NIGHTS = (  # clocks go forward or back somewhere on each of them
    *((2026, 3, 8), (2026, 11, 1), (2026, 3, 29), (2026, 10, 25), (2026, 4, 5), (2026, 10, 4)),
    (2026, 6, 17),
)
M = timedelta(minutes=1)
_DAY, _SPLIT = (Span(start=540, end=1140),), (Span(start=480, end=750), Span(start=810, end=1200))
_SHORT, _LATE = (Span(start=600, end=630),), (Span(start=1080, end=1440),)
HOURS = [  # worked out once for all cases
    Hours(CallingHours(always=True)),
    Hours(CallingHours(days=(_DAY,) * 7)),
    Hours(CallingHours(days=(_SPLIT,) * 5 + ((),) * 2)),
    Hours(CallingHours(days=(_SHORT, ()) * 3 + (_SHORT,))),
    Hours(CallingHours(days=(_LATE,) * 7)),
]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that one plan is made of."""

    schedule: Schedule
    anchor: Anchored
    now: datetime
    hours: Hours
    where: Where

    def plan(self) -> tuple[TouchPlan, ...]:
        return plan_touches(
            self.schedule, self.anchor, now=self.now, hours=self.hours, where=self.where
        )


OFFSETS = st.builds(
    lambda days, at, minutes: Offset(
        days=-days, at=at, elapsed=timedelta(0) if at is not None else -minutes * M
    ),
    days=st.integers(0, 3),
    at=st.none() | st.integers(0, 1439),
    minutes=st.integers(0, 1500),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone = draw(st.sampled_from(ZONES))
    place = ZoneInfo(zone)
    wall = datetime(*draw(st.sampled_from(NIGHTS))) + draw(st.integers(-1440, 2880)) * M  # noqa: DTZ001
    at = first_instant(wall, place)
    offsets = draw(st.lists(OFFSETS, min_size=0, max_size=4))
    schedule = Schedule(
        start=draw(st.none() | st.just(at - timedelta(days=2))),
        end=draw(st.none() | st.just(at - timedelta(hours=20))),
        anchor=Anchor(column="visit_at"),
        touches=tuple(Touch(name=f"t{n}", offset=offset) for n, offset in enumerate(offsets)),
        deadline=draw(st.none() | OFFSETS),
        past_due=draw(st.sampled_from(["skip", "now"])),
        when_closed=draw(st.sampled_from(["later", "earlier", "skip"])),
        min_gap=draw(st.integers(0, 600)) * M,
    )
    return Case(
        schedule=schedule,
        anchor=Anchored(
            at=at,
            place=place,
            moment=Moment(date=wall.date(), time=wall.time(), offset=None),
            zone=zone,
        ),
        now=at - draw(st.integers(-600, 6000)) * M,
        hours=draw(st.sampled_from(HOURS)),
        where=draw(st.sampled_from([Where((zone,)), Where((zone, "America/Los_Angeles"))])),
    )


def arrival(case: Case) -> datetime:
    return max(filter(None, (case.now, case.schedule.start)))


def last(case: Case) -> datetime:
    deadline = case.schedule.deadline or Offset()
    ends = [land(deadline, case.anchor.at, case.anchor.place), case.schedule.end]
    return min(filter(None, ends))


@given(case=cases())
@settings(max_examples=150)
def test_every_touch_is_planned_once_and_dues_lie_in_order(case: Case) -> None:
    plans = case.plan()
    names = sorted(one.name for one in case.schedule.touches) or [""]
    assert sorted(one.name for one in plans) == names
    assert all(one.due_at <= two.due_at for one, two in pairwise(plans))
    assert all(one.due_at.tzinfo is UTC for one in plans)


@given(case=cases())
@settings(max_examples=150)
def test_what_is_made_is_due_after_the_arrival_and_can_be_made_before_its_deadline(
    case: Case,
) -> None:
    for one in case.plan():
        if one.outcome is not None:
            assert one.reason
            continue
        assert one.deadline_at is not None
        assert one.opens_at is not None
        assert arrival(case) <= one.due_at <= one.opens_at < one.deadline_at <= last(case)
        assert case.hours.is_open(one.opens_at, case.where, EDGE_MARGIN)


@given(case=cases())
@settings(max_examples=150)
def test_a_deadline_is_the_next_touch_s_due_or_the_end_and_says_which(case: Case) -> None:
    made = [one for one in case.plan() if one.outcome is None]
    for one, following in pairwise(made):
        assert (one.deadline_at, one.expires_as) == (following.due_at, "superseded")
    if made:
        assert made[-1].deadline_at == last(case)
        end = case.schedule.end
        why = "campaign_end" if end == last(case) else "deadline"
        assert made[-1].expires_as == why


@given(case=cases())
@settings(max_examples=150)
def test_of_touches_that_are_too_close_exactly_the_last_is_made(case: Case) -> None:
    plans, gap = case.plan(), case.schedule.min_gap
    made = [one for one in plans if one.outcome is None]
    for one, following in pairwise(made):
        assert following.due_at - one.due_at >= gap
        assert one.opens_at is not None
        assert following.opens_at is not None
        assert following.opens_at - one.opens_at >= gap
    for place, one in enumerate(plans):
        if one.reason == "min_gap":
            following = next(two for two in plans[place + 1 :] if two.outcome is None)
            opening = case.hours.next_open(one.due_at, case.where, EDGE_MARGIN)
            assert opening is not None
            assert following.opens_at is not None
            closest = min(following.due_at - one.due_at, following.opens_at - opening)
            assert closest < gap


@given(case=cases())
@settings(max_examples=150)
def test_with_earlier_nothing_is_due_in_closed_hours_unless_nothing_before_was_open(
    case: Case,
) -> None:
    if case.schedule.when_closed != "earlier" or not case.schedule.touches:
        return
    since = arrival(case)
    for one in case.plan():
        if one.reason == "past_due" or one.due_at == arrival(case):
            continue
        opening = case.hours.next_open(one.due_at, case.where, EDGE_MARGIN)
        if opening is None or opening - one.due_at > EDGE_MARGIN:
            look = since
            while look < one.due_at:
                assert not case.hours.is_open(look, case.where, EDGE_MARGIN)
                look += 10 * M
        since = max(since, one.due_at)


@given(case=cases(), seed=st.integers(0, 99))
@settings(max_examples=150)
def test_the_plan_of_the_same_inputs_is_the_same_in_whatever_order_the_file_has_them(
    case: Case, seed: int
) -> None:
    plans = case.plan()
    assert plans == case.plan()
    dues = [land(one.offset, case.anchor.at, case.anchor.place) for one in case.schedule.touches]
    if len(set(dues)) < len(dues):
        return  # two at one instant are in the order of the file
    touches = list(case.schedule.touches)
    Random(seed).shuffle(touches)
    shuffled = case.schedule.model_copy(update={"touches": tuple(touches)})
    assert plans == plan_touches(
        shuffled, case.anchor, now=case.now, hours=case.hours, where=case.where
    )


@given(case=cases())
@settings(max_examples=150)
def test_later_leaves_every_due_where_the_file_puts_it(case: Case) -> None:
    if case.schedule.when_closed == "earlier" or not case.schedule.touches:
        return
    raw = {
        touch.name: land(touch.offset, case.anchor.at, case.anchor.place)
        for touch in case.schedule.touches
    }
    for one in case.plan():
        if one.due_at != raw[one.name]:
            assert case.schedule.past_due == "now"
            assert one.due_at == arrival(case) > raw[one.name]
