"""The gate's decision: each reason inside, at and past its edge; and it fails closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.admission import (
    Admit,
    Decision,
    Drop,
    Finish,
    GiveBack,
    WaitReason,
    checks,
    decide,
)
from campaigns.core.budget import Purse, Spent
from campaigns.core.caps import HOUSE, HOUSE_KEY, CapRule, Frequency, Rest
from campaigns.core.definition import Budget, CallingHours, Cap, Span
from campaigns.core.facts import Ceilings, Facts
from campaigns.core.hours import Hours
from campaigns.core.instants import CAP_CALLS, CAP_PERIOD, EDGE_MARGIN, Now
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.pacing import Slot
from campaigns.core.where import Where

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York
S = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
ALWAYS = Hours(CallingHours(always=True))
WORKDAY = Hours(CallingHours(days=((Span(start=9 * 60, end=17 * 60),),) * 7))
NEVER = Hours(CallingHours(days=((),) * 7))
CLOSES = T0 + timedelta(hours=6)
OPENS = CLOSES + timedelta(hours=16)
FREE = Slot(n=1, free_at=T0, window=60 * S)

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
    frequency=Frequency(limits=(CapRule(key=HOUSE_KEY, cap=HOUSE),)),
    recent_intents=(),
    account_paused=False,
    not_before=None,
    probing_busy=False,
    last_intent_at=None,
    spacing=S,
    slots=(FREE,),
)


def ask(
    hours: Hours = ALWAYS, *, at: datetime = T0, speed: float = 1, **changes: object
) -> Decision:
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]  # a test helper
    return decide(facts, hours, Now(real=T0, policy=at, speed=speed))


def back(reason: WaitReason, until: datetime) -> GiveBack:
    return GiveBack(reason=reason, until=until)


def test_when_nothing_forbids_it_the_free_slot_is_taken() -> None:
    assert ask() == Admit(slot=FREE)
    assert ask(WORKDAY) == Admit(slot=FREE)


@pytest.mark.parametrize("state", [s for s in TaskState if s is not TaskState.CLAIMED])
def test_a_task_that_has_moved_on_is_not_ours(state: TaskState) -> None:
    assert ask(task_state=state) == Drop()
    assert ask(task_state=state, campaign_state=CampaignState.CANCELLED, suppressed=True) == Drop()


def test_a_claim_that_is_not_ours_decides_nothing() -> None:
    assert ask(claim_is_ours=False) == Drop()
    assert ask(claim_is_ours=False, suppressed=True) == Drop()


def test_what_can_never_be_called_again_is_finished() -> None:
    cancelled = Finish(outcome=Outcome.CANCELLED, reason="campaign_cancelled")
    assert ask(campaign_state=CampaignState.CANCELLED, suppressed=True) == cancelled
    assert ask(suppressed=True) == Finish(outcome=Outcome.SUPPRESSED, reason="do_not_call")
    assert ask(NEVER) == Finish(outcome=Outcome.SKIPPED, reason="no_callable_time")
    assert ask(WORKDAY, where=Where(())) == Finish(
        outcome=Outcome.SKIPPED, reason="no_callable_time"
    )


@pytest.mark.parametrize(("early", "called"), [(TICK, True), (0 * S, False), (-TICK, False)])
def test_at_its_end_a_campaign_has_expired(early: timedelta, called: bool) -> None:
    expired = Finish(outcome=Outcome.EXPIRED, reason="campaign_end")
    assert ask(deadline=T0 + early) == (Admit(slot=FREE) if called else expired)


@pytest.mark.parametrize(("made", "called"), [(2, True), (3, False), (4, False)])
def test_no_attempt_beyond_the_last(made: int, called: bool) -> None:
    assert isinstance(ask(attempts=made), Admit if called else Finish)


@pytest.mark.parametrize(
    "state", [CampaignState.LOADING, CampaignState.PAUSED, CampaignState.FINISHED]
)
def test_a_campaign_that_does_not_run_gives_back(state: CampaignState) -> None:
    assert ask(campaign_state=state) == back(WaitReason.PAUSED, T0)


def test_a_pause_that_was_only_asked_for_counts() -> None:
    assert ask(pause_asked=True) == back(WaitReason.PAUSED, T0)


def test_a_paused_account_gives_back() -> None:
    assert ask(account_paused=True) == back(WaitReason.ACCOUNT_PAUSED, T0)


@pytest.mark.parametrize("key", ["start", "due_at"])
@pytest.mark.parametrize(("later", "called"), [(-S, True), (0 * S, True), (TICK, False)])
def test_nobody_is_rung_before_the_time(key: str, later: timedelta, called: bool) -> None:
    given_back = back(WaitReason.DUE, T0 + later)
    assert ask(**{key: T0 + later}) == (Admit(slot=FREE) if called else given_back)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "called"),
    [
        (CLOSES - EDGE_MARGIN - TICK, True),
        (CLOSES - EDGE_MARGIN, False),
        (CLOSES, False),
        (OPENS, False),
        (OPENS + EDGE_MARGIN - TICK, False),
        (OPENS + EDGE_MARGIN, True),
    ],
)
def test_a_minute_to_spare_on_both_sides_of_the_calling_hours(at: datetime, called: bool) -> None:
    decision = ask(WORKDAY, at=at)
    if called:
        assert isinstance(decision, Admit)
    else:
        assert decision == back(WaitReason.HOURS, OPENS + EDGE_MARGIN)


def test_an_opening_after_the_end_is_none() -> None:
    expired = Finish(outcome=Outcome.EXPIRED, reason="campaign_end")
    opening = OPENS + EDGE_MARGIN
    assert ask(WORKDAY, at=CLOSES, deadline=opening) == expired
    assert ask(WORKDAY, at=CLOSES, deadline=opening + TICK) == back(WaitReason.HOURS, opening)


def test_a_number_that_is_being_called_is_left_alone_until_its_bound() -> None:
    assert ask(busy_until=T0 + 5 * S) == back(WaitReason.NUMBER_BUSY, T0 + 5 * S)
    assert ask(busy_until=T0 - 5 * S) == back(WaitReason.NUMBER_BUSY, T0)


def recent(count: int) -> Sequence[datetime]:
    return [T0 - timedelta(hours=20) + n * S for n in range(count)]


def test_the_cap_waits_for_the_call_that_has_to_leave_the_day() -> None:
    assert isinstance(ask(recent_intents=recent(CAP_CALLS - 1)), Admit)
    for calls in (CAP_CALLS, CAP_CALLS + 2):
        leaves = recent(calls)[calls - CAP_CALLS] + CAP_PERIOD
        assert ask(recent_intents=recent(calls)) == back(WaitReason.CAP, leaves)


@pytest.mark.parametrize(("later", "called"), [(-S, True), (0 * S, True), (TICK, False)])
def test_a_held_account_waits(later: timedelta, called: bool) -> None:
    held = back(WaitReason.HELD, T0 + later)
    assert ask(not_before=T0 + later) == (Admit(slot=FREE) if called else held)


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_while_the_breaker_tries_one_call_the_others_wait(speed: float) -> None:
    two_real_seconds = T0 + 2 * S * speed
    assert ask(probing_busy=True, speed=speed) == back(WaitReason.HELD, two_real_seconds)


@pytest.mark.parametrize(("later", "called"), [(-S, True), (0 * S, True), (TICK, False)])
def test_a_slot_that_is_not_free_yet_is_waited_for(later: timedelta, called: bool) -> None:
    slot = replace(FREE, free_at=T0 + later)
    expected = Admit(slot=slot) if called else back(WaitReason.SLOT, T0 + later)
    assert ask(slots=(slot,)) == expected


@pytest.mark.parametrize(("ago", "called"), [(2 * S, True), (S, True), (S - TICK, False)])
def test_two_starts_keep_their_distance(ago: timedelta, called: bool) -> None:
    expected = Admit(slot=FREE) if called else back(WaitReason.SLOT, T0 - ago + S)
    assert ask(last_intent_at=T0 - ago) == expected


def test_without_any_slot_nobody_is_rung() -> None:
    assert ask(slots=()) == back(WaitReason.SLOT, T0 + 60 * S)


near = st.integers(-3, 3).map(lambda n: T0 + n * 30 * S)
STRICT = Frequency(
    limits=(CapRule(key="us-fl", cap=Cap(calls=2, per=CAP_PERIOD)),),
    rest=Rest(key="reg-f", after=timedelta(days=7)),
)


def rested(facts: Facts) -> datetime:
    """When the number may be rung again after its last conversation."""
    assert facts.frequency.rest is not None
    return T0 if facts.talked_at is None else facts.talked_at + facts.frequency.rest.after


EMPTY = Purse(
    budget=Budget(calls_per_day=1),
    spent=Spent(calls=1),
    day_ends=T0 + timedelta(hours=9),
    max_duration=timedelta(minutes=2),
)
FULL = (
    Ceilings(per_minute=2, starts=(T0 - 30 * S, T0 - S)),
    Ceilings(at_once=1, live=1),
    Ceilings(account_at_once=3, account_live=4),
    Ceilings(purse=EMPTY),
)


@pytest.mark.parametrize(
    ("ceilings", "reason", "until"),
    [
        (FULL[0], WaitReason.CAMPAIGN_RATE, T0 + 30 * S),
        (FULL[1], WaitReason.CONCURRENCY, T0 + 2 * S),
        (FULL[2], WaitReason.CONCURRENCY, T0 + 2 * S),
        (FULL[3], WaitReason.BUDGET, EMPTY.day_ends),
    ],
)
def test_a_campaign_at_its_ceiling_waits_until_it_has_room(
    ceilings: Ceilings, reason: WaitReason, until: datetime
) -> None:
    assert ask(ceilings=ceilings) == back(reason, until)


def test_the_strictest_cap_holds_and_says_when_it_has_room() -> None:
    assert ask(frequency=STRICT, recent_intents=recent(2)) == back(
        WaitReason.CAP, recent(2)[0] + CAP_PERIOD
    )
    assert isinstance(ask(frequency=STRICT, recent_intents=recent(1)), Admit)


@pytest.mark.parametrize(("later", "called"), [(TICK, False), (0 * S, True), (-TICK, True)])
def test_nobody_is_rung_too_soon_after_talking(later: timedelta, called: bool) -> None:
    talked = T0 - timedelta(days=7) + later
    decision = ask(frequency=STRICT, talked_at=talked)
    assert decision == (Admit(slot=FREE) if called else back(WaitReason.REST, T0 + later))
    assert isinstance(ask(talked_at=talked), Admit)  # without such a rule nobody asks


def test_a_task_whose_last_call_is_not_settled_is_looked_at_again() -> None:
    soon = T0 + 2 * S
    assert ask(unheard=True, suppressed=True) == back(WaitReason.STALE, soon)
    assert ask(unsettled_until=T0 + 60 * S) == back(WaitReason.STALE, T0 + 60 * S)
    assert ask(unsettled_until=T0 - 60 * S) == back(WaitReason.STALE, soon)


def test_a_run_that_has_not_begun_and_a_row_that_cannot_be_read_wait() -> None:
    assert ask(run_at=T0 + 60 * S) == back(WaitReason.DUE, T0 + 60 * S)
    assert ask(run_at=T0) == back(WaitReason.DUE, T0 + 2 * S)
    assert ask(unreadable=True) == back(WaitReason.UNREADABLE, T0 + 3600 * S)


def test_every_rule_is_told_in_the_order_in_which_it_is_asked() -> None:
    """What explains a decision reads on; the first verdict is the decision."""
    facts = replace(FACTS, suppressed=True, ceilings=FULL[0])
    told = list(checks(facts, ALWAYS, Now(real=T0, policy=T0)))
    assert [one.rule for one in told] == [
        *("claim", "unread_events", "last_call", "run", "row"),
        *("campaign", "do_not_call", "withdrawn", "deadline", "attempts", "running"),
        *("account_running", "start", "due", "calling_hours", "number_busy", "caps"),
        *("after_conversation", "approval", "starts_per_minute", "concurrent_calls", "budget"),
        *("account_held", "breaker", "slot"),
    ]
    assert [one.rule for one in told if one.verdict is not None] == [
        *("do_not_call", "starts_per_minute", "slot"),
    ]
    assert told[-1].verdict is not None


anything = st.builds(
    Facts,
    task_state=st.sampled_from(TaskState),
    claim_is_ours=st.booleans(),
    deadline=st.none() | near,
    due_at=near,
    attempts=st.integers(0, 4),
    max_attempts=st.integers(1, 3),
    campaign_state=st.sampled_from(CampaignState),
    pause_asked=st.booleans(),
    unapproved=st.booleans(),
    start=st.none() | near,
    where=st.sampled_from(
        [Where(()), Where(("America/New_York",)), Where(("Asia/Tokyo", "Europe/Paris"))]
    ),
    suppressed=st.booleans(),
    busy_until=st.none() | near,
    frequency=st.sampled_from([FACTS.frequency, STRICT]),
    recent_intents=st.integers(0, 6).map(recent),
    talked_at=st.none() | near,
    ceilings=st.sampled_from([Ceilings(), *FULL]),
    account_paused=st.booleans(),
    not_before=st.none() | near,
    probing_busy=st.booleans(),
    last_intent_at=st.none() | near,
    spacing=st.sampled_from([0 * S, S, 60 * S]),
    slots=st.lists(st.builds(Slot, n=st.just(1), free_at=near, window=st.just(60 * S)), max_size=2),
)
mostly_fine = st.builds(
    lambda facts, kept: replace(FACTS, **{name: getattr(facts, name) for name in kept}),
    anything,
    st.sets(st.sampled_from(list(Facts.__dataclass_fields__)), max_size=3),
)
calendars = st.sampled_from([ALWAYS, WORKDAY, NEVER])


def test_one_contact_more_than_may_be_called_before_an_approval_waits_for_a_person() -> None:
    assert ask(unapproved=True) == back(WaitReason.APPROVAL, T0)
    assert ask(campaign_state=CampaignState.WAITING_FOR_APPROVAL) == back(WaitReason.APPROVAL, T0)
    # What keeps it from being called anyway is said first: its turn has not come.
    assert ask(WORKDAY, unapproved=True, at=CLOSES) == back(WaitReason.HOURS, OPENS + EDGE_MARGIN)


@given(anything | mostly_fine, calendars)
def test_only_an_explicit_admission_lets_a_phone_ring(facts: Facts, hours: Hours) -> None:
    """Each of these alone forbids the call, whatever everything else says."""
    decision = decide(facts, hours, Now(real=T0, policy=T0))
    forbidden = (
        facts.task_state is not TaskState.CLAIMED
        or not facts.claim_is_ours
        or facts.campaign_state is not CampaignState.RUNNING
        or facts.pause_asked
        or facts.unapproved
        or facts.account_paused
        or facts.suppressed
        or facts.busy_until is not None
        or facts.attempts >= facts.max_attempts
        or len(facts.recent_intents) >= facts.frequency.limits[0].cap.calls
        or (facts.frequency.rest is not None and rested(facts) > T0)
        or facts.ceilings in FULL
        or facts.probing_busy
        or not hours.is_open(T0, facts.where, EDGE_MARGIN)
        or facts.due_at > T0
        or (facts.start is not None and facts.start > T0)
        or (facts.deadline is not None and facts.deadline <= T0)
        or (facts.not_before is not None and facts.not_before > T0)
        or (facts.last_intent_at is not None and facts.last_intent_at + facts.spacing > T0)
        or all(slot.free_at > T0 for slot in facts.slots)
    )
    assert isinstance(decision, Admit) is not forbidden


@given(anything | mostly_fine, calendars)
def test_whoever_is_given_back_is_looked_at_again_and_not_before_now(
    facts: Facts, hours: Hours
) -> None:
    decision = decide(facts, hours, Now(real=T0, policy=T0))
    if isinstance(decision, GiveBack):
        assert T0 <= decision.until <= T0 + timedelta(days=366)
        if decision.reason in (WaitReason.HOURS, WaitReason.CAP, WaitReason.HELD, WaitReason.SLOT):
            assert decision.until > T0
