"""A fault of ours, of one campaign or of one row costs no contact and stops nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from campaigns.core.calls import Accepted, Found, NotSent, Session
from campaigns.core.calls import CallStatus as C
from campaigns.core.records import Claim
from campaigns.engine import answers
from campaigns.engine.answers import flush
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.lookup import check
from campaigns.engine.parts import Unrecorded
from campaigns.engine.record import fold_events
from campaigns.engine.tick import show_life, tick
from campaigns.errors import ConfigurationError, DatabaseAway, Fault
from campaigns.ports import Dialer
from campaigns.store import campaigns as campaign_queries
from campaigns.store.database import Database, SqlTransaction
from tests.support.engine import World

WINDOW = timedelta(seconds=60)


def patiently(world: World, seconds: int) -> None:
    """Heartbeats that go on whatever one of them raises, as Celery's do."""
    for _ in range(seconds):
        with suppress(Exception):
            world.settle()
        world.clock.forward(seconds=1)


def test_a_worker_without_the_accounts_key_costs_nobody() -> None:
    world = World()
    world.submit(3)
    whole = world.parts

    def keyless(account_id: int) -> Dialer:
        raise ConfigurationError([Fault(at="THINNESTAI_API_KEY", expected="the API key")])

    world.parts = replace(whole, dialers=keyless)
    patiently(world, 60)
    world.parts = whole
    world.run_for(120)
    assert len(world.provider.rung) == 3


def test_who_did_not_post_says_so_when_the_database_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The link broke at COMMIT: committed, but nobody knows; and it stays broken for a while."""
    world = World()
    world.submit(1)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    claim = world.bell.rung.popleft()[1]
    assert isinstance(claim, Claim)
    write, away = world.store.write, iter([False])

    @contextmanager
    def breaks() -> Iterator[SqlTransaction]:
        if next(away, True):
            raise DatabaseAway("still away")
        with write() as tx:
            yield tx
        raise DatabaseAway("the link broke after COMMIT was sent")

    monkeypatch.setattr(world.store, "write", breaks)
    with pytest.raises(DatabaseAway):
        dial(claim, world.parts)
    monkeypatch.undo()
    world.run_for(60)
    assert len(world.provider.rung) == 1


def test_a_process_without_a_heartbeat_of_its_own_records_what_it_kept() -> None:
    world = World()
    world.submit(1)
    world.settle()
    attempt = str(world.attempts()[0]["id"])
    with world.store.write() as tx:
        tx.connection.execute(text("UPDATE attempt SET answered_at = NULL, state = 'dialing'"))
        tx.alive("tick", "tick", tx.now().real)
    kept = Unrecorded(
        attempt_id=attempt, account_id=world.account_id, window=WINDOW, answer=NotSent(why="x")
    )
    world.parts.unrecorded.append(kept)
    show_life(world.parts, process="worker@a", kind="worker")
    assert not world.parts.unrecorded


def test_two_heartbeats_of_one_process_lose_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for attempt_id in ("first", "second"):
        kept = Unrecorded(
            attempt_id=attempt_id,
            account_id=world.account_id,
            window=WINDOW,
            answer=Accepted(call_id=attempt_id),
        )
        world.parts.unrecorded.append(kept)
    recorded: list[str] = []

    def record(attempt_id: str, *_: object) -> None:
        if attempt_id == "second":
            raise DatabaseAway("away again")
        recorded.append(attempt_id)
        if len(recorded) == 1:
            with suppress(DatabaseAway):
                flush(world.parts)  # the other heartbeat, in between

    monkeypatch.setattr(answers, "_record", record)
    with suppress(DatabaseAway):
        flush(world.parts)
    assert [kept.attempt_id for kept in world.parts.unrecorded] == ["second"]


def test_a_campaign_that_cannot_be_read_stops_no_other() -> None:
    """Written by a newer program, say, in the middle of a rolling restart."""
    world = World()
    world.submit(1)
    world.submit(1, name="other", digest="d2")
    world.bell.rung.clear()
    with world.store.write() as tx:
        tx.connection.execute(
            text(
                "UPDATE campaign_version SET definition ="
                " json_set(definition, '$.unheard_of', 1) WHERE campaign_id = 1"
            )
        )
    campaign_queries._parsed.cache_clear()
    world.parts.versions._known.clear()
    patiently(world, 5)
    assert len(world.provider.rung) == 1


def test_an_event_that_cannot_be_read_stops_no_other() -> None:
    world = World()
    world.submit(2)
    world.run_for(5)
    for attempt in world.attempts():
        world.say(str(attempt["id"]), C.COMPLETED, settle=False)
    world.bell.rung.clear()
    with world.store.write() as tx:
        tx.connection.execute(text("UPDATE event SET status = 'unheard_of' WHERE id = 1"))
    for _ in range(5):
        with suppress(Exception):
            tick(world.parts)
    assert sorted(str(task["state"]) for task in world.tasks()) == ["calling", "done"]


def test_the_provider_may_give_a_long_reason(postgres_store_url: str) -> None:
    world = World(database=Database(postgres_store_url))
    world.submit(1)
    world.settle()
    attempt = str(world.attempts()[0]["id"])
    world.say(attempt, C.COMPLETED, settle=False)
    fold_events(attempt, world.parts)
    with world.store.write() as tx:
        tx.connection.execute(text("UPDATE attempt SET check_at = intent_at"))
    found = Session(id="call_1", status=C.COMPLETED, word="ended", ended_reason="r" * 150)
    world.provider.call = lambda id: Found(session=found)  # type: ignore[method-assign]
    try:
        check(attempt, world.parts)
        assert world.attempts()[0]["enriched"] is not None
    finally:
        world.store.close()


def test_a_kept_answer_that_can_never_be_recorded_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its attempt stays unknown, as if its process had died."""
    world = World()
    world.submit(2)
    kept = Unrecorded(
        attempt_id="poison",
        account_id=world.account_id,
        window=WINDOW,
        answer=Accepted(call_id="call_x"),
    )
    world.parts.unrecorded.append(kept)
    record = answers._record

    def poisoned(attempt_id: str, *about: object) -> None:
        if attempt_id == "poison":
            raise ValueError("no database takes this")
        record(attempt_id, *about)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(answers, "_record", poisoned)
    patiently(world, 10)
    assert len(world.provider.rung) == 2
