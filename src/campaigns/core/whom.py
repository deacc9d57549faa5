"""Everything about one number: its calls in all campaigns, and what comes next and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.core.admission import WaitReason
from campaigns.core.caps import Frequency, full_until, made_within
from campaigns.core.figures import CallLine, LaneGroup, Waiting
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.report import Situation, waiting
from campaigns.core.suppression import SuppressionLine


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberRules:
    """What holds for a number in one campaign. Instants: it is over then; None: it does not hold.

    `cap_until`: of all caps that hold there, the one that lets the next call go last.
    """

    unwanted: bool
    cap_until: datetime | None = None
    rest_until: datetime | None = None  # too soon after a conversation until then
    busy_until: datetime | None = None  # a live call's bound


@dataclass(frozen=True, kw_only=True, slots=True)
class CapUsed:
    """A cap that holds for a number: in these campaigns; none: it is in no campaign.

    `rule`: as in caps.CapRule. `full_until` None: there is room.
    """

    rule: str
    calls: int
    per: timedelta
    used: int
    full_until: datetime | None
    campaigns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Resting:
    """No call before `until`, because a rule wants a rest after a conversation."""

    rule: str
    until: datetime
    campaigns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WhomTask:
    """One dial task to the number, and where its contact came from.

    `next_at` and `why`: of one that waits; `next_at` None: nobody can tell when.
    """

    campaign: str
    campaign_state: CampaignState
    key: str = field(repr=False)
    touch: str
    state: TaskState
    outcome: Outcome | None
    reason: str | None
    attempts: int
    due_at: datetime
    next_at: datetime | None
    why: str | None
    source_file: str
    source_line: int
    withdrawn: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Whom:
    """A number. `tasks` and `calls`: the newest first; `more`: there are older ones.

    `suppressed`: the do-not-call lists that it is on. `caps`: those of the campaigns in which it is
    still to be called, else the house default.
    """

    at: datetime
    to_number: str = field(repr=False)
    known: bool
    suppressed: tuple[SuppressionLine, ...] = ()
    caps: tuple[CapUsed, ...] = ()
    resting: tuple[Resting, ...] = ()
    busy_until: datetime | None = None
    tasks: tuple[WhomTask, ...] = ()
    calls: tuple[CallLine, ...] = ()
    more: bool = False


def used(of: Frequency, intents: Sequence[datetime], at: datetime) -> tuple[CapUsed, ...]:
    """How far each cap is used at `at`. `intents`: oldest first."""
    return tuple(
        CapUsed(
            rule=limit.key,
            calls=limit.cap.calls,
            per=limit.cap.per,
            used=made_within(limit.cap, intents, at),
            full_until=full_until(limit.cap, intents, at),
        )
        for limit in of.limits
    )


def resting(of: Frequency, talked_at: datetime | None, at: datetime) -> Resting | None:
    """The rest that is still to be kept; None: none is."""
    until = of.rested(talked_at)
    if of.rest is None or until is None or until <= at:
        return None
    return Resting(rule=of.rest.key, until=until)


def comes_next(task: LaneGroup, now: Situation, rules: NumberRules) -> Waiting:
    """When one waiting dial task could leave, and why not before."""
    (found,) = waiting([task], now)
    if rules.unwanted:
        return Waiting(reason=Outcome.SUPPRESSED.value, count=1, next_at=None)
    for reason, until in (
        (WaitReason.NUMBER_BUSY, rules.busy_until),
        (WaitReason.CAP, rules.cap_until),
        (WaitReason.REST, rules.rest_until),
    ):
        # Its own reason is the later one, or one that only a person ends.
        if until is not None and (found.next_at or now.at) < until and found.reason not in _OPEN:
            opens = now.hours.next_open(until, task.where, EDGE_MARGIN)
            found = Waiting(reason=reason.value, count=1, next_at=opens)
    return found


_OPEN = frozenset({WaitReason.PAUSED, WaitReason.APPROVAL, WaitReason.ACCOUNT_PAUSED})
