"""Under some seeds everybody has an appointment and is called twice before it.

Drawn from dice of its own, so that every other draw of a seed stays what it is. What is due when
is worked out here with plain subtraction, not by the rules that are tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.core.anchor import Anchored
from campaigns.core.contacts import Contact
from campaigns.core.definition import Anchor, Offset, Schedule, Touch
from campaigns.core.spoken import Moment

SHARE = 0.2
"""Of all seeds."""
FIRST, SECOND = "first", "second"
_ZONE = "America/New_York"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Appointments:
    """When everybody's is after the start, and how long before it they are called."""

    after: timedelta
    first: timedelta
    second: timedelta
    deadline: timedelta
    past_due: str
    min_gap: timedelta
    second_attempts: int | None

    def schedule(self) -> Schedule:
        """The same, as a campaign says it."""
        return Schedule(
            anchor=Anchor(column="visit_at", timezone=_ZONE),
            touches=(
                Touch(name=FIRST, offset=Offset(elapsed=-self.first)),
                Touch(
                    name=SECOND,
                    offset=Offset(elapsed=-self.second),
                    max_attempts=self.second_attempts,
                ),
            ),
            deadline=Offset(elapsed=-self.deadline),
            past_due=self.past_due,  # type: ignore[arg-type]  # one of two words
            min_gap=self.min_gap,
        )

    def of(self, person: Contact, start: datetime, moved: timedelta) -> Contact:
        """The same person with an appointment, which may have moved."""
        visit, place = start + self.after + moved, ZoneInfo(_ZONE)
        wall = visit.astimezone(place)
        anchored = Anchored(
            at=visit,
            place=place,
            moment=Moment(date=wall.date(), time=wall.time(), offset=None),
            zone=_ZONE,
        )
        fields = {**person.fields, "visit_at": f"{wall:%Y-%m-%d %H:%M}"}
        return replace(person, anchor=anchored, fields=fields)

    def max_attempts(self, touch: str, usual: int) -> int:
        """How often a touch may ring."""
        return (self.second_attempts if touch == SECOND else None) or usual


@lru_cache(maxsize=64)
def appointments(seed: int) -> Appointments | None:
    """What a seed's people have; None: nothing, they are called as soon as they can be."""
    dice = Random(f"touches {seed}")
    if dice.random() >= SHARE:
        return None
    minutes = [timedelta(minutes=m) for m in (20, 45, 90, 240, 600)]
    second, between = dice.choice(minutes[:4]), dice.choice(minutes)
    return Appointments(
        after=second + between + dice.choice((-timedelta(minutes=30), *minutes)),
        first=second + between,
        second=second,
        deadline=dice.choice((timedelta(0), timedelta(minutes=10))),
        past_due=dice.choice(("skip", "now")),
        min_gap=dice.choice((timedelta(0), timedelta(minutes=30))),
        second_attempts=dice.choice((None, 1)),
    )


def findings(
    held: Appointments,
    task: Mapping[str, Any],
    rang: datetime,
    slack: timedelta,
    steps: timedelta,
) -> Iterator[str]:
    """One call of a touch: not before its due, not after its deadline, not superseded.

    `slack`: from an intent to its arrival. `steps`: by what the clock was stepped.
    """
    visit = datetime.fromisoformat(task["occasion"])
    due = visit - (held.first if task["touch"] == FIRST else held.second)
    following = visit - held.second
    if rang + steps < due:
        yield f"touch {task['touch']} of task {task['id']} rang {due - rang} before it was due"
    if rang - slack - steps >= visit - held.deadline:
        yield f"touch {task['touch']} of task {task['id']} rang after its deadline"
    superseded = task["touch"] == FIRST and task["expires_as"] == "superseded"
    if superseded and rang - slack - steps >= max(following, _instant(task["due_at"])):
        yield f"task {task['id']} rang after its next touch was due"


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
