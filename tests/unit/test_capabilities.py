"""What one test call proves of the provider, and what it leaves as pessimistic as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.calls import CallStatus as C
from campaigns.core.capabilities import (
    MISSING_AFTER,
    PESSIMISTIC,
    SAYS,
    Capability,
    Evidence,
    list_lag,
    lists_unanswered,
    read,
)

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
S = timedelta(seconds=1)
BARE = Evidence(call_id="call_1", accepted_at=T0)
UNANSWERED = replace(BARE, ended=C.NO_ANSWER, ended_at=T0 + 40 * S)


def test_a_call_that_showed_nothing_proves_nothing() -> None:
    assert read(BARE) == {Capability.RATE_HEADERS: "no"}


def test_every_question_has_a_pessimistic_answer_and_words() -> None:
    assert set(PESSIMISTIC) == set(SAYS) == set(Capability)
    assert not lists_unanswered({})
    assert list_lag({}) == 120 * S


@pytest.mark.parametrize(
    ("evidence", "same"),
    [
        (replace(BARE, by_call_id=True, status_id="call_1"), "yes"),
        (replace(BARE, by_call_id=True, status_id="call_1", listed_id="call_1"), "yes"),
        (replace(BARE, by_call_id=True, status_id="call_1", listed_id="session_1"), "no"),
        (replace(BARE, by_call_id=True, status_id="session_1"), None),
        (replace(BARE, by_call_id=True, status_id="session_1", listed_id="session_1"), "no"),
        (replace(BARE, by_call_id=False), "no"),
        (replace(BARE, listed_id="call_1"), "yes"),
    ],
)
def test_ids_are_equal_only_where_everything_says_so(evidence: Evidence, same: str | None) -> None:
    assert read(evidence).get(Capability.SAME_IDS) == same


@pytest.mark.parametrize("ended", [C.NO_ANSWER, C.BUSY, C.FAILED, C.CANCELLED])
def test_an_unanswered_call_in_the_list_proves_that_such_are_listed(ended: C) -> None:
    evidence = replace(UNANSWERED, ended=ended, listed_id="s", listed_at=T0 + 42 * S)
    assert read(evidence)[Capability.LISTS_UNANSWERED] == "yes"
    assert read(evidence)[Capability.LIST_LAG] == "42"


@pytest.mark.parametrize("ended", [C.COMPLETED, C.VOICEMAIL, None])
def test_an_answered_call_proves_nothing_about_unanswered_ones(ended: C | None) -> None:
    evidence = replace(UNANSWERED, ended=ended, listed_id="s", listed_at=T0 + 42 * S)
    assert Capability.LISTS_UNANSWERED not in read(evidence)


def test_a_call_is_missing_only_when_the_list_had_its_time() -> None:
    late = replace(UNANSWERED, last_read_at=T0 + 40 * S + MISSING_AFTER)
    assert read(late)[Capability.LISTS_UNANSWERED] == "no"
    early = replace(late, last_read_at=T0 + 39 * S + MISSING_AFTER)
    assert Capability.LISTS_UNANSWERED not in read(early)


def test_filters_context_and_headers() -> None:
    shown = replace(
        BARE, late_start_found=False, context_shown=True, rate_headers=frozenset({"b", "a"})
    )
    assert read(shown) == {
        Capability.START_DATE: "creation",
        Capability.CONTEXT_SHOWN: "yes",
        Capability.RATE_HEADERS: "a b",
    }
    assert read(replace(BARE, late_start_found=True))[Capability.START_DATE] == "later"


def test_a_lag_that_was_seen_never_shortens_the_houses_own() -> None:
    assert list_lag({Capability.LIST_LAG: "3"}) == 120 * S
    assert list_lag({Capability.LIST_LAG: "600"}) == 600 * S
