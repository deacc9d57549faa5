"""Which due dial task deserves the next start.

Priority first. Among equals the least callable time left, so that a slot goes where it still
helps; then the campaign that had the least of its share; within a campaign first calls and
retries in turn; then whoever waits longest.

Callable time that is one interval makes this the earliest deadline first, and no order reaches
more in time: where a better order gives a slot to another task, the two can be exchanged. With
gaps in the hours no order that looks only at the present is the best; this one comes nearest
(docs/selection.md), because it counts the chances that are left and not the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SHARE_WINDOW = timedelta(minutes=10)
"""How far back starts count towards a campaign's share."""
HALF_LIFE = timedelta(minutes=2.5)
"""A start counts half as much after this.

Counted in full until they leave the window, two campaigns of equal weight took turns of five
minutes each, for ever: one start in, one start out, and the counts stay as they were.
"""
HORIZON = timedelta(days=366)
"""`left` of a task without a deadline, or with one later than this from now.

A year, because a million calls at ten a minute take 70 days: what lies beyond the horizon counts
as equal, and equals are served in any order.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ripe:
    """Of the eligible tasks of one kind in one lane, the one that ends first."""

    lane_id: int
    again: bool
    deadline_at: datetime | None
    since: datetime


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
    """Callable time from now until its call is useless, HORIZON where nothing ends it."""
    since: datetime
    """Eligible since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A call that one campaign started, or has claimed the task of."""

    campaign_id: int
    again: bool
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What one campaign started in the last SHARE_WINDOW, the older the less."""

    starts: float = 0.0
    again: float = 0.0
    """Of them, retries."""

    def plus(self, again: bool, counts: float = 1.0) -> Served:
        """With one more start."""
        return Served(starts=self.starts + counts, again=self.again + counts * again)


_NOTHING = Served()


def shares(starts: Iterable[Start], at: datetime) -> dict[int, Served]:
    """What each campaign had by now, what is older than SHARE_WINDOW left out."""
    served: dict[int, Served] = {}
    for start in starts:
        age = at - start.at
        if age < SHARE_WINDOW:
            before = served.get(start.campaign_id, _NOTHING)
            counts = 0.5 ** (max(age, timedelta(0)) / HALF_LIFE)
            served[start.campaign_id] = before.plus(start.again, counts)
    return served


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
