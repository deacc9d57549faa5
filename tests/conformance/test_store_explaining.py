"""What is told of one contact: who it is, its calls, and the lists that its number is on."""

from __future__ import annotations

from campaigns.core.instants import Now
from campaigns.core.lifecycle import AttemptState
from campaigns.core.records import NewReject
from tests.support.engine import definition
from tests.support.stored import T0, Stored, at, person


def test_a_contact_is_found_by_its_key_in_its_own_campaign(stored: Stored) -> None:
    one, two = stored.campaign([person(1)], "one"), stored.campaign([person(2)], "two")
    with stored.tx() as tx:
        found = tx.subject(one, "k1")
        assert found is not None
        assert (found.key, found.line, found.gone, found.held, found.erased) == (
            *("k1", 3),
            *(False, False, False),
        )
        assert tx.subject(two, "k1") is None
        assert tx.subject(one, "erased-1") is None


def test_every_attempt_is_told_the_oldest_first(stored: Stored) -> None:
    campaign = stored.campaign()
    first = stored.calling(campaign)
    stored.becomes(first, AttemptState.NO_ANSWER, open=False, duration_s=0.0)
    with stored.tx() as tx:
        tx.retry_set(1, at=T0)
    second = stored.calling(campaign, when=at(60))
    with stored.tx() as tx:
        past = tx.past(1)
        assert tx.past(99) == []
    assert [one.attempt.id for one in past] == [first.id, second.id]


def test_the_list_of_all_campaigns_is_told_before_those_of_single_ones(stored: Stored) -> None:
    campaign = stored.campaign([person(1)], "one")
    with stored.tx() as tx:
        phone = tx.phone_ids([person(1).e164])[person(1).e164]
        assert tx.lists_of(phone) == []
        tx.suppress(phone, reason="of one", source="test", at=T0, campaign_id=campaign)
        tx.suppress(phone, reason="of all", source="test", at=at(1))
        lists = tx.lists_of(phone)
    assert [(one.reason, one.campaign) for one in lists] == [("of all", None), ("of one", "one")]


def test_where_a_version_and_its_other_rows_came_from(stored: Stored) -> None:
    campaign = stored.campaign()
    with stored.tx() as tx:
        assert tx.source_of(campaign, 1)
        assert tx.rows_beside(campaign) == 0
        tx.reject(campaign, [NewReject(line=9, kind="rejected", column="phone", reason="empty")])
        assert tx.rows_beside(campaign) == 1


def test_what_a_campaign_does_not_state_is_not_counted(stored: Stored) -> None:
    campaign = stored.campaign()
    stored.calling(campaign)
    with stored.tx() as tx:
        row = tx.campaign(campaign)
        now = Now(real=T0, policy=at(5))
        plain = tx.ceilings(row, tx.account(row.account_id), definition(), now)
    assert (plain.per_minute, plain.starts, plain.live, plain.purse) == (None, (), 0, None)
