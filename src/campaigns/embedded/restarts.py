"""When a child that ended is started again, and when starting it again is pointless.

Pure: instants and statuses in, a decision out. A child that keeps ending by itself right after
its start has a fault no restart cures; one that somebody killed has not, however often.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import timedelta

SETTLED = timedelta(seconds=10)
"""A child that ran this long had started well."""
FALSE_STARTS = 3
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=30)

_FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM}


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """Start it again after this wait."""

    wait: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    """It ended by itself at once, this many times in a row."""

    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Restarts:
    """One child's record of ends in a row."""

    ends: int = 0
    false_starts: int = 0

    def ended(self, *, ran: timedelta, status: int) -> tuple[Restarts, Again | GiveUp]:
        """The new record, and what to do; `status` as subprocess has it (negative: a signal)."""
        settled = ran >= SETTLED
        by_itself = status not in _FROM_OUTSIDE
        ends = 1 if settled else self.ends + 1
        false_starts = self.false_starts + 1 if by_itself and not settled else 0
        record = Restarts(ends=ends, false_starts=false_starts)
        if false_starts >= FALSE_STARTS:
            return record, GiveUp(times=false_starts)
        doublings = min(ends - 1, 10)
        return record, Again(wait=min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def said(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
