"""Whether it is proven that a call whose answer was lost was never placed.

Absence from a list is weak evidence: the list may be late, may leave calls out, may be another
account's. So every condition below must hold, each for a reason of its own; where one does not,
the contact waits and nobody is rung (reliability: in doubt, do not redial).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.instants import EVENT_GRACE, RING

LIST_LAG = timedelta(minutes=2)
"""How long after its beginning a call may be missing from the provider's list."""
LEAST = timedelta(minutes=20)
APART = timedelta(minutes=1)
"""Between two reads that agree: one moment's fault of the list is not asked twice."""
AGREEING = 2
NOT_PLACED_MOST = 2
"""Proofs of absence that give one dial task back; after another one a person decides."""
_HOURLY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListRead:
    """One read of an account's session list, for one agent and one stretch of time.

    `complete`: two passes over all pages showed the same ids. `newest_at` is when the youngest
    call in it began. `absent` and `present` name the calls in doubt that were looked for.
    """

    account_id: int
    agent_id: str
    start: datetime
    end: datetime
    read_at: datetime
    complete: bool
    digest: str
    sessions: int
    newest_at: datetime | None
    absent: tuple[str, ...] = ()
    present: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known about one call in doubt. Instants are policy time.

    `heard`: an id, or any event on its own address, says that the provider had it.
    `later_webhook_at`: a webhook came for a call of this account that was intended later.
    `door_since`: since when our webhook address has been up without a gap; None: it is not up.
    """

    attempt_id: str
    intent_at: datetime
    settle_at: datetime
    max_duration: timedelta
    heard: bool
    reads: Sequence[ListRead]
    later_webhook_at: datetime | None
    webhook: bool
    door_since: datetime | None
    lists_unanswered: bool
    list_lag: timedelta = LIST_LAG


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """Proven: no phone rang. The reads that prove it, the oldest first."""

    reads: tuple[ListRead, ...]
    control: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotYet:
    """Not proven, and why; `look_again_at` is when a look may change that."""

    why: str
    look_again_at: datetime


def quarantine(max_duration: timedelta, list_lag: timedelta = LIST_LAG) -> timedelta:
    """How long after its settling a call may still come to light: nothing is proven before."""
    return max(LEAST, RING + max_duration + max(list_lag, LIST_LAG) + EVENT_GRACE)


def judge(facts: Facts, at: datetime) -> Absent | NotYet:
    """The proof, or the first thing that is missing."""
    ripe_at = facts.settle_at + quarantine(facts.max_duration, facts.list_lag)
    later = at + _HOURLY
    if facts.heard:
        return NotYet(why="the provider has said something about this call", look_again_at=later)
    if not facts.lists_unanswered:
        why = "it is not proven that the list shows unanswered calls: `campaigns probe`"
        return NotYet(why=why, look_again_at=ripe_at if at < ripe_at else later)
    if facts.webhook and (facts.door_since is None or facts.door_since > facts.intent_at):
        why = "our webhook address was not up all the time since the call"
        return NotYet(why=why, look_again_at=ripe_at if at < ripe_at else later)
    if at < ripe_at:
        return NotYet(why="its call could still come to light", look_again_at=ripe_at)
    if any(facts.attempt_id in read.present for read in facts.reads):
        return NotYet(why="the list has a call that may be this one", look_again_at=later)
    complete = [read for read in _ripe(facts, ripe_at) if read.complete]
    counting = [read for read in complete if _controlled(read, facts)]
    chosen = _apart(counting)
    if len(chosen) >= AGREEING:
        return Absent(reads=tuple(chosen[:AGREEING]), control=_control(facts))
    if complete and not counting:
        why = "the list shows no later call of this account: it may be standing still"
        return NotYet(why=why, look_again_at=later)
    why = f"{len(chosen)} of {AGREEING} complete reads of the list agree"
    return NotYet(why=why, look_again_at=_next(chosen, at))


def _ripe(facts: Facts, ripe_at: datetime) -> Iterable[ListRead]:
    return (
        read
        for read in sorted(facts.reads, key=lambda one: one.read_at)
        if read.read_at >= ripe_at and facts.attempt_id in read.absent
    )


def _controlled(read: ListRead, facts: Facts) -> bool:
    """Whether this read provably knows what happened after the intent.

    A session's time may be when it was answered: only one a whole ring later was surely created
    after the intent.
    """
    if facts.later_webhook_at is not None and facts.later_webhook_at <= read.read_at:
        return True
    return read.newest_at is not None and read.newest_at > facts.intent_at + RING


def _control(facts: Facts) -> str:
    if facts.later_webhook_at is not None:
        return "a webhook for a later call of this account"
    return "a later call of this account in the same read"


def _apart(reads: Iterable[ListRead]) -> list[ListRead]:
    chosen: list[ListRead] = []
    for read in reads:
        if not chosen or read.read_at - chosen[-1].read_at >= APART:
            chosen.append(read)
    return chosen


def _next(chosen: Sequence[ListRead], at: datetime) -> datetime:
    return max(chosen[-1].read_at, at) + APART if chosen else at + APART
