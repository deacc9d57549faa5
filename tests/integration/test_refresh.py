"""A list is read again by its cron: taken, or refused and kept, and never half of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from campaigns.core.calls import CallStatus
from campaigns.core.contacts import Entry
from campaigns.engine import control
from campaigns.engine.refresh import refresh
from campaigns.engine.submit import Submitted, submit
from campaigns.engine.tick import tick
from campaigns.errors import Conflict, WorldError
from campaigns.files.again import read_again
from campaigns.loading import load
from tests.support.engine import START, World

HEAD = """name: visits
agent_id: agent_reminder
from_number: "+18005550100"
contacts:
  file: visits.csv
  key: id
  refresh: "0 12 * * *"   # an hour after the tests' clock begins
  max_age: 26h
schedule: {timezone: America/New_York}
calling_hours: always
context: {name: "{{ name }}"}
"""
FIRING = START + timedelta(hours=1)


def rows(*numbers: int, name: str = "Person") -> str:
    body = "".join(f"k{n},+1617555{n:04d},{name} {n}\n" for n in numbers)
    return f"id,to_number,name\n{body}"


class Office:
    """A campaign file with its list, and the engine that reads it again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.world = World()
        self.world.parts = replace(self.world.parts, lists=read_again)
        (directory / "c.yaml").write_text(HEAD)

    def drop(self, content: str, *, age: timedelta = timedelta(hours=1)) -> None:
        """The list is written, so long ago."""
        path = self.directory / "visits.csv"
        path.write_text(content)
        written = (self.world.clock.at - age).timestamp()
        os.utime(path, (written, written))

    def submit(self, *, directory: Path | None = None, take_over: bool = False) -> Submitted:
        loaded = load((directory or self.directory) / "c.yaml")
        return submit(loaded.submission(), self.world.parts, who="test", take_over=take_over)

    def fire(self, *, at: datetime = FIRING) -> None:
        """The heartbeat of that instant, with whoever it wakes."""
        self.world.clock.at = at
        self.world.settle()

    def campaign(self) -> dict[str, object]:
        (row,) = self.world.rows("SELECT * FROM campaign")
        return dict(row)

    def when(self, column: str) -> datetime | None:
        with self.world.store.read() as tx:
            return getattr(tx.campaign(1), column)

    def keys(self) -> dict[str, str]:
        """Key → state or outcome of its task."""
        found = self.world.rows("SELECT contact_id, coalesce(outcome, state) AS now FROM dial_task")
        with self.world.store.read() as tx:
            return {tx.contact(int(str(row["contact_id"]))).key: str(row["now"]) for row in found}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.drop(rows(1, 2, 3))
    made.submit()
    control.pause("visits", made.world.parts, who="test", reason="only the list is looked at")
    return made


def test_at_its_time_it_is_read_and_taken_and_the_next_is_set(office: Office) -> None:
    assert office.when("refresh_at") == FIRING
    office.drop(rows(2, 3, 4))
    office.fire(at=FIRING - timedelta(seconds=1))
    assert set(office.keys()) == {"k1", "k2", "k3"}
    office.fire()
    assert office.keys() == {"k1": "cancelled", "k2": "waiting", "k3": "waiting", "k4": "waiting"}
    assert office.when("refresh_at") == FIRING + timedelta(days=1)
    assert office.campaign()["refresh_why"] is None
    assert office.campaign()["state"] == "paused"
    (entry,) = office.world.rows("SELECT who FROM audit WHERE what = 'submit' AND who = 'refresh'")
    assert entry["who"] == "refresh"


def test_people_whom_the_rules_protect_do_not_come_in_by_a_later_list(tmp_path: Path) -> None:
    office = Office(tmp_path)
    (tmp_path / "c.yaml").write_text(f"{HEAD}purpose: marketing\n")
    office.drop("id,to_number,name\nk1,+61412345678,Joe\n")
    office.submit()
    office.drop("id,to_number,name\nk1,+61412345678,Joe\nk2,+18135550123,Jane\n")
    office.fire()
    assert set(office.keys()) == {"k1"}
    why = str(office.campaign()["refresh_why"])
    assert why.startswith("consent: expected the consent that us-ai-voice-marketing")


def test_the_same_list_changes_nothing_and_what_a_person_submits_then_is_the_same(
    office: Office,
) -> None:
    office.fire()
    assert office.campaign()["version"] == 1
    assert office.when("refresh_at") == FIRING + timedelta(days=1)
    office.drop(rows(1, 2, 3, 4))
    office.fire(at=FIRING + timedelta(days=1))
    assert office.campaign()["version"] == 2
    assert office.submit().effect == "unchanged"


def test_who_is_done_comes_back_to_life_only_where_the_list_has_news(office: Office) -> None:
    control.resume("visits", office.world.parts, who="test")
    office.world.run_for(10)
    for attempt in office.world.attempts():
        office.world.say(str(attempt["id"]), CallStatus.COMPLETED, duration=30)
    office.world.run_for(5)
    assert office.campaign()["state"] == "finished"
    office.drop(rows(1, 2, 3, 4))
    office.fire()
    assert office.campaign()["state"] == "running"
    office.world.run_for(30)
    assert [request.to_number[-4:] for _, request in office.world.provider.rung] == [
        "0001",
        "0002",
        "0003",
        "0004",
    ]


REFUSED = {
    "missing": (None, "got no file"),
    "empty": ("", "got an empty file"),
    "header only": ("id,to_number,name\n", "got a header only"),
    "another header": (
        "number,name\n+16175550001,Ann\n",
        "contacts.key: expected a column of the list, got id",
    ),
    "half of it": (rows(1), "2 of 9"),
}


@pytest.mark.parametrize("name", [*REFUSED, "too old", "still written to"])
def test_a_list_that_cannot_be_taken_keeps_the_book_and_is_tried_for_an_hour(
    office: Office, name: str
) -> None:
    if name == "half of it":
        office.drop(rows(*range(1, 10)))
        office.fire(at=FIRING - timedelta(seconds=1))
        office.submit()
    before = office.keys()
    path = office.directory / "visits.csv"
    match name:
        case "missing":
            path.unlink()
            said = "got no file"
        case "too old":
            office.drop(rows(1, 2, 3, 4), age=timedelta(hours=26))
            said = "visits.csv was last written 27 hours ago, beyond max_age"
        case "still written to":
            office.drop(rows(1, 2, 3, 4), age=timedelta(seconds=-3599))
            said = "written to a moment ago"
        case _:
            content, said = REFUSED[name]
            office.drop(content or "")
            said = {"half of it": "8 of 9 contacts are no longer on the list"}.get(name, said)
    office.fire()
    why = str(office.campaign()["refresh_why"])
    assert said in why
    assert office.keys() == before
    assert office.when("refresh_at") == FIRING + timedelta(minutes=1)
    audited = office.world.rows("SELECT detail FROM audit WHERE what = 'refresh_refused'")
    assert len(audited) == 1
    # Whole again within the hour: the same firing takes it.
    if name != "still written to":
        office.drop(rows(*range(1, 12)))
    office.fire(at=FIRING + timedelta(minutes=2))
    assert office.campaign()["refresh_why"] is None
    assert office.when("refresh_at") == FIRING + timedelta(days=1)
    assert set(office.keys()) >= {"k1", "k2", "k3", "k4"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,to_number,Jane Doe", "context.name: expected a column of the list, got name"),
        ("id,Jane Doe,name", "contacts.to_number: expected one column with the number to call"),
        ("id,to_number,name,Jane Doe,Jane Doe", "visits.csv:1: expected each column name once"),
    ],
)
def test_a_person_in_the_first_line_is_named_nowhere(
    office: Office, header: str, said: str
) -> None:
    office.drop(f"{header}\n1,2,3,4,5\n")
    with capture_logs() as logged:
        office.fire()
    assert str(office.campaign()["refresh_why"]).removeprefix(f"{office.directory}/") == said
    audited = office.world.rows("SELECT detail FROM audit WHERE what = 'refresh_refused'")
    assert said in str(audited)
    assert said in str(logged)
    assert "Jane" not in str(audited) + str(logged)


def test_after_an_hour_it_waits_for_the_next_firing_and_says_why(office: Office) -> None:
    (office.directory / "visits.csv").unlink()
    at = FIRING
    for _ in range(61):
        office.fire(at=at)
        at += timedelta(minutes=1)
    assert office.when("refresh_at") == FIRING + timedelta(days=1)
    assert office.when("refresh_since") is None
    assert "visits.csv" in str(office.campaign()["refresh_why"])
    # Told when it began and when it was given up, not sixty times.
    assert len(office.world.rows("SELECT id FROM audit WHERE what = 'refresh_refused'")) == 2
    office.drop(rows(1, 2, 3))
    office.fire(at=FIRING + timedelta(days=1))
    assert office.campaign()["refresh_why"] is None


def test_only_one_process_reads_and_one_that_dies_is_followed_by_another(office: Office) -> None:
    office.drop(rows(2, 3, 4))
    asked: list[int] = []

    def dies(definition: object, origin: object) -> object:
        asked.append(1)
        refresh(1, office.world.parts)  # somebody else was woken too: it is not theirs
        raise WorldError("killed")

    ended = replace(office.world.parts, lists=dies)  # type: ignore[arg-type]
    office.world.clock.at = FIRING
    with pytest.raises(WorldError):
        refresh(1, ended)
    assert asked == [1]
    assert set(office.keys()) == {"k1", "k2", "k3"}
    office.fire(at=FIRING + timedelta(seconds=59))
    assert set(office.keys()) == {"k1", "k2", "k3"}
    office.fire(at=FIRING + timedelta(seconds=60))
    assert office.keys()["k4"] == "waiting"


def test_a_process_that_is_told_to_end_leaves_the_list_to_another(office: Office) -> None:
    office.drop(rows(2, 3, 4))
    office.world.clock.at = FIRING
    with pytest.raises(WorldError, match="ending"):
        refresh(1, replace(office.world.parts, stopping=lambda: True))
    assert set(office.keys()) == {"k1", "k2", "k3"}
    office.fire(at=FIRING + timedelta(minutes=1))
    assert office.keys()["k4"] == "waiting"


def test_a_person_who_submits_while_it_is_read_is_first(office: Office) -> None:
    office.drop(rows(2, 3, 4))

    def slow(definition: object, origin: object) -> object:
        fresh = read_again(definition, origin)  # type: ignore[arg-type]
        office.world.parts = replace(office.world.parts, lists=read_again)
        path = office.directory / "c.yaml"
        path.write_text(HEAD.replace("agent_reminder", "agent_of_today"))
        office.drop(rows(2, 3, 4, 5))
        assert office.submit().effect == "changed"
        office.drop(rows(2, 3, 4))  # as it was read
        return fresh

    reading = replace(office.world.parts, lists=slow)  # type: ignore[arg-type]
    office.world.clock.at = FIRING
    refresh(1, reading)
    with office.world.store.read() as tx:
        campaign = tx.campaign(1)
        definition, _ = tx.definition(1, campaign.version)
    assert definition.agent_id == "agent_of_today"
    assert office.keys()["k5"] == "waiting"
    assert office.campaign()["refresh_why"] is None


def test_one_that_is_cut_off_half_way_is_taken_up_a_minute_later(office: Office) -> None:
    """Once it is accepted nobody is called before it is done: that must not take until tomorrow."""
    control.resume("visits", office.world.parts, who="test")
    office.drop(rows(2, 3, 4))

    def cut_off(definition: object, origin: object) -> object:
        fresh = read_again(definition, origin)  # type: ignore[arg-type]
        return replace(fresh, entries=_Cut(fresh.entries, 2))  # after the survey

    office.world.clock.at = FIRING
    with pytest.raises(WorldError):
        refresh(1, replace(office.world.parts, lists=cut_off))  # type: ignore[arg-type]
    assert office.campaign()["state"] == "reconciling"
    office.fire(at=FIRING + timedelta(seconds=61))
    assert office.campaign()["state"] in ("running", "finished")
    assert office.keys()["k4"] in ("waiting", "calling")
    assert office.when("refresh_at") == FIRING + timedelta(days=1)


class _Cut:
    """Entries that a process which ends cannot read for the n-th time."""

    def __init__(self, entries: Iterable[Entry], nth: int) -> None:
        self._entries, self._left = entries, nth

    def __iter__(self) -> Iterator[Entry]:
        self._left -= 1
        if not self._left:
            raise WorldError("this process is ending")
        return iter(self._entries)


def test_a_long_list_stays_ours_as_long_as_it_is_read(office: Office) -> None:
    office.drop(rows(2, 3, 4))
    held: list[datetime | None] = []

    def long(definition: object, origin: object) -> object:
        fresh = read_again(definition, origin)  # type: ignore[arg-type]
        office.world.clock.forward(seconds=50)
        return replace(fresh, entries=_Watched(fresh.entries, lambda: held.append(look())))

    def look() -> datetime | None:
        return office.when("refresh_at")

    office.world.clock.at = FIRING
    refresh(1, replace(office.world.parts, lists=long))  # type: ignore[arg-type]
    assert held[0] == FIRING + timedelta(seconds=60)  # as it was claimed
    assert held[1] == FIRING + timedelta(seconds=110)
    assert office.when("refresh_at") == FIRING + timedelta(days=1)


class _Watched:
    """Entries that are looked at before the first and after it."""

    def __init__(self, entries: Iterable[Entry], look: Callable[[], None]) -> None:
        self._entries, self._look = entries, look

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self._look()
            yield entry


def test_a_file_that_changes_while_it_is_read_changes_nothing(office: Office) -> None:
    office.drop(rows(2, 3, 4))

    def changing(definition: object, origin: object) -> object:
        fresh = read_again(definition, origin)  # type: ignore[arg-type]
        office.drop(rows(1, 2, 3, 4, 5, 6))
        return fresh

    office.world.parts = replace(office.world.parts, lists=changing)  # type: ignore[arg-type]
    office.fire()
    assert "stays as it is while it is read" in str(office.campaign()["refresh_why"])
    assert set(office.keys()) == {"k1", "k2", "k3"}


def test_a_cancelled_campaign_is_not_read_again(office: Office) -> None:
    control.cancel("visits", office.world.parts, who="test")
    (office.directory / "visits.csv").unlink()
    office.fire()
    assert office.campaign()["refresh_why"] is None
    office.world.bell.refresh(1)
    office.world.bell.play(office.world.parts)
    assert office.campaign()["refresh_why"] is None


def test_two_files_with_one_name_do_not_take_each_others_campaign(
    office: Office, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.yaml").write_text(HEAD.replace("agent_reminder", "agent_debts"))
    (other / "visits.csv").write_text(rows(7, 8))
    with pytest.raises(Conflict, match=r"visits is kept by .*/c\.yaml: change it there"):
        office.submit(directory=other)
    assert set(office.keys()) == {"k1", "k2", "k3"}
    # The very same content from elsewhere asks for nothing.
    (other / "c.yaml").write_text(HEAD)
    (other / "visits.csv").write_text(rows(1, 2, 3))
    assert office.submit(directory=other).effect == "unchanged"
    (other / "visits.csv").write_text(rows(1, 2, 3, 4))
    assert office.submit(directory=other, take_over=True).effect == "changed"
    office.drop(rows(1, 2))
    with pytest.raises(Conflict, match=r"is kept by .*/other/c\.yaml"):
        office.submit()


def test_the_heartbeat_rings_for_what_is_due_until_somebody_takes_it(office: Office) -> None:
    office.world.clock.at = FIRING
    for _ in range(2):
        tick(office.world.parts)
        assert ("refresh", 1) in office.world.bell.rung
        office.world.bell.rung.clear()
