"""Why calls wait and until when, when a campaign may be over, and what is not as it should be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.admission import GiveBack, Lift, WaitReason
from campaigns.core.definition import CallingHours, Span
from campaigns.core.figures import AccountFigures, Health, LaneGroup, Pause, Process, Waiting
from campaigns.core.hours import Hours
from campaigns.core.lifecycle import CampaignState
from campaigns.core.report import Situation, estimated_end, problems, waiting
from campaigns.core.where import Where

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)  # a Tuesday, 12:00 in New York
NEW_YORK, CHICAGO = Where(("America/New_York",)), Where(("America/Chicago",))
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def account(**changes: Any) -> AccountFigures:
    values: dict[str, Any] = {
        "id": 1,
        "name": "default",
        "limit": 10,
        "window": MINUTE,
        "spacing": SECOND,
        "slots_busy": 0,
        "next_start_at": NOON,
        "last_start_at": None,
        "last_429_at": None,
        "held_until": None,
        "held_why": None,
        "probing": False,
        "paused_why": None,
        "paused_by": None,
        "paused_at": None,
    }
    return AccountFigures(**{**values, **changes})


def hours(start: int = 9, end: int = 20, **more: Any) -> Hours:
    span = (Span(start=start * 60, end=end * 60),)
    return Hours(CallingHours(days=(span,) * 7, **more))


def situation(**changes: Any) -> Situation:
    values: dict[str, Any] = {
        "at": NOON,
        "hours": hours(),
        "state": CampaignState.RUNNING,
        "pause_asked": False,
        "start": None,
        "account": account(),
    }
    return Situation(**{**values, **changes})


def group(count: int = 1, *, where: Where = NEW_YORK, **changes: Any) -> LaneGroup:
    values: dict[str, Any] = {
        "reason": "due",
        "eligible": True,
        "first": NOON - HOUR,
        "last": NOON - HOUR,
    }
    return LaneGroup(where=where, count=count, **{**values, **changes})


# --- why it waits ---------------------------------------------------------------------------


def test_what_could_leave_now_waits_for_a_slot() -> None:
    until = NOON + 4 * SECOND
    found = waiting([group(7)], situation(account=account(next_start_at=until)))
    assert found == (Waiting(reason="slot", count=7, next_at=until),)


def test_what_nothing_holds_back_is_starting() -> None:
    found = waiting([group(7)], situation(account=account(next_start_at=NOON)))
    assert found == (Waiting(reason="starting", count=7, next_at=None),)


def test_a_closed_lane_waits_for_its_own_opening() -> None:
    night = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)  # 23:00 in New York, 22:00 in Chicago
    found = waiting([group(5), group(3, where=CHICAGO)], situation(at=night))
    assert found == (
        # The earlier of the two: New York opens at 13:00 UTC, and a minute is kept at the edge.
        Waiting(reason="calling_hours", count=8, next_at=datetime(2026, 3, 10, 13, 1, tzinfo=UTC)),
    )


def test_a_stored_reason_holds_until_its_instant_and_the_calendar_decides_after() -> None:
    late = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)  # 21:00 in New York
    retry = group(2, reason="retry", eligible=False, first=late, last=late)
    (found,) = waiting([retry], situation())
    assert found.reason == "retry"
    assert found.next_at == datetime(2026, 3, 11, 13, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": CampaignState.PAUSED}, "paused"),
        ({"state": CampaignState.LOADING}, "paused"),
        ({"pause_asked": True}, "paused"),
        ({"account": account(paused_why="402", paused_by="engine")}, "account_paused"),
    ],
)
def test_nobody_knows_when_a_pause_ends(changes: dict[str, Any], reason: str) -> None:
    assert waiting([group(4)], situation(**changes)) == (
        Waiting(reason=reason, count=4, next_at=None),
    )


def full(reason: WaitReason, until: datetime = NOON + HOUR, **more: Any) -> GiveBack:
    return GiveBack(reason=reason, until=until, **more)


def test_a_ceiling_of_the_campaign_is_told_before_the_accounts_slots() -> None:
    rate = full(WaitReason.CAMPAIGN_RATE)
    now = situation(full=rate, account=account(next_start_at=NOON + SECOND))
    (found,) = waiting([group(3)], now)
    assert found == Waiting(reason="starts_per_minute", count=3, next_at=NOON + HOUR)


def test_nobody_knows_when_a_call_ends() -> None:
    live = full(WaitReason.CONCURRENCY, NOON + 2 * SECOND, lifted_by=Lift.CALLS)
    (found,) = waiting([group()], situation(full=live))
    assert found == Waiting(reason="concurrent_calls", count=1, next_at=None)


def test_a_spent_budget_waits_for_the_first_open_hour_of_the_next_day() -> None:
    midnight = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)
    spent = full(WaitReason.BUDGET, NOON + 2 * SECOND, latest=midnight)
    (found,) = waiting([group()], situation(full=spent))
    opens = datetime(2026, 3, 11, 13, 1, tzinfo=UTC)
    assert found == Waiting(reason="budget", count=1, next_at=opens)


def test_closed_hours_and_a_pause_are_told_before_a_ceiling() -> None:
    night = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
    rate = full(WaitReason.CAMPAIGN_RATE)
    assert waiting([group()], situation(at=night, full=rate))[0].reason == "calling_hours"
    paused = situation(state=CampaignState.PAUSED, full=rate)
    assert waiting([group()], paused)[0].reason == "paused"


def test_before_its_start_a_campaign_is_not_due_and_opens_then() -> None:
    start = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)  # midnight in New York
    (found,) = waiting([group()], situation(start=start))
    assert found == Waiting(reason="due", count=1, next_at=datetime(2026, 3, 12, 13, 1, tzinfo=UTC))


def test_a_held_account_says_until_when() -> None:
    held = account(held_until=NOON + 5 * MINUTE, held_why="429")
    (found,) = waiting([group()], situation(account=held))
    assert found == Waiting(reason="account_held", count=1, next_at=NOON + 5 * MINUTE)


def test_the_largest_group_comes_first_and_counts_add_up() -> None:
    later = group(50, reason="cap", eligible=False, first=NOON + HOUR, last=NOON + HOUR)
    found = waiting([group(3), later, group(4, where=CHICAGO)], situation())
    assert [(one.reason, one.count) for one in found] == [("cap", 50), ("starting", 7)]


# --- when it may be over --------------------------------------------------------------------


def test_the_end_is_the_last_start_at_the_limit() -> None:
    # Ten a minute is one each six seconds; the first leaves now.
    assert estimated_end([group(100)], situation()) == NOON + 99 * 6 * SECOND


def test_a_spacing_wider_than_the_limit_sets_the_pace() -> None:
    slow = account(spacing=10 * SECOND)
    assert estimated_end([group(7)], situation(account=slow)) == NOON + MINUTE


def test_what_does_not_fit_today_goes_on_tomorrow() -> None:
    # 12:00 to 19:59 in New York are 479 minutes: 4,790 starts.
    end = estimated_end([group(5_000)], situation())
    assert end is not None
    assert end.date() == date(2026, 3, 11)
    assert timedelta(0) < end - datetime(2026, 3, 11, 13, 1, tzinfo=UTC) < 22 * MINUTE


def test_a_retry_that_waits_for_tomorrow_is_waited_for() -> None:
    tomorrow = NOON + timedelta(days=1)
    retry = group(1, reason="retry", eligible=False, first=tomorrow, last=tomorrow)
    assert estimated_end([group(3), retry], situation()) == tomorrow


@pytest.mark.parametrize(
    "changes",
    [
        {"state": CampaignState.PAUSED},
        {"pause_asked": True},
        {"account": account(paused_why="401")},
        {"account": account(limit=0)},
    ],
)
def test_what_is_stopped_has_no_end(changes: dict[str, Any]) -> None:
    assert estimated_end([group(10)], situation(**changes)) is None


def test_nobody_waiting_has_no_end() -> None:
    assert estimated_end([], situation()) is None


def test_hours_that_never_come_do_not_hold_the_others_up() -> None:
    never = group(9, where=Where(("Nowhere/Land",)))
    assert estimated_end([group(2), never], situation()) == NOON + 6 * SECOND


def test_a_million_calls_are_estimated_in_bounded_steps() -> None:
    end = estimated_end([group(1_000_000), group(1_000, where=CHICAGO)], situation())
    assert end is not None
    assert timedelta(days=150) < end - NOON < timedelta(days=160)


@given(
    counts=st.lists(st.integers(1, 3_000), min_size=1, max_size=4),
    limit=st.integers(1, 200),
    minutes=st.integers(0, 480_000),
)
def test_the_end_never_beats_the_limit(counts: list[int], limit: int, minutes: int) -> None:
    at = NOON + minutes * MINUTE
    zones = (NEW_YORK, CHICAGO, Where(("Europe/London",)), Where(("Asia/Kolkata",)))
    groups = [
        group(count, where=zone, first=at, last=at)
        for count, zone in zip(counts, zones, strict=False)
    ]
    pace = account(limit=limit, spacing=timedelta(0), next_start_at=at)
    end = estimated_end(groups, situation(at=at, account=pace))
    assert end is not None
    assert end - at >= (sum(counts) - 1) * (MINUTE / limit)


# --- what is not as it should be ------------------------------------------------------------


def health(**changes: Any) -> Health:
    values: dict[str, Any] = {
        "real": NOON,
        "policy": NOON,
        "world": "real",
        "tick_at": NOON - SECOND,
        "workers": (Process(name="worker@a:1", kind="worker", at=NOON - 3 * SECOND),),
        "accounts": (account(),),
        "running": 1,
        "open_tasks": 10,
        "unknown": 0,
        "unresolved": 0,
        "newest_event_at": None,
        "oldest_unfolded_at": None,
        "oldest_late_at": NOON - HOUR,
        "pauses": (),
    }
    return Health(**{**values, **changes})


def test_a_long_list_at_the_limit_is_no_problem() -> None:
    assert problems(health()) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tick_at": None}, "nothing is running"),
        ({"tick_at": NOON - 31 * SECOND}, "nothing is running"),
        ({"workers": ()}, "no worker"),
        ({"workers": (Process(name="w", kind="worker", at=NOON - MINUTE),)}, "no worker"),
        ({"accounts": (account(paused_why="402", paused_by="engine"),)}, "resume --account"),
        ({"accounts": (account(held_until=NOON + MINUTE, held_why="429"),)}, "held: 429"),
        ({"oldest_unfolded_at": NOON - 2 * MINUTE}, "unread"),
        (
            {"pauses": (Pause(scope="campaign", name="a", why="404", who="engine", at=NOON),)},
            "campaigns resume a",
        ),
    ],
)
def test_each_problem_says_what_to_do(changes: dict[str, Any], said: str) -> None:
    (found,) = problems(health(**changes))
    assert said in found


def test_silence_is_no_problem_where_nobody_waits() -> None:
    assert problems(health(tick_at=None, workers=(), open_tasks=0, running=0)) == ()


def test_a_persons_own_pause_is_no_problem() -> None:
    mine = Pause(scope="campaign", name="a", why="lunch", who="ann", at=NOON)
    paused = replace(account(), paused_why="lunch", paused_by="ann")
    assert problems(health(pauses=(mine,), accounts=(paused,))) == ()
