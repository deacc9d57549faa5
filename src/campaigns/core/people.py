"""What follows for one contact: when it is called next, or why it is not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.reconcile import REMOVED, WITHDRAWN, BookTask, Effect
from campaigns.core.records import CAMPAIGN_END
from campaigns.core.schedule import DEADLINE, NO_TOUCH, PAST_DUE, SUPERSEDED
from campaigns.core.where import Where

ONE = "one at a time"
"""Whose a contact is that no list brought: no list withdraws it."""
NOBODY = "there is no such contact; what is older than this is refused"
FILTERED = "left out by `where`"
SUPPRESSED = "its number is on the do-not-call list"
HELD = "its row cannot be read"
GONE = "it was withdrawn"
_PAST = frozenset({PAST_DUE, DEADLINE, CAMPAIGN_END, SUPERSEDED})
_DONE: Mapping[Outcome, str] = {
    Outcome.COMPLETED: "it was called, and answered",
    Outcome.VOICEMAIL: "it was called, and a voicemail answered",
    Outcome.NO_ANSWER: "it was called as often as it may be, without an answer",
    Outcome.BUSY: "it was called as often as it may be, and was busy",
    Outcome.FAILED: "it was called as often as it may be, and no call came about",
    Outcome.REJECTED: "the provider refuses to call it",
    Outcome.SUPPRESSED: SUPPRESSED,
    Outcome.CANCELLED: "it was withdrawn",
    Outcome.UNRESOLVED: "nobody knows how its last call ended: `campaigns unresolved`",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveCall:
    """A call that had left before a change was made, by what was known then."""

    attempt_id: str
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What became of one contact. `next_call_at`: by all that is known now; None: see `why`."""

    effect: Effect
    next_call_at: datetime | None = None
    live_call: LiveCall | None = None
    why: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of a contact and its number at one instant."""

    tasks: Sequence[BookTask]
    occasion: str
    where: Where
    start: datetime | None
    suppressed: bool = False
    held: bool = False
    gone: bool = False
    stopped: str | None = None  # why its campaign lets nobody be called now
    live: LiveCall | None = field(default=None, repr=False)


def told(effect: Effect, one: Standing, hours: Hours, now: datetime) -> Told:
    """What to answer about a contact."""
    no = GONE if one.gone else HELD if one.held else SUPPRESSED if one.suppressed else None
    next_at = None if no else _next(one, hours, now)
    if no is None:
        no = one.stopped if next_at else _over(one, moved=effect is Effect.MOVED)
    return Told(effect=effect, next_call_at=next_at, live_call=one.live, why=no)


def _next(one: Standing, hours: Hours, now: datetime) -> datetime | None:
    """When hours let the first of its waiting calls go."""
    found = []
    for task in one.tasks:
        if task.stopped or task.state not in (TaskState.WAITING, TaskState.CLAIMED):
            continue
        due = max(filter(None, (task.due_at, task.retry_at, one.start, now)))
        opening = hours.next_open(due, one.where, EDGE_MARGIN)
        if opening is not None and (task.deadline_at is None or opening < task.deadline_at):
            found.append(opening)
    return min(found, default=None)


def _over(one: Standing, *, moved: bool) -> str:
    """Why no call follows."""
    newest = [task for task in one.tasks if task.occasion == one.occasion]
    if any(task.state is not TaskState.DONE and not task.stopped for task in newest):
        if one.live is not None:
            return "a call is under way: what follows depends on how it ends"
        return "no hour is open before its deadline"
    undone = {task.reason for task in newest if task.outcome in (Outcome.SKIPPED, Outcome.EXPIRED)}
    if undone and len(undone) == len({(task.outcome, task.reason) for task in newest}):
        if undone <= _PAST:
            return f"{'moved into the past' if moved else 'its time is past'}: no further call"
        said = ", ".join(sorted(NO_TOUCH.get(reason or "", reason or "") for reason in undone))
        return f"no call is made: {said}"
    for outcome in _DONE:
        for task in newest:
            if task.outcome is outcome and task.reason != REMOVED:
                return GONE if task.reason == WITHDRAWN else _DONE[outcome]
    return "nothing is left to do"
