"""What follows for one contact: its next call by all that is known, or why there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.core.definition import HOUSE_HOURS, CallingHours
from campaigns.core.hours import Hours
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.people import HELD, SUPPRESSED, LiveCall, Standing, Told, told
from campaigns.core.reconcile import MOVED, REMOVED, WITHDRAWN, BookTask, Effect
from campaigns.core.records import CAMPAIGN_END
from campaigns.core.schedule import DEADLINE, MIN_GAP, PAST_DUE
from campaigns.core.where import Where

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York
HOUR = timedelta(hours=1)
ALWAYS = Hours(CallingHours(always=True))
LIVE = LiveCall(attempt_id="a1", since=NOW)


def task(**changes: Any) -> BookTask:
    values: dict[str, Any] = {
        "id": 1,
        "touch": "",
        "occasion": "",
        "state": TaskState.WAITING,
        "due_at": NOW + HOUR,
        "retry_at": None,
        "deadline_at": None,
        "expires_as": CAMPAIGN_END,
        "attempts": 0,
        "outcome": None,
        "reason": None,
        "stopped": None,
    }
    return BookTask(**{**values, **changes})


def done(outcome: Outcome, reason: str | None = None, **changes: Any) -> BookTask:
    return task(state=TaskState.DONE, outcome=outcome, reason=reason, **changes)


def answer(
    *tasks: BookTask, effect: Effect = Effect.CHANGED, hours: Hours = ALWAYS, **changes: Any
) -> Told:
    values: dict[str, Any] = {"occasion": "", "where": Where(("America/New_York",)), "start": None}
    return told(effect, Standing(tasks=tasks, **{**values, **changes}), hours, NOW)


@pytest.mark.parametrize(
    ("tasks", "next_at"),
    [
        ((task(),), NOW + HOUR),
        ((task(due_at=NOW - HOUR),), NOW),
        ((task(due_at=NOW - HOUR, retry_at=NOW + 2 * HOUR),), NOW + 2 * HOUR),
        ((task(due_at=NOW + 3 * HOUR), task(due_at=NOW + 2 * HOUR)), NOW + 2 * HOUR),
        ((task(stopped=MOVED), task(due_at=NOW + 2 * HOUR)), NOW + 2 * HOUR),
        ((task(state=TaskState.CLAIMED, due_at=NOW),), NOW),
        ((done(Outcome.COMPLETED), task()), NOW + HOUR),
    ],
)
def test_the_next_call_is_the_first_that_waits(
    tasks: tuple[BookTask, ...], next_at: datetime
) -> None:
    assert answer(*tasks) == Told(effect=Effect.CHANGED, next_call_at=next_at)


def test_it_waits_for_open_hours_and_for_its_campaign() -> None:
    closed = answer(task(due_at=NOW + 15 * HOUR), hours=Hours(HOUSE_HOURS)).next_call_at
    assert closed == datetime(2026, 3, 11, 13, 1, tzinfo=UTC)
    assert answer(task(), start=NOW + 5 * HOUR).next_call_at == NOW + 5 * HOUR


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ((done(Outcome.COMPLETED),), "it was called, and answered"),
        ((done(Outcome.NO_ANSWER, "exhausted"),), "as often as it may be"),
        ((done(Outcome.CANCELLED, WITHDRAWN),), "it was withdrawn"),
        ((done(Outcome.SKIPPED, PAST_DUE),), "its time is past: no further call"),
        (
            (done(Outcome.SKIPPED, PAST_DUE), done(Outcome.EXPIRED, DEADLINE)),
            "its time is past: no further call",
        ),
        ((done(Outcome.SKIPPED, MIN_GAP), done(Outcome.COMPLETED)), "answered"),
        ((done(Outcome.SKIPPED, MIN_GAP),), "too close to the next touch"),
        ((done(Outcome.CANCELLED, REMOVED),), "nothing is left to do"),
        ((), "nothing is left to do"),
        ((task(deadline_at=NOW),), "no hour is open before its deadline"),
    ],
)
def test_where_no_call_follows_it_says_why(tasks: tuple[BookTask, ...], why: str) -> None:
    found = answer(*tasks)
    assert found.next_call_at is None
    assert found.why is not None
    assert why in found.why


def test_what_was_planned_for_another_time_explains_nothing() -> None:
    moved = done(Outcome.CANCELLED, MOVED, occasion="old")
    past = done(Outcome.SKIPPED, PAST_DUE, occasion="new")
    found = answer(moved, past, occasion="new", effect=Effect.MOVED)
    assert found.why == "moved into the past: no further call"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"suppressed": True}, SUPPRESSED),
        ({"held": True}, HELD),
        ({"gone": True, "suppressed": True}, "it was withdrawn"),
    ],
)
def test_what_stops_the_contact_is_said_instead_of_a_time(
    changes: dict[str, bool], why: str
) -> None:
    found = answer(task(), **changes)
    assert (found.next_call_at, found.why) == (None, why)


def test_a_pause_is_said_beside_the_time() -> None:
    found = answer(task(), stopped="the campaign is paused")
    assert (found.next_call_at, found.why) == (NOW + HOUR, "the campaign is paused")
    assert answer(done(Outcome.COMPLETED), stopped="the campaign is paused").why != found.why


def test_a_call_under_way_decides_what_follows() -> None:
    found = answer(task(state=TaskState.CALLING), live=LIVE)
    assert (found.next_call_at, found.live_call) == (None, LIVE)
    assert found.why is not None
    assert "under way" in found.why
