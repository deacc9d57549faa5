"""The book against the list: what a submission changes for one contact, and whether it may.

Pure. What was done under one identity (touch and occasion) is never repeated; what waits follows
the list. The engine reads the book in chunks, asks here, and writes what it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.core.definition import Retry
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.records import NewTask
from campaigns.core.retry import GiveUp, decide
from campaigns.core.schedule import CLOSED, MIN_GAP, NO_TIME, PAST_DUE

MOVED_FROM = timedelta(minutes=15)
"""An anchor that changed by less is the same appointment (campaign-file.md, when_moved)."""
WITHDRAWN, MOVED, REMOVED = "withdrawn", "moved", "touch_removed"
"""Why a dial task gets no further call: not on the list, another time, no longer a touch."""
_UNDONE = frozenset({WITHDRAWN, MOVED, REMOVED, PAST_DUE, MIN_GAP, CLOSED, NO_TIME})
"""Reasons of a task that ended without having done its part: it comes back when its plan does."""


class Effect(StrEnum):
    """What a submission means for one contact."""

    ADDED = "added"
    MOVED = "moved"  # its appointment is at another time
    CHANGED = "changed"  # anything else about it
    WITHDRAWN = "withdrawn"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class BookTask:
    """A dial task as the book has it."""

    id: int
    touch: str
    occasion: str
    state: TaskState
    due_at: datetime
    retry_at: datetime | None
    deadline_at: datetime | None
    expires_as: str
    attempts: int
    outcome: Outcome | None
    reason: str | None
    stopped: str | None
    rang_until: datetime | None = None  # of a task that is done, when its last call was over
    spent: int = 0  # attempts of earlier rounds: they count for no limit of this one

    @property
    def tries(self) -> int:
        """Attempts of this round."""
        return self.attempts - self.spent


@dataclass(frozen=True, kw_only=True, slots=True)
class BookContact:
    """A contact as the book has it. `gone`: withdrawn. `held`: its row could not be read."""

    id: int
    digest: str
    source: str
    line: int
    occasion: str
    time_at: datetime | None
    gone: bool
    held: bool
    said_at: datetime | None = None  # as of when its teller knew it, where that was told
    tasks: Sequence[BookTask] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Retime:
    """A task that waits has another time, or comes back to life (`revive`).

    `not_before`: one that was called has its wait until the next call, as if it had never left.
    """

    task_id: int
    plan: NewTask
    revive: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """No further call of this task; a live one goes on."""

    task_id: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rename:
    """What was done for this occasion counts for another from now on."""

    task_id: int
    occasion: str


Step = NewTask | Retime | Stop | Rename


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What becomes of one contact of the book."""

    effect: Effect
    steps: tuple[Step, ...] = ()


def same(old: BookContact, digest: str) -> bool:
    """Whether a row says nothing new about a contact, so that its tasks need not be read."""
    return old.digest == digest and not old.gone and not old.held


def change(
    old: BookContact,
    plans: Sequence[NewTask],
    *,
    moved_by: timedelta | None,
    keep: bool,
    retry: Callable[[str], Retry],
    at: datetime,
) -> Change:
    """What the plans of its row mean for a contact of the book, at this policy instant.

    `retry`: how a touch is tried again.

    `moved_by`: how far its anchor or its own time went (None: neither has one). `keep`: what was
    done for the old time counts for the new one (`when_moved: keep`).
    """
    occasion = plans[0].occasion if plans else old.occasion
    renamed: dict[int, str] = {}
    steps: list[Step] = []
    if occasion != old.occasion:
        small = moved_by is not None and moved_by < MOVED_FROM
        known = {(task.touch, task.occasion) for task in old.tasks}
        for task in old.tasks:
            if task.occasion != old.occasion:
                continue
            if (keep or small) and (task.touch, occasion) not in known:
                renamed[task.id] = occasion
                steps.append(Rename(task_id=task.id, occasion=occasion))
    steps.extend(
        Stop(task_id=task.id, reason=MOVED)
        for task in old.tasks
        if renamed.get(task.id, task.occasion) != occasion
        and task.state is not TaskState.DONE
        and not task.stopped
    )
    by_touch = {
        task.touch: task for task in old.tasks if renamed.get(task.id, task.occasion) == occasion
    }
    for plan in plans:
        known_task = by_touch.get(plan.touch)
        steps.extend(_touch(known_task, plan, retry(plan.touch), at, wake=old.held))
    planned = {plan.touch for plan in plans}
    steps.extend(
        Stop(task_id=task.id, reason=REMOVED)
        for touch, task in by_touch.items()
        if touch not in planned and task.state is not TaskState.DONE and not task.stopped
    )
    if old.gone:
        return Change(effect=Effect.ADDED, steps=tuple(steps))
    far = moved_by is not None and moved_by >= MOVED_FROM
    return Change(effect=Effect.MOVED if far else Effect.CHANGED, steps=tuple(steps))


def _touch(
    task: BookTask | None, plan: NewTask, retry: Retry, at: datetime, *, wake: bool
) -> Iterator[Step]:
    if task is None:
        yield plan
        return
    if task.state is TaskState.DONE:
        if plan.outcome is None and _may_come_back(task):
            yield from _back(task, plan, retry)
        return
    if plan.outcome is not None:
        # Its own time has passed while it waited for a slot or a retry: that is no news.
        if plan.due_at != task.due_at or plan.deadline_at != task.deadline_at:
            yield Stop(task_id=task.id, reason=plan.reason or MOVED)
        elif task.stopped:
            yield Retime(task_id=task.id, plan=plan)
        return
    both_past = plan.due_at <= at and task.due_at <= at
    same_due = both_past or plan.due_at == task.due_at
    same_end = (plan.deadline_at, plan.expires_as) == (task.deadline_at, task.expires_as)
    if wake or not (same_due and same_end and task.stopped is None):
        yield Retime(task_id=task.id, plan=plan)


def _back(task: BookTask, plan: NewTask, retry: Retry) -> Iterator[Retime]:
    """It goes on where it was: with the wait that its last call would have had, or not at all."""
    # Not called in this round yet: from when on it was to be.
    not_before = task.retry_at if task.spent and not task.tries else None
    if task.tries and task.outcome is not None and task.rang_until is not None:
        following = decide(
            retry,
            task.outcome,
            attempts=task.tries,
            ended_at=task.rang_until,
            confirmed=False,
            deadline=plan.deadline_at,
            expires_as=plan.expires_as,
        )
        if isinstance(following, GiveUp):
            return
        not_before = following.at
    yield Retime(task_id=task.id, plan=plan, revive=True, not_before=not_before)


def _may_come_back(task: BookTask) -> bool:
    """Whether a done task has not done its part: nobody was reached, and its list or time left."""
    if task.outcome in (Outcome.COMPLETED, Outcome.VOICEMAIL, Outcome.UNRESOLVED):
        return False
    if task.outcome is Outcome.EXPIRED:
        return task.tries == 0
    return task.reason in _UNDONE


def withdraw(old: BookContact) -> Change:
    """A contact that its own list no longer has."""
    steps = tuple(
        Stop(task_id=task.id, reason=WITHDRAWN)
        for task in old.tasks
        if task.state is not TaskState.DONE
    )
    return Change(effect=Effect.WITHDRAWN, steps=steps)


def reopens(made: Change) -> bool:
    """Whether a change brings a contact another call."""
    return any(
        (isinstance(step, NewTask) and step.outcome is None)
        or (isinstance(step, Retime) and step.revive)
        for step in made.steps
    )


def apart(before: datetime | None, after: datetime | None) -> timedelta | None:
    """How far a contact's own time went; None where it has none."""
    if before is None and after is None:
        return None
    if before is None or after is None:
        return timedelta.max
    return abs(after - before)
