"""A database that went back in time: nobody who was reached, or is being rung, is rung again.

A campaign runs against the simulator; a backup is taken; it runs on; the backup comes back. The
simulator's ledger of phones is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.core.definition import Contacts, SameNumber
from campaigns.engine import control
from campaigns.engine.recover import Recovery, finish, recover
from campaigns.errors import Conflict
from tests.support.engine import VirtualClock, contact
from tests.support.postgres import Databases
from tests.support.restored import PostgresTime, Restorable, SqliteTime, on_the_tests_clock

Past = SqliteTime | PostgresTime
PEOPLE = 30
MINUTE = 60


SAME_ON_BOTH = pytest.mark.parametrize("past", ["sqlite"], indirect=True)
"""What is decided after a restore asks no database for its kind: one of them shows it."""


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with on_the_tests_clock():
        yield VirtualClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def past(request: pytest.FixtureRequest, clock: VirtualClock, tmp_path: Path) -> Iterator[Past]:
    found: Past
    if request.param == "sqlite":
        found = SqliteTime(tmp_path, clock)
    else:
        server: Databases = request.getfixturevalue("postgres")
        found = PostgresTime(server, clock)
    yield found
    found.close()


def running(past: Past, clock: VirtualClock, **settings: object) -> Restorable:
    """A campaign that has used up its first minute."""
    fleet = Restorable(past.database, clock, **settings)
    fleet.start(witnesses=past.witnesses)
    fleet.submit(PEOPLE)
    fleet.run_for(MINUTE / 2)
    return fleet


def type_recover(fleet: Restorable, since: datetime, *, release: bool = False) -> Recovery:
    """`campaigns recover --since …`, and then `resume --all`."""
    parts = fleet.workers[0]
    found = recover(since, parts, who="ann", say=lambda _: None)
    finish(found, parts, who="ann", release=release)
    control.resume_account([fleet.world.account_id], parts, who="ann")
    return found


def to_the_end(fleet: Restorable) -> None:
    fleet.run_for(24 * MINUTE, step=30)


@pytest.mark.parametrize(
    ("listed", "restarted"),
    [(True, False), (False, True)],
    ids=["all calls listed", "restarted, only answered calls listed"],
)
def test_a_backup_restored_while_a_campaign_runs_rings_nobody_twice(
    past: Past, clock: VirtualClock, listed: bool, restarted: bool
) -> None:
    fleet = running(past, clock, list_unanswered=listed)
    past.back_up()
    since = clock.at
    fleet.run_for(1.5 * MINUTE)
    before = fleet.rings()
    past.restore()
    if restarted:
        # On PostgreSQL no other process has seen it: a worker that lives on is the witness.
        old = fleet.workers
        fleet.start(witnesses=past.witnesses)
        if not past.witnesses:
            fleet.workers = [old[0], fleet.workers[0]]
    fleet.run_for(20)
    assert fleet.held() is not None, "nobody noticed"
    assert fleet.rings() == before, "somebody was rung before it was noticed"
    with pytest.raises(Conflict, match="campaigns recover --since"):
        control.resume_account([fleet.world.account_id], fleet.workers[0], who="ann")

    found = type_recover(fleet, since)
    assert found.bound >= (10 if listed else 5)
    assert found.foreign == 0
    to_the_end(fleet)

    assert fleet.rung_again_after_an_answer() == []
    assert fleet.rung_while_live() == 0
    assert all(len(words) <= 3 for words in fleet.rings().values())
    assert "None" not in fleet.outcomes()


def test_a_forgotten_call_to_a_family_counts_for_all_of_it(past: Past, clock: VirtualClock) -> None:
    """Its rows wait again in the backup: the one call in the provider's list was for each."""
    fleet = Restorable(past.database, clock)
    fleet.start(witnesses=past.witnesses)
    number = contact(45).to_number
    grouped = Contacts(file="people.csv", key="key", same_number=SameNumber.GROUP)
    fleet.world.submit([contact(n, to_number=number) for n in (45, 46, 47)], contacts=grouped)
    past.back_up()
    since = clock.at
    fleet.run_for(1.5 * MINUTE)
    before = fleet.rings()
    assert [len(words) for words in before.values()] == [1]
    past.restore()
    fleet.run_for(20)
    found = type_recover(fleet, since, release=True)
    assert (found.bound, found.due) == (1, [])
    to_the_end(fleet)
    assert fleet.rings() == before
    assert fleet.outcomes() == {"completed": 3}


@SAME_ON_BOTH
def test_released_contacts_are_called_and_held_ones_are_not(
    past: Past, clock: VirtualClock
) -> None:
    fleet = running(past, clock)
    past.back_up()
    since = clock.at
    fleet.run_for(MINUTE)
    past.restore()
    fleet.run_for(10)
    rung = len(fleet.rings())
    found = type_recover(fleet, since, release=True)
    assert len(found.due) == PEOPLE - rung
    to_the_end(fleet)
    assert len(fleet.rings()) == PEOPLE, "where everything is listed, everybody can be called"
    assert fleet.rung_again_after_an_answer() == []
    assert fleet.rung_while_live() == 0


@SAME_ON_BOTH
def test_recover_twice_changes_nothing_more(past: Past, clock: VirtualClock) -> None:
    fleet = running(past, clock)
    past.back_up()
    since = clock.at
    fleet.run_for(MINUTE)
    past.restore()
    fleet.run_for(5)
    first = type_recover(fleet, since)
    control.pause_account([fleet.world.account_id], fleet.workers[0], who="ann", reason="look")
    attempts = len(fleet.world.attempts())
    second = type_recover(fleet, since)
    assert (second.bound, second.known) == (0, first.bound + first.known)
    assert second.due == []
    assert len(fleet.world.attempts()) == attempts


@SAME_ON_BOTH
def test_without_detection_the_operators_word_is_enough(past: Past, clock: VirtualClock) -> None:
    fleet = running(past, clock)
    past.back_up()
    since = clock.at
    fleet.run_for(1.5 * MINUTE)
    past.restore()
    fleet.start()  # nobody remembers anything
    assert fleet.held() is None
    type_recover(fleet, since + timedelta(seconds=30))
    to_the_end(fleet)
    assert fleet.rung_again_after_an_answer() == []
    assert fleet.rung_while_live() == 0
