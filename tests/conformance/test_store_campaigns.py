"""Campaigns: states that are named when they change, pauses that are asked for, leases, audit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.core.definition import Schedule
from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome
from campaigns.errors import UnknownName
from campaigns.store import schema
from tests.support.engine import definition
from tests.support.stored import T0, Stored, at, person

S = CampaignState


def test_a_new_campaign_is_loading_with_its_first_version(stored: Stored) -> None:
    campaign = stored.loading()
    with stored.tx() as tx:
        row = tx.campaign_named("one")
        assert row is not None
        assert row == tx.campaign(campaign) == tx.lock_campaign(campaign)
        assert (row.state, row.version, row.load_token) == (S.LOADING, 1, "t1")
        assert row.load_until == at(60)
        expected = definition(name="one", schedule=Schedule(start=T0))
        assert tx.definition(campaign, 1) == (expected, ("key", "name"))
        assert tx.campaign_named("two") is None
        with pytest.raises(UnknownName):
            tx.lock_campaign(campaign + 1)


def test_a_campaign_changes_only_from_a_state_that_was_expected(stored: Stored) -> None:
    for state in S:
        campaign = stored.loading(f"is-{state}")
        stored.change(campaign, state)
        others = [other for other in S if other is not state]
        with stored.tx() as tx:
            assert not tx.change_campaign(campaign, others, state=S.PAUSED.value, paused_why="x")
            assert tx.campaign(campaign).paused_why is None
            assert tx.change_campaign(campaign, [state], paused_why="y")
            assert (tx.campaign(campaign).state, tx.campaign(campaign).paused_why) == (state, "y")
            assert not tx.change_campaign(campaign + 1, S, paused_why="z")


def test_only_running_campaigns_of_the_account_are_runnable(stored: Stored) -> None:
    other = schema.ensure_account(stored.store, "other", limits={}, spacing=timedelta(0))
    running = stored.campaign()
    for n, state in enumerate((S.LOADING, S.PAUSED, S.FINISHED, S.CANCELLED), 1):
        stored.change(stored.campaign([person(n)], f"is-{state}"), state)
    stored.campaign([person(9)], "elsewhere", account=other)
    with stored.tx() as tx:
        assert [row.id for row in tx.runnable(stored.account, leased_at=None)] == [running]


def test_who_may_have_been_rung_since_an_instant(stored: Stored) -> None:
    campaign = stored.campaign(4)
    stored.campaign([person(9)], "two")
    first, second, refused = (stored.calling(campaign, when=at(n)) for n in (1, 2, 3))
    stored.becomes(refused, AttemptState.REJECTED)
    one, two = (stored.task(made.task_id or 0).contact_id for made in (first, second))
    with stored.tx() as tx:
        assert set(tx.tried(campaign, None)) == {one, two}
        assert set(tx.tried(campaign, at(2))) == {two}
        assert not tx.tried(campaign + 1, None)


def test_a_pause_that_was_asked_for_holds_until_it_is_applied(stored: Stored) -> None:
    campaign, calm = stored.campaign(), stored.campaign([person(1)], "two")
    with stored.tx() as tx:
        assert not tx.pause_asked(campaign)
        tx.ask_pause(campaign, "w" * 999, T0)
        tx.ask_pause(campaign, "again", at(1))
        assert tx.pause_asked(campaign)
        assert not tx.pause_asked(calm)
        assert [row.id for row in tx.runnable(stored.account, leased_at=None)] == [calm]
        asked = tx.pauses_asked()
        assert [(id, why[:5]) for _, id, why in asked] == [(campaign, "wwwww"), (campaign, "again")]
        tx.pause_applied(asked[0][0])
        assert tx.pause_asked(campaign)
        tx.pause_applied(asked[1][0])
        assert not tx.pause_asked(campaign)
        assert tx.pauses_asked() == []


def test_a_lease_lives_until_it_ends_and_can_be_prolonged(stored: Stored) -> None:
    one, two = stored.campaign(), stored.campaign([person(1)], "two")
    with stored.tx() as tx:
        tx.hold_lease("a", one, at(10))
        tx.hold_lease("b", one, at(20))
        assert list(tx.leased(at(9))) == [one]
        assert [row.id for row in tx.runnable(stored.account, leased_at=at(9))] == [one]
        assert tx.leased(at(20)) == []
        assert tx.runnable(stored.account, leased_at=at(20)) == []
        tx.hold_lease("a", one, at(40))
        assert list(tx.leased(at(30))) == [one]
        tx.end_lease("a")
        tx.end_lease("a")
        assert tx.leased(at(30)) == []
        tx.hold_lease("c", two, at(99))
        assert list(tx.leased(at(30))) == [two]


@pytest.mark.parametrize("left", ["waiting", "claimed", "calling"])
def test_a_campaign_is_unfinished_only_when_nothing_of_it_is_open(
    stored: Stored, left: str
) -> None:
    campaign = stored.campaign(2)
    first = stored.claim(campaign)
    stored.done(first.task_id, Outcome.COMPLETED)
    with stored.tx() as tx:
        assert tx.unfinished() == []
    if left != "waiting":
        claim = stored.claim(campaign)
        if left == "calling":
            stored.intent(claim)
    with stored.tx() as tx:
        assert tx.unfinished() == []
        tx.connection.exec_driver_sql("UPDATE dial_task SET state = 'done', outcome = 'failed'")
        assert [row.id for row in tx.unfinished()] == [campaign]
    stored.change(campaign, S.PAUSED)
    with stored.tx() as tx:
        assert tx.unfinished() == []


def test_answers_of_a_campaign_are_accepted_and_rejected_ones_newest_first(
    stored: Stored,
) -> None:
    campaign = stored.campaign(5)
    told = [("rejected", "contact"), ("unknown", None), ("not_sent", None), ("accepted", None)]
    ids = []
    for n, (answer, blame) in enumerate(told):
        attempt = stored.calling(campaign, when=at(n))
        ids.append(attempt.id)
        with stored.tx() as tx:
            tx.change_attempt(attempt.id, attempt.state, answer=answer, answer_blame=blame)
    newest = [(ids[3], "accepted", None), (ids[0], "rejected", "contact")]
    with stored.tx() as tx:
        assert list(tx.campaign_answers(campaign, None, 9)) == newest
        assert list(tx.campaign_answers(campaign, None, 1)) == newest[:1]
        assert list(tx.campaign_answers(campaign, at(0), 9)) == newest[:1]
        assert tx.campaign_answers(campaign + 1, None, 9) == []


def test_who_did_what_is_remembered(stored: Stored) -> None:
    campaign = stored.campaign()
    with stored.tx() as tx:
        tx.audit(who="me", what="pause", at=T0, campaign_id=campaign, why="lunch")
        tx.audit(who="me", what="resume", at=at(1), account_id=stored.account)
        query = "SELECT who, what, campaign_id, account_id FROM audit ORDER BY id"
        rows = [tuple(row) for row in tx.connection.exec_driver_sql(query)]
    assert rows == [("me", "pause", campaign, None), ("me", "resume", None, stored.account)]
