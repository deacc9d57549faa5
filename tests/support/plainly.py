"""A campaign one person after the other: what a forecast sums up, done plainly and slowly."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.assumptions import Assumptions
from campaigns.core.definition import Retry
from campaigns.core.hours import Hours
from campaigns.core.instants import DRIFT, EDGE_MARGIN
from campaigns.core.lifecycle import Outcome
from campaigns.core.retry import RetryAt, decide
from campaigns.core.selection import HORIZON, Candidate, Start, choose, shares
from campaigns.core.where import Where

S = timedelta(seconds=1)


@dataclass(order=True)
class Person:
    """One contact of the plain simulation."""

    due: datetime
    n: int
    where: Where
    deadline: datetime | None
    touch: str = ""
    tries: int = 0

    def candidate(self, hours: Hours, at: datetime, lanes: list[Where]) -> Candidate:
        """The same for the order among all who may be called."""
        left = HORIZON
        if self.deadline is not None:
            left = hours.time_left(at, self.where, self.deadline, EDGE_MARGIN)
        return Candidate(
            campaign_id=1,
            lane_id=lanes.index(self.where),
            priority=5,
            weight=1.0,
            again=self.tries > 0,
            left=left,
            since=self.due,
        )


def one_by_one(
    people: list[Person],
    hours: Hours,
    retry: Callable[[str], Retry],
    assumed: Assumptions,
    draw: Callable[[], Outcome],
    now: datetime,
    limit: int = 10,
) -> tuple[list[datetime], datetime]:
    """When calls start, and when everybody has an outcome; `draw`: how the next call ends."""
    lanes = list(dict.fromkeys(one.where for one in people))
    served: list[Start] = []
    free = [now] * limit
    last = at = now
    starts: list[datetime] = []
    ends = [now]
    while people:
        people = sorted(people)
        open_now = [
            one
            for one in people
            if one.due <= at
            and (one.deadline is None or at < one.deadline)
            and hours.is_open(at, one.where, EDGE_MARGIN)
        ]
        for one in [one for one in people if one.deadline is not None and one.deadline <= at]:
            ends.append(one.deadline or at)
            people.remove(one)
        if open_now and min(free) <= at and (not starts or last + S <= at):
            candidates = [one.candidate(hours, at, lanes) for one in open_now]
            one = open_now[choose(candidates, shares(served, at))]
            served.append(Start(campaign_id=1, again=one.tries > 0, at=at))
            heapq.heapreplace(free, at + 60 * S + assumed.latency + DRIFT)
            starts.append(at)
            last = at
            one.tries += 1
            outcome = draw()
            ended = at + assumed.latency + assumed.length(outcome)
            follows = decide(
                retry(one.touch),
                outcome,
                attempts=one.tries,
                ended_at=ended,
                confirmed=outcome is not Outcome.VOICEMAIL,
                deadline=one.deadline,
            )
            if isinstance(follows, RetryAt):
                one.due = follows.at
            else:
                ends.append(ended)
                people.remove(one)
            continue
        waits = [one.due for one in people if one.due > at]
        waits += [one.deadline for one in people if one.deadline is not None and one.deadline > at]
        waits += [instant for instant in free if instant > at]
        waits += [last + S] if starts and last + S > at else []
        for where in {one.where for one in people}:
            opening = hours.next_open(at, where, EDGE_MARGIN)
            waits += [opening] if opening is not None and opening > at else []
        at = min(waits)
    return starts, max(ends)
