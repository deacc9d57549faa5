"""`same_number: group`: which dial tasks to one number are one call.

Pure, and asked anew for every call: rows are added, moved and withdrawn at any time, so nobody
belongs to a family for ever. Two rows may share a call where their number, touch and day are the
same; a row joins one only while it would be called by itself too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from campaigns.core.anchor import Anchored
from campaigns.core.lifecycle import TaskState
from campaigns.core.records import AttemptRow, TaskRow

MOST = 50
"""Rows of one call: what a person can be told at once ends long before that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kin:
    """A dial task with what decides whose call it shares.

    `time`: its row's anchor, where the campaign has one. `not_before`: its row's `scheduled_at`,
    which holds it back where its touch is due later than the call. `barred`: it must not be called
    now for reasons of its own (its row cannot be read, its hours are closed, a call of it is in
    doubt).
    """

    task: TaskRow
    time: Anchored | None = field(default=None, repr=False)
    line: int = 0
    not_before: datetime | None = None
    barred: bool = False

    @property
    def day(self) -> date | str | None:
        """What rows must have in common besides number and touch. None: it shares with nobody."""
        return day(self.time, self.task.occasion)


def day(time: Anchored | None, occasion: str) -> date | str | None:
    """The day of an anchor where it takes place; without anchors the run, or none at all.

    A task that was planned for another time than its row says now has no day.
    """
    if time is None:
        return occasion
    return time.at.astimezone(time.place).date() if time.occasion == occasion else None


def one_call(
    claimed: Kin, others: Collection[Kin], *, max_attempts: int, at: datetime
) -> tuple[Kin, ...]:
    """The rows of the call that is made for `claimed` at this policy instant, its lead first.

    The lead is the row with the earliest time, then the first on the list, whichever was claimed.
    """
    fellows = [
        one
        for one in others
        if one.task.id != claimed.task.id
        and _related(one, claimed)
        and _joins(one, max_attempts=max_attempts, at=at)
    ]
    fellows.sort(key=_order)
    return tuple(sorted([claimed, *fellows[: MOST - 1]], key=_order))


def waits_for(
    claimed: Kin, others: Collection[Kin], *, max_attempts: int, at: datetime
) -> datetime | None:
    """When a row that came to its family between two calls has its turn: with the next of them.

    None: at once. Who was called before waits for nobody but by its own policy.
    """
    if claimed.task.tries or claimed.task.retry_at is not None:
        return None
    times = [
        one.task.retry_at
        for one in others
        if _related(one, claimed)
        and one.task.retry_at is not None
        and one.task.retry_at > at
        and _joins(one, max_attempts=max_attempts, at=one.task.retry_at)
    ]
    return min(times, default=None)


def fewer(call: Sequence[Kin], claimed: Kin) -> tuple[Kin, ...]:
    """The same call without its last row, but never without the claimed one: that has a turn."""
    last = next(one for one in reversed(call) if one.task.id != claimed.task.id)
    return tuple(one for one in call if one is not last)


def refund(task_ids: Collection[int], *, of: int) -> dict[str, object]:
    """What an attempt's proof says of the tasks that got it back, `of` those it was for."""
    some = {"refunded_to": sorted(task_ids)} if of > 1 else {}
    return {"refunded": bool(task_ids), **some}


def refunded_to(attempt: AttemptRow, task_id: int) -> bool:
    """Whether this task got it back: of those that share a call, not all need have."""
    to = (attempt.proof or {}).get("refunded_to")
    return attempt.refunded and (to is None or task_id in to)


def _related(one: Kin, other: Kin) -> bool:
    mine, theirs = one.task, other.task
    return (
        (mine.campaign_id, mine.phone_id, mine.touch)
        == (theirs.campaign_id, theirs.phone_id, theirs.touch)
        and one.day is not None
        and one.day == other.day
        and (one.time is None) == (other.time is None)
    )


def _joins(one: Kin, *, max_attempts: int, at: datetime) -> bool:
    """Whether this row may be called now. Its due may come later that day: the call is earlier."""
    task = one.task
    return (
        task.state in (TaskState.WAITING, TaskState.CLAIMED)
        and task.stopped is None
        and not one.barred
        and (task.deadline_at is None or at < task.deadline_at)
        and task.tries < max_attempts
        and (task.retry_at is None or task.retry_at <= at)
        and (one.not_before is None or one.not_before <= at)
        # Without an anchor its due is its own `scheduled_at`: not before.
        and (one.time is not None or task.due_at <= at)
    )


def _order(one: Kin) -> tuple[bool, datetime, int, int]:
    when = one.time.at if one.time is not None else one.task.due_at
    return one.time is None, when, one.line, one.task.id
