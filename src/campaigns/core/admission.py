"""The gate's decision: may this dial task ring this phone now?

One pure function over facts read under locks. Whatever is not allowed gives the task back unspent
with the reason AND the first instant at which it could pass; what can never pass ends it. The
order of the checks is the order in which a person would want to hear the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.core.caps import full_until, made_within, next_allowed, said
from campaigns.core.definition import Cap
from campaigns.core.facts import RATE_PERIOD, Ceilings, Facts
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN, Now
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.pacing import Granted, Slot, Wait, grant


class WaitReason(StrEnum):
    """Why a dial task is not being called at this moment."""

    DUE = "due"  # its time has not come
    RETRY = "retry"  # a wait between attempts
    HOURS = "calling_hours"
    NUMBER_BUSY = "number_busy"
    CAP = "cap"
    SLOT = "slot"  # the account's limit
    HELD = "account_held"
    PAUSED = "paused"
    APPROVAL = "waiting_for_approval"  # a person hears the first calls before there are more
    ACCOUNT_PAUSED = "account_paused"
    STALE = "stale"  # the claim was not ours any more
    UNREADABLE = "row_unreadable"  # its row was there and cannot be read: not called by the old one
    NOT_PLACED = "not_placed"  # proven that its last call rang nobody
    REST = "after_conversation"  # a rule lets nobody be rung so soon after talking
    CAMPAIGN_RATE = "starts_per_minute"  # the campaign's own ceiling
    CONCURRENCY = "concurrent_calls"
    BUDGET = "budget"  # of this day


LOOK_AGAIN = timedelta(seconds=2)
"""Mechanical: until something is asked again that changes by what calls do."""

UNREADABLE_AGAIN = timedelta(hours=1)
"""Policy time until a task is looked at again whose row cannot be read; a list wakes it."""


class Lift(StrEnum):
    """What lets a call go on that has to wait."""

    TIME = "time"
    CALLS = "calls"  # how calls under way end: nobody knows when
    PERSON = "person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admit:
    """Write the intent and take this slot."""

    slot: Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveBack:
    """Not now: unspent, and nobody looks again before `until`.

    `latest`: where something else may lift it before, when time does.
    """

    reason: WaitReason
    until: datetime
    lifted_by: Lift = field(default=Lift.TIME, compare=False)
    latest: datetime | None = field(default=None, compare=False)

    @property
    def lifts_at(self) -> datetime | None:
        """When time lifts it, at the latest; None: it does not, and `until` is only a next look."""
        return (self.latest or self.until) if self.lifted_by is Lift.TIME else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """Never: this is its outcome."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """Not ours to decide: someone else moved the task on."""


Decision = Admit | GiveBack | Finish | Drop


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One rule that was asked. `verdict` None: it lets the call go.

    `inputs`: what it looked at, for a person; nothing personal.
    """

    rule: str
    verdict: Decision | None
    inputs: Mapping[str, object]


def decide(facts: Facts, hours: Hours, now: Now) -> Decision:
    """The decision. Fails closed: only an explicit Admit lets a phone ring."""
    return next(check.verdict for check in checks(facts, hours, now) if check.verdict is not None)


def checks(facts: Facts, hours: Hours, now: Now) -> Iterator[Check]:
    """Every rule in the order in which they are asked; the first verdict is the decision.

    The last one always has a verdict. Whoever explains a decision reads on beyond it.
    """
    at = now.policy
    yield _check("claim", _claim(facts), state=facts.task_state.value)
    yield from _unready(facts, now)
    yield from _endings(facts, at)
    yield from _waits(facts, at)
    yield _hours(facts, hours, at)
    yield from _number(facts, at)
    yield from _ceilings(facts.ceilings, now)
    yield from _account(facts, now)


def _check(rule: str, verdict: Decision | None, **inputs: object) -> Check:
    said = {name: value for name, value in inputs.items() if value is not None}
    return Check(rule=rule, verdict=verdict, inputs=said)


def _claim(facts: Facts) -> Decision | None:
    ours = facts.task_state is TaskState.CLAIMED and facts.claim_is_ours
    return None if ours else Drop()


def _unready(facts: Facts, now: Now) -> Iterator[Check]:
    """What is still to become of the task itself before anything else is asked."""
    at, soon = now.policy, now.policy + now.mechanical(LOOK_AGAIN)
    # It may have been answered.
    unheard = WaitReason.STALE if facts.unheard else None
    yield _check("unread_events", _back(unheard, soon, Lift.CALLS))
    last = facts.unsettled_until
    stale = WaitReason.STALE if last is not None else None
    yield _check("last_call", _back(stale, max(soon, last or soon)), settled_by=last)
    begins = facts.run_at
    due = WaitReason.DUE if begins is not None else None
    yield _check("run", _back(due, max(soon, begins or soon)), begins=begins)
    unreadable = WaitReason.UNREADABLE if facts.unreadable else None
    yield _check("row", _back(unreadable, at + UNREADABLE_AGAIN, Lift.PERSON))


def _endings(facts: Facts, at: datetime) -> Iterator[Check]:
    """What ends a dial task for good."""

    def ended(outcome: Outcome, reason: str, *, when: bool) -> Finish | None:
        return Finish(outcome=outcome, reason=reason) if when else None

    cancelled = facts.campaign_state is CampaignState.CANCELLED
    verdict = ended(Outcome.CANCELLED, "campaign_cancelled", when=cancelled)
    yield _check("campaign", verdict, state=facts.campaign_state.value)
    yield _check("do_not_call", ended(Outcome.SUPPRESSED, "do_not_call", when=facts.suppressed))
    stopped = ended(Outcome.CANCELLED, facts.stopped or "", when=facts.stopped is not None)
    yield _check("withdrawn", stopped, why=facts.stopped)
    late = facts.deadline is not None and at >= facts.deadline
    verdict = ended(Outcome.EXPIRED, facts.expires_as, when=late)
    yield _check("deadline", verdict, deadline=facts.deadline)
    spent = ended(Outcome.FAILED, "exhausted", when=facts.attempts >= facts.max_attempts)
    yield _check("attempts", spent, made=facts.attempts, of=facts.max_attempts)


def _waits(facts: Facts, at: datetime) -> Iterator[Check]:
    """What only a person, the submission under way, or its time lets go on."""
    state, stopped = facts.campaign_state, None
    if state is CampaignState.WAITING_FOR_APPROVAL:
        stopped = WaitReason.APPROVAL
    elif state is not CampaignState.RUNNING or facts.pause_asked:
        stopped = WaitReason.PAUSED
    verdict = _back(stopped, at, Lift.PERSON)
    yield _check("running", verdict, state=state.value, pause_asked=facts.pause_asked)
    paused = WaitReason.ACCOUNT_PAUSED if facts.account_paused else None
    yield _check("account_running", _back(paused, at, Lift.PERSON))
    yield _check("start", _until(WaitReason.DUE, facts.start, at), start=facts.start)
    yield _check("due", _until(WaitReason.DUE, facts.due_at, at), due=facts.due_at)


def _hours(facts: Facts, hours: Hours, at: datetime) -> Check:
    verdict: Decision | None = None
    if not hours.is_open(at, facts.where, EDGE_MARGIN):
        opening = hours.next_open(at, facts.where, EDGE_MARGIN)
        if opening is None:
            verdict = Finish(outcome=Outcome.SKIPPED, reason="no_callable_time")
        elif facts.deadline is not None and opening >= facts.deadline:
            verdict = Finish(outcome=Outcome.EXPIRED, reason=facts.expires_as)
        else:
            verdict = GiveBack(reason=WaitReason.HOURS, until=opening)
    zones, places = " ".join(facts.where.zones), " ".join(facts.where.places)
    return _check("calling_hours", verdict, zones=zones, places=places)


def _number(facts: Facts, at: datetime) -> Iterator[Check]:
    """What holds for the number, whatever campaign asks."""
    busy = facts.busy_until
    verdict = None if busy is None else _back(WaitReason.NUMBER_BUSY, max(busy, at))
    yield _check("number_busy", verdict, until=busy)
    last = next_allowed(facts.frequency.limits, facts.recent_intents, at)
    verdict = _back(WaitReason.CAP, last[1]) if last else None
    caps = {
        limit.key: f"{made_within(limit.cap, facts.recent_intents, at)} of {said(limit.cap)}"
        for limit in facts.frequency.limits
    }
    yield _check("caps", verdict, full=last[0] if last else None, **caps)
    rest, until = facts.frequency.rest, facts.frequency.rested(facts.talked_at)
    verdict = _until(WaitReason.REST, until, at)
    yield _check("after_conversation", verdict, by=rest.key if rest else None, until=until)
    approval = WaitReason.APPROVAL if facts.unapproved else None
    yield _check("approval", _back(approval, at, Lift.PERSON))


def full(of: Ceilings, now: Now) -> GiveBack | None:
    """Why a campaign lets no further call go, and until when at least; None: there is room."""
    verdicts = (check.verdict for check in _ceilings(of, now))
    return next((one for one in verdicts if isinstance(one, GiveBack)), None)


def _ceilings(of: Ceilings, now: Now) -> Iterator[Check]:
    at = now.policy
    free_at = None
    if of.per_minute is not None:
        free_at = full_until(Cap(calls=of.per_minute, per=RATE_PERIOD), of.starts, at)
    yield _check(
        "starts_per_minute",
        _until(WaitReason.CAMPAIGN_RATE, free_at, at),
        starts=len(of.starts) if of.per_minute is not None else None,
        of=of.per_minute,
    )
    soon = at + now.mechanical(LOOK_AGAIN)
    busy = _over(of.live, of.at_once) or _over(of.account_live, of.account_at_once)
    yield _check(
        "concurrent_calls",
        _back(WaitReason.CONCURRENCY if busy else None, soon, Lift.CALLS),
        live=of.live if of.at_once is not None else None,
        of=of.at_once,
        account_live=of.account_live if of.account_at_once is not None else None,
        account_of=of.account_at_once,
    )
    purse = of.purse
    short = purse.short() if purse is not None else None
    verdict: Decision | None = None
    if purse is not None and short is not None:
        # A price that is told meanwhile makes room before the day ends.
        priced = short == "cost_per_day" and purse.spent.unpriced > 0
        until = soon if priced else purse.day_ends
        verdict = GiveBack(reason=WaitReason.BUDGET, until=until, latest=purse.day_ends)
    yield _check("budget", verdict, short=short, **(purse.said() if purse else {}))


def _account(facts: Facts, now: Now) -> Iterator[Check]:
    at = now.policy
    held = _until(WaitReason.HELD, facts.not_before, at)
    yield _check("account_held", held, until=facts.not_before)
    probing = WaitReason.HELD if facts.probing_busy else None
    yield _check("breaker", _back(probing, at + now.mechanical(LOOK_AGAIN), Lift.CALLS))
    granted = grant(facts.slots, at=at, last_at=facts.last_intent_at, spacing=facts.spacing)
    match granted:
        case Granted(slot=slot):
            yield _check("slot", Admit(slot=slot), slots=len(facts.slots))
        case Wait(until=until):
            verdict = GiveBack(reason=WaitReason.SLOT, until=until)
            yield _check("slot", verdict, slots=len(facts.slots))


def _over(live: int, most: int | None) -> bool:
    return most is not None and live >= most


def _back(
    reason: WaitReason | None, until: datetime, lifted_by: Lift = Lift.TIME
) -> GiveBack | None:
    return None if reason is None else GiveBack(reason=reason, until=until, lifted_by=lifted_by)


def _until(reason: WaitReason, until: datetime | None, at: datetime) -> GiveBack | None:
    return GiveBack(reason=reason, until=until) if until is not None and at < until else None
