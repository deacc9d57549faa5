"""Anchor, touches and deadline in a campaign file: every form, and every fault with its cure."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.contacts import Contact, ContactReader, RejectedRow
from campaigns.core.definition import Anchor, Offset, Schedule, Touch
from campaigns.errors import DefinitionError
from campaigns.files.campaign_file import load
from tests.support.trees import definition, fault, faults, written

H = timedelta(hours=1)


def schedule(**keys: Any) -> Schedule:
    return definition(schedule={"anchor": "visit_at", **keys}).schedule


def test_an_anchor_is_a_column_or_says_more() -> None:
    assert schedule().anchor == Anchor(column="visit_at")
    whole = {"column": "visit_at", "timezone": "clinic_tz", "format": "%m/%d/%Y %H:%M"}
    assert schedule(anchor=whole).anchor == Anchor(**whole)


def test_touches_have_names_or_are_named_by_their_text() -> None:
    assert schedule(
        touches={
            "two_days_before": "-2d at 17:30",
            "same_day": {"at": "-3h", "max_attempts": "1", "agent_id": "agent_short"},
        }
    ).touches == (
        Touch(name="two_days_before", offset=Offset(days=-2, at=17 * 60 + 30)),
        Touch(
            name="same_day", offset=Offset(elapsed=-3 * H), max_attempts=1, agent_id="agent_short"
        ),
    )
    assert schedule(touches=["-48h", {"at": "-2h", "max_attempts": "2"}]).touches == (
        Touch(name="-48h", offset=Offset(elapsed=-48 * H)),
        Touch(name="-2h", offset=Offset(elapsed=-2 * H), max_attempts=2),
    )


def test_what_is_not_written_has_its_usual_value() -> None:
    usual = schedule()
    assert (usual.past_due, usual.when_closed, usual.when_moved) == ("skip", "later", "restart")
    assert (usual.min_gap, usual.deadline, usual.touches) == (4 * H, None, ())


def test_a_touch_has_its_own_attempts_and_agent_or_the_campaign_s() -> None:
    whole = definition(
        schedule={
            "anchor": "visit_at",
            "touches": {"a": "-1d", "b": {"at": "-3h", "max_attempts": "1", "agent_id": "short"}},
        },
        retry={"max_attempts": "5"},
    )
    assert (whole.retry_of("a").max_attempts, whole.retry_of("b").max_attempts) == (5, 1)
    assert [one.agent_id for one in whole.schedule.touches] == [None, "short"]


def test_a_touch_has_no_template_for_its_agent() -> None:
    touches = {"a": {"at": "-1d", "agent_id": "{{ agent }}"}}
    (said,) = faults(schedule={"anchor": "visit_at", "touches": touches})
    assert "a template stands in agent_id at the top level" in said


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"anchor": ["a"]}, "schedule.anchor: expected keys and values, or the name of a column"),
        ({"anchor": {"timezone": "UTC"}}, "schedule.anchor: expected a column, got none"),
        ({"anchor": {"column": "a", "tz": "UTC"}}, "did you mean timezone?"),
        (
            {"anchor": {"column": "a", "format": "%d %B"}},
            "schedule.anchor.format: expected a strptime format with year, month and day",
        ),
        (
            {"anchor": {"column": "a", "format": "%m/%d/%Y %H:%M"}},
            "schedule.anchor.format: expected a time whose zone is known",
        ),
        ({"touches": "-2h"}, "touches by name, or a list such as [-48h, -2h]"),
        ({"touches": []}, "schedule.touches: expected at least one touch"),
        ({"touches": {"a": "2h"}}, "give it a sign: -2h before the anchor, +2h after it"),
        ({"touches": {"a": {"max_attempts": "1"}}}, "schedule.touches.a: expected a distance"),
        ({"touches": {"a": {"at": "-2h", "when": "x"}}}, "did you mean at?"),
        ({"touches": {"a": {"at": "-2h", "max_retries": "1"}}}, "counts the first call"),
        ({"touches": {"a": {"at": "-2h", "max_attempts": "0"}}}, "from 1 to 20"),
        ({"touches": ["-2h", "-2h"]}, "schedule.touches[2]: expected every touch once, got -2h"),
        ({"touches": {"a": "+2h"}}, "a time before the anchor, which is the deadline, got +2h"),
        ({"touches": {"a": "-30m"}, "deadline": "-45m"}, "a time before the deadline, got -30m"),
        ({"touches": {"x" * 64: "-2h"}}, "a name of at most 63 characters"),
        ({"deadline": "45m"}, "give it a sign: -45m"),
        ({"past_due": "later"}, "schedule.past_due: expected one of skip, now"),
        ({"when_closed": "now"}, "schedule.when_closed: expected one of later, earlier, skip"),
        ({"when_moved": "restarts"}, "did you mean restart?"),
        ({"min_gap": "31d"}, "schedule.min_gap: expected a gap of at most 30d"),
        ({"min_gap": "-4h"}, "a wait has no sign"),
    ],
)
def test_what_cannot_be_obeyed_is_told(keys: dict[str, Any], says: str) -> None:
    assert says in fault(schedule={"anchor": "visit_at", **keys})


def test_what_counts_from_an_anchor_needs_one() -> None:
    told = faults(
        schedule={
            "touches": ["-2h"],
            "deadline": "-1h",
            "past_due": "now",
            "when_closed": "skip",
            "min_gap": "1h",
            "when_moved": "keep",
        }
    )
    assert len(told) == 6
    assert all("expected schedule.anchor beside it, got none" in one for one in told)


def test_a_touch_after_the_anchor_needs_a_later_deadline() -> None:
    assert schedule(touches={"after": "+2h"}, deadline="+1d").touches[0].name == "after"


# --- with a list ---

FILE = """name: visits
agent_id: agent_reminder
from_number: "+16175550199"
contacts:
  rows:
    - {to_number: "+16175550123", visit_at: "2026-03-10 14:00", tz: America/New_York}
schedule:
  anchor: {column: %s, timezone: %s}
  touches: {day_before: -1d at 17:30, same_day: -3h}
"""


@pytest.mark.parametrize(
    ("column", "zone", "says"),
    [
        ("visit", "tz", "c.yaml:8: schedule.anchor.column: expected a column of the list"),
        ("visit_at", "time_zone", "c.yaml:8: schedule.anchor.timezone: expected a column"),
        ("visit_at", "New_York", "did you mean America/New_York?"),
    ],
)
def test_what_the_list_does_not_have_is_told_at_its_line(
    tmp_path: Path, column: str, zone: str, says: str
) -> None:
    source = load(written(tmp_path, FILE % (column, zone), "c.yaml"), today=date(2026, 3, 9))
    with pytest.raises(DefinitionError) as caught:
        ContactReader(source.definition, source.header, default_region=None)
    (one,) = source.located(caught.value.faults)
    assert says in str(one).replace(str(tmp_path) + "/", "")


def reader(header: tuple[str, ...], **keys: Any) -> ContactReader:
    made = definition(schedule=keys)
    return ContactReader(made, header, default_region=None)


def read(cell: str, *, tz: str = "", **keys: Any) -> Contact | RejectedRow:
    header = ("to_number", "visit_at", "tz")
    row = {"to_number": "+16175550123", "visit_at": cell, "tz": tz}
    found = reader(header, **keys).read(2, row)
    assert isinstance(found, Contact | RejectedRow)
    return found


WITH_ZONE = {"anchor": {"column": "visit_at", "timezone": "tz"}}


@pytest.mark.parametrize(
    ("cell", "tz", "keys", "occasion"),
    [
        ("2026-03-10 14:00", "America/New_York", WITH_ZONE, "2026-03-10T18:00Z"),
        ("2026-03-10 14:00-07:00", "America/New_York", WITH_ZONE, "2026-03-10T21:00Z"),
        ("2026-03-10 14:00-07:00", "", {"anchor": "visit_at"}, "2026-03-10T21:00Z"),
        (
            "2026-03-10 14:00",
            "",
            {"anchor": "visit_at", "timezone": "Europe/Berlin"},
            "2026-03-10T13:00Z",
        ),
        ("2026-03-10", "Asia/Kolkata", WITH_ZONE, "2026-03-09T18:30Z"),
        (
            "3/10/2026 2:05 PM",
            "",
            {
                "anchor": {
                    "column": "visit_at",
                    "timezone": "America/New_York",
                    "format": "%m/%d/%Y %I:%M %p",
                }
            },
            "2026-03-10T18:05Z",
        ),
    ],
)
def test_an_anchor_is_one_instant(cell: str, tz: str, keys: dict[str, Any], occasion: str) -> None:
    found = read(cell, tz=tz, **keys)
    assert isinstance(found, Contact)
    assert found.anchor is not None
    assert found.anchor.occasion == occasion
    assert found.key == f"+16175550123 {occasion}"


@pytest.mark.parametrize(
    ("cell", "tz", "keys", "column", "reason"),
    [
        ("", "", WITH_ZONE, "visit_at", "empty, but the calls of this row count from it"),
        ("2026-03-10 14:00", "", WITH_ZONE, "visit_at", "a date without a zone"),
        ("2026-03-10 14:00", "", {"anchor": "visit_at"}, "visit_at", "schedule.anchor.timezone"),
        ("2026-03-10 14:00", "EST", WITH_ZONE, "tz", "did you mean America/New_York?"),
        ("14:00", "UTC", WITH_ZONE, "visit_at", "a time without a date"),
        ("noon", "UTC", WITH_ZONE, "visit_at", "not a date or time"),
        ("2026-03-08 02:30", "America/New_York", WITH_ZONE, "visit_at", "does not exist"),
        (
            "2026-03-10 14:00",
            "",
            {"anchor": {"column": "visit_at", "timezone": "UTC", "format": "%d.%m.%Y"}},
            "visit_at",
            "not written in the format",
        ),
    ],
)
def test_a_cell_that_is_no_anchor_makes_its_row_faulty(
    cell: str, tz: str, keys: dict[str, Any], column: str, reason: str
) -> None:
    found = read(cell, tz=tz, **keys)
    assert isinstance(found, RejectedRow)
    assert found.column == column
    assert reason in found.reason


def test_an_offset_counts_days_on_the_usual_calendar_where_both_clocks_agree() -> None:
    keys = {"anchor": "visit_at", "timezone": "America/New_York"}
    agreeing, other = read("2026-03-08 14:00-04:00", **keys), read("2026-03-08 14:00-06:00", **keys)
    assert isinstance(agreeing, Contact)
    assert isinstance(other, Contact)
    assert str(agreeing.anchor and agreeing.anchor.place) == "America/New_York"
    assert str(other.anchor and other.anchor.place) == "UTC-06:00"


def test_a_row_is_faulty_when_any_of_its_touches_could_not_be_told() -> None:
    made = definition(
        schedule={**WITH_ZONE, "touches": ["-1d", "-3h"]},
        context={"who": "{{ 'you' if touch.name == '-1d' else name }}"},
    )
    reading = ContactReader(made, ("to_number", "visit_at", "tz", "name"), default_region=None)
    row = {"to_number": "+16175550123", "visit_at": "2026-03-10 14:00", "tz": "UTC"}
    assert isinstance(reading.read(2, {**row, "name": "Ann"}), Contact)
    found = reading.read(2, row)
    assert isinstance(found, RejectedRow)
    assert found.column == "name"
