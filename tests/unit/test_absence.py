"""A call is absent only where nothing is missing: each condition alone prevents the proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.absence import APART, LEAST, Absent, Facts, ListRead, NotYet, judge, quarantine
from campaigns.core.instants import EVENT_GRACE, RING

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
S, M, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SETTLED = T0 + 19 * S
RIPE = SETTLED + 20 * M


def read(at: datetime, **changes: Any) -> ListRead:
    values: dict[str, Any] = {
        "account_id": 1,
        "agent_id": "a",
        "start": T0 - M,
        "end": T0 + 20 * M,
        "read_at": at,
        "complete": True,
        "digest": "d",
        "sessions": 3,
        "newest_at": T0 + 5 * M,
        "absent": ("mine",),
    }
    return ListRead(**{**values, **changes})


def facts(**changes: Any) -> Facts:
    """A call whose absence is proven, unless told otherwise."""
    values: dict[str, Any] = {
        "attempt_id": "mine",
        "intent_at": T0,
        "settle_at": SETTLED,
        "max_duration": 10 * M,
        "heard": False,
        "reads": [read(RIPE), read(RIPE + APART)],
        "later_webhook_at": None,
        "webhook": True,
        "door_since": T0 - H,
        "lists_unanswered": True,
    }
    return Facts(**{**values, **changes})


LATER = RIPE + 5 * M


def test_with_everything_it_is_proven() -> None:
    verdict = judge(facts(), LATER)
    assert isinstance(verdict, Absent)
    assert [one.read_at for one in verdict.reads] == [RIPE, RIPE + APART]


def both(**changes: Any) -> dict[str, Any]:
    return {"reads": [read(RIPE, **changes), read(RIPE + APART, **changes)]}


MISSING: dict[str, dict[str, Any]] = {
    "something was said": {"heard": True},
    "the list may hide unanswered calls": {"lists_unanswered": False},
    "the door is not up": {"door_since": None},
    "the door was shut for a moment": {"door_since": T0 + S},
    "no read": {"reads": []},
    "one read": {"reads": [read(RIPE)]},
    "two reads of one moment": {"reads": [read(RIPE), read(RIPE + APART - S)]},
    "one read too early": {"reads": [read(RIPE - S), read(RIPE + APART)]},
    "one read is not complete": {"reads": [read(RIPE, complete=False), read(RIPE + APART)]},
    "nobody looked for it": both(absent=("other",)),
    "a call that may be it": {
        "reads": [read(T0 + M, absent=(), present=("mine",)), *facts().reads],
    },
    "nothing later in the list": both(newest_at=None),
    "something later that may be earlier": both(newest_at=T0 + RING),
    "a later webhook, but after the reads": {
        **both(newest_at=None),
        "later_webhook_at": LATER,
    },
    "a longer call": {"max_duration": 30 * M},
    "a slower list": {"list_lag": 30 * M},
}


@pytest.mark.parametrize("what", MISSING)
def test_whatever_is_missing_prevents_it(what: str) -> None:
    verdict = judge(facts(**MISSING[what]), LATER)
    assert isinstance(verdict, NotYet)
    assert verdict.why
    assert verdict.look_again_at > LATER


@given(st.sets(st.sampled_from(sorted(MISSING)), min_size=1))
def test_however_much_else_holds(missing: set[str]) -> None:
    changes: dict[str, Any] = {}
    for what in sorted(missing):
        changes |= MISSING[what]
    assert isinstance(judge(facts(**changes), LATER), NotYet)


@given(st.timedeltas(-H, 26 * H))
def test_nothing_is_proven_before_its_time(later: timedelta) -> None:
    at = SETTLED + later
    reads = [read(at - APART), read(at)]
    proven = isinstance(judge(facts(reads=reads), at), Absent)
    assert proven == (at - APART >= RIPE)


def test_a_webhook_of_a_later_call_is_a_control_too() -> None:
    found = facts(**both(newest_at=None), later_webhook_at=T0 + 2 * M)
    assert isinstance(judge(found, LATER), Absent)


def test_without_a_webhook_address_its_door_does_not_matter() -> None:
    assert isinstance(judge(facts(webhook=False, door_since=None), LATER), Absent)


def test_reads_of_any_order_prove_the_same() -> None:
    assert judge(facts(reads=list(reversed(facts().reads))), LATER) == judge(facts(), LATER)


def test_the_second_read_comes_soon_after_the_first() -> None:
    verdict = judge(facts(reads=[read(RIPE)]), RIPE)
    assert isinstance(verdict, NotYet)
    assert verdict.look_again_at == RIPE + APART


def test_before_its_time_it_is_looked_at_again_then() -> None:
    verdict = judge(facts(reads=[]), T0 + 5 * M)
    assert isinstance(verdict, NotYet)
    assert verdict.look_again_at == RIPE


@given(st.timedeltas(S, 24 * H), st.timedeltas(timedelta(0), H))
def test_the_quarantine_outlasts_ring_call_list_and_grace(
    longest: timedelta, lag: timedelta
) -> None:
    least = RING + longest + max(lag, 2 * M) + EVENT_GRACE
    assert quarantine(longest, lag) == max(LEAST, least)


def test_the_usual_quarantine_is_twenty_minutes() -> None:
    assert quarantine(10 * M) == 20 * M


def test_the_facts_of_another_call_prove_nothing() -> None:
    assert isinstance(judge(replace(facts(), attempt_id="other"), LATER), NotYet)
