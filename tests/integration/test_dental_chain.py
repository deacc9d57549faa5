"""The dental chain over five weeks: what its files say each night, and which phones ring when.

The files are real files and the engine is the product's; the clock is the test's. What was rung is
pasted into docs/dental-chain.md, and this test holds the page to it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.core.calls import CallStatus
from campaigns.engine.people import One, tell
from campaigns.engine.submit import submit
from campaigns.files.again import read_again
from campaigns.loading import load
from tests.support import idle
from tests.support.engine import VirtualClock, World

EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"
PAGE = Path(__file__).parents[2] / "docs" / "dental-chain.md"
EAST = ZoneInfo("America/New_York")
NAMES = ("dental-chain.yaml", "dental-chain.csv")
FIRST = datetime(2027, 10, 4, 8, 0, tzinfo=EAST)


def east(text: str) -> datetime:
    """A moment on the clock of Boston, as `10-06 02:30`."""
    return datetime.fromisoformat(f"2027-{text}").replace(tzinfo=EAST)


@dataclass
class Chain:
    """The practice's computer, its files, and the engine."""

    directory: Path
    rows: dict[str, str] = field(default_factory=dict)  # key → line of the list
    header: str = ""
    diary: list[str] = field(default_factory=list)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        for name in NAMES:
            (self.directory / name).write_bytes((EXAMPLES / name).read_bytes())
        self.header, *lines = (self.directory / NAMES[1]).read_text().splitlines()
        self.rows = {line.partition(",")[0]: line for line in lines}
        self.world = World(clock=VirtualClock(at=FIRST.astimezone(UTC)))
        self.world.parts = replace(self.world.parts, lists=read_again)

    # --- the practice -----------------------------------------------------------------------

    def note(self, what: str) -> None:
        """A line of the diary."""
        self.diary.append(f"{self.world.clock.at.astimezone(EAST):%a %b %d %H:%M}  {what}")

    def drop(self, lines: Sequence[str] | None = None, *, torn: str = "") -> None:
        """The system writes tonight's list; `torn`: and is cut off in the middle of a row."""
        path = self.directory / NAMES[1]
        body = list(self.rows.values()) if lines is None else lines
        path.write_text("\n".join([self.header, *body]) + "\n" + torn)
        written = (self.world.clock.at - timedelta(minutes=5)).timestamp()
        os.utime(path, (written, written))

    def submit(self) -> None:
        """A person hands the campaign in."""
        loaded = load(self.directory / NAMES[0])
        submit(loaded.submission(), self.world.parts, who="front desk")

    # --- time -------------------------------------------------------------------------------

    def until(self, end: datetime) -> None:
        """Let it become that moment. Each night at two the list is written."""
        night = self.world.clock.at.astimezone(EAST).replace(hour=2, minute=0, second=0)
        while (night := night + timedelta(days=1)) < end:
            self._pass(night)
            self.drop()
        self._pass(end)

    def _pass(self, end: datetime) -> None:
        """Every call is answered as ANSWERS says."""
        clock = self.world.clock
        while clock.at < end:
            self.world.settle()
            self._answer()
            clock.at = min(end.astimezone(UTC), max(self._next(), clock.at + timedelta(seconds=1)))
        self.world.settle()

    def _next(self) -> datetime:
        """When the heartbeat may find something to do next."""
        quiet = idle.quiet_for(self.world.parts, self.world.store)
        return self.world.clock.at + (timedelta(hours=6) if quiet is None else quiet)

    def _answer(self) -> None:
        for attempt in self.world.rows("SELECT id FROM attempt WHERE open"):
            request = next(
                one for _, one in self.world.provider.rung if one.attempt_id == attempt["id"]
            )
            said = ANSWERS.get(request.to_number, [])
            status = said.pop(0) if said else CallStatus.COMPLETED
            place = _PLACES[request.from_number]
            at = self.world.clock.at.astimezone(ZoneInfo(place))
            told = request.context
            self.note(
                f"rings …{request.to_number[-4:]} from …{request.from_number[-4:]}"
                f" ({at:%H:%M %Z}): {told['touch']}, {told['everyone']}, {told['in_words']}"
                f" → {status.value}"
            )
            self.world.clock.forward(seconds=50)
            self.world.say(str(attempt["id"]), status, duration=40)


ANSWERS: dict[str, list[CallStatus]] = {}
_PLACES = {
    "+16175550190": "America/New_York",
    "+14015550191": "America/New_York",
    "+13125550192": "America/Chicago",
}


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    ANSWERS.clear()
    ANSWERS["+16175550100"] = [CallStatus.NO_ANSWER]
    return Chain(tmp_path)


def moved(line: str, old: str, new: str) -> str:
    assert old in line
    return line.replace(old, new)


def test_five_weeks_of_the_dental_chain(chain: Chain) -> None:
    rows, note = chain.rows, chain.note
    chain.drop()
    chain.submit()
    note("the front desk submits the list")

    # Tuesday: the export is cut off after three rows.
    chain.until(east("10-05 02:29"))
    chain.drop([*rows.values()][:3], torn="B-104,Ben Or")
    chain.until(east("10-05 02:31"))
    (campaign,) = chain.world.rows("SELECT refresh_why FROM campaign")
    note(f"the list is refused: {campaign['refresh_why']}")
    chain.drop()
    chain.until(east("10-05 02:33"))
    (campaign,) = chain.world.rows("SELECT refresh_why FROM campaign")
    assert campaign["refresh_why"] is None
    note("the list is whole and taken")

    # Thursday night: Ben, who has confirmed for Friday, is moved to the week after next.
    chain.until(east("10-08 02:00"))
    rows["B-104"] = moved(rows["B-104"], "2027-10-08 16:00", "2027-10-18 16:00")
    chain.drop()
    note("in tonight's list Ben Ortiz has moved from Friday to Monday the 18th")

    # Friday: Grace cancels 25 minutes before she would be called.
    chain.until(east("10-08 12:35"))
    told = tell(
        One(campaign="harbor-dental-chain", key="C-301"), chain.world.parts, who="front desk"
    )
    note(f"Grace Hall cancels: {told.effect}")
    rows["C-301"] = moved(rows["C-301"], "booked", "cancelled")

    # The holiday, and the week after it.
    chain.until(east("10-09 02:00"))
    chain.drop()
    chain.until(east("11-03 02:00"))

    # The weekend in which the clocks go back.
    for key, when in (("B-106", "2027-11-08 14:00"), ("C-304", "2027-11-09 14:00")):
        old = "B-105" if key == "B-106" else "C-303"
        parts = rows[old].split(",")
        parts[0], parts[3] = key, when
        rows[key] = ",".join(parts)
    chain.drop()
    note("two visits after the weekend in which the clocks go back are on the list")
    chain.until(east("11-10 02:29"))

    rung = [line for line in chain.diary if "  rings " in line]
    assert not [line for line in rung if line.startswith("Mon Oct 11")]  # the holiday
    assert not [line for line in rung if "same_day" in line and "Grace Hall" in line]
    assert not [line for line in rung if line.startswith("Fri") and "Ben Ortiz" in line]
    page = PAGE.read_text(encoding="utf-8")
    diary = "\n".join(chain.diary)
    assert diary in page, diary
