"""Everything about one number: its calls in all campaigns, and what comes next and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from campaigns.core.admission import WaitReason
from campaigns.core.figures import CallLine, LaneGroup, SuppressionLine, Waiting
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.report import Situation, waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What holds for a number whatever campaign asks: the do-not-call list, its cap, its lock."""

    unwanted: bool
    cap_until: datetime | None  # full until then; None: there is room
    busy_until: datetime | None  # a live call's bound


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
    """A number. `tasks` and `calls`: the newest first; `more`: there are older ones."""

    at: datetime
    to_number: str = field(repr=False)
    known: bool
    suppression: SuppressionLine | None = None
    calls_used: int = 0
    calls_allowed: int
    cap_until: datetime | None = None
    busy_until: datetime | None = None
    tasks: tuple[WhomTask, ...] = ()
    calls: tuple[CallLine, ...] = ()
    more: bool = False


def comes_next(task: LaneGroup, now: Situation, rules: Rules) -> Waiting:
    """When one waiting dial task could leave, and why not before."""
    (found,) = waiting([task], now)
    if rules.unwanted:
        return Waiting(reason=Outcome.SUPPRESSED.value, count=1, next_at=None)
    for reason, until in (
        (WaitReason.NUMBER_BUSY, rules.busy_until),
        (WaitReason.CAP, rules.cap_until),
    ):
        # Its own reason is the later one, or one that only a person ends.
        if until is not None and (found.next_at or now.at) < until and found.reason not in _OPEN:
            opens = now.hours.next_open(until, task.where)
            found = Waiting(reason=reason.value, count=1, next_at=opens)
    return found


_OPEN = frozenset({WaitReason.PAUSED, WaitReason.APPROVAL, WaitReason.ACCOUNT_PAUSED})
