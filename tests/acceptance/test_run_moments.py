"""The examples under rules, caps and many zones, rehearsed as a person would, judged on the phones.

What may ring when is written down here by hand, for each country, not read from the rule packs.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.simulator.oracle import Oracle
from tests.acceptance.test_run import EXAMPLES, campaigns

pytestmark = pytest.mark.timeout(500)

DAY, WEEK = timedelta(days=1), timedelta(days=7)
REPUBLIC_DAY = AUSTRALIA_DAY = date(2027, 1, 26)
ANYWHERE_IN_AUSTRALIA = (
    *("Australia/Adelaide", "Australia/Brisbane", "Australia/Eucla", "Australia/Lord_Howe"),
    *("Australia/Perth", "Australia/Sydney", "Indian/Christmas", "Indian/Cocos"),
)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the phones heard: number → the instants at which they rang, in order."""

    rings: dict[str, list[datetime]]
    rows: list[dict[str, str]]

    def times(self) -> list[tuple[str, datetime]]:
        """Every ring."""
        return [(number, at) for number, times in self.rings.items() for at in times]


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[[str, str], Heard]:
    """Run an example as its first lines say, and listen."""

    def run(name: str, at: str) -> Heard:
        home, kept = tmp_path / "home", tmp_path / "kept"
        home.mkdir()
        done = campaigns(
            *("run", EXAMPLES / f"{name}.yaml", "--simulate", "--keep", kept),
            *("--at", at, "--results", tmp_path / "results.csv"),
            home=home,
        )
        assert "every contact has its outcome" in done.stdout
        with (tmp_path / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        oracle = Oracle.read(kept / "ledger.db")
        assert oracle.rung_while_live() == 0
        rings: dict[str, list[datetime]] = defaultdict(list)
        for ring in sorted(oracle.rings(), key=lambda ring: ring.placed_at):
            rings[ring.to_number].append(ring.placed_at)
        return Heard(rings=dict(rings), rows=rows)

    return run


def most_within(times: list[datetime], period: timedelta) -> int:
    """The most rings in any stretch of that length."""
    return max(sum(first <= at < first + period for at in times) for first in times)


def test_nobody_is_called_about_a_debt_more_often_than_the_caps_let(
    rehearse: Callable[[str, str], Heard],
) -> None:
    heard = rehearse("debt-notices", "2027-03-01T12:00")
    assert len(heard.rows) == 7
    zones = {row["to_number"]: row["timezone"].split() for row in heard.rows}
    for number, at in heard.times():
        for zone in zones[number]:
            wall = at.astimezone(ZoneInfo(zone))
            assert wall.weekday() < 6
            assert time(9) <= wall.time() < time(20)
    # A ring is heard a little after its call was allowed.
    slack = timedelta(seconds=5)
    for times in heard.rings.values():
        assert most_within(times, DAY - slack) == 1
        assert most_within(times, WEEK - slack) <= 3
    # Two debts of one phone: the second waits a week after the first was talked about.
    park = heard.rings["+13125550163"]
    answered = {row["key"]: row["answered_at"] for row in heard.rows if row["answered_at"]}
    assert {"D-503", "D-504"} <= set(answered)
    first, second = sorted(datetime.fromisoformat(answered[key]) for key in ("D-503", "D-504"))
    assert second - first >= WEEK
    assert not [at for at in park if first < at < first + WEEK]
    # Who never answers gets every attempt, as often as the caps let.
    assert len(heard.rings["+12125550184"]) == 6
    days = [at.astimezone(ZoneInfo("America/New_York")).date() for _, at in heard.times()]
    assert max(days.count(day) for day in days) <= 12


def test_no_instalment_is_reminded_of_outside_the_lender_s_hours(
    rehearse: Callable[[str, str], Heard],
) -> None:
    heard = rehearse("emi-reminders", "2027-01-22T04:00")
    india = ZoneInfo("Asia/Kolkata")
    assert {row["key"] for row in heard.rows} == {"L-101", "L-102", "L-103", "L-104", "L-105"}
    assert heard.rings
    for _, at in heard.times():
        wall = at.astimezone(india)
        assert time(9) <= wall.time() < time(19)  # the file says 20:00, the rule 19:00
        assert wall.weekday() < 6
        assert wall.date() != REPUBLIC_DAY
    assert all(most_within(times, DAY) <= 2 for times in heard.rings.values())


def test_no_mobile_of_australia_rings_outside_the_hours_of_any_zone_it_may_be_in(
    rehearse: Callable[[str, str], Heard],
) -> None:
    heard = rehearse("australia-offers", "2027-01-24T22:00")
    assert "AU-7" not in {row["key"] for row in heard.rows}  # did not agree
    assert len(heard.rings) == 7
    for number, at in heard.times():
        mobile = number.startswith("+614")
        for zone in ANYWHERE_IN_AUSTRALIA if mobile else ("Australia/Sydney",):
            wall = at.astimezone(ZoneInfo(zone))
            assert time(9) <= wall.time() < time(17 if wall.weekday() == 5 else 20)
            assert wall.weekday() < 6
            assert wall.date() != AUSTRALIA_DAY
    assert all(most_within(times, timedelta(hours=20)) == 1 for times in heard.rings.values())
    stated = {row["key"]: row["timezone_source"] for row in heard.rows}
    assert stated["AU-3"] == "column+number"
    assert stated["AU-1"] == "number"
