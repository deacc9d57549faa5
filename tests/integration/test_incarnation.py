"""What makes an engine stop because its database has forgotten calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.core.calls import Accepted, CallStatus, DialRequest
from campaigns.engine import control, incarnation
from campaigns.engine.tick import beat, show_life
from campaigns.engine.tryout import try_out
from campaigns.engine.watch import Watch
from campaigns.errors import CampaignsError, Conflict, DatabaseAway
from campaigns.store import schema
from campaigns.store.backup import backup
from campaigns.store.database import Database
from campaigns.witness import FileWitness
from tests.support.engine import FROM, World
from tests.support.hooks import Door
from tests.support.postgres import PostgresServer

UNKNOWN = "00000000-0000-4000-8000-00000000ffff"


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.store.close()


def held(world: World) -> str | None:
    with world.store.read() as tx:
        return tx.incarnation().held_why


def paused(world: World) -> str | None:
    with world.store.read() as tx:
        return tx.account(world.account_id).paused_why


def test_a_process_that_has_seen_more_dials_nobody(world: World) -> None:
    world.submit(3)
    world.parts.watch.saw(10**6)
    world.settle()
    assert world.provider.rung == []
    assert "campaigns recover --since" in (held(world) or "")
    assert paused(world) == held(world)


def test_a_hold_stops_processes_that_have_seen_nothing(world: World) -> None:
    world.submit(3)
    with world.store.write() as tx:
        tx.hold_world("restored", since=None, at=tx.now().real)
    world.settle()
    assert world.provider.rung == []


@pytest.mark.parametrize("sign", ["beat", "pulse", "start"])
def test_every_sign_of_life_looks(world: World, sign: str) -> None:
    world.parts.watch.saw(10**6)
    if sign == "beat":
        beat(world.parts)
    elif sign == "pulse":
        show_life(world.parts, process="p", kind="worker")
    else:
        incarnation.at_start(world.parts)
    assert held(world) is not None
    assert paused(world) is not None


def test_a_call_to_yourself_is_no_exception(world: World) -> None:
    world.parts.watch.saw(10**6)
    request = DialRequest(attempt_id="", agent_id="a", to_number="+16175550001", from_number=FROM)
    with pytest.raises(CampaignsError, match="campaigns recover"):
        try_out(world.account_id, request, world.parts)
    assert held(world) is not None
    with pytest.raises(Conflict, match="campaigns recover"):
        try_out(world.account_id, request, world.parts)
    assert world.provider.rung == []


def test_nobody_resumes_before_recover(world: World) -> None:
    world.parts.watch.saw(10**6)
    beat(world.parts)
    with pytest.raises(Conflict, match="campaigns recover"):
        control.resume_account([world.account_id], world.parts, who="ann")


def test_every_slot_waits_for_what_the_provider_still_counts(world: World) -> None:
    world.parts.watch.saw(10**6)
    beat(world.parts)
    rows = world.rows("SELECT min(free_at) AS first FROM slot")
    first = int(str(rows[0]["first"]))
    assert first >= (world.clock.at.timestamp() + 84) * 1e6 - 1e3


def test_on_sqlite_each_call_has_a_mark_that_is_outside_before_it_rings(tmp_path: Path) -> None:
    world = World(database=Database(f"sqlite:///{tmp_path}/c.db"), spacing=0.0)
    witness = FileWitness(tmp_path / "c.db.mark")
    world.parts = replace(world.parts, watch=Watch([witness]))
    with world.store.read() as tx:
        born = tx.incarnation().born
    assert born is not None
    seen: list[tuple[int, int]] = []

    def rings(_: DialRequest) -> Accepted:
        with world.store.read() as tx:
            seen.append((tx.incarnation().mark, witness.read(born)))
        return Accepted(call_id=f"call_{len(seen)}")

    world.provider.answers.extend([rings, rings])
    world.submit(2)
    world.settle(ticks=2)
    assert len(seen) == 2
    assert [inside == outside for inside, outside in seen] == [True, True]
    assert seen[0][0] < seen[1][0]
    world.store.close()


def test_an_answer_to_an_intent_that_is_gone_holds(world: World) -> None:
    world.submit(2)

    def restored_meanwhile(request: DialRequest) -> Accepted:
        with world.store.write() as tx:
            for table in ("attempt", "event"):
                tx.connection.exec_driver_sql(f"DELETE FROM {table}")
        return Accepted(call_id="call_lost")

    world.provider.answers.append(restored_meanwhile)
    world.settle()
    assert len(world.provider.rung) == 1
    assert "forgotten" in (held(world) or "")
    with world.store.read() as tx:
        assert [one.call_id for one in tx.orphans()] == ["call_lost"]


def test_a_webhook_for_an_attempt_nobody_knows_is_kept_and_holds(world: World) -> None:
    door = Door(world)
    answer = door.post(UNKNOWN, {"status": "completed", "call_id": "call_9"})
    assert answer.status_code == 200
    assert "campaigns recover --since" in (held(world) or "")
    again = door.post(UNKNOWN, {"status": "completed", "call_id": "call_9"})
    assert again.status_code == 200
    with world.store.read() as tx:
        assert [(one.attempt_id, one.call_id) for one in tx.orphans()] == [(UNKNOWN, "call_9")]
    with world.store.write() as tx:
        tx.orphans_reviewed([UNKNOWN])
        tx.free_world()
    door.post(UNKNOWN, {"status": "failed", "call_id": "call_9"})
    assert held(world) is None, "it has been looked at"


def test_a_forgotten_calls_webhook_reaches_the_attempt_it_was_bound_to(world: World) -> None:
    world.submit(1)
    world.settle()
    bound = str(world.attempts()[0]["call_id"])
    answer = Door(world).post(UNKNOWN, {"status": "completed", "call_id": bound})
    assert answer.status_code == 200
    world.settle()
    assert world.attempts()[0]["state"] == CallStatus.COMPLETED
    assert held(world) is None


def test_a_new_timeline_of_postgresql_holds() -> None:
    server = PostgresServer()
    database: Database | None = None
    try:
        server.start()
        database = Database(server.admin_url)
        world = World(database=database)
        incarnation.at_start(world.parts)
        assert held(world) is None
        database.close()
        server.stop()
        server.configure("restore_command = 'false'\n")
        server.touch("recovery.signal")
        server.start()  # it recovers, as from an archive, and begins a timeline of its own
        incarnation.at_start(replace(world.parts, watch=Watch()))
        assert "restored or promoted" in (held(world) or "")
        with world.store.write() as tx:
            tx.free_world()
        incarnation.at_start(world.parts)
        assert held(world) is None
    finally:
        if database is not None:
            database.close()
        server.close()


def test_a_backup_is_whole_private_and_replaces_nothing(world: World, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database, kind="real")
    copy = tmp_path / "copy.db"
    assert backup(path, copy) == copy.stat().st_size
    assert copy.stat().st_mode & 0o077 == 0
    with sqlite3.connect(copy) as link:
        assert link.execute("SELECT count(*) FROM world").fetchone() == (1,)
    with pytest.raises(Conflict, match="replaces nothing"):
        backup(path, copy)
    with pytest.raises(DatabaseAway, match="cannot be written"):
        backup(path, tmp_path / "nowhere" / "copy.db")
    assert [one.name for one in tmp_path.iterdir() if "copy" in one.name] == ["copy.db"]
    database.close()
