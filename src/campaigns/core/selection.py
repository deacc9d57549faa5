"""Which due dial task deserves the next start.

Priority first. Among equals the least callable time left, so that a slot goes where it still
helps; then the campaign that had the least of its share; within a campaign first calls and
retries in turn; then whoever waits longest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SHARE_WINDOW = timedelta(minutes=10)
"""How far back starts count towards a campaign's share."""
URGENT = timedelta(days=7)
"""Callable time is counted so far ahead; a task without a deadline has all of it left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """The first callable task of its kind in one lane."""

    campaign_id: int
    lane_id: int
    priority: int
    """1 first, 9 last."""
    weight: float
    """Its campaign's share among equals, above 0."""
    again: bool
    """A retry, not the task's first call."""
    left: timedelta
    """Callable time from now until its call is useless, at most URGENT."""
    since: datetime
    """Eligible since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What one campaign started in the last SHARE_WINDOW, what is claimed included."""

    starts: int = 0
    again: int = 0
    """Of them, retries."""


_NOTHING = Served()


def choose(candidates: Sequence[Candidate], served: Mapping[int, Served]) -> int:
    """Index of the one that goes first. ValueError where there is none to choose from."""
    if not candidates:
        raise ValueError("there is nobody to choose from")

    def rank(index: int) -> tuple[int, timedelta, float, int, bool, datetime, int]:
        one = candidates[index]
        had = served.get(one.campaign_id, _NOTHING)
        owed = 2 * had.again < had.starts  # fewer retries than first calls
        return (
            one.priority,
            one.left,
            had.starts / one.weight,
            one.campaign_id,
            one.again is not owed,
            one.since,
            one.lane_id,
        )

    return min(range(len(candidates)), key=rank)
