"""Requests that may be sent twice: whose they are, what they were answered, when forgotten."""

from __future__ import annotations

from datetime import timedelta

from campaigns.ports.requests import KeptRequest
from tests.support.stored import T0, Stored, at

BEFORE = T0 - timedelta(minutes=2)


def test_a_key_is_the_first_one_s_until_it_is_dropped_or_given_up(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.take_request("k", "d", T0, BEFORE)
        assert not tx.take_request("k", "d", at(1), BEFORE)
        assert tx.request("k") == KeptRequest(digest="d", status=None, body=None)
        assert not tx.take_request("k", "other", at(200), at(80))
        assert tx.take_request("k", "d", at(200), at(80))
        assert not tx.take_request("k", "d", at(201), at(81))
        tx.drop_request("k", T0)  # the first one failed late: it is the second one's now
        assert tx.request("k") == KeptRequest(digest="d", status=None, body=None)
        tx.drop_request("k", at(200))
        assert tx.request("k") is None
        assert tx.take_request("k", "other", at(201), at(81))


def test_what_was_answered_stays_until_it_is_forgotten(stored: Stored) -> None:
    with stored.tx() as tx:
        tx.take_request("k", "d", T0, BEFORE)
        tx.answer_request("k", 201, {"added": 1})
        kept = KeptRequest(digest="d", status=201, body={"added": 1})
        assert tx.request("k") == kept
        assert not tx.take_request("k", "d", at(900), at(800))
        tx.drop_request("k", T0)
        tx.answer_request("k", 409, None)
        tx.forget_requests(T0)
        assert tx.request("k") == kept
        tx.forget_requests(at(1))
        assert tx.request("k") is None


def test_the_newest_word_that_somebody_is_not_there_counts(stored: Stored) -> None:
    campaign, other = stored.campaign(), stored.campaign(1, "two")
    with stored.tx() as tx:
        assert tx.absent_since(campaign, "k9") is None
        tx.told_absent(campaign, "k9", at(5))
        tx.told_absent(campaign, "k9", at(3))
        assert tx.absent_since(campaign, "k9") == at(5)
        tx.told_absent(campaign, "k9", at(7))
        assert tx.absent_since(campaign, "k9") == at(7)
        assert tx.absent_since(campaign, "k8") is None
        assert tx.absent_since(other, "k9") is None
