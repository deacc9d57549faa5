"""How figures and definitions sound on a screen, and that JSON hides what a screen hides."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.cli import screen, words
from campaigns.core.admission import WaitReason
from campaigns.core.definition import (
    HOUSE_HOURS,
    CallingHours,
    DateRange,
    Retry,
    Schedule,
    Span,
)
from campaigns.core.lifecycle import Outcome

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = (Span(start=9 * 60, end=12 * 60 + 30), Span(start=13 * 60 + 30, end=19 * 60))


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=1.4), "1 s"),
        (timedelta(seconds=89), "89 s"),
        (timedelta(seconds=91), "2 min"),
        (timedelta(minutes=89), "89 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(hours=30), "30 h"),
        (timedelta(days=5), "5 days"),
    ],
)
def test_a_length_is_said_in_the_unit_a_person_would_take(length: timedelta, said: str) -> None:
    assert screen.span(length) == said
    assert screen.distance(NOON + length, NOON) == f"in {said}"
    assert screen.distance(NOON - length, NOON) == f"{said} ago"


def test_this_instant_is_now() -> None:
    assert screen.distance(NOON, NOON + timedelta(milliseconds=400)) == "now"


def test_one_is_not_many() -> None:
    assert screen.count(1, "call") == "1 call"
    assert screen.count(2_310, "call") == "2,310 calls"
    assert screen.count(0, "person", "people") == "0 people"


def test_the_year_is_said_where_it_is_another() -> None:
    assert "2027" in screen.moment(NOON + timedelta(days=365), NOON)
    assert "2026" not in screen.moment(NOON, NOON)


def test_json_has_utc_and_no_whole_number() -> None:
    @dataclass
    class Line:
        to_number: str
        at: datetime
        outcome: Outcome
        window: timedelta
        context: dict[str, str] = field(default_factory=dict)

    line = Line(
        to_number="+16175550123",
        at=NOON,
        outcome=Outcome.BUSY,
        window=timedelta(minutes=1),
        context={"ring": "call +16175550123 back", "from_number": "+16175550100"},
    )
    assert screen.plain(line) == {
        "to_number": "+1••••••0123",
        "at": "2026-03-10T12:00:00Z",
        "outcome": "busy",
        "window": 60.0,
        "context": {"ring": "call +1••••••0123 back", "from_number": "+1••••••0100"},
    }


def test_someone_elses_text_is_one_printable_line() -> None:
    assert screen.shown("a\nb\x1b[31mc +16175550123") == "a b [31mc +1••••••0123"
    assert screen.shown("x" * 500, 10) == "xxxxxxxxxx…"
    assert screen.shown(None) == ""


def test_columns_are_aligned_and_end_without_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    screen.table(("name", "#n", ""), [("a", "1", ""), ("long", "1,000", "日本 x")])
    assert capsys.readouterr().out.splitlines() == [
        "name      n",
        "a         1",
        "long  1,000  日本 x",
    ]


def test_facts_leave_out_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    screen.facts([("list", "people.csv"), ("ends", ""), ("stopped", "two\nreasons")])
    assert capsys.readouterr().out.splitlines() == [
        "  list     people.csv",
        "  stopped  two",
        "           reasons",
    ]


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (CallingHours(always=True), "at any hour of any day (calling_hours: always)"),
        (HOUSE_HOURS, "every day 09:00-20:00, in each person's zone"),
        (
            CallingHours(
                timezone="Asia/Kolkata",
                days=(DAY, DAY, DAY, DAY, DAY, DAY[:1], ()),
                closed=(DateRange(first=date(2026, 5, 1), last=date(2026, 5, 1)),),
            ),
            (
                "mon-fri 09:00-12:30, 13:30-19:00; sat 09:00-12:30, in Asia/Kolkata,"
                " 1 exception by date"
            ),
        ),
        (CallingHours(days=((),) * 7), "only on the dates under `open`, in each person's zone"),
    ],
)
def test_calling_hours_as_a_sentence(hours: CallingHours, said: str) -> None:
    assert words.hours(hours) == said


@pytest.mark.parametrize(
    ("retry", "said"),
    [
        (
            Retry(),
            (
                "up to 3 calls each: no answer after 30m then 4h, busy after 10m;"
                " failed, voicemail never"
            ),
        ),
        (Retry(max_attempts=1), "one call each, never repeated"),
        (Retry(max_attempts=2, no_answer=(), busy=()), "up to 2 calls each: nothing is repeated"),
    ],
)
def test_retry_as_a_sentence(retry: Retry, said: str) -> None:
    assert words.retry(retry) == said


def test_a_schedule_that_is_over_says_so() -> None:
    hour = timedelta(hours=1)
    assert words.schedule(Schedule(), NOON, None) == "starts at once"
    later = Schedule(start=NOON + hour, end=NOON + 2 * hour)
    assert words.schedule(later, NOON, "soon") == (
        "starts 2026-03-10 13:00Z, ends 2026-03-10 14:00Z; the first call could leave soon"
    )
    over = Schedule(end=NOON - hour)
    assert "nobody would be called" in words.schedule(over, NOON, None)


def test_every_reason_to_wait_has_its_words() -> None:
    assert set(words.WAITS) == set(WaitReason)
    assert words.wait("slot") == "the account's limit"
    assert words.wait("something_new") == "something_new"
    assert words.wait("starting") == "starting"
    assert words.wait("starting", idle=True).startswith("nothing is running: start `campaigns run`")
