"""Which session may be a call of ours: surely for settling, possibly for ruling out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from campaigns.core.calls import CallStatus, Session
from campaigns.core.matching import nearest, possibly, surely
from tests.unit.test_settling import ATTEMPT

NUMBER, FROM = "+16175550123", "+18005550100"
MINE = replace(ATTEMPT, snapshot={"agent_id": "a", "from_number": FROM, "max_duration_s": 600})
S = timedelta(seconds=1)
SESSION = Session(
    id="s",
    status=CallStatus.NO_ANSWER,
    word="no_answer",
    agent_id="a",
    to_number=NUMBER,
    from_number=FROM,
    started_at=MINE.intent_at + 2 * S,
)


def test_same_agent_numbers_and_minutes_is_surely_ours() -> None:
    assert surely(SESSION, MINE, NUMBER)
    assert possibly(SESSION, MINE, NUMBER)


@pytest.mark.parametrize(
    "changes",
    [
        {"from_number": "+18005550111"},
        {"from_number": None},
        {"to_number": None},
        {"to_number": "6175550123"},
        {"to_number": "(617) 555-0123"},
        {"to_number": "123"},
        {"started_at": None},
        {"agent_id": "another"},
    ],
)
def test_what_is_not_said_or_said_otherwise_settles_nothing_but_may_be_ours(
    changes: dict[str, object],
) -> None:
    found = replace(SESSION, **changes)  # type: ignore[arg-type]  # one field each
    assert not surely(found, MINE, NUMBER)
    assert possibly(found, MINE, NUMBER)


@pytest.mark.parametrize(
    "changes",
    [
        {"to_number": "+16175550124"},
        {"started_at": MINE.intent_at - 606 * S},
        {"started_at": MINE.settle_at + 721 * S},
    ],
)
def test_another_phone_or_another_time_is_not_ours(changes: dict[str, object]) -> None:
    found = replace(SESSION, **changes)  # type: ignore[arg-type]  # one field each
    assert not surely(found, MINE, NUMBER)
    assert not possibly(found, MINE, NUMBER)


@pytest.mark.parametrize(
    "at",
    [
        MINE.intent_at - 6 * S,
        MINE.intent_at - 605 * S,
        MINE.settle_at + 121 * S,
        MINE.settle_at + 720 * S,
    ],
)
def test_where_the_clocks_may_be_apart_it_settles_nothing_but_may_be_ours(at: datetime) -> None:
    found = replace(SESSION, started_at=at)
    assert not surely(found, MINE, NUMBER)
    assert possibly(found, MINE, NUMBER)


def test_a_session_belongs_to_the_call_that_began_nearest() -> None:
    assert nearest(SESSION, MINE, [])
    assert nearest(SESSION, MINE, [MINE.intent_at + 60 * S])
    assert not nearest(SESSION, MINE, [MINE.intent_at + 3 * S])
