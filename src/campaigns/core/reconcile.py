"""The book against the list: what a submission changes for one contact, and whether it may.

Pure. What was done under one identity (touch and occasion) is never repeated; what waits follows
the list. The engine reads the book in chunks, asks here, and writes what it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.records import NewTask
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
    tasks: Sequence[BookTask] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Retime:
    """A task that waits has another time, or comes back to life (`revive`)."""

    task_id: int
    plan: NewTask
    revive: bool = False


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
    at: datetime,
) -> Change:
    """What the plans of its row mean for a contact of the book, at this policy instant.

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
        steps.extend(_touch(by_touch.get(plan.touch), plan, at, wake=old.held))
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


def _touch(task: BookTask | None, plan: NewTask, at: datetime, *, wake: bool) -> Iterator[Step]:
    if task is None:
        yield plan
        return
    if task.state is TaskState.DONE:
        if plan.outcome is None and _may_come_back(task):
            yield Retime(task_id=task.id, plan=plan, revive=True)
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


def _may_come_back(task: BookTask) -> bool:
    """Whether a done task has not done its part: nobody was reached, and its list or time left."""
    if task.outcome in (Outcome.COMPLETED, Outcome.VOICEMAIL, Outcome.UNRESOLVED):
        return False
    if task.outcome is Outcome.EXPIRED:
        return task.attempts == 0
    return task.reason in _UNDONE


def withdraw(old: BookContact) -> Change:
    """A contact that its own list no longer has."""
    steps = tuple(
        Stop(task_id=task.id, reason=WITHDRAWN)
        for task in old.tasks
        if task.state is not TaskState.DONE
    )
    return Change(effect=Effect.WITHDRAWN, steps=steps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One contact that a list would change. `line`, `key`: of its row; a withdrawn one has none.

    `was`, `becomes`: its own time, where that is what changes.
    """

    effect: Effect
    line: int | None = None
    key: str | None = field(default=None, repr=False)
    contact_id: int | None = None
    was: datetime | None = None
    becomes: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A list against the book, counted. `ours`: contacts of the book that came from this list.

    `finished`: contacts of the list that will not be called again; they are among the others too.
    `past`: contacts that moved to a time that is over.
    """

    lines: int = 0
    ours: int = 0
    added: int = 0
    moved: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    held: int = 0
    rejected: int = 0
    duplicate: int = 0
    filtered: int = 0
    finished: int = 0
    past: int = 0

    @property
    def nothing(self) -> bool:
        """Whether no contact is touched."""
        return not (self.added or self.moved or self.changed or self.withdrawn or self.held)


_MEANT = "where that is meant, submit it with --allow-withdraw"
FEW = 5
"""Rows that a guard lets go whatever the share: a short list loses a fifth with one visit."""


def refused(
    found: Difference, *, max_withdrawn: float, max_rejected: float, allow_withdraw: bool
) -> str | None:
    """Why this list must not change the book; None: it may. Shares are of one."""
    if found.lines == 0 and found.ours and not allow_withdraw:
        return (
            f"the list has a header and no rows, and the book has {found.ours:,} contacts of it;"
            f" {_MEANT}"
        )
    if found.rejected > FEW and found.rejected > max_rejected * found.lines:
        return (
            f"{found.rejected:,} of {found.lines:,} rows cannot be read,"
            f" more than max_rejected ({max_rejected:.0%}); mend the list, or raise max_rejected"
        )
    far_fewer = found.withdrawn > FEW and found.withdrawn > max_withdrawn * found.ours
    if far_fewer and not allow_withdraw:
        return (
            f"{found.withdrawn:,} of {found.ours:,} contacts are no longer on the list,"
            f" more than max_withdrawn ({max_withdrawn:.0%}); {_MEANT}"
        )
    return None


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
