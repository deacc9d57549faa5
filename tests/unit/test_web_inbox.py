"""Events wait for one commit together; nobody is told "stored" before it; rings come after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from campaigns.core.records import Claim
from campaigns.engine.parts import Parts
from campaigns.errors import DatabaseAway
from campaigns.ports import Transaction
from campaigns.web.bell import Noted, Ringer
from campaigns.web.inbox import Full, Inbox, Keep
from tests.support.engine import QueueingDoorbell

PATIENCE = 10.0


class Ledger:
    """A store that counts its transactions. The first waits at `gate` until it is opened."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.gate = threading.Event()
        self.reached = threading.Event()
        self.away_at_commit = False

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self.reached.set()
        assert self.gate.wait(PATIENCE)
        written: list[str] = []
        yield cast(Transaction, written)
        if self.away_at_commit:
            raise DatabaseAway("gone at the commit")
        self.commits.append(written)


def parts_with(store: Ledger, bell: QueueingDoorbell) -> Parts:
    unused: Any = None
    return Parts(
        store=cast(Any, store),
        clock=unused,
        dice=unused,
        doorbell=bell,
        dialers=unused,
        hook_url=unused,
    )


def keeping(name: str, known: bool = True) -> Keep:
    """What the door hands over: writes, rings, and says whether the attempt is there."""

    def keep(parts: Parts) -> bool:
        with parts.store.write() as tx:
            cast(list[str], tx).append(name)
        parts.doorbell.fold(name)
        return known

    return keep


def poisonous(parts: Parts) -> bool:
    raise ValueError("cannot be stored")


class Desk:
    """An inbox, its ledger, and its doorbell."""

    def __init__(self, **options: int) -> None:
        self.ledger = Ledger()
        self.bell = QueueingDoorbell()
        self.inbox = Inbox(parts_with(self.ledger, self.bell), **options)

    async def after(self, *keeps: Keep, within: float = PATIENCE) -> list[Any]:
        """Results of these when all are handed in while an earlier transaction is open."""
        first = asyncio.create_task(
            self.inbox.store(keeping("first"), order=("", ""), within=PATIENCE)
        )
        await asyncio.to_thread(self.ledger.reached.wait, PATIENCE)
        tasks = [
            asyncio.create_task(self.inbox.store(keep, order=(f"{9 - n}", ""), within=within))
            for n, keep in enumerate(keeps)
        ]
        await asyncio.sleep(0)
        if within < PATIENCE:
            await asyncio.wait(tasks)
        self.ledger.gate.set()
        await first
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self.inbox.close()
        return results


def test_what_waits_shares_a_commit_in_one_order() -> None:
    desk = Desk()
    results = asyncio.run(desk.after(*(keeping(name) for name in "abc")))
    assert results == [True, True, True]
    assert desk.ledger.commits == [["first"], ["c", "b", "a"]]


def test_a_commit_holds_a_bounded_number() -> None:
    desk = Desk(together=2)
    asyncio.run(desk.after(*(keeping(name) for name in "abc")))
    assert desk.ledger.commits == [["first"], ["b", "a"], ["c"]]


def test_each_hears_its_own_answer() -> None:
    results = asyncio.run(Desk().after(keeping("a"), keeping("b", known=False), keeping("c")))
    assert results == [True, False, True]


def test_one_that_cannot_be_stored_does_not_take_the_others_along() -> None:
    desk = Desk()
    results = asyncio.run(desk.after(keeping("a"), poisonous, keeping("c")))
    assert results[0] is True
    assert isinstance(results[1], ValueError)
    assert results[2] is True
    assert desk.ledger.commits == [["first"], ["c"], ["a"]]


def test_a_commit_that_fails_has_stored_nothing_and_rings_nobody() -> None:
    desk = Desk()
    desk.ledger.gate.set()
    desk.ledger.away_at_commit = True
    with pytest.raises(DatabaseAway, match="gone at the commit"):
        asyncio.run(desk.inbox.store(keeping("a"), order=("", ""), within=PATIENCE))
    desk.inbox.close()
    assert not desk.bell.rung


def test_whoever_has_stopped_waiting_is_not_written() -> None:
    desk = Desk()
    results = asyncio.run(desk.after(keeping("late"), within=0.01))
    assert isinstance(results[0], TimeoutError)
    assert desk.ledger.commits == [["first"]]


def test_too_many_at_once_are_sent_away() -> None:
    desk = Desk(waiting=2)
    results = asyncio.run(desk.after(*(keeping(name) for name in "abc")))
    assert results[:2] == [True, True]
    assert isinstance(results[2], Full)


def test_closing_stores_what_was_taken_and_takes_no_more() -> None:
    desk = Desk()
    desk.ledger.gate.set()

    async def ending() -> bool:
        taken = asyncio.create_task(desk.inbox.store(keeping("a"), order=("", ""), within=PATIENCE))
        await asyncio.sleep(0)
        desk.inbox.close()
        with pytest.raises(Full):
            await desk.inbox.store(keeping("b"), order=("", ""), within=PATIENCE)
        return await taken

    assert asyncio.run(ending()) is True
    assert desk.ledger.commits == [["a"]]


class SlowBell(QueueingDoorbell):
    """A doorbell whose broker is away: each ring blocks until the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.ringing = threading.Event()
        self.let = threading.Event()
        self.rang = threading.Semaphore(0)

    def fold(self, attempt_id: str) -> None:
        self.ringing.set()
        assert self.let.wait(PATIENCE)
        super().fold(attempt_id)
        self.rang.release()


def test_a_broker_that_is_away_delays_no_answer() -> None:
    bell = SlowBell()
    ledger = Ledger()
    ledger.gate.set()
    inbox = Inbox(parts_with(ledger, bell))

    async def both() -> list[bool]:
        kept = [await inbox.store(keeping(n), order=("", ""), within=PATIENCE) for n in "ab"]
        await asyncio.to_thread(bell.ringing.wait, PATIENCE)
        return kept

    assert asyncio.run(both()) == [True, True]
    assert not bell.rung
    bell.let.set()
    assert bell.rang.acquire(timeout=PATIENCE)
    assert bell.rang.acquire(timeout=PATIENCE)
    assert list(bell.rung) == [("fold", "a"), ("fold", "b")]
    inbox.close()


def test_a_ring_waits_once_and_the_oldest_are_forgotten() -> None:
    bell = SlowBell()
    ringer = Ringer(bell, most=2)
    ringer.ring([("fold", "first")])
    assert bell.ringing.wait(PATIENCE)
    ringer.ring([("fold", name) for name in "abcbc"])
    bell.let.set()
    for _ in range(3):
        assert bell.rang.acquire(timeout=PATIENCE)
    ringer.close()
    assert [about for _, about in bell.rung] == ["first", "b", "c"]


def test_a_ring_that_fails_does_not_end_the_ringing() -> None:
    class Broken(SlowBell):
        def check(self, attempt_id: str) -> None:
            raise RuntimeError("no such exchange")

    bell = Broken()
    bell.let.set()
    ringer = Ringer(bell)
    ringer.ring([("check", "a"), ("fold", "b")])
    assert bell.rang.acquire(timeout=PATIENCE)
    ringer.close()
    ringer.ring([("fold", "c")])
    assert list(bell.rung) == [("fold", "b")]


def test_notes_are_taken_of_every_kind_of_ring() -> None:
    noted = Noted()
    claim = Claim(task_id=1, claim=2)
    noted.dial(claim)
    noted.dial(claim)
    noted.fold("a")
    noted.check("a")
    noted.dispatch(7)
    assert list(noted.rings) == [("dial", claim), ("fold", "a"), ("check", "a"), ("dispatch", 7)]


def test_inside_a_shared_transaction_every_transaction_is_that_one() -> None:
    ledger = Ledger()
    ledger.gate.set()
    bell = QueueingDoorbell()
    inbox = Inbox(replace(parts_with(ledger, bell)))

    def keep(parts: Parts) -> bool:
        with parts.store.read() as outer, parts.store.write() as inner:
            return outer is inner

    assert asyncio.run(inbox.store(keep, order=("", ""), within=PATIENCE)) is True
    inbox.close()
    assert len(ledger.commits) == 1
