"""Who waits in a forecast: groups of people who will be treated alike, in lanes that open together.

A group is the part of a list with one calendar, due, deadline and number of calls so far; its count
may be a fraction, because each call is split by the shares of its endings. Groups that become alike
are joined, so that a million people stay thousands of groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from campaigns.core.definition import Retry
from campaigns.core.fluid import DUST, NEVER, instant, ticks
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import Outcome
from campaigns.core.selection import HORIZON, Candidate
from campaigns.core.where import Where

KEYS = 3
"""Contacts of a group that are named."""


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What one campaign may spend in a day. `ends`: an instant → when its day does.

    `per_call`: what a call is taken to cost; None: what is assumed.
    """

    calls: float | None = None
    cost: float | None = None
    per_call: float | None = None
    ends: Callable[[datetime], datetime] = _midnight


@dataclass(frozen=True, kw_only=True, slots=True)
class Going:
    """One campaign of the account, as far as anybody's future depends on it.

    `mine`: the one that is forecast; the others are its load. `fits`: when another call to a number
    there with these earlier ones fits the caps, None never; not stated where no cap can bind.
    """

    id: int
    hours: Hours
    retry: Callable[[str], Retry]
    mine: bool = True
    start: datetime | None = None
    priority: int = 5
    weight: float = 1.0
    starts_per_minute: float | None = None
    concurrent_calls: float | None = None
    budget: Budget = Budget()
    fits: Callable[[Where, tuple[datetime, ...], datetime], datetime | None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """So many dial tasks of one campaign that differ in nothing a forecast asks about.

    `tries`: calls that count for the retries; `intents`: recent calls
    to the number, for the caps. `keys`: of the first few contacts.
    """

    campaign_id: int
    where: Where
    due: datetime
    count: float = 1
    deadline: datetime | None = None
    expires_as: str = "campaign_end"
    touch: str = ""
    tries: int = 0
    last: Outcome | None = None
    intents: tuple[datetime, ...] = ()
    keys: tuple[str, ...] = field(default=(), repr=False)


Likeness = tuple[int, int, int, int, Outcome | None, str, str, tuple[datetime, ...]]
"""A group's lane, due, deadline, tries, last, touch, expires_as and intents."""


@dataclass(kw_only=True, slots=True)
class Group:
    """A batch under way. Instants in microseconds; `deadline` NEVER: none.

    `likeness`: the same for groups that may be joined.
    """

    likeness: Likeness
    lane: Lane
    due: int
    deadline: int
    expires_as: str
    touch: str
    tries: int
    last: Outcome | None
    intents: tuple[datetime, ...]
    count: float
    keys: tuple[str, ...] = field(default=(), repr=False)


@dataclass(kw_only=True, slots=True)
class Lane:
    """The tasks of one campaign that share their calling hours, first calls beside retries.

    `edge`: when it opens or closes next. The order within is by deadline, then by due.
    """

    id: int
    going: Going
    where: Where
    open: bool = False
    edge: int = 0
    due: tuple[list[tuple[int, int, int, Group]], list[tuple[int, int, int, Group]]] = field(
        default_factory=lambda: ([], [])
    )
    _seen: list[tuple[int, int, Candidate] | None] = field(default_factory=lambda: [None, None])
    _turned: int = -1
    _lefts: dict[int, timedelta] = field(default_factory=dict)

    @property
    def waiting(self) -> bool:
        """Whether anybody's time has come."""
        return bool(self.due[0] or self.due[1])

    @property
    def all(self) -> list[Group]:
        """Everybody whose time has come."""
        return [group for kind in self.due for _, _, _, group in kind]

    def add(self, group: Group, number: int) -> None:
        """Its time has come."""
        heappush(self.due[group.tries > 0], (group.deadline, group.due, number, group))

    def look(self, now: int) -> None:
        """Bring `open` and `edge` to this instant, where they have passed."""
        if self.edge > now:
            return
        at = instant(now)
        self.open = self.going.hours.is_open(at, self.where, EDGE_MARGIN)
        if self.open:
            self.edge = ticks(self.going.hours.closes(at, self.where, EDGE_MARGIN))
        else:
            self.edge = self.opens(now)

    def opens(self, since: int) -> int:
        """The first open instant from there on; NEVER within a year."""
        opening = self.going.hours.next_open(instant(since), self.where, EDGE_MARGIN)
        return NEVER if opening is None else ticks(opening)

    def candidate(self, again: bool, turned: int) -> Candidate:
        """Its head of this kind. `turned`: when any lane last opened or closed.

        What is left of an open lane passes as fast as the clock, for all open lanes alike: what
        was left then gives the same order until the next one opens or closes.
        """
        deadline, due, number, _ = self.due[again][0]
        seen = self._seen[again]
        if seen is not None and seen[:2] == (turned, number):
            return seen[2]
        made = Candidate(
            campaign_id=self.going.id,
            lane_id=self.id,
            priority=self.going.priority,
            weight=self.going.weight,
            again=again,
            left=HORIZON if deadline == NEVER else self._left(turned, deadline),
            since=instant(due),
        )
        self._seen[again] = (turned, number, made)
        return made

    def _left(self, turned: int, deadline: int) -> timedelta:
        if self._turned != turned:
            self._turned = turned
            self._lefts.clear()
        if deadline not in self._lefts:
            at = instant(turned)
            until = min(instant(deadline), at + HORIZON)
            left = self.going.hours.time_left(at, self.where, until, EDGE_MARGIN)
            self._lefts[deadline] = min(HORIZON, left)
        return self._lefts[deadline]


class Coming:
    """Groups whose time has not come, the next first; those that are alike are one."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Group]] = []
        self._alike: dict[tuple[object, ...], Group] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    def join(self, lane: Lane, likeness: Likeness, count: float, keys: tuple[str, ...]) -> None:
        """So many more who are alike."""
        there = self._alike.get(likeness)
        if there is not None:
            there.count += count
            if len(there.keys) < KEYS and keys:
                there.keys = (*there.keys, *keys)[:KEYS]
            return
        _, due, deadline, tries, last, touch, expires_as, intents = likeness
        self._put(
            Group(
                likeness=likeness,
                lane=lane,
                due=due,
                deadline=deadline,
                expires_as=expires_as,
                touch=touch,
                tries=tries,
                last=last,
                intents=intents,
                count=count,
                keys=keys,
            )
        )

    def put_off(self, group: Group, due: int) -> None:
        """Its time comes later: the number may not be called before."""
        group.due = due
        group.likeness = (group.likeness[0], due, *group.likeness[2:])
        there = self._alike.get(group.likeness)
        if there is None:
            self._put(group)
        else:
            there.count += group.count

    def _put(self, group: Group) -> None:
        self._alike[group.likeness] = group
        self._number += 1
        heappush(self._heap, (group.due, self._number, group))

    @property
    def next(self) -> int:
        """When the next group's time comes."""
        return self._heap[0][0] if self._heap else NEVER

    def take(self, now: int) -> Iterator[tuple[int, Group]]:
        """Those whose time has come, with their number in the order of their coming."""
        while self._heap and self._heap[0][0] <= now:
            _, number, group = heappop(self._heap)
            del self._alike[group.likeness]
            if group.count > DUST:
                yield number, group
