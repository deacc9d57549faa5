"""Campaigns that compete for slots: who is reached in time, by which order.

Each task needs one slot, at an instant when its lane's hours are open, from `due` to before its
deadline. An order sees what is callable now and nothing else; the oracle sees everything.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.definition import CallingHours, Span
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.selection import SHARE_WINDOW, Candidate, Start, choose, shares
from campaigns.core.where import Where
from tests.support.matching import most

US_ZONES = tuple(
    Where((zone,))
    for zone in ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """Tasks that become callable together."""

    campaign_id: int
    hours: Hours
    where: Where


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One call that somebody waits for; `lane` is an index."""

    lane: int
    due: datetime
    deadline: datetime


@dataclass(frozen=True, kw_only=True)
class Case:
    """Slots at `begin`, `begin + step` and so on."""

    begin: datetime
    step: timedelta
    slots: int
    lanes: Sequence[Lane]
    tasks: Sequence[Task]
    _open: dict[tuple[Hours, Where], list[int]] = field(default_factory=dict)

    def at(self, slot: int) -> datetime:
        return self.begin + slot * self.step

    def slot(self, at: datetime) -> int:
        """The first slot that is not before an instant."""
        return max(0, -(-(at - self.begin) // self.step))

    def open(self, lane: Lane) -> list[int]:
        """The slots in which a lane may be called."""
        key = (lane.hours, lane.where)
        if key not in self._open:
            self._open[key] = [
                slot
                for slot in range(self.slots)
                if lane.hours.is_open(self.at(slot), lane.where, EDGE_MARGIN)
            ]
        return self._open[key]

    def best(self) -> int:
        """The most that any order reaches."""
        chances: list[list[int]] = []
        for task in self.tasks:
            open_slots = self.open(self.lanes[task.lane])
            first, last = (
                bisect_left(open_slots, self.slot(when)) for when in (task.due, task.deadline)
            )
            chances.append(open_slots[first:last])
        return most(chances, self.slots)


Rank = Callable[[Case, int], tuple[datetime, int]]
"""Who goes first within a lane."""
Pick = Callable[[Case, datetime, Sequence[int], Sequence[Start]], int]
"""Of the heads of open lanes (task numbers) the index of one; what was started is told."""


def reached(case: Case, rank: Rank, pick: Pick) -> int:
    """How many are called in time."""
    coming = sorted(range(len(case.tasks)), key=lambda one: (case.tasks[one].due, one))
    waiting: list[list[tuple[datetime, int]]] = [[] for _ in case.lanes]
    opens = [frozenset(case.open(lane)) for lane in case.lanes]
    started: list[Start] = []
    next_one = 0
    for slot in range(case.slots):
        at = case.at(slot)
        while next_one < len(coming) and case.tasks[coming[next_one]].due <= at:
            task = coming[next_one]
            heapq.heappush(waiting[case.tasks[task].lane], rank(case, task))
            next_one += 1
        heads: list[int] = []
        for queue, open_slots in zip(waiting, opens, strict=True):
            while queue and case.tasks[queue[0][1]].deadline <= at:
                heapq.heappop(queue)
            if queue and slot in open_slots:
                heads.append(queue[0][1])
        if not heads:
            continue
        recent = started[-(SHARE_WINDOW // case.step) - 1 :]
        lane = case.tasks[heads[pick(case, at, heads, recent)]].lane
        heapq.heappop(waiting[lane])
        started.append(Start(campaign_id=case.lanes[lane].campaign_id, again=False, at=at))
    return len(started)


def ours(case: Case) -> int:
    """By selection.py, as the engine asks it."""
    return reached(case, _by_deadline, _chosen)


def first_come(case: Case) -> int:
    """Whoever has been callable longest; in the order of the list where that is equal."""
    return reached(case, _by_due, _longest)


def first_due(case: Case) -> int:
    """The earliest deadline, whatever the hours until then."""
    return reached(case, _by_deadline, _earliest)


def _by_deadline(case: Case, task: int) -> tuple[datetime, int]:
    return case.tasks[task].deadline, task


def _by_due(case: Case, task: int) -> tuple[datetime, int]:
    return case.tasks[task].due, task


def _longest(case: Case, at: datetime, heads: Sequence[int], recent: Sequence[Start]) -> int:
    return min(range(len(heads)), key=lambda one: _by_due(case, heads[one]))


def _earliest(case: Case, at: datetime, heads: Sequence[int], recent: Sequence[Start]) -> int:
    return min(range(len(heads)), key=lambda one: _by_deadline(case, heads[one]))


def _chosen(case: Case, at: datetime, heads: Sequence[int], recent: Sequence[Start]) -> int:
    return choose([_candidate(case, at, task) for task in heads], shares(recent, at))


def _candidate(case: Case, at: datetime, number: int) -> Candidate:
    task = case.tasks[number]
    lane = case.lanes[task.lane]
    return Candidate(
        campaign_id=lane.campaign_id,
        lane_id=task.lane,
        priority=5,
        weight=1.0,
        again=False,
        left=lane.hours.time_left(at, lane.where, task.deadline, EDGE_MARGIN),
        since=task.due,
    )


def hours_of(*spans: tuple[int, int]) -> Hours:
    """The same hours each day, in minutes after midnight."""
    day = tuple(Span(start=start, end=end) for start, end in spans)
    return Hours(CallingHours(days=(day,) * 7))


_KINDS = [
    hours_of((begin, lunch), (lunch + gap, close))
    for begin in (8 * 60, 9 * 60, 10 * 60)
    for lunch in (11 * 60 + 30, 12 * 60, 13 * 60)
    for gap in (30, 60, 120)
    for close in (17 * 60, 18 * 60, 20 * 60)
] + [hours_of((9 * 60, 20 * 60))] * 20


def with_gaps(seed: int) -> Case:
    """One to three campaigns with lunch gaps in four zones, mixed deadlines, too few slots or not.

    At most 75 slots within at most a day and a half, begun at any hour of the day there.
    """
    dice = random.Random(seed)  # a fixed case by its number
    begin = datetime(2026, 6, 2, 12, tzinfo=UTC) + timedelta(minutes=dice.randint(0, 720))
    span = timedelta(minutes=dice.choice([7.5, 60, 120, 240, 360, 600, 1640]))
    step = max(timedelta(seconds=6), span / 75)
    slots = span // step
    kinds = dice.sample(_KINDS, dice.choice([1, 1, 2, 3]))
    lanes = [
        Lane(campaign_id=number, hours=kind, where=where)
        for number, kind in enumerate(kinds)
        for where in US_ZONES
    ]
    last = begin + span
    deadlines = [last, *(_within(dice, begin, last) for _ in range(dice.choice([1, 2, 4, 8])))]
    tasks = [
        Task(
            lane=dice.randrange(len(lanes)),
            due=begin if dice.random() < 0.7 else _within(dice, begin, last),
            deadline=dice.choice(deadlines),
        )
        for _ in range(int(slots * dice.uniform(0.6, 1.8)))
    ]
    return Case(begin=begin, step=step, slots=slots, lanes=lanes, tasks=tasks)


def _within(dice: random.Random, since: datetime, until: datetime) -> datetime:
    return since + dice.random() * (until - since)


def evening(*, contacts: int, deadlines: Sequence[tuple[float, int]], seed: int = 1) -> Case:
    """A campaign over four US zones, started 17:00 Eastern, closing 20:00 local, ten a minute.

    `deadlines`: shares of the list, and the Eastern hour by which they must be called. Zones as
    the population of the states lies in them, in no order in the list.
    """
    dice = random.Random(seed)
    eastern = ZoneInfo("America/New_York")
    begin = datetime(2026, 6, 2, 17, tzinfo=eastern)
    hours = hours_of((9 * 60, 20 * 60))
    lanes = [Lane(campaign_id=1, hours=hours, where=where) for where in US_ZONES]
    zones = dice.choices(range(4), weights=[47.6, 29.1, 6.7, 16.6], k=contacts)
    ends = dice.choices(
        [begin.replace(hour=hour).astimezone(UTC) for _, hour in deadlines],
        weights=[share for share, _ in deadlines],
        k=contacts,
    )
    return Case(
        begin=begin.astimezone(UTC),
        step=timedelta(seconds=6),
        slots=6 * 600,
        lanes=lanes,
        tasks=[
            Task(lane=lane, due=begin.astimezone(UTC), deadline=end)
            for lane, end in zip(zones, ends, strict=True)
        ],
    )
