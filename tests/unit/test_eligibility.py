"""When a call may go: what the gate says now, and the first instant at which it would say yes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.admission import Admit, Decision, Finish, GiveBack, Lift, WaitReason, decide
from campaigns.core.budget import Purse, Spent
from campaigns.core.caps import HOUSE, HOUSE_KEY, CapRule, Frequency, Rest
from campaigns.core.definition import Budget, CallingHours, Cap, Span
from campaigns.core.eligibility import DISPATCH, asked, calendars, coming, later
from campaigns.core.explanation import Asked, Need, Next, Said
from campaigns.core.facts import RATE_PERIOD, Ceilings, Facts
from campaigns.core.hours import FILE, Hours
from campaigns.core.instants import EDGE_MARGIN, Now
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.pacing import Slot
from campaigns.core.where import Where

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York
S, M, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = 24 * H
TICK = timedelta(microseconds=1)
ALWAYS = Hours(CallingHours(always=True))
WORKDAY = Hours(CallingHours(days=((Span(start=9 * 60, end=17 * 60),),) * 7))
LUNCH = Hours(
    CallingHours(
        days=((Span(start=9 * 60, end=12 * 60), Span(start=13 * 60, end=17 * 60)),) * 5 + ((), ())
    )
)
OPENS = datetime(2026, 3, 11, 13, 0, tzinfo=UTC) + EDGE_MARGIN  # 09:01 in New York the next day
MIDNIGHT = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)
HOUSE_CAP = Frequency(limits=(CapRule(key=HOUSE_KEY, cap=HOUSE),))
NOW = Now(real=T0, policy=T0)
FACTS = Facts(
    expires_as="campaign_end",
    stopped=None,
    task_state=TaskState.CLAIMED,
    claim_is_ours=True,
    deadline=None,
    due_at=T0,
    attempts=0,
    max_attempts=3,
    campaign_state=CampaignState.RUNNING,
    pause_asked=False,
    unapproved=False,
    start=None,
    where=Where(("America/New_York",)),
    suppressed=False,
    busy_until=None,
    frequency=HOUSE_CAP,
    recent_intents=(),
    account_paused=False,
    not_before=None,
    probing_busy=False,
    last_intent_at=None,
    spacing=S,
    slots=(Slot(n=1, free_at=T0, window=60 * S),),
)


def when(hours: Hours = ALWAYS, *, looked_at: datetime | None = None, **changes: object) -> Next:
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]  # a test helper
    return coming(facts, hours, NOW, looked_at=looked_at, waits_for="cap")


def purse(calls: int, of: int, ends: datetime = MIDNIGHT, **spent: object) -> Ceilings:
    return Ceilings(
        purse=Purse(
            budget=Budget(calls_per_day=of),
            spent=Spent(calls=calls, **spent),  # type: ignore[arg-type]  # a test helper
            day_ends=ends,
            max_duration=5 * M,
        )
    )


# --- examples -------------------------------------------------------------------------------


def test_what_nothing_holds_back_can_go_now() -> None:
    assert when() == Next(at=T0)
    assert when(WORKDAY) == Next(at=T0)


@pytest.mark.parametrize(
    ("changes", "until", "rule"),
    [
        ({"start": T0 + H}, T0 + H, "start"),
        ({"due_at": T0 + H}, T0 + H, "due"),
        ({"run_at": T0 + H}, T0 + H, "run"),
        ({"unsettled_until": T0 + H}, T0 + H, "last_call"),
        ({"busy_until": T0 + H}, T0 + H, "number_busy"),
        ({"recent_intents": (T0 - 20 * H,) * 4}, T0 + 4 * H, "caps"),
        ({"not_before": T0 + M}, T0 + M, "account_held"),
        ({"slots": (Slot(n=1, free_at=T0 + 9 * S, window=60 * S),)}, T0 + 9 * S, "slot"),
        ({"last_intent_at": T0, "spacing": 6 * S}, T0 + 6 * S, "slot"),
        ({"ceilings": Ceilings(per_minute=1, starts=(T0 - 40 * S,))}, T0 + 20 * S, None),
        ({"ceilings": purse(7, 7)}, MIDNIGHT, "budget"),
    ],
)
def test_what_time_lifts_is_over_at_its_instant(
    changes: dict[str, object], until: datetime, rule: str | None
) -> None:
    found = when(**changes)
    assert (found.at, found.rule, found.needs) == (until, rule or "starts_per_minute", ())


def test_one_answer_leads_to_the_next() -> None:
    """The cap is full until the night, and at night the hours are closed."""
    found = when(WORKDAY, recent_intents=(T0 - 12 * H,) * 4)
    assert found == Next(at=OPENS, rule="calling_hours", reason=WaitReason.HOURS)
    spent = when(WORKDAY, ceilings=purse(7, 7), start=T0 + H)
    assert spent == Next(at=OPENS, rule="calling_hours", reason=WaitReason.HOURS)


@pytest.mark.parametrize(
    ("changes", "rule", "reason"),
    [
        ({"campaign_state": CampaignState.PAUSED}, "running", WaitReason.PAUSED),
        ({"pause_asked": True}, "running", WaitReason.PAUSED),
        ({"account_paused": True}, "account_running", WaitReason.ACCOUNT_PAUSED),
        ({"unapproved": True}, "approval", WaitReason.APPROVAL),
        ({"unreadable": True}, "row", WaitReason.UNREADABLE),
    ],
)
def test_what_only_a_person_lifts_has_no_instant(
    changes: dict[str, object], rule: str, reason: WaitReason
) -> None:
    found = when(WORKDAY, due_at=T0 + H, **changes)
    assert found == Next(at=None, needs=(Need(rule=rule, reason=reason, lifted_by=Lift.PERSON),))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"ceilings": Ceilings(at_once=2, live=2)}, "concurrent_calls"),
        ({"ceilings": Ceilings(account_at_once=1, account_live=1)}, "concurrent_calls"),
        ({"probing_busy": True}, "breaker"),
        ({"unheard": True}, "unread_events"),
    ],
)
def test_what_calls_lift_has_the_instant_before_which_nothing_can_go(
    changes: dict[str, object], rule: str
) -> None:
    found = when(due_at=T0 + H, **changes)
    assert (found.at, [one.rule for one in found.needs]) == (T0 + H, [rule])
    assert found.needs[0].lifted_by is Lift.CALLS


def test_a_price_that_is_told_may_lift_a_budget_before_the_day_ends() -> None:
    priced = Ceilings(
        purse=Purse(
            budget=Budget(cost_per_day=1.0, cost_per_call=1.0),
            spent=Spent(calls=1, cost=0.0, unpriced=1),
            day_ends=MIDNIGHT,
            max_duration=5 * M,
        )
    )
    decision = decide(replace(FACTS, ceilings=priced), ALWAYS, NOW)
    assert decision == GiveBack(reason=WaitReason.BUDGET, until=T0 + 2 * S)
    assert when(ceilings=priced) == Next(at=MIDNIGHT, rule="budget", reason=WaitReason.BUDGET)


def test_a_budget_that_no_day_can_meet_has_no_instant() -> None:
    assert when(ceilings=purse(0, 0)).at is None


def test_who_would_only_be_called_after_its_deadline_is_not_called() -> None:
    expired = when(recent_intents=(T0 - 20 * H,) * 4, deadline=T0 + H)
    assert (expired.at, expired.outcome, expired.reason) == (
        None,
        Outcome.EXPIRED,
        "campaign_end",
    )
    assert when(suppressed=True).outcome is Outcome.SUPPRESSED


def test_dispatch_does_not_look_before_its_instant() -> None:
    found = when(looked_at=T0 + H)
    assert found == Next(at=T0 + H, rule=DISPATCH, reason="cap")
    assert when(recent_intents=(T0 - 20 * H,) * 4, looked_at=T0 + H).rule == "caps"
    assert when(WORKDAY, looked_at=MIDNIGHT).rule == "calling_hours"


def test_every_calendar_shows_its_own_clock() -> None:
    (one,) = calendars(FACTS, WORKDAY, T0)
    assert (one.rule, one.zone, one.local, one.open) == (
        FILE,
        "America/New_York",
        "2026-03-10T11:00:00-04:00",
        True,
    )


# --- laws -----------------------------------------------------------------------------------

AROUND = st.integers(min_value=-30 * 60, max_value=60 * 60).map(lambda minutes: T0 + minutes * M)
MAYBE = st.none() | AROUND
PAST = st.lists(st.integers(0, 3 * 24 * 60), max_size=6).map(
    lambda ago: tuple(sorted(T0 - minutes * M for minutes in ago))
)
OFTEN = st.sampled_from(
    [
        HOUSE_CAP,
        Frequency(limits=(CapRule(key="caps", cap=Cap(calls=1, per=6 * H)),)),
        Frequency(
            limits=(
                CapRule(key=HOUSE_KEY, cap=HOUSE),
                CapRule(key="us-fl", cap=Cap(calls=2, per=2 * DAY)),
            ),
            rest=Rest(key="us-reg-f", after=2 * DAY),
        ),
    ]
)
CEILINGS = st.builds(
    Ceilings,
    per_minute=st.none() | st.integers(1, 3),
    starts=st.lists(st.integers(0, 59), max_size=4).map(
        lambda ago: tuple(sorted(T0 - seconds * S for seconds in ago))
    ),
    at_once=st.none() | st.integers(1, 3),
    live=st.integers(0, 3),
    purse=st.none()
    | st.builds(
        Purse,
        budget=st.builds(Budget, calls_per_day=st.none() | st.integers(1, 5)),
        spent=st.builds(Spent, calls=st.integers(0, 6)),
        day_ends=st.just(MIDNIGHT),
        max_duration=st.just(5 * M),
    ),
)
SELDOM = st.sampled_from([False] * 14 + [True])
STATES = st.sampled_from([CampaignState.RUNNING] * 20 + list(CampaignState))
ANY = st.builds(
    replace,
    st.just(FACTS),
    deadline=st.none() | st.integers(0, 14).map(lambda days: T0 + days * DAY),
    stopped=st.sampled_from([None] * 14 + ["withdrawn"]),
    due_at=AROUND,
    attempts=st.sampled_from([0, 1, 2] * 5 + [3]),
    campaign_state=STATES,
    pause_asked=SELDOM,
    unapproved=SELDOM,
    start=MAYBE,
    where=st.sampled_from(
        [Where(("America/New_York",)), Where(("America/Los_Angeles", "America/New_York"))]
    ),
    suppressed=SELDOM,
    busy_until=MAYBE,
    frequency=OFTEN,
    recent_intents=PAST,
    talked_at=st.none() | st.integers(0, 3 * 24 * 60).map(lambda ago: T0 - ago * M),
    ceilings=CEILINGS,
    not_before=MAYBE,
    probing_busy=SELDOM,
    last_intent_at=st.none() | st.integers(0, 60).map(lambda ago: T0 - ago * S),
    spacing=st.sampled_from([S, 6 * S]),
    slots=st.lists(st.integers(-60, 60), min_size=1, max_size=3).map(
        lambda frees: tuple(
            Slot(n=n, free_at=T0 + free * S, window=60 * S) for n, free in enumerate(frees)
        )
    ),
    unheard=SELDOM,
    unsettled_until=MAYBE,
    run_at=MAYBE,
    unreadable=SELDOM,
)
HOURS = st.sampled_from([ALWAYS, WORKDAY, LUNCH])


def at(instant: datetime) -> Now:
    return Now(real=instant, policy=instant)


def held_by_time(facts: Facts, hours: Hours, instant: datetime) -> list[Asked]:
    found = asked(later(facts, instant), hours, at(instant))
    return [one for one in found if one.said is Said.WAITS and one.lifted_by is Lift.TIME]


def same(decision: Decision, one: Asked) -> bool:
    match decision:
        case Admit():
            return one.said is Said.PASSES
        case GiveBack(reason=reason, lifts_at=until):
            return (one.said, one.reason, one.until) == (Said.WAITS, reason, until)
        case Finish(outcome=outcome, reason=why):
            return (one.said, one.outcome, one.reason) == (Said.ENDS, outcome, why)
        case _:
            return False


@given(ANY, HOURS)
def test_the_first_rule_that_does_not_pass_is_what_the_gate_decides(
    facts: Facts, hours: Hours
) -> None:
    found = asked(facts, hours, NOW)
    first = next((one for one in found if one.said is not Said.PASSES), found[-1])
    assert same(decide(facts, hours, NOW), first)


def boundaries(facts: Facts, hours: Hours, until: datetime) -> Iterator[datetime]:
    """Instants before `until` at which any rule may change its mind, and the tick before them."""
    edges: list[datetime | None] = [facts.due_at, facts.start, facts.busy_until, facts.not_before]
    edges += [facts.unsettled_until, facts.run_at, facts.frequency.rested(facts.talked_at)]
    edges += [
        one + limit.cap.per for one in facts.recent_intents for limit in facts.frequency.limits
    ]
    edges += [slot.free_at for slot in facts.slots]
    edges += [one + RATE_PERIOD for one in facts.ceilings.starts]
    edges += [facts.last_intent_at and facts.last_intent_at + facts.spacing, MIDNIGHT]
    opening: datetime | None = T0
    while opening is not None and opening < until:
        opening = hours.next_open(opening, facts.where, EDGE_MARGIN)
        if opening is not None:
            edges.append(opening)
            opening = hours.closes(opening, facts.where, EDGE_MARGIN)
    yield T0
    for edge in edges:
        if edge is not None:
            yield from (one for one in (edge - TICK, edge) if T0 <= one < until)
    yield until - TICK


@given(ANY, HOURS)
def test_at_the_next_instant_all_that_time_lifts_has_lifted_and_not_before(
    facts: Facts, hours: Hours
) -> None:
    found = coming(facts, hours, NOW)
    assert found == coming(facts, hours, NOW)
    if found.at is None:
        by_person = any(need.lifted_by is Lift.PERSON for need in found.needs)
        assert by_person or found.outcome is not None
        return
    assert not held_by_time(facts, hours, found.at)
    then = asked(later(facts, found.at), hours, at(found.at))
    assert [(one.rule, one.reason) for one in then if one.said is not Said.PASSES] == [
        (need.rule, need.reason) for need in found.needs
    ]
    if not found.needs:
        assert isinstance(decide(later(facts, found.at), hours, at(found.at)), Admit)
    for earlier in boundaries(facts, hours, found.at):
        if T0 <= earlier < found.at:
            assert held_by_time(facts, hours, earlier), earlier
