"""Holds, pauses, leases and windows are never cut short by something else that happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.core.calls import Accepted, Answer, DialRequest, Limit, SlowDown
from campaigns.core.definition import Schedule
from campaigns.engine import control
from campaigns.engine.clock import begin
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.parts import ClockGuard, Parts, Policy
from campaigns.engine.tick import beat, tick
from campaigns.store import schema
from campaigns.store.database import SqlTransaction
from tests.support.engine import START, World

SECOND = timedelta(seconds=1)


def test_a_step_of_the_clock_does_not_shorten_a_hold() -> None:
    world = World()
    world.submit(2)
    world.provider.answers.append(SlowDown(retry_after=3600))
    world.settle()
    with world.store.write() as tx:
        held = tx.account(world.account_id).not_before
        now = tx.now()
        lane = tx.heads(1)[0].lane_id
        claim = tx.claim(lane, again=False, at=now.policy, until=now.real + 30 * SECOND, limit=1)[0]
    world.store.clock = lambda: world.clock.at + 10 * SECOND
    dial(claim, world.parts)
    with world.store.read() as tx:
        after = tx.account(world.account_id).not_before
    assert held is not None
    assert after is not None
    assert after >= held


def test_a_slow_query_is_not_a_step_of_the_clock() -> None:
    """The first reading took 3 s and was stamped at its beginning; the second was quick."""
    guard = ClockGuard()
    guard.observe(START, 100.0, 103.0)
    guard.observe(START + 3.1 * SECOND, 103.1, 103.101)
    assert not guard.unheld(1, None)


def test_every_account_is_held_for_a_step_until_the_hold_is_read_back() -> None:
    guard = ClockGuard()
    guard.observe(START, 100.0, 100.1)
    assert not guard.unheld(1, None)
    guard.observe(START + 12 * SECOND, 102.0, 102.1)
    assert guard.unheld(1, None)
    assert guard.unheld(2, START + 99 * SECOND)
    guard.held(1, START + 60 * SECOND)
    assert guard.unheld(1, None), "the commit failed"
    assert not guard.unheld(1, START + 60 * SECOND)
    assert not guard.unheld(1, None), "it was there once: that is enough"
    guard.observe(START + 11 * SECOND, 103.0, 103.1)
    assert guard.unheld(1, START + 60 * SECOND), "and backwards"


@pytest.mark.parametrize("seen", [beat, begin])
def test_a_process_that_starts_after_a_step_sees_it_all_the_same(
    seen: Callable[[Parts], object],
) -> None:
    """Nothing of its own to compare with, but what the last one on this machine wrote down."""
    world = World()
    seen(world.parts)
    world.submit(1)
    world.store.clock = lambda: world.clock.at + 30 * SECOND
    fresh = replace(world.parts, guard=ClockGuard())
    begin(fresh)
    with world.store.write() as tx:
        lane = tx.heads(1)[0].lane_id
        claim = tx.claim(
            lane, again=False, at=tx.now().policy, until=tx.now().real + 30 * SECOND, limit=1
        )[0]
    dial(claim, fresh)
    assert not world.provider.rung
    with world.store.read() as tx:
        assert tx.account(world.account_id).held_why == "the clock stepped"
        for kind in (Limit.START, Limit.STATUS):
            free = [slot.free_at for slot in tx.slots(world.account_id, kind)]
            assert min(free) >= tx.now().policy + 60 * SECOND


def test_a_heartbeat_holds_before_anybody_dials() -> None:
    world = World()
    beat(world.parts)
    world.clock.forward(seconds=1)
    world.store.clock = lambda: world.clock.at - 10 * SECOND
    beat(world.parts)
    with world.store.read() as tx:
        assert tx.account(world.account_id).held_why == "the clock stepped"


def test_a_longer_window_holds_for_calls_under_way_too() -> None:
    world = World(limit=1)
    world.submit(1)

    def lengthen(request: DialRequest) -> Answer:
        longer = schema.LimitOf(count=1, window=120 * SECOND)
        limits = {**world.limits, Limit.START: longer}
        schema.ensure_account(world.store, "default", limits=limits, spacing=SECOND)
        return Accepted(call_id="call_1")

    world.provider.answers.append(lengthen)
    world.settle()
    with world.store.read() as tx:
        slot = tx.slots(world.account_id, Limit.START)[0]
        assert slot.free_at - tx.now().policy >= 119 * SECOND


def test_nobody_is_rung_after_the_last_lease_has_ended() -> None:
    """Ctrl-C, while a task is on its way to the gate."""
    world = World()
    world.submit(1)
    world.bell.rung.clear()
    world.parts = replace(world.parts, policy=Policy(public=True, leased_only=True))
    with world.store.write() as tx:
        tx.hold_lease("run", 1, tx.now().real + 10 * SECOND)
    dispatch(world.account_id, world.parts)
    assert world.bell.rung
    with world.store.write() as tx:
        tx.end_lease("run")
    world.settle()
    assert not world.provider.rung


def test_a_resume_is_not_undone_by_the_pause_it_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.submit(1)
    with world.store.write() as tx:
        tx.ask_pause(1, "three numbers in a row were refused", tx.now().policy)
    read, once = world.store.read, iter([True])

    @contextmanager
    def then_resumed() -> Iterator[SqlTransaction]:
        with read() as tx:
            yield tx
        if next(once, False):  # the heartbeat has read the request and not applied it yet
            control.resume("reminders", world.parts, who="me")

    monkeypatch.setattr(world.store, "read", then_resumed)
    tick(world.parts)
    monkeypatch.undo()
    assert world.rows("SELECT state FROM campaign")[0]["state"] == "running"


def test_a_rehearsal_does_not_jump_to_the_end_of_a_paused_campaign() -> None:
    """The person who is asked to look at it would find everybody expired."""
    world = World(kind="rehearsal", speed=60)
    world.submit(3, schedule=Schedule(end=START + timedelta(days=3)))
    control.pause("reminders", world.parts, who="me", reason="lunch")
    world.run_for(5)
    assert {task["state"] for task in world.tasks()} == {"waiting"}
