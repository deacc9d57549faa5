"""The example that comes in runs, rehearsed as a person would and judged on what phones heard."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.simulator.oracle import Oracle
from tests.acceptance.test_run import EXAMPLES, campaigns

pytestmark = pytest.mark.timeout(500)

PLACES = {
    "+16175550100": "America/New_York",
    "+12125550163": "America/New_York",
    "+13125550114": "America/Chicago",
    "+13035550186": "America/Denver",
    "+14155550147": "America/Los_Angeles",
}
FIRINGS = {
    "2027-02-01T15:00Z": datetime(2027, 2, 1, 10, tzinfo=ZoneInfo("America/New_York")),
    "2027-03-01T15:00Z": datetime(2027, 3, 1, 10, tzinfo=ZoneInfo("America/New_York")),
}


def test_everybody_is_called_once_in_each_run_and_in_hours(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    done = campaigns(
        *("run", EXAMPLES / "monthly-survey.yaml", "--simulate", "--keep", kept),
        *("--at", "2027-01-20T12:00", "--results", tmp_path / "results.csv"),
        home=home,
    )
    assert "every contact has its outcome" in done.stdout
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted((row["run"], row["to_number"]) for row in rows) == sorted(
        (run, number) for run in FIRINGS for number in PLACES
    )
    oracle = Oracle.read(kept / "ledger.db")
    assert oracle.rung_while_live() == 0
    heard: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for ring in oracle.rings():
        wall = ring.placed_at.astimezone(ZoneInfo(PLACES[ring.to_number]))
        assert 10 <= wall.hour < 18
        run = max(run for run, at in FIRINGS.items() if at <= ring.placed_at)
        heard[run, ring.to_number].append(ring.placed_at)
    for row in rows:
        calls = heard[row["run"], row["to_number"]]
        assert len(calls) == int(row["attempts"])
        assert row["outcome"] == "completed" or len(calls) == 2
        assert calls[-1] - calls[0] < timedelta(days=3)
