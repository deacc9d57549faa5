"""What says that a database is an older state of itself, and where that is written down."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus, Session
from campaigns.core.incarnation import Incarnation, command, went_back
from campaigns.core.lifecycle import TaskState
from campaigns.core.records import TaskRow
from campaigns.core.recovery import Candidate, forgotten, number, outbound, told, whose
from campaigns.engine.watch import Watch
from campaigns.witness import FileWitness, redis_url

T = datetime(2026, 3, 10, 15, 0, 7, 900_000, tzinfo=UTC)


def found(mark: int = 7, server: str | None = None, here: str | None = None) -> Incarnation:
    return Incarnation(
        born="b", mark=mark, marked_at=T, server=server, found=here,
        held_why=None, held_at=None, lost_since=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "seen", "back"),
    [
        (found(7), 7, False),
        (found(8), 7, False),
        (found(7), 8, True),
        (found(7, "1/01", "1/01"), 0, False),
        (found(7, "1/01", "1/02"), 0, True),
        (found(7, "1/01", None), 0, False),
        (found(7, None, "1/01"), 0, False),
    ],
)
def test_a_lower_mark_or_another_server_is_an_older_state(
    state: Incarnation, seen: int, back: bool
) -> None:
    assert (went_back(state, seen) is not None) is back


def test_the_reason_names_the_command_with_the_last_sign_of_life() -> None:
    assert command(found()) == "campaigns recover --since 2026-03-10T15:00:07Z"
    assert command(found()) in (went_back(found(7), 8) or "")


def test_a_mark_file_only_rises_and_knows_its_database(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.db.mark"
    witness = FileWitness(path)
    assert witness.read("b") == 0
    for mark in (3, 9, 4):
        witness.write("b", mark)
    assert witness.read("b") == 9
    assert witness.read("another") == 0
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("nonsense")
    assert witness.read("b") == 0


def test_a_mark_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    FileWitness(tmp_path / "nowhere" / "x.mark").write("b", 1)


def test_many_writers_leave_the_highest(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path / "x.mark")
    threads = [threading.Thread(target=witness.write, args=("b", mark)) for mark in range(1, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert witness.read("b") == 19


def test_a_watch_remembers_the_highest_it_was_told(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path / "x.mark")
    witness.write("b", 5)
    watch = Watch([witness])
    watch.ask("b")
    watch.saw(3)
    assert watch.seen == 5
    watch.tell("b", 6)
    assert (watch.seen, witness.read("b")) == (6, 6)


def test_the_brokers_address_as_redis_spells_it() -> None:
    assert redis_url("redis://h:6379/1") == "redis://h:6379/1"
    assert redis_url("redis+socket:///run/x.sock?virtual_host=2") == "unix:///run/x.sock?db=2"


def session(**changes: object) -> Session:
    values: dict[str, object] = {
        "id": "s1", "status": CallStatus.COMPLETED, "word": "completed", "agent_id": "a",
        "to_number": "+16175550001", "from_number": "+18005550100", "started_at": T,
    }  # fmt: skip
    return Session(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


def candidate(id: int, state: TaskState = TaskState.WAITING, **changes: str) -> Candidate:
    task = TaskRow(
        id=id, campaign_id=id, account_id=1, contact_id=id, phone_id=1, state=state, due_at=T,
        retry_at=None, deadline_at=None, eligible_at=T, attempts=0, claim=0, from_number=None,
        outcome=None, reason=None,
    )  # fmt: skip
    values = {"agent_id": "a", "from_number": "+18005550100", **changes}
    return Candidate(task=task, max_duration_s=600, version=1, **values)


def test_a_call_is_bound_to_the_one_task_with_its_agent_and_caller() -> None:
    ours = candidate(1)
    assert whose(session(), [ours, candidate(2, agent_id="b")]).bound == ours
    assert whose(session(), [ours, candidate(2, from_number="+1")]).bound == ours
    assert whose(session(agent_id=None, from_number=None), [ours]).bound == ours
    assert whose(session(), [candidate(3, TaskState.DONE), ours]).bound == ours
    done = candidate(3, TaskState.DONE)
    assert whose(session(), [done]).bound == done


def test_where_several_tasks_fit_none_is_bound() -> None:
    both = (candidate(1), candidate(2))
    found = whose(session(), both)
    assert (found.bound, found.doubtful) == (None, both)
    assert whose(session(agent_id="x"), both).doubtful == ()


def test_a_call_to_a_family_is_bound_to_all_that_wait_of_it() -> None:
    one, two, other = candidate(1, family="tue"), candidate(2, family="tue"), candidate(3)
    done = candidate(4, TaskState.DONE, family="tue")
    found = whose(session(), [one, two, done])
    assert (found.bound, found.fellows, found.doubtful) == (one, (two,), ())
    # The lead's agent was asked for, whatever another row says of its own.
    mixed = candidate(2, family="tue", agent_id="b")
    assert whose(session(), [one, mixed]).fellows == (mixed,)
    assert whose(session(), [one, candidate(2, family="wed")]).bound is None
    assert whose(session(), [one, other]).bound is None
    assert whose(session(), [one, two, other]).doubtful == (one, two, other)


def test_who_called_in_or_came_by_browser_was_not_rung() -> None:
    assert outbound(session())
    assert not outbound(session(to_number=None))
    assert not outbound(session(raw={"type": "inbound"}))
    assert not outbound(session(raw={"call_direction": "Inbound"}))
    assert not told(session(status=CallStatus.FAILED))
    assert number("1 (617) 555-0001") == number("+16175550001") == number("0016175550001")


def test_a_call_without_a_time_may_be_any() -> None:
    early, untimed = (
        session(id="s0", started_at=T.replace(hour=1)),
        session(id="s2", started_at=None),
    )
    assert [one.id for one in forgotten([session(), early, untimed], T)] == ["s1", "s2"]
