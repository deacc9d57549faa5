"""Attempts: one open call per phone and per task, ids that belong to one call, what is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from campaigns.core.lifecycle import AttemptState as A
from campaigns.core.lifecycle import Outcome
from campaigns.core.records import Claim
from campaigns.errors import EngineFault
from campaigns.store import schema
from tests.support.stored import T0, Stored, at, person

DAY = timedelta(hours=24)


def test_an_intent_is_open_and_dialing_and_keeps_its_snapshot(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    assert (attempt.state, attempt.open, attempt.late, attempt.checks) == (
        A.DIALING,
        True,
        False,
        0,
    )
    assert attempt.snapshot["max_duration_s"] == 600
    assert attempt.max_duration == timedelta(minutes=10)
    with stored.tx() as tx:
        assert tx.lock_attempt(attempt.id) == attempt
        assert tx.attempt("nobody's") is None
        assert tx.busy_until(attempt.phone_id, T0) == attempt.release_at


def test_one_phone_has_one_open_call_over_all_campaigns_and_accounts(stored: Stored) -> None:
    other = schema.ensure_account(stored.store, "other", limits={}, spacing=timedelta(0))
    first = stored.calling(stored.campaign([person(0)]))
    claim = stored.claim(stored.campaign([person(0)], "two", account=other))
    with pytest.raises(IntegrityError):
        stored.intent(claim)
    with pytest.raises(IntegrityError):
        stored.intent(None, phone=first.phone_id)  # nor a try-out beside it
    stored.becomes(first, A.NOT_SENT, open=False)
    assert stored.intent(claim).open


def test_one_task_has_one_open_attempt(stored: Stored) -> None:
    campaign = stored.campaign([person(0), person(1)])
    first = stored.calling(campaign)
    with stored.tx() as tx:
        tx.connection.exec_driver_sql("UPDATE dial_task SET state='claimed', phone_id=2")
        task = tx.task(1)
    assert task is not None
    claim = Claim(task_id=1, claim=task.claim)
    with pytest.raises(IntegrityError):
        stored.intent(claim)
    stored.becomes(first, A.UNKNOWN, open=False)
    assert stored.intent(claim).open


def test_an_attempt_changes_only_in_the_state_that_was_expected(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    with stored.tx() as tx:
        assert not tx.change_attempt(attempt.id, A.UNKNOWN, state=A.RINGING)
        assert not tx.change_attempt("nobody's", A.DIALING, state=A.RINGING)
        assert tx.change_attempt(attempt.id, A.DIALING, state=A.ACCEPTED, call_id="c1")
        assert not tx.change_attempt(attempt.id, A.DIALING, state=A.RINGING)
        with pytest.raises(EngineFault, match="accepted"):
            tx.change_attempt(attempt.id, A.ACCEPTED, state=A.NOT_SENT)
        assert tx.change_attempt(attempt.id, A.ACCEPTED, answer="accepted")
        row = tx.attempt(attempt.id)
    assert row is not None
    assert (row.state, row.call_id, row.answer) == (A.ACCEPTED, "c1", "accepted")


def test_what_provably_rang_nobody_does_not_count_for_the_cap(stored: Stored) -> None:
    campaign = stored.campaign([person(n, number=0) for n in range(5)])
    for n, state in enumerate((A.NOT_SENT, A.REJECTED, A.UNKNOWN, A.ACCEPTED)):
        stored.becomes(stored.calling(campaign, when=at(n)), state, open=False)
    with stored.tx() as tx:
        phone = tx.phone_ids([person(0).e164])[person(0).e164]
        assert tx.recent_intents(phone, T0 - DAY) == [at(2), at(3)]
        assert tx.recent_intents(phone, at(2)) == [at(3)]  # later than, not as late as
        assert tx.busy_until(phone, T0 + DAY) is None
        assert tx.recent_intents(phone + 1, T0 - DAY) == []


def test_the_latest_attempt_is_the_newest_that_may_have_rung(stored: Stored) -> None:
    campaign = stored.campaign()
    with stored.tx() as tx:
        assert tx.latest_attempt(1) is None
    first = stored.calling(campaign)
    stored.becomes(first, A.NO_ANSWER, open=False)
    with stored.tx() as tx:
        tx.retry_set(1, at=T0)
    second = stored.calling(campaign, when=at(60))
    with stored.tx() as tx:
        assert tx.latest_attempt(1) == second
    stored.becomes(second, A.NOT_SENT, open=False)
    with stored.tx() as tx:
        latest = tx.latest_attempt(1)
    assert latest is not None
    assert latest.id == first.id


def test_the_first_writer_of_an_id_wins(stored: Stored) -> None:
    campaign = stored.campaign(2)
    one, two = stored.calling(campaign), stored.calling(campaign)
    with stored.tx() as tx:
        assert tx.bind(one, call_id="c1", session_id=None)
        assert tx.bind(two, call_id=None, session_id="s2")
        bound = tx.attempt(one.id), tx.attempt(two.id)
    assert bound[0] is not None
    assert bound[1] is not None
    with stored.tx() as tx:
        assert tx.bind(bound[0], call_id="c1", session_id="s1")  # the same again, and one more
        assert not tx.bind(bound[0], call_id="c9", session_id=None)  # it has another
        assert not tx.bind(bound[1], call_id="c1", session_id=None)  # another has it
        assert not tx.bind(bound[1], call_id="s1", session_id=None)  # as another kind of id
        assert tx.bound(stored.account, "c1") == tx.bound(stored.account, "s1") == one.id
        assert tx.bound(stored.account, "s2") == two.id
        assert tx.bound(stored.account, "c9") is None
        assert tx.bound(stored.account + 1, "c1") is None


def test_an_answer_is_lost_only_past_its_bound(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    with stored.tx() as tx:
        assert tx.lost_answers(attempt.settle_at, 9) == []
        late = attempt.settle_at + timedelta(seconds=1)
        assert tx.lost_answers(late, 9) == [attempt.id]
    stored.becomes(attempt, A.UNKNOWN)
    with stored.tx() as tx:
        assert tx.lost_answers(late, 9) == []


def test_a_number_is_kept_only_until_its_bound(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    late = attempt.release_at + timedelta(seconds=1)
    with stored.tx() as tx:
        assert tx.overstayed(attempt.release_at, 9) == []
        assert tx.overstayed(late, 9) == [attempt.id]
        tx.change_attempt(attempt.id, A.DIALING, open=False)
        assert tx.overstayed(late, 9) == []


@pytest.mark.parametrize("state", [A.UNKNOWN, A.ACCEPTED, A.RINGING, A.IN_PROGRESS])
def test_without_an_ending_there_is_an_instant_to_give_up(stored: Stored, state: A) -> None:
    attempt = stored.calling(stored.campaign())
    stored.becomes(attempt, state, check_at=at(60))
    with stored.tx() as tx:
        assert tx.hopeless(attempt.give_up_at, 9) == []
        assert tx.hopeless(attempt.give_up_at + timedelta(seconds=1), 9) == [attempt.id]


@pytest.mark.parametrize("state", [A.COMPLETED, A.NO_ANSWER, A.REJECTED, A.NOT_SENT])
def test_what_has_ended_is_not_given_up(stored: Stored, state: A) -> None:
    attempt = stored.calling(stored.campaign())
    stored.becomes(attempt, state, check_at=at(60))
    with stored.tx() as tx:
        assert tx.hopeless(attempt.give_up_at + DAY, 9) == []


def test_a_look_up_is_due_in_policy_time_and_taken_in_real_time(stored: Stored) -> None:
    campaign = stored.campaign(2)
    one, two = stored.calling(campaign), stored.calling(campaign)
    stored.becomes(one, A.ACCEPTED, check_at=at(60))
    stored.becomes(two, A.ACCEPTED, check_at=at(30))
    real = at(10_000)
    with stored.tx() as tx:
        assert tx.checks_due(at(29), real, 9) == []
        assert tx.checks_due(at(60), real, 9) == [two.id, one.id]
        assert tx.checks_due(at(60), real, 1) == [two.id]
        assert tx.claim_check(two.id, real, real + timedelta(seconds=60))
        assert not tx.claim_check(two.id, real + timedelta(seconds=60), real)
        assert tx.checks_due(at(60), real + timedelta(seconds=60), 9) == [one.id]
        later = real + timedelta(seconds=61)
        assert tx.checks_due(at(60), later, 9) == [two.id, one.id]
        assert tx.claim_check(two.id, later, later)
        tx.change_attempt(one.id, A.ACCEPTED, check_at=None)
        assert not tx.claim_check(one.id, later, later)


def test_a_try_out_call_has_no_task(stored: Stored) -> None:
    with stored.tx() as tx:
        phone = tx.phone_ids(["+16175550000"])["+16175550000"]
    first = stored.intent(None, phone=phone)
    assert (first.task_id, first.campaign_id, first.version) == (None, None, None)
    stored.becomes(first, A.COMPLETED, open=False)
    stored.intent(None, phone=phone)
    with stored.tx() as tx:
        assert len(tx.recent_intents(phone, T0 - DAY)) == 2


def test_a_done_task_keeps_its_attempt(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    stored.done(1, Outcome.UNRESOLVED)
    with stored.tx() as tx:
        assert tx.lock_attempt(attempt.id).task_id == 1
