"""Another round: which contacts of a campaign were not reached, and may be called again.

Pure. Nobody is called again who was answered, who is still to be called, or whose call would come
too late; everybody who is left out is counted with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from campaigns.core.instants import EVENT_GRACE
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.reconcile import BookTask


class Unreached(StrEnum):
    """How a call ended that reached nobody: what a new round can be for."""

    NO_ANSWER = Outcome.NO_ANSWER.value
    BUSY = Outcome.BUSY.value
    FAILED = Outcome.FAILED.value
    VOICEMAIL = Outcome.VOICEMAIL.value


class Left(StrEnum):
    """Why a contact is not in a new round."""

    ANSWERED = "answered"
    NOT_ASKED_FOR = "another outcome"
    UNRESOLVED = "unresolved"
    STILL_CALLED = "still to be called"
    NEVER_CALLED = "never called"
    TOO_LATE = "too late"
    STOPPED = "stopped"
    NO_TOUCH = "touch no longer in the file"
    WITHDRAWN = "withdrawn"
    UNREADABLE = "row unreadable"
    UNWANTED = "do not call"


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """A contact of the book. `unwanted`: its number is on the do-not-call list, or erased."""

    contact_id: int
    occasion: str
    gone: bool
    held: bool
    unwanted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """A dial task that is called again, from when on, and how it had ended."""

    task_id: int
    was: Unreached
    at: datetime


def again(
    met: Met,
    tasks: Sequence[BookTask],
    *,
    talked: Collection[int],
    touches: Collection[str],
    wanted: Collection[Unreached],
    at: datetime,
) -> Again | Left:
    """Whether the latest touch of a contact is called again, at this policy instant.

    `talked`: dial tasks with a call that was answered, or that nobody can tell. `touches`: those of
    the file.
    """
    for left, holds in (
        (Left.WITHDRAWN, met.gone),
        (Left.UNREADABLE, met.held),
        (Left.UNWANTED, met.unwanted),
    ):
        if holds:
            return left
    mine = [task for task in tasks if task.occasion == met.occasion]
    if any(task.state is not TaskState.DONE for task in mine):
        return Left.STILL_CALLED
    last = max(_rung(mine), key=lambda task: (task.due_at, task.id), default=None)
    if last is None:
        return Left.NEVER_CALLED
    return _of(last, talked, touches, wanted, at)


def _of(
    last: BookTask,
    talked: Collection[int],
    touches: Collection[str],
    wanted: Collection[Unreached],
    at: datetime,
) -> Again | Left:
    if last.outcome is Outcome.UNRESOLVED:
        return Left.UNRESOLVED
    if last.outcome is Outcome.COMPLETED or last.reason == "answered" or last.id in talked:
        return Left.ANSWERED
    was = next((one for one in wanted if last.outcome is Outcome(one)), None)
    if was is None:
        return Left.NOT_ASKED_FOR
    if last.stopped is not None:
        return Left.STOPPED
    if last.touch not in touches:
        return Left.NO_TOUCH
    if last.deadline_at is not None and last.deadline_at <= at:
        return Left.TOO_LATE
    # As every retry: whoever said that nobody answered may yet be proven wrong (design.md).
    heard = at if last.rang_until is None else last.rang_until + EVENT_GRACE
    return Again(task_id=last.id, was=was, at=max(at, heard))


def _rung(tasks: Iterable[BookTask]) -> list[BookTask]:
    """Those that were called: a touch that was never made is none to repeat."""
    called = {Outcome.COMPLETED, Outcome.UNRESOLVED, Outcome.REJECTED, *map(Outcome, Unreached)}
    return [task for task in tasks if task.outcome in called]
