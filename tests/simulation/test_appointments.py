"""The judge of touches: it finds what rings too early, too late, or after the next came due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.simulation.appointments import Appointments, findings
from tests.simulation.runs import quiet, run

START = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
M = timedelta(minutes=1)
HELD = Appointments(
    after=180 * M,
    first=120 * M,
    second=60 * M,
    deadline=10 * M,
    past_due="skip",
    min_gap=0 * M,
    second_attempts=1,
)
DUE = int((START + 60 * M).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("touch", "minutes", "says"),
    [
        ("first", 59, "before it was due"),
        ("first", 61, None),
        ("first", 121, "after its next touch was due"),
        ("second", 119, "before it was due"),
        ("second", 121, None),
        ("second", 171, "after its deadline"),
    ],
)
def test_a_call_at_the_wrong_time_is_found(touch: str, minutes: int, says: str | None) -> None:
    task = {"id": 1, "touch": touch, "expires_as": "superseded", "due_at": DUE}
    task["occasion"] = f"{START + HELD.after:%Y-%m-%dT%H:%MZ}"
    found = list(findings(HELD, task, START + minutes * M, timedelta(0), timedelta(0)))
    assert [says in one for one in found] == [True] if says else found == []


def test_a_world_with_appointments_rings_both_touches() -> None:
    quiet()
    one = run(20)
    assert not one.findings
    assert one.phones >= 4
