"""Calling hours judged against a scan of the wall clocks, around every kind of clock change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holidays import country_holidays
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.core.definition import CallingHours, DateRange, Span
from campaigns.core.hours import LOOK_AHEAD, Hours
from campaigns.core.where import Where

MINUTE = timedelta(minutes=1)
HALF_MINUTE = timedelta(seconds=30)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on_the_wall(at: datetime, hours: CallingHours, zone: str) -> bool:
    """The rule as a person would check it, with a clock of that place in the hand."""
    there = at.astimezone(ZoneInfo(zone))
    spans = hours.days[there.weekday()] if hours.days else ()
    if any(shut.first <= there.date() <= shut.last for shut in hours.closed):
        spans = ()
    if any(there.date() in country_holidays("US", subdiv="MA") for _ in hours.holidays):
        spans = ()
    spans = hours.open.get(there.date(), spans)
    midnight = datetime.combine(there.date(), time())
    minute = (there.replace(tzinfo=None) - midnight) / MINUTE
    return any(span.start <= minute < span.end for span in spans)


def scanned(at: datetime, hours: CallingHours, zones: tuple[str, ...], margin: timedelta) -> bool:
    """Open at both ends and at every half minute between."""
    moments = {at - margin, at, at + margin}
    step = (at - margin).replace(second=0, microsecond=0)
    while step <= at + margin:
        if step >= at - margin:
            moments.add(step)
        step += HALF_MINUTE
    return bool(zones) and all(on_the_wall(one, hours, zone) for one in moments for zone in zones)


# Zones with every kind of oddity, and the instants at which their clocks change.
EDGES = [
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Europe/London", "2026-03-29T01:00"),
    ("Europe/London", "2026-10-25T01:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/St_Johns", "2026-03-08T05:30"),
    ("America/Havana", "2026-03-08T05:00"),  # at midnight: that day begins at 01:00
    ("Asia/Beirut", "2026-03-28T22:00"),
    ("America/Santiago", "2026-09-06T04:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),  # a whole day skipped
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("Asia/Kathmandu", "2026-06-01T00:00"),  # no change, +05:45
    ("Pacific/Kiritimati", "2026-06-01T00:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),  # two hours
    ("America/New_York", "2026-04-20T12:00"),  # no change, but a holiday of Massachusetts
    ("Pacific/Kiritimati", "2026-12-25T12:00"),  # Christmas is over here before it begins there
]


@st.composite
def day_spans(draw: st.DrawFn) -> tuple[Span, ...]:
    marks = draw(
        st.lists(
            st.one_of(
                st.sampled_from([0, 1, 30, 60, 90, 120, 150, 180, 540, 1200, 1380, 1439, 1440]),
                st.integers(0, 1440),
            ),
            unique=True,
            max_size=6,
        )
    )
    marks = sorted(marks)[: len(marks) // 2 * 2]
    return tuple(
        Span(start=start, end=end) for start, end in zip(marks[::2], marks[1::2], strict=True)
    )


@st.composite
def situations(
    draw: st.DrawFn,
) -> tuple[CallingHours, tuple[str, ...], datetime, timedelta]:
    zone, edge = draw(st.sampled_from(EDGES))
    others = draw(st.lists(st.sampled_from([one for one, _ in EDGES]), max_size=2))
    at = utc(edge) + draw(
        st.one_of(
            st.integers(-40 * 3600, 40 * 3600).map(lambda seconds: timedelta(seconds=seconds)),
            st.sampled_from([timedelta(0), timedelta(microseconds=-1), -MINUTE, HALF_MINUTE]),
        )
    )
    near = st.integers(-2, 3).map(lambda days: at.date() + timedelta(days=days))
    shut = draw(st.lists(near, max_size=2))
    hours = CallingHours(
        days=tuple(draw(st.lists(day_spans(), min_size=7, max_size=7))),
        closed=tuple(DateRange(first=day, last=day + timedelta(days=1)) for day in shut),
        open=draw(st.dictionaries(near, day_spans(), max_size=2)),
        holidays=draw(st.sampled_from([(), ("US-MA",)])),
    )
    margin = draw(st.sampled_from([timedelta(0), MINUTE, timedelta(seconds=90), 10 * MINUTE]))
    return hours, tuple(sorted({zone, *others})), at, margin


LAW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(situation=situations())
@LAW
def test_open_is_what_the_clocks_on_the_walls_say(
    situation: tuple[CallingHours, tuple[str, ...], datetime, timedelta],
) -> None:
    hours, zones, at, margin = situation
    assert Hours(hours).is_open(at, Where(zones), margin) == scanned(at, hours, zones, margin)


@given(situation=situations())
@settings(LAW, max_examples=40)
def test_next_open_is_the_first_minute_of_a_scan(
    situation: tuple[CallingHours, tuple[str, ...], datetime, timedelta],
) -> None:
    hours, zones, at, margin = situation
    horizon = timedelta(hours=30)
    first = at.replace(second=0, microsecond=0)
    width = margin // HALF_MINUTE
    steps = range(-width, (horizon + margin) // HALF_MINUTE + 4)
    opened = [
        all(on_the_wall(first + step * HALF_MINUTE, hours, zone) for zone in zones)
        for step in steps
    ]
    moments = (
        first + step * HALF_MINUTE
        for step in range(len(opened) - 2 * width)
        if all(opened[step : step + 2 * width + 1])
    )
    later = (moment for moment in moments if at < moment <= at + horizon)
    expected = at if scanned(at, hours, zones, margin) else next(later, None)
    assert Hours(hours).next_open(at, Where(zones), margin, horizon) == expected


@given(situation=situations())
@LAW
def test_next_open_and_closes_agree_with_is_open(
    situation: tuple[CallingHours, tuple[str, ...], datetime, timedelta],
) -> None:
    calling_hours, zones, at, margin = situation
    hours = Hours(calling_hours)
    opening = hours.next_open(at, Where(zones), margin, timedelta(days=9))
    assert (opening == at) == hours.is_open(at, Where(zones), margin)
    if opening is None:
        assert hours.closes(at, Where(zones), margin) == at
        return
    assert opening >= at
    assert hours.is_open(opening, Where(zones), margin)
    closing = hours.closes(opening, Where(zones), margin)
    assert opening < closing <= opening + LOOK_AHEAD
    assert hours.is_open(closing - timedelta(microseconds=1), Where(zones), margin)
    assert hours.is_open(opening + (closing - opening) / 2, Where(zones), margin)
    if closing < opening + LOOK_AHEAD:
        assert not hours.is_open(closing, Where(zones), margin)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_time_left_adds_up_to_the_openings(data: st.DataObject) -> None:
    """From one opening to its closing and on to the next: the same sum, over weeks."""
    zone, edge = data.draw(st.sampled_from(EDGES))
    days = tuple(data.draw(day_spans()) for _ in range(7))
    hours = Hours(CallingHours(days=days))
    where = Where((zone, *data.draw(st.sampled_from([(), ("Europe/Paris",)]))))
    at = utc(edge) + timedelta(minutes=data.draw(st.integers(-3000, 3000)))
    until = at + timedelta(minutes=data.draw(st.integers(-5, 40_000)))
    margin = data.draw(st.sampled_from([timedelta(0), MINUTE]))
    left, there = timedelta(0), at
    while (opening := hours.next_open(there, where, margin)) is not None and opening < until:
        there = hours.closes(opening, where, margin)
        left += min(there, until) - opening
    assert hours.time_left(at, where, until, margin) == left
    assert Hours(CallingHours(always=True)).time_left(at, where, until) == max(
        until - at, timedelta(0)
    )
