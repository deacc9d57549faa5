"""Accounts and their slots: who holds one, and whose stamp counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.core.calls import Limit
from campaigns.core.lifecycle import AttemptState
from campaigns.core.pacing import Slot
from campaigns.errors import UnknownName
from campaigns.store import schema
from campaigns.store.database import SqlTransaction
from tests.support.stored import Stored, W, at


def test_accounts_are_found_by_id_and_by_name(stored: Stored) -> None:
    other = schema.ensure_account(stored.store, "other", limits={}, spacing=timedelta(0))
    with stored.tx() as tx:
        assert [one.id for one in tx.accounts()] == [stored.account, other]
        assert tx.account_named("other").id == other
        assert tx.account(stored.account) == tx.lock_account(stored.account)
        assert tx.account(stored.account).spacing == timedelta(seconds=1)
        with pytest.raises(UnknownName, match="'third'"):
            tx.account_named("third")


def test_so_many_calls_at_once_as_was_said_last(stored: Stored) -> None:
    for most in (20, 5, None):
        again = schema.ensure_account(
            stored.store, "default", limits={}, spacing=timedelta(0), concurrent_calls=most
        )
        with stored.tx() as tx:
            assert tx.account(again).concurrent_calls == most
    assert again == stored.account


def test_columns_of_an_account_change_alone(stored: Stored) -> None:
    with stored.tx() as tx:
        before = tx.account(stored.account)
        tx.change_account(stored.account, probing=True, held_why="x", not_before=at(5))
        after = tx.account(stored.account)
    assert (after.probing, after.held_why, after.not_before) == (True, "x", at(5))
    assert (after.name, after.paused_why) == (before.name, before.paused_why)


def test_a_taken_slot_belongs_to_its_holder_until_another_takes_it(stored: Stored) -> None:
    with stored.tx() as tx:
        assert {slot.n for slot in tx.slots(stored.account, Limit.START)} == {1, 2, 3}
        tx.take_slot(stored.account, Limit.START, 2, "mine", at(84))
        assert slot(tx, stored, 2) == Slot(n=2, free_at=at(84), window=W)
        assert tx.settle_slot(stored.account, "mine", at(61))
        assert slot(tx, stored, 2).free_at == at(61)
        tx.take_slot(stored.account, Limit.START, 2, "theirs", at(200))
        assert not tx.settle_slot(stored.account, "mine", at(90))
        assert not tx.settle_slot(stored.account, "nobody", at(90))
        assert slot(tx, stored, 2).free_at == at(200)


def test_slots_of_another_kind_or_account_are_not_touched(stored: Stored) -> None:
    limits = {Limit.START: schema.LimitOf(count=2, window=W)}
    other = schema.ensure_account(stored.store, "other", limits=limits, spacing=timedelta(0))
    with stored.tx() as tx:
        before = tx.slots(stored.account, Limit.STATUS), tx.slots(other, Limit.START)
        tx.take_slot(stored.account, Limit.START, 1, "mine", at(84))
        assert not tx.settle_slot(other, "mine", at(61))
        tx.settle_slot(stored.account, "mine", at(61))
        assert (tx.slots(stored.account, Limit.STATUS), tx.slots(other, Limit.START)) == before
        assert tx.slots(other, Limit.SESSIONS) == []


def slot(tx: SqlTransaction, stored: Stored, n: int) -> Slot:
    return next(one for one in tx.slots(stored.account, Limit.START) if one.n == n)


def test_answers_are_the_newest_first_and_say_nothing_of_what_was_not_sent(stored: Stored) -> None:
    campaign = stored.campaign(5)
    told = ["accepted", "unknown", "not_sent", "rejected", None]
    for n, answer in enumerate(told):
        attempt = stored.calling(campaign, when=at(n))
        if answer is not None:
            with stored.tx() as tx:
                tx.change_attempt(attempt.id, attempt.state, answer=answer, answered_at=at(10 + n))
    with stored.tx() as tx:
        assert tx.answers(stored.account, None, 20) == ["rejected", "unknown", "accepted"]
        assert tx.answers(stored.account, None, 2) == ["rejected", "unknown"]
        assert tx.answers(stored.account, at(11), 20) == ["rejected"]  # later than, not as late
        assert tx.answers(stored.account + 99, None, 20) == []


def test_what_is_under_way_is_counted_per_account(stored: Stored) -> None:
    campaign = stored.campaign(3)
    attempt = stored.calling(campaign)
    stored.claim(campaign, limit=2)
    with stored.tx() as tx:
        counts = tx.dialing_count(stored.account), tx.claimed_count(stored.account)
        assert counts == (1, 2)
        assert (tx.dialing_count(99), tx.claimed_count(99)) == (0, 0)
    stored.becomes(attempt, AttemptState.ACCEPTED)
    with stored.tx() as tx:
        assert tx.dialing_count(stored.account) == 0


def test_one_dispatcher_at_a_time(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.try_account(stored.account)
        assert tx.try_account(stored.account)  # the same transaction again


def test_two_dispatchers_of_one_account_on_postgresql(on_postgres: Stored) -> None:
    store = on_postgres.store
    with store.write() as one, store.write() as two:
        assert one.try_account(on_postgres.account)
        assert not two.try_account(on_postgres.account)
        assert two.try_account(on_postgres.account + 1)
    with store.write() as three:
        assert three.try_account(on_postgres.account)
