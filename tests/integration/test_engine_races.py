"""Two at once on PostgreSQL, where what comes between must not be lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from campaigns.core.calls import CallStatus as C
from campaigns.core.definition import Schedule
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.gate import Intent, pass_gate
from campaigns.engine.record import fold_events
from campaigns.engine.rehearsal import advance
from campaigns.engine.tick import tick
from campaigns.machine import SystemDice
from campaigns.store.database import Database, SqlTransaction
from tests.support.engine import START, World, contact

NUMBER = contact(0).to_number


@pytest.fixture
def world(postgres_store_url: str) -> Iterator[World]:
    world = World(database=Database(postgres_store_url), spacing=0)
    world.parts = replace(world.parts, dice=SystemDice())
    yield world
    world.store.close()


def claims(world: World) -> list[Claim]:
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    found = [about for _, about in world.bell.rung if isinstance(about, Claim)]
    world.bell.rung.clear()
    return found


def test_who_waits_for_a_number_is_woken_though_the_call_ended_during_its_gate(
    world: World,
) -> None:
    """The gate has seen the number busy and not committed yet; then the call ends."""
    world.submit([contact(0), contact(1, to_number=NUMBER)])
    one, two = claims(world)
    dial(one, world.parts)
    attempt = str(world.attempts()[0]["id"])

    def ends() -> None:
        world.say(attempt, C.COMPLETED, settle=False)
        fold_events(attempt, world.parts)

    with ThreadPoolExecutor(1) as other:
        with world.store.write() as tx:
            pass_gate(tx, two, world.parts)
            ending = other.submit(ends)
            threading.Event().wait(0.5)  # it may have to wait for this gate, and then it does
        ending.result(10)
    with world.store.read() as tx:
        task = tx.task(two.task_id)
        assert task is not None
        assert task.eligible_at - tx.now().policy < timedelta(seconds=5)


@pytest.fixture
def rehearsed(postgres_url: str) -> Iterator[World]:
    world = World(database=Database(postgres_url), kind="rehearsal", speed=60, spacing=0)
    world.parts = replace(world.parts, dice=SystemDice())
    yield world
    world.store.close()


def test_a_jump_of_the_rehearsed_clock_never_lands_inside_a_post(
    rehearsed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = rehearsed
    later = world.store.policy_now().policy + timedelta(hours=5)
    world.submit(1, schedule=Schedule(start=later))
    world.submit([contact(1)], name="two", digest="d2")
    control.pause("two", world.parts, who="me", reason="x")
    about_to_jump, may_jump = threading.Event(), threading.Event()
    jump = SqlTransaction.set_clock

    def slowly(tx: SqlTransaction, **where: object) -> None:
        about_to_jump.set()
        may_jump.wait(2)
        jump(tx, **where)  # type: ignore[arg-type]  # handed through

    def goes_on() -> Intent | object:
        control.resume("two", world.parts, who="me")
        claim = claims(world)[0]
        with world.store.write() as tx:
            return pass_gate(tx, claim, world.parts)

    monkeypatch.setattr(SqlTransaction, "set_clock", slowly)
    with ThreadPoolExecutor(2) as both:
        jumping = both.submit(advance, world.parts)
        assert about_to_jump.wait(10)
        going = both.submit(goes_on)
        try:
            passed = going.result(1)
        except TimeoutError:
            passed = None  # it waits for the jump: good
        may_jump.set()
        jumping.result(10)
        passed = passed or going.result(10)
    assert isinstance(passed, Intent)
    with world.store.read() as tx:
        attempt = tx.attempt(passed.request.attempt_id)
        assert attempt is not None
        assert attempt.settle_at > tx.now().policy


def test_overdue_tasks_are_ended_in_the_order_of_their_ids(world: World) -> None:
    """Or two heartbeats, or a heartbeat and an opt-out, lock each other's rows crosswise."""
    world.submit(3, schedule=Schedule(end=START + timedelta(days=3650)))
    with world.store.write() as tx:
        tx.connection.execute(text("UPDATE dial_task SET wait_reason = 'slot' WHERE id = 1"))
        tx.connection.execute(
            text("UPDATE dial_task SET deadline_at = now() - interval '1 minute'")
        )
        tx.connection.execute(text("UPDATE dial_task SET wait_reason = 'slot' WHERE id = 2"))
    with world.store.read() as tx:
        ids = [task.id for task in tx.overdue(tx.now().policy, 9)]
    assert ids == [1, 2, 3]


def test_an_opt_out_of_many_numbers_and_a_heartbeat_never_lock_each_other_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task of the later number has the earlier id."""
    world.submit([contact(1), contact(0)], schedule=Schedule(end=START + timedelta(days=3650)))
    with world.store.write() as tx:
        tx.connection.execute(text("UPDATE dial_task SET deadline_at = now() - interval '1 hour'"))
    one_ended = threading.Event()
    end = SqlTransaction.end_task

    def slowly(tx: SqlTransaction, *about: object) -> bool:
        ended = end(tx, *about)  # type: ignore[arg-type]  # handed through
        if not one_ended.is_set():
            one_ended.set()
            threading.Event().wait(1)
        return ended

    def opt_out() -> None:
        one_ended.wait(10)
        numbers = [contact(0).to_number, contact(1).to_number]
        control.suppress(numbers, world.parts, who="me", reason="asked")

    monkeypatch.setattr(SqlTransaction, "end_task", slowly)
    with ThreadPoolExecutor(2) as both:
        beating, asking = both.submit(tick, world.parts), both.submit(opt_out)
        beating.result(20)
        asking.result(20)
