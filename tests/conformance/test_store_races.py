"""Two at once on PostgreSQL: who comes second waits, and then finds what the first has done.

A test holds one transaction open, waits until the other one stands before its locks, and commits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from campaigns.core.admission import Decision, Drop, Finish, GiveBack, WaitReason
from campaigns.core.calls import Blame, Rejected
from campaigns.core.lifecycle import Outcome
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.gate import Intent, pass_gate
from campaigns.machine import SystemDice
from campaigns.store.database import Database, SqlTransaction
from tests.support.engine import World, contact
from tests.support.processes import wait_until
from tests.support.stored import Stored, at

PHONE = contact(0).to_number
Step = Callable[[SqlTransaction], object]


@pytest.fixture
def world(postgres_store_url: str) -> Iterator[World]:
    world = World(database=Database(postgres_store_url), spacing=0)
    world.parts = replace(world.parts, dice=SystemDice())
    yield world
    world.store.close()


def claimed(world: World, name: str = "reminders") -> Claim:
    """A contact with the one phone, in a campaign of its own, on its way to the gate."""
    submitted = world.submit([contact(0)], digest=name, name=name, agent_id=f"agent of {name}")
    with world.store.write() as tx:
        lane = tx.heads(submitted.campaign_id)[0].lane_id
        now = tx.now()
        return tx.claim(lane, again=False, at=now.policy, until=now.real, limit=1)[0]


def gate(claim: Claim, world: World) -> Intent | Decision:
    with world.store.write() as tx:
        return pass_gate(tx, claim, world.parts)


@contextmanager
def behind(world: World, first: Step, second: Callable[[], object]) -> Iterator[Future[object]]:
    """`first` inside an open transaction, `second` waiting for it; committed at the end."""
    with ThreadPoolExecutor(1) as other:
        with world.store.write() as tx:
            first(tx)
            waiting = other.submit(second)
            wait_until(lambda: stands_at_a_lock(world), within=10, what="the second at a lock")
            assert not waiting.done()
        yield waiting


def stands_at_a_lock(world: World) -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with world.store.read() as tx:
        return bool(tx.connection.exec_driver_sql(query).scalar_one())


def intents(world: World) -> int:
    return len(world.attempts())


def test_two_gates_for_one_number_make_one_intent(world: World) -> None:
    one, two = claimed(world), claimed(world, "other")
    with behind(
        world, lambda tx: pass_gate(tx, one, world.parts), lambda: gate(two, world)
    ) as late:
        decision = late.result(10)
    assert isinstance(decision, GiveBack)
    assert decision.reason is WaitReason.NUMBER_BUSY
    assert intents(world) == 1


def test_two_gates_for_one_claim_make_one_intent(world: World) -> None:
    claim = claimed(world)
    again = lambda: gate(claim, world)  # noqa: E731  # one word for it
    with behind(world, lambda tx: pass_gate(tx, claim, world.parts), again) as late:
        assert late.result(10) == Drop()
    assert intents(world) == 1


def test_an_opt_out_before_the_gate_prevents_the_intent(world: World) -> None:
    claim = claimed(world)

    def opt_out(tx: SqlTransaction) -> None:
        phone = tx.phone_ids([PHONE])[PHONE]
        tx.lock_phone(phone)
        tx.suppress(phone, reason="asked", source="person", at=tx.now().policy)
        tx.drop_waiting([phone], tx.now().policy)

    with behind(world, opt_out, lambda: gate(claim, world)) as late:
        assert late.result(10) == Finish(outcome=Outcome.SUPPRESSED, reason="do_not_call")
    assert intents(world) == 0


def test_an_opt_out_waits_for_a_gate_that_came_first(world: World) -> None:
    claim = claimed(world)
    opt_out = lambda: control.suppress([PHONE], world.parts, who="me", reason="asked")  # noqa: E731
    with behind(world, lambda tx: pass_gate(tx, claim, world.parts), opt_out) as late:
        late.result(10)
    assert intents(world) == 1
    with world.store.read() as tx:
        assert tx.suppressed(tx.phone_ids([PHONE])[PHONE])


def test_who_gives_three_refused_back_locks_them_in_the_one_order(world: World) -> None:
    """Else each of the two would have what the other waits for."""
    refused = Rejected(blame=Blame.CONTACT, status=400, detail="to_number")
    world.provider.answers.extend([refused] * 3)
    world.submit(2)
    world.settle(ticks=3)
    world.submit(3, digest="d2")
    first, _, third = (int(str(task["id"])) for task in world.tasks())
    with ThreadPoolExecutor(1) as other:
        with world.store.write() as tx:
            tx.lock_task(first)
            recording = other.submit(world.settle, ticks=3)
            wait_until(lambda: stands_at_a_lock(world), within=10, what="the answer at a lock")
            free = "SELECT state FROM dial_task WHERE id = %(id)s FOR UPDATE NOWAIT"
            found = tx.connection.exec_driver_sql(free, {"id": third}).scalar_one()
            assert found == "calling"
        recording.result(10)
    assert [task["state"] for task in world.tasks()] == ["waiting"] * 3


STOPS: dict[str, tuple[Callable[[World], None], WaitReason | None]] = {
    "pause": (
        lambda world: control.pause("reminders", world.parts, who="me", reason="x"),
        WaitReason.PAUSED,
    ),
    "pause_account": (
        lambda world: control.pause_account([world.account_id], world.parts, who="me", reason="x"),
        WaitReason.ACCOUNT_PAUSED,
    ),
    "cancel": (lambda world: control.cancel("reminders", world.parts, who="me"), None),
}


@pytest.mark.parametrize("stop", list(STOPS))
def test_no_intent_is_committed_after_a_stop_was(world: World, stop: str) -> None:
    """The stop waits for gates under way, and holds from the moment it returns."""
    one = claimed(world)
    stops, reason = STOPS[stop]
    with behind(world, lambda tx: pass_gate(tx, one, world.parts), lambda: stops(world)) as late:
        late.result(10)
    assert intents(world) == 1
    with world.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE attempt SET open = false")
        tx.returned(one.task_id, eligible_at=tx.now().policy, reason="x")
        lane = tx.heads(1)[0].lane_id
        now = tx.now()
        tx.ripen([lane], at=now.policy, limit=1)
        claim = tx.claim(lane, again=False, at=now.policy, until=now.real, limit=1)[0]
    decision = gate(claim, world)
    assert intents(world) == 1
    if reason is None:
        assert decision == Finish(outcome=Outcome.CANCELLED, reason="campaign_cancelled")
    else:
        assert isinstance(decision, GiveBack)
        assert decision.reason is reason


def test_a_gate_behind_a_pause_that_is_being_committed_gives_back(world: World) -> None:
    claim = claimed(world)

    def pause(tx: SqlTransaction) -> None:
        row = tx.lock_campaign(1)
        tx.change_campaign(row.id, [row.state], state="paused")

    with behind(world, pause, lambda: gate(claim, world)) as late:
        decision = late.result(10)
    assert isinstance(decision, GiveBack)
    assert decision.reason is WaitReason.PAUSED
    assert intents(world) == 0


def test_the_last_slot_is_taken_once(postgres_store_url: str) -> None:
    world = World(database=Database(postgres_store_url), spacing=0, limit=1)
    world.parts = replace(world.parts, dice=SystemDice())
    one = claimed(world)
    world.submit([contact(1)], name="other", agent_id="b")
    with world.store.write() as tx:
        now = tx.now()
        two = tx.claim(tx.heads(2)[0].lane_id, again=False, at=now.policy, until=now.real, limit=1)[
            0
        ]
    with behind(
        world, lambda tx: pass_gate(tx, one, world.parts), lambda: gate(two, world)
    ) as late:
        decision = late.result(10)
    assert isinstance(decision, GiveBack)
    assert decision.reason is WaitReason.SLOT
    world.store.close()


def test_claimers_never_share_a_task(on_postgres: Stored) -> None:
    campaign = on_postgres.campaign(120)
    start = threading.Barrier(4)

    def claim_all() -> list[Claim]:
        mine: list[Claim] = []
        start.wait(10)
        while True:
            with on_postgres.tx() as tx:
                heads = tx.heads(campaign)
                got = (
                    tx.claim(heads[0].lane_id, again=False, at=at(0), until=at(30), limit=3)
                    if heads
                    else []
                )
                if not heads:
                    return mine
                mine.extend(got)

    with ThreadPoolExecutor(4) as workers:
        taken = [
            claim
            for done in [workers.submit(claim_all) for _ in range(4)]
            for claim in done.result(30)
        ]
    assert len(taken) == len({claim.task_id for claim in taken}) == 120
