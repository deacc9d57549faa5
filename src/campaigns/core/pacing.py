"""The throttle: when may the next start leave, so that the provider never counts one too many.

An account has N slots. A slot taken for a start is free again one window W after the RESPONSE
arrived. Suppose N+1 starts arrived at the provider within less than W. Two of them used the same
slot; the later was granted after the earlier's response + W, which is after the earlier's arrival
+ W: a contradiction. It holds for any latency and any reordering, with no margin to tune, on one
clock: the database's. (performance.md, section 2.5.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.instants import (
    DEAD_PROCESS,
    DRAIN,
    DRIFT,
    POST_DEADLINE,
    SEND_BY,
    STRICT_EXTRA,
    Now,
)
from campaigns.core.records import AccountRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One of an account's N slots of a kind; `window` is W."""

    n: int
    free_at: datetime
    window: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """Take this slot now."""

    slot: Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Nothing may leave before `until` (policy time)."""

    until: datetime


def grant(
    slots: Sequence[Slot],
    *,
    at: datetime,
    not_before: datetime | None = None,
    last_at: datetime | None = None,
    spacing: timedelta = timedelta(0),
) -> Granted | Wait:
    """The free slot that has been free longest, or the first instant one may be.

    No slots at all (a limit of zero): wait a minute and look again.
    """
    if not slots:
        return Wait(until=at + timedelta(minutes=1))
    first = min(slots, key=lambda slot: (slot.free_at, slot.n))
    until = first.free_at
    if not_before is not None:
        until = max(until, not_before)
    if last_at is not None:
        until = max(until, last_at + spacing)
    return Granted(slot=first) if until <= at else Wait(until=until)


def spacing_of(account: AccountRow, now: Now, slots: Sequence[Slot]) -> timedelta:
    """The distance between two starts: wide for a while after a 429 nobody expected."""
    if account.strict_until is not None and now.policy < account.strict_until:
        return max(account.spacing, even(slots))
    return account.spacing


def startable(
    slots: Iterable[Slot],
    *,
    at: datetime,
    until: datetime,
    not_before: datetime | None,
    last_at: datetime | None,
    spacing: timedelta,
) -> int:
    """How many starts could leave in [at, until], one after the other."""
    count = 0
    clear = max(filter(None, (at, not_before, last_at and last_at + spacing)))
    for free_at in sorted(slot.free_at for slot in slots):
        clear = max(clear, free_at)
        if clear > until:
            break
        count += 1
        clear += spacing
    return count


def held(now: Now, window: timedelta, budget: timedelta = SEND_BY) -> datetime:
    """`free_at` as the intent writes it: already right for a process that dies next.

    `budget` is mechanical: the latest that the request can still leave after the intent.
    """
    return now.policy + now.mechanical(budget + DEAD_PROCESS) + window


def answered(now: Now, window: timedelta) -> datetime:
    """`free_at` once the response has been read."""
    return now.policy + window + DRIFT


def shut(now: Now, window: timedelta) -> datetime:
    """`free_at` after our own deadline shut the socket: the request may still be in the door."""
    return now.policy + now.mechanical(DRAIN) + window


def newborn(now: Now, window: timedelta) -> datetime:
    """`free_at` of a slot added to a living account.

    It may stand for one that a lowered limit deleted while its start was still under way.
    """
    return now.policy + now.mechanical(SEND_BY + DEAD_PROCESS) + window


def even(slots: Sequence[Slot]) -> timedelta:
    """The distance at which starts are spread over the window: 6.2 s at ten a minute."""
    if not slots:
        return timedelta(0)
    return max(slot.window for slot in slots) / len(slots) + STRICT_EXTRA


def surplus(slots: Sequence[Slot], limit: int) -> tuple[int, ...]:
    """Which slots (`n`) a lowered limit deletes: those free EARLIEST.

    The ones free latest stand for the newest starts, which the provider still counts.
    """
    extra = max(0, len(slots) - limit)
    ranked = sorted(slots, key=lambda slot: (slot.free_at, slot.n))
    return tuple(slot.n for slot in ranked[:extra])


_SLOWEST = SEND_BY + POST_DEADLINE
assert _SLOWEST < SEND_BY + DEAD_PROCESS, "a living request would outlast its slot's hold"
