"""What is counted of the past for caps, ceilings and budgets: who counts, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from campaigns.core.budget import Spent
from campaigns.core.failing import Ending
from campaigns.core.lifecycle import AttemptState as A
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.records import AttemptRow
from campaigns.store import schema
from tests.support.stored import T0, Stored, at, person

TICK = timedelta(microseconds=1)
SILENT = (A.NOT_SENT, A.REJECTED)
ENDED = {"open": False}


def called(stored: Stored, campaign: int, *seconds: float) -> Sequence[AttemptRow]:
    return [stored.calling(campaign, when=at(one)) for one in seconds]


def becomes(stored: Stored, call: AttemptRow, state: A, **values: object) -> None:
    """By way of UNKNOWN, where nothing else leads there."""
    if state in (A.NOT_PLACED, A.UNRESOLVED):
        stored.becomes(call, A.UNKNOWN)
    stored.becomes(call, state, **values)


def other_account(stored: Stored) -> int:
    return schema.ensure_account(stored.store, "other", limits={}, spacing=timedelta(0))


def test_intents_of_a_campaign_are_counted_after_an_instant_oldest_first(stored: Stored) -> None:
    campaign = stored.campaign(4)
    called(stored, campaign, 30, 10, 20)
    called(stored, stored.campaign([person(9)], "two"), 15)
    with stored.tx() as tx:
        assert list(tx.campaign_intents(campaign, at(0))) == [at(10), at(20), at(30)]
        assert list(tx.campaign_intents(campaign, at(10))) == [at(20), at(30)]
        assert list(tx.campaign_intents(campaign, at(10) - TICK)) == [at(10), at(20), at(30)]
        assert not tx.campaign_intents(campaign, at(30))


@pytest.mark.parametrize("state", sorted(set(A)))
def test_a_call_that_is_known_to_have_rung_nobody_never_counts(stored: Stored, state: A) -> None:
    campaign = stored.campaign(1)
    (call,) = called(stored, campaign, 1)
    becomes(stored, call, state)
    with stored.tx() as tx:
        assert len(tx.campaign_intents(campaign, T0)) == (state not in SILENT)
        assert tx.spent(stored.account, campaign, T0).calls == (state not in SILENT)
        assert len(tx.recent_intents(call.phone_id, T0)) == (state not in SILENT)


def test_open_calls_are_those_of_one_account_or_of_one_of_its_campaigns(stored: Stored) -> None:
    one, two = stored.campaign(3), stored.campaign([person(8)], "two")
    elsewhere = other_account(stored)
    three = stored.campaign([person(9)], "three", account=elsewhere)
    first, *_ = called(stored, one, 1, 2)
    called(stored, two, 3)
    called(stored, three, 4)
    with stored.tx() as tx:
        assert [tx.live_calls(stored.account, c) for c in (None, one, two, three)] == [3, 2, 1, 0]
        assert [tx.live_calls(elsewhere), tx.live_calls(elsewhere, three)] == [1, 1]
    stored.becomes(first, A.COMPLETED, **ENDED)
    with stored.tx() as tx:
        assert (tx.live_calls(stored.account), tx.live_calls(stored.account, one)) == (2, 1)


def test_a_try_out_call_is_open_on_its_account_and_of_no_campaign(stored: Stored) -> None:
    campaign = stored.campaign(1)
    stored.intent(None)
    with stored.tx() as tx:
        assert tx.live_calls(stored.account) == 1
        assert tx.live_calls(stored.account, campaign) == 0


@pytest.mark.parametrize(
    ("state", "values", "talked"),
    [
        (A.COMPLETED, {"terminal_at": at(90)}, at(90)),
        (A.COMPLETED, {"in_progress_at": at(20), "terminal_at": at(90)}, at(90)),
        (A.FAILED, {"in_progress_at": at(20), "terminal_at": at(90)}, at(90)),
        (A.UNRESOLVED, {"in_progress_at": at(20)}, at(10)),
        (A.VOICEMAIL, {"in_progress_at": at(20), "terminal_at": at(90)}, None),
        (A.NO_ANSWER, {"terminal_at": at(90)}, None),
        (A.BUSY, {"terminal_at": at(90)}, None),
        (A.UNKNOWN, {}, None),
        (A.NOT_SENT, {}, None),
    ],
)
def test_when_somebody_was_last_talked_to(
    stored: Stored, state: A, values: dict[str, object], talked: object
) -> None:
    (call,) = called(stored, stored.campaign(1), 10)
    becomes(stored, call, state, **ENDED, **values)
    with stored.tx() as tx:
        assert tx.talked_at(call.phone_id) == talked
        assert tx.talked_at(call.phone_id + 1) is None


def test_the_last_talk_counts_whatever_campaign_and_account_it_was_of(stored: Stored) -> None:
    elsewhere = other_account(stored)
    campaigns = [
        stored.campaign([person(0)]),
        stored.campaign([person(0)], "two", account=elsewhere),
        stored.campaign([person(0)], "three"),
    ]
    states = (A.COMPLETED, A.COMPLETED, A.NO_ANSWER)
    for n, (campaign, state) in enumerate(zip(campaigns, states, strict=True)):
        (call,) = called(stored, campaign, 1000 * n)
        stored.becomes(call, state, terminal_at=at(1000 * n + 90), **ENDED)
    with stored.tx() as tx:
        assert tx.talked_at(call.phone_id) == at(1090)


def priced(stored: Stored, call: AttemptRow, cost: float | None, **more: object) -> None:
    values = {"duration_s": 60.0, "answered_at": call.intent_at, "currency": "USD"}
    stored.becomes(call, A.COMPLETED, cost=cost, **ENDED, **{**values, **more})


def test_what_a_day_has_taken(stored: Stored) -> None:
    campaign = stored.campaign(5)
    before, first, second, third, _ = called(stored, campaign, -1, 0, 10, 20, 30)
    priced(stored, before, 5.0)
    priced(stored, first, 0.25)
    priced(stored, second, None)
    stored.becomes(third, A.NO_ANSWER, **ENDED)
    called(stored, stored.campaign([person(9)], "two"), 15)
    with stored.tx() as tx:
        spent = tx.spent(stored.account, campaign, T0)
    assert spent == Spent(calls=4, cost=0.25, unpriced=2, dearest=5.0)


def test_a_day_in_which_nothing_happened_has_taken_nothing(stored: Stored) -> None:
    campaign = stored.campaign(1)
    with stored.tx() as tx:
        assert tx.spent(stored.account, campaign, T0) == Spent()


@pytest.mark.parametrize("state", sorted(set(A) - set(SILENT)))
def test_a_call_that_may_still_cost_something_is_unpriced(stored: Stored, state: A) -> None:
    free = (A.NO_ANSWER, A.BUSY, A.FAILED, A.CANCELLED, A.NOT_PLACED)
    campaign = stored.campaign(1)
    (call,) = called(stored, campaign, 1)
    becomes(stored, call, state)
    with stored.tx() as tx:
        assert tx.spent(stored.account, campaign, T0).unpriced == (state not in free)


def test_a_price_in_another_currency_is_none(stored: Stored) -> None:
    """6.80 INR are no 6.80 USD: it reserves as one that nobody has told."""
    campaign = stored.campaign(2)
    rupees, dollars = called(stored, campaign, 1, 2)
    priced(stored, rupees, 6.8, currency="INR")
    priced(stored, dollars, 0.08)
    with stored.tx() as tx:
        spent = tx.spent(stored.account, campaign, T0)
    assert spent == Spent(calls=2, cost=0.08, unpriced=1, dearest=0.08)


@pytest.mark.parametrize(
    ("cost", "seconds", "minute"),
    [(0.1, 60.0, 0.1), (0.1, 12.0, 0.1), (0.3, 180.0, 0.1), (0.3, 120.0, 0.15), (0.1, None, 0.1)],
)
def test_the_dearest_minute(
    stored: Stored, cost: float, seconds: float | None, minute: float
) -> None:
    campaign = stored.campaign(2)
    cheap, dear = called(stored, campaign, 1, 2)
    priced(stored, cheap, 0.01)
    priced(stored, dear, cost, duration_s=seconds)
    with stored.tx() as tx:
        assert tx.spent(stored.account, campaign, T0).dearest == pytest.approx(minute)


def test_prices_are_those_of_the_account_and_the_newest(stored: Stored) -> None:
    elsewhere = other_account(stored)
    away = stored.campaign([person(99)], "away", account=elsewhere)
    (dear,) = called(stored, away, 1)
    priced(stored, dear, 9.0)
    campaign = stored.campaign(51)
    with stored.tx() as tx:
        assert tx.spent(stored.account, campaign, T0).dearest is None
    calls = called(stored, campaign, *range(51))
    for call in calls:
        priced(stored, call, 3.0 if call is calls[0] else 0.1)
    with stored.tx() as tx:
        assert tx.spent(stored.account, campaign, at(100)).dearest == pytest.approx(0.1)


def test_a_person_lets_a_campaign_go_on(stored: Stored) -> None:
    campaign, other = stored.campaign(1), stored.campaign([person(9)], "two")
    with stored.tx() as tx:
        assert tx.resumed_at(campaign) is None
        tx.audit(who="me", what="pause", at=at(1), campaign_id=campaign)
        assert tx.resumed_at(campaign) is None
        for second in (2, 9, 5):
            tx.audit(who="me", what="resume", at=at(second), campaign_id=campaign)
        assert tx.resumed_at(campaign) == at(9)
        assert tx.resumed_at(other) is None


def test_endings_are_newest_first_of_those_that_began_after(stored: Stored) -> None:
    campaign = stored.campaign(5)
    one, two, three, _, _ = called(stored, campaign, 10, 20, 30, 40, 50)
    stored.becomes(one, A.COMPLETED, duration_s=3.5, **ENDED)
    stored.becomes(two, A.FAILED, **ENDED)
    stored.becomes(three, A.NO_ANSWER, **ENDED)
    (foreign,) = called(stored, stored.campaign([person(9)], "two"), 60)
    stored.becomes(foreign, A.FAILED, **ENDED)
    every = [
        Ending(state=A.NO_ANSWER),
        Ending(state=A.FAILED),
        Ending(state=A.COMPLETED, duration=timedelta(seconds=3.5)),
    ]
    with stored.tx() as tx:
        assert list(tx.endings(campaign, None, 9)) == every
        assert list(tx.endings(campaign, None, 2)) == every[:2]
        assert list(tx.endings(campaign, at(10), 9)) == every[:2]
        assert list(tx.endings(campaign, at(10) - TICK, 9)) == every


@pytest.mark.parametrize("state", sorted(set(A)))
def test_what_is_an_ending(stored: Stored, state: A) -> None:
    live = (A.DIALING, A.ACCEPTED, A.RINGING, A.IN_PROGRESS)
    campaign = stored.campaign(1)
    (call,) = called(stored, campaign, 1)
    becomes(stored, call, state)
    with stored.tx() as tx:
        found = [one.state for one in tx.endings(campaign, None, 9)]
    assert found == ([] if state in (*live, A.NOT_SENT, A.UNRESOLVED) else [state])


def test_a_list_of_one_campaign_holds_in_that_alone(stored: Stored) -> None:
    one, two = stored.campaign(1), stored.campaign([person(0)], "two")
    phone = stored.task(1).phone_id
    with stored.tx() as tx:
        assert tx.suppress(phone, reason="r" * 300, source="person", at=T0, campaign_id=one)
        assert not tx.suppress(phone, reason="again", source="person", at=T0, campaign_id=one)
        assert tx.suppressed(phone, one)
        assert not tx.suppressed(phone, two)
        assert not tx.suppressed(phone)
        assert not tx.suppressed(phone + 1, one)


def test_that_of_all_campaigns_holds_in_each(stored: Stored) -> None:
    one = stored.campaign(1)
    phone = stored.task(1).phone_id
    with stored.tx() as tx:
        assert tx.suppress(phone, reason="asked", source="person", at=T0)
        assert tx.suppressed(phone, one)
        assert tx.suppress(phone, reason="asked", source="person", at=T0, campaign_id=one)


def test_each_list_is_left_by_itself(stored: Stored) -> None:
    one, two = stored.campaign(1), stored.campaign([person(0)], "two")
    phone = stored.task(1).phone_id
    with stored.tx() as tx:
        for campaign in (None, one, two):
            tx.suppress(phone, reason="asked", source="person", at=T0, campaign_id=campaign)
        assert tx.unsuppress(phone)
        assert not tx.suppressed(phone)
        assert tx.suppressed(phone, one)
        assert tx.unsuppress(phone, one)
        assert not tx.unsuppress(phone, one)
        assert not tx.suppressed(phone, one)
        assert tx.suppressed(phone, two)


def test_who_is_on_the_list_of_one_campaign_waits_in_the_others(stored: Stored) -> None:
    one, two = stored.campaign(1), stored.campaign([person(0)], "two")
    phone = stored.task(1).phone_id
    with stored.tx() as tx:
        assert tx.drop_waiting([phone], at(5), one) == 1
        assert tx.drop_waiting([phone], at(6), one) == 0
    ended, kept = stored.task(1), stored.task(2)
    assert (ended.state, ended.outcome) == (TaskState.DONE, Outcome.SUPPRESSED)
    assert (kept.state, kept.outcome) == (TaskState.WAITING, None)
    with stored.tx() as tx:
        assert tx.drop_waiting([phone], at(7), two) == 1
