"""Raw events: stored once, kept for ever, folded when somebody has looked at them."""

from __future__ import annotations

import pytest

from campaigns.core.calls import CallStatus
from campaigns.core.outcomes import Said, Source
from tests.support.stored import T0, Stored, at, said


@pytest.fixture
def two_calls(stored: Stored) -> tuple[str, str]:
    campaign = stored.campaign(2)
    return stored.calling(campaign).id, stored.calling(campaign).id


def test_a_repetition_is_not_stored_again(stored: Stored, two_calls: tuple[str, str]) -> None:
    one, two = two_calls
    with stored.tx() as tx:
        tx.store_event(said(one, "d1"), T0)
        assert not tx.store_event(said(one, "d1", "completed"), at(5))
        tx.store_event(said(one, "d2"), at(6))
        tx.store_event(said(two, "d1"), at(7))
    with stored.tx() as tx:
        assert [piece.at for piece in tx.evidence(one)] == [T0, at(6)]


def test_what_is_stored_for_the_first_time_is_told(
    stored: Stored, two_calls: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    with stored.tx() as tx:
        assert tx.store_event(said(two_calls[0], "d1"), T0)


def test_evidence_is_everything_that_was_said(stored: Stored, two_calls: tuple[str, str]) -> None:
    one, two = two_calls
    with stored.tx() as tx:
        tx.store_event(said(one, "d1", "busy", duration_s=1.5, source=Source.STATUS), T0)
        tx.store_event(said(one, "d2", None, word="w" * 99), at(1))
        assert tx.evidence(one) == [
            Said(source=Source.STATUS, status=CallStatus.BUSY, at=T0, duration_s=1.5),
            Said(source=Source.WEBHOOK, status=None, at=at(1)),
        ]
        assert tx.evidence(two) == []


def test_an_event_stays_unfolded_until_its_attempt_is(
    stored: Stored, two_calls: tuple[str, str]
) -> None:
    one, two = two_calls
    with stored.tx() as tx:
        for n, call in enumerate((one, two, one)):
            tx.store_event(said(call, f"d{n}"), T0)
        assert tx.unfolded(9) == [one, two]
        assert tx.unfolded(1) == [one]
        tx.folded(one)
        assert tx.unfolded(9) == [two]
        assert len(tx.evidence(one)) == 2
        tx.store_event(said(one, "late"), at(99))
        assert tx.unfolded(9) == [two, one]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"call_id": "c1"}, "c1"),
        ({"call_id": None}, None),
        ({"call_id": "c1", "status": None}, None),  # an event that was not given a say
        ({"call_id": "c1", "source": Source.ACCOUNT}, None),  # nor does it know the attempt
    ],
)
def test_only_the_attempts_own_address_names_its_call(
    stored: Stored,
    two_calls: tuple[str, str],
    changes: dict[str, object],
    named: str | None,
) -> None:
    one, _ = two_calls
    with stored.tx() as tx:
        tx.store_event(said(one, "d1", **changes), T0)  # type: ignore[arg-type]  # a test helper
        tx.store_event(said(one, "d2", call_id="c2" if named else None), at(1))
        assert tx.said_call_id(one) == named
