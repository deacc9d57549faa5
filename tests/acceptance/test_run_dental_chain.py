"""The dental chain, rehearsed as a person would and judged on what the phones heard."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.simulator.oracle import Oracle
from campaigns.simulator.rows import Ring
from tests.acceptance.test_run import EXAMPLES, campaigns

pytestmark = pytest.mark.timeout(500)

CLINICS = {
    "+16175550190": ("America/New_York", "Harbor Dental Boston"),
    "+14015550191": ("America/New_York", "Harbor Dental Providence"),
    "+13125550192": ("America/Chicago", "Harbor Dental Chicago"),
}
COLUMBUS_DAY = date(2027, 10, 11)


def test_a_family_is_called_once_and_nobody_on_the_holiday(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    done = campaigns(
        *("run", EXAMPLES / "dental-chain.yaml", "--simulate", "--keep", kept),
        *("--at", "2027-10-06T16:00", "--results", tmp_path / "results.csv"),
        home=home,
    )
    assert "every contact has its outcome" in done.stdout
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (EXAMPLES / "dental-chain.csv").open(newline="") as file:
        visits = {row["appointment_id"]: row for row in csv.DictReader(file)}
    oracle = Oracle.read(kept / "ledger.db")
    assert oracle.rung_while_live() == 0
    heard: dict[tuple[str, str, str], list[Ring]] = defaultdict(list)
    for ring in oracle.rings():
        zone, clinic = CLINICS[ring.from_number]
        assert ring.context["clinic"] == clinic
        wall = ring.placed_at.astimezone(ZoneInfo(zone))
        assert wall.date() != COLUMBUS_DAY
        assert (9 <= wall.hour < 19) if wall.weekday() < 5 else (10 <= wall.hour < 14)
        assert wall.weekday() != 6
        heard[ring.to_number, ring.context["touch"], ring.context["everyone"]].append(ring)
    # Ann and Leo come on one day, Mia on another: two calls of a touch, never three.
    assert {who for number, _, who in heard if number == "+16175550100"} == {
        "Ann Lee and Leo Lee",
        "Mia Lee",
    }
    for (_, touch, _), rings in heard.items():
        assert len(rings) <= (1 if touch == "same_day" else 2)
    # Every row has the outcome of its family's call, and who was not booked has none.
    assert {row["key"] for row in rows} == {
        key for key, visit in visits.items() if visit["status"] == "booked"
    }
    together: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        day = visits[row["key"]]["appointment_at"][:10]
        together[row["to_number"], row["touch"], day].add((row["outcome"], row["call_id"]))
    assert all(len(outcomes) == 1 for outcomes in together.values())
