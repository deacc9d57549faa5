"""The gate's decision: may this dial task ring this phone now?

One pure function over facts read under locks. Whatever is not allowed gives the task back unspent
with the reason AND the first instant at which it could pass; what can never pass ends it. The
order of the checks is the order in which a person would want to hear the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.core.hours import Hours
from campaigns.core.instants import CAP_CALLS, CAP_PERIOD, EDGE_MARGIN, Now
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.pacing import Granted, Slot, Wait, grant
from campaigns.core.where import Where


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the gate read, every row under its lock. Instants are policy time."""

    task_state: TaskState
    claim_is_ours: bool
    deadline: datetime | None
    expires_as: str
    stopped: str | None
    due_at: datetime
    attempts: int
    max_attempts: int
    campaign_state: CampaignState
    pause_asked: bool
    unapproved: bool  # this would be one more contact than may be called before an approval
    start: datetime | None
    where: Where
    suppressed: bool
    busy_until: datetime | None  # another live call to this number: its release bound
    recent_intents: Sequence[datetime]  # to this number within the cap's period, oldest first
    account_paused: bool
    not_before: datetime | None
    probing_busy: bool  # the breaker's look-up has not worked yet, or its one call is under way
    last_intent_at: datetime | None
    spacing: timedelta
    slots: Sequence[Slot]


@dataclass(frozen=True, kw_only=True, slots=True)
class Admit:
    """Write the intent and take this slot."""

    slot: Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveBack:
    """Not now: unspent, and nobody looks again before `until`."""

    reason: WaitReason
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """Never: this is its outcome."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """Not ours to decide: someone else moved the task on."""


Decision = Admit | GiveBack | Finish | Drop


def decide(facts: Facts, hours: Hours, now: Now) -> Decision:
    """The decision. Fails closed: only an explicit Admit lets a phone ring."""
    at = now.policy
    if facts.task_state is not TaskState.CLAIMED or not facts.claim_is_ours:
        return Drop()
    if facts.campaign_state is CampaignState.CANCELLED:
        return Finish(outcome=Outcome.CANCELLED, reason="campaign_cancelled")
    if facts.suppressed:
        return Finish(outcome=Outcome.SUPPRESSED, reason="do_not_call")
    if facts.stopped is not None:
        return Finish(outcome=Outcome.CANCELLED, reason=facts.stopped)
    if facts.deadline is not None and at >= facts.deadline:
        return Finish(outcome=Outcome.EXPIRED, reason=facts.expires_as)
    if facts.attempts >= facts.max_attempts:
        return Finish(outcome=Outcome.FAILED, reason="exhausted")
    stopped = _by_a_person(facts)
    if stopped is not None:
        return GiveBack(reason=stopped, until=at)
    if facts.start is not None and at < facts.start:
        return GiveBack(reason=WaitReason.DUE, until=facts.start)
    if at < facts.due_at:
        return GiveBack(reason=WaitReason.DUE, until=facts.due_at)
    if not hours.is_open(at, facts.where, EDGE_MARGIN):
        opening = hours.next_open(at, facts.where, EDGE_MARGIN)
        if opening is None:
            return Finish(outcome=Outcome.SKIPPED, reason="no_callable_time")
        if facts.deadline is not None and opening >= facts.deadline:
            return Finish(outcome=Outcome.EXPIRED, reason=facts.expires_as)
        return GiveBack(reason=WaitReason.HOURS, until=opening)
    if facts.busy_until is not None:
        return GiveBack(reason=WaitReason.NUMBER_BUSY, until=max(facts.busy_until, at))
    over = len(facts.recent_intents) - CAP_CALLS
    if over >= 0:
        # The oldest that has to leave the period before one more fits.
        return GiveBack(reason=WaitReason.CAP, until=facts.recent_intents[over] + CAP_PERIOD)
    if facts.unapproved:
        return GiveBack(reason=WaitReason.APPROVAL, until=at)
    if facts.not_before is not None and at < facts.not_before:
        return GiveBack(reason=WaitReason.HELD, until=facts.not_before)
    if facts.probing_busy:
        return GiveBack(reason=WaitReason.HELD, until=at + now.mechanical(timedelta(seconds=2)))
    granted = grant(facts.slots, at=at, last_at=facts.last_intent_at, spacing=facts.spacing)
    match granted:
        case Granted(slot=slot):
            return Admit(slot=slot)
        case Wait(until=until):
            return GiveBack(reason=WaitReason.SLOT, until=until)


def _by_a_person(facts: Facts) -> WaitReason | None:
    """What only a person, or the submission under way, lets go on."""
    if facts.campaign_state is CampaignState.WAITING_FOR_APPROVAL:
        return WaitReason.APPROVAL
    if facts.campaign_state is not CampaignState.RUNNING or facts.pause_asked:
        return WaitReason.PAUSED
    return WaitReason.ACCOUNT_PAUSED if facts.account_paused else None
