"""Eight workers at the gate at once on PostgreSQL: what bounds calls holds to the very call."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from campaigns.core.admission import Finish, GiveBack, WaitReason
from campaigns.core.calls import CallStatus
from campaigns.core.definition import Budget, Cap, Pacing
from campaigns.core.lifecycle import Outcome
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.gate import Intent, pass_gate
from campaigns.engine.record import fold_events
from campaigns.machine import SystemDice
from campaigns.store import invariants, schema
from campaigns.store.database import Database
from tests.support.engine import World, contact

AT_ONCE = 8
SAME = contact(0).to_number
ON_A_LIST = "an intent to a number that was on the do-not-call list"


@pytest.fixture
def world(postgres_store_url: str) -> Iterator[World]:
    world = World(database=Database(postgres_store_url), spacing=0)
    world.provider.took = 0.0
    world.parts = replace(world.parts, dice=SystemDice())
    yield world
    world.store.close()


def claims(world: World, campaign_id: int, count: int) -> list[Claim]:
    """More than dispatch would claim: as if every worker had been told at once."""
    with world.store.write() as tx:
        now = tx.now()
        lane = tx.heads(campaign_id)[0].lane_id
        until = now.real + timedelta(minutes=1)
        tx.ripen([lane], at=now.policy, limit=count)
        return list(tx.claim(lane, again=False, at=now.policy, until=until, limit=count))


def gate(claim: Claim, world: World) -> object:
    with world.store.write() as tx:
        return pass_gate(tx, claim, world.parts)


def together(each: Sequence[Callable[[], object]]) -> list[object]:
    """All of them at the same moment, each in a thread of its own."""
    line = threading.Barrier(len(each))

    def one(do: Callable[[], object]) -> object:
        line.wait(10)
        return do()

    with ThreadPoolExecutor(len(each)) as threads:
        return [found.result(30) for found in [threads.submit(one, do) for do in each]]


def gates(world: World, claimed: Sequence[Claim]) -> list[object]:
    return together([lambda claim=one: gate(claim, world) for one in claimed])  # type: ignore[misc]


def kinds(found: Sequence[object]) -> Counter[object]:
    return Counter(one.reason if isinstance(one, GiveBack) else type(one) for one in found)


@pytest.mark.parametrize(
    ("bound", "most", "reason"),
    [
        ({"budget": Budget(calls_per_day=3)}, 3, WaitReason.BUDGET),
        ({"budget": Budget(cost_per_day=1.0, cost_per_call=0.3)}, 3, WaitReason.BUDGET),
        ({"budget": Budget(cost_per_day=60)}, 1, WaitReason.BUDGET),
        ({"pacing": Pacing(concurrent_calls=2)}, 2, WaitReason.CONCURRENCY),
        ({"pacing": Pacing(starts_per_minute=2)}, 2, WaitReason.CAMPAIGN_RATE),
    ],
)
def test_never_more_than_the_campaign_allows(
    world: World, bound: dict[str, Any], most: int, reason: WaitReason
) -> None:
    submitted = world.submit(AT_ONCE, **bound)
    found = gates(world, claims(world, submitted.campaign_id, AT_ONCE))
    assert kinds(found) == {Intent: most, reason: AT_ONCE - most}
    assert len(world.attempts()) == most


def test_never_more_than_the_account_allows_whatever_the_campaigns(world: World) -> None:
    schema.ensure_account(
        world.store, "default", limits={}, spacing=timedelta(0), concurrent_calls=3
    )
    one = world.submit([contact(n) for n in range(4)], name="one")
    two = world.submit([contact(n) for n in range(4, 8)], name="two", digest="d2")
    claimed = [*claims(world, one.campaign_id, 4), *claims(world, two.campaign_id, 4)]
    assert kinds(gates(world, claimed)) == {Intent: 3, WaitReason.CONCURRENCY: 5}


def test_never_more_than_the_cap_of_a_number_over_two_campaigns(world: World) -> None:
    """Each call is over at once, so that not even the number is busy."""
    cap = (Cap(calls=1, per=timedelta(hours=24)),)
    claimed: list[Claim] = []
    for name in ("one", "two"):
        people = [contact(n, to_number=SAME) for n in range(4)]
        submitted = world.submit(people, name=name, digest=name, caps=cap)
        claimed += claims(world, submitted.campaign_id, 4)

    def call(claim: Claim) -> object:
        found = gate(claim, world)
        if isinstance(found, Intent):
            id = found.request.attempt_id
            world.say(id, CallStatus.NO_ANSWER, settle=False)
            fold_events(id, world.parts)
        return found

    found = together([lambda claim=one: call(claim) for one in claimed])  # type: ignore[misc]
    assert kinds(found)[Intent] == 1
    assert len(world.attempts()) == 1
    assert kinds(found).keys() <= {Intent, WaitReason.CAP, WaitReason.NUMBER_BUSY}
    with world.store.read() as tx:
        assert invariants.broken(tx) == []


@pytest.mark.parametrize("campaign", [None, "reminders"])
def test_a_wish_that_was_kept_before_the_intent_always_prevents_the_call(
    world: World, campaign: str | None
) -> None:
    """Gates and wishes for the same eight numbers at once: whichever comes first, holds."""
    submitted = world.submit(AT_ONCE)
    claimed = claims(world, submitted.campaign_id, AT_ONCE)
    asked = [contact(n).to_number for n in range(AT_ONCE)]

    def wish(number: str) -> object:
        return control.suppress([number], world.parts, who="me", reason="asked", campaign=campaign)

    mixed = [lambda claim=one: gate(claim, world) for one in claimed]  # type: ignore[misc]
    mixed += [lambda number=one: wish(number) for one in asked]  # type: ignore[misc]
    found = together(mixed)[:AT_ONCE]
    ended = Finish(outcome=Outcome.SUPPRESSED, reason="do_not_call")
    assert all(isinstance(one, Intent) or one == ended for one in found)
    with world.store.read() as tx:
        assert [one for one in invariants.broken(tx) if one.promise == ON_A_LIST] == []
    made = {one["task_id"] for one in world.attempts()}
    called = {
        claim.task_id for claim, one in zip(claimed, found, strict=True) if isinstance(one, Intent)
    }
    assert made == called


@pytest.mark.parametrize("campaign", [None, "reminders"])
def test_whoever_was_told_that_the_wish_is_kept_is_not_called(
    world: World, campaign: str | None
) -> None:
    submitted = world.submit(AT_ONCE)
    claimed = claims(world, submitted.campaign_id, AT_ONCE)

    def wish_then_gate(n: int) -> object:
        control.suppress(
            [contact(n).to_number], world.parts, who="me", reason="asked", campaign=campaign
        )
        return gate(claimed[n], world)

    found = together([lambda n=n: wish_then_gate(n) for n in range(AT_ONCE)])  # type: ignore[misc]
    assert kinds(found) == {Finish: AT_ONCE}
    assert not world.attempts()


def test_one_campaigns_list_leaves_the_other_campaign_alone(world: World) -> None:
    one = world.submit([contact(0)], name="one")
    two = world.submit([contact(1)], name="two", digest="d2")
    both = [contact(0).to_number, contact(1).to_number]
    control.suppress(both, world.parts, who="me", reason="asked", campaign="one")
    claimed = claims(world, two.campaign_id, 1)
    assert kinds(gates(world, claimed)) == {Intent: 1}
    assert [task["outcome"] for task in world.tasks()] == ["suppressed", None]
    assert one.campaign_id != two.campaign_id
