"""The example with touches, rehearsed as a person would and judged on what the phones heard."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.simulator.oracle import Oracle
from campaigns.simulator.rows import Ring
from tests.acceptance.test_run import EXAMPLES, campaigns

pytestmark = pytest.mark.timeout(500)

EAST, WEST = "America/New_York", "America/Los_Angeles"
# number → zone, due of each touch, and when the last is over: by the clock of the clinic
PROMISED = {
    "+16175550100": (EAST, "03-16 17:30", "03-18 11:00", "03-18 13:15"),
    "+16175550101": (EAST, "03-16 17:30", "03-18 12:30", "03-18 14:45"),
    # two days before is a Saturday afternoon: an hour before Saturday's closing, on winter time
    "+12125550102": (EAST, "03-13 13:00", "03-15 11:00", "03-15 13:15"),
    "+12135550103": (WEST, "03-16 17:30", "03-18 11:00", "03-18 13:15"),
    # three hours before eight in the morning: an hour before the evening's closing
    "+12135550104": (WEST, "03-17 17:30", "03-18 18:00", "03-19 07:15"),
}


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(f"2027-{text}").replace(tzinfo=ZoneInfo(zone))


def test_every_touch_rings_in_its_time_and_nobody_is_called_for_what_is_past(
    tmp_path: Path,
) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    done = campaigns(
        *("run", EXAMPLES / "dental-touches.yaml", "--simulate", "--keep", kept),
        *("--results", tmp_path / "results.csv"),
        home=home,
    )
    assert "every contact has its outcome" in done.stdout
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    past = [row for row in rows if row["key"] == "T-2006"]
    assert [(row["touch"], row["reason"]) for row in past] == [
        ("two_days_before", "past_due"),
        ("same_day", "past_due"),
    ]
    oracle = Oracle.read(kept / "ledger.db")
    rings: dict[tuple[str, str], list[Ring]] = defaultdict(list)
    for ring in oracle.rings():
        rings[ring.to_number, ring.context["reason"]].append(ring)
    assert oracle.rung_while_live() == 0
    assert {number for number, _ in rings} == set(PROMISED)
    for number, (zone, first, second, over) in PROMISED.items():
        for reason, due, until, most in (
            ("confirm", local(first, zone), local(second, zone), 2),
            ("remind", local(second, zone), local(over, zone), 1),
        ):
            heard = rings[number, reason]
            assert 1 <= len(heard) <= most
            assert timedelta(0) <= heard[0].placed_at - due < timedelta(minutes=5)
            assert all(due <= ring.placed_at < until for ring in heard)
    made = Counter((row["to_number"], row["touch"]) for row in rows if row["key"] != "T-2006")
    assert made == Counter(
        {(number, touch): 1 for number in PROMISED for touch in ("two_days_before", "same_day")}
    )
