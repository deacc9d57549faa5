"""Under some seeds the campaigns are bounded: caps, ceilings, a budget, and rules of states.

Drawn from dice of its own, so that every other draw of a seed stays what it is. What the states ask
is written down here by hand, not read from the rules that are tested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from campaigns.core.contacts import Contact
from campaigns.core.definition import Budget, Cap, Definition, Failing
from tests.simulation.appointments import appointments
from tests.simulation.plan import draw

SHARE = 0.3
"""Of all seeds."""
STATES = ("US-FL", "US-TX", "US-RI")
FLORIDA = Cap(calls=3, per=timedelta(hours=24))
HOUSE = Cap(calls=4, per=timedelta(hours=24))
_SUNDAY = 6
_WEEKS = {
    # from, until: Monday to Friday, Saturday, Sunday; None: closed
    "US-FL": ((8, 20), (8, 20), (8, 20)),
    "US-TX": ((9, 21), (9, 21), (12, 21)),
    "US-RI": ((9, 18), (10, 17), None),
}


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What both campaigns of a seed say of themselves."""

    caps: tuple[Cap, ...]
    per_minute: int | None
    at_once: int | None
    per_day: int | None
    marketing: bool
    failing: Failing | None

    def of(self, definition: Definition) -> Definition:
        """The same campaign, bounded."""
        pacing = definition.pacing.model_copy(
            update={
                "starts_per_minute": self.per_minute,
                "concurrent_calls": self.at_once,
                "pause_when_failing": self.failing,
            }
        )
        return definition.model_copy(
            update={
                "pacing": pacing,
                "caps": self.caps,
                "budget": Budget(calls_per_day=self.per_day),
                "purpose": "marketing" if self.marketing else None,
            }
        )

    def placed(self, n: int, person: Contact) -> Contact:
        """Where person number n lives."""
        places = ("US", STATES[n % len(STATES)])
        return replace(person, places=places) if self.marketing else person


@lru_cache(maxsize=64)
def bounds(seed: int) -> Bounds | None:
    """The bounds of a seed; None: only the house's hold."""
    dice = Random(f"bounds {seed}")
    if dice.random() >= SHARE:
        return None
    hours = timedelta(hours=1)
    caps = dice.choice(
        (
            (),
            (Cap(calls=1, per=hours),),
            (Cap(calls=2, per=6 * hours), Cap(calls=6, per=30 * hours)),
        )
    )
    return Bounds(
        caps=caps,
        per_minute=dice.choice((None, 1, 2)),
        at_once=dice.choice((None, 1, 2)),
        per_day=_half(seed) if dice.choice((False, False, True, True)) else None,
        marketing=dice.random() < 0.5,
        failing=dice.choice((Failing(), Failing(share=0.5, of=4), None)),
    )


def _half(seed: int) -> int:
    """So few calls a day that everybody's take two or three."""
    plan = draw(seed)
    touches = 1 if appointments(seed) is None else 2
    return max(2, plan.people * plan.retry.max_attempts * touches // 2)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A phone that rang: in which campaign, of whom, and from when until when."""

    campaign: str
    number: str
    place: str
    zone: str
    intent_at: datetime
    rang_at: datetime
    ended_at: datetime


def caps_of(seed: int, place: str) -> Sequence[Cap]:
    """What holds for a number there."""
    its = bounds(seed)
    if its is None:
        return (HOUSE,)
    return (*(its.caps or (HOUSE,)), *((FLORIDA,) if its.marketing and place == "US-FL" else ()))


def findings(
    seed: int, calls: Sequence[Call], *, always: bool, door: timedelta, slip: timedelta
) -> Iterator[str]:
    """`always`: the file says so, and no hours hold, those of states neither.

    `door`: from an intent to the phone at most. `slip`: by how much a clock was wrong.
    """
    its = bounds(seed)
    by_number: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for call in calls:
        by_number[call.number, call.place].append(call.rang_at)
    for (_, place), times in by_number.items():
        for cap in caps_of(seed, place):
            yield from _too_many(sorted(times), cap, door + slip)
    if its is None:
        return
    by_campaign: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_campaign[call.campaign].append(call)
        if its.marketing and not always:
            yield from _in_state(call, slip)
    for same in by_campaign.values():
        yield from _in_campaign(its, same, door, slip)


def _too_many(times: Sequence[datetime], cap: Cap, slack: timedelta) -> Iterator[str]:
    for first, later in zip(times, times[cap.calls :], strict=False):
        if later - first < cap.per - slack:
            yield f"a number was rung {cap.calls + 1} times in {later - first}"


def _in_campaign(
    its: Bounds, calls: Sequence[Call], door: timedelta, slip: timedelta
) -> Iterator[str]:
    if its.per_minute is not None:
        minute = Cap(calls=its.per_minute, per=timedelta(minutes=1))
        for finding in _too_many(sorted(call.rang_at for call in calls), minute, door + slip):
            yield f"by its own ceiling: {finding}"
    if its.at_once is not None and not slip:
        for call in calls:
            live = sum(one.rang_at <= call.rang_at < one.ended_at for one in calls)
            if live > its.at_once:
                yield f"{live} calls of one campaign at once, {its.at_once} allowed"
    if its.per_day is not None and not slip:
        days: dict[object, int] = defaultdict(int)
        for call in calls:
            days[call.intent_at.astimezone(UTC).date()] += 1
        if max(days.values(), default=0) > its.per_day:
            yield f"{max(days.values())} calls of one campaign in a day, {its.per_day} allowed"


def _in_state(call: Call, slip: timedelta) -> Iterator[str]:
    for wrong in (-slip, slip):
        local = (call.rang_at + wrong).astimezone(ZoneInfo(call.zone))
        weekday, saturday, sunday = _WEEKS[call.place]
        day = weekday if local.weekday() < 5 else sunday if local.weekday() == _SUNDAY else saturday
        if day is not None and time(day[0]) <= local.time() < _end(day[1]):
            return
    yield f"a phone of {call.place} rang on {local:%a %H:%M:%S} of its clock"


def _end(hour: int) -> time:
    return time(hour)
