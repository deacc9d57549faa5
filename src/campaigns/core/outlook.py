"""A list and its campaign as a forecast takes them: who is alike, and what bounds their calls."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from campaigns.core import zones
from campaigns.core.backlog import KEYS, Batch, Budget, Going
from campaigns.core.budget import day_of
from campaigns.core.caps import CapRule, frequency, next_allowed
from campaigns.core.definition import Definition
from campaigns.core.hours import Hours, rules_of
from campaigns.core.lifecycle import Outcome
from campaigns.core.schedule import TouchPlan
from campaigns.core.where import Where

_NAMED = 10_000
"""Groups whose first few contacts are remembered; a million keys would be 100 MB."""
_Alike = tuple[Where, datetime, datetime | None, str, str]


class Outlook:
    """The dial tasks of a list, counted by what a forecast asks about them.

    `left_out`: (touch, reason, outcome) → those that are over before they begin.
    """

    def __init__(self) -> None:
        self._counts: dict[_Alike, int] = {}
        self._keys: dict[_Alike, tuple[str, ...]] = {}
        self._calls: set[int] = set()
        self.left_out: dict[tuple[str, str, Outcome], int] = {}

    def take(
        self,
        where: Where,
        plan: Iterable[TouchPlan],
        key: str,
        together: Callable[[str], Hashable] | None = None,
    ) -> None:
        """One contact with its touches. `together`: the same for rows that share a touch's call."""
        for touch in plan:
            if touch.outcome is not None:
                of = touch.name, touch.reason or touch.outcome.value, touch.outcome
                self.left_out[of] = self.left_out.get(of, 0) + 1
                continue
            if together is not None:
                call = hash((touch.name, together(touch.name)))
                if call in self._calls:
                    continue
                self._calls.add(call)
            alike = where, touch.due_at, touch.deadline_at, touch.expires_as, touch.name
            self._counts[alike] = self._counts.get(alike, 0) + 1
            keys = self._keys.get(alike, ())
            if len(keys) < KEYS and (keys or len(self._keys) < _NAMED):
                self._keys[alike] = (*keys, key)

    def batches(self, campaign_id: int) -> Iterator[Batch]:
        """The same as batches of a campaign."""
        for alike, count in self._counts.items():
            where, due, deadline, expires_as, touch = alike
            yield Batch(
                campaign_id=campaign_id,
                where=where,
                due=due,
                deadline=deadline,
                expires_as=expires_as,
                touch=touch,
                count=count,
                keys=self._keys.get(alike, ()),
            )


def zone_of(definition: Definition) -> tzinfo:
    """The clock on which a campaign's hours are shown beside UTC."""
    return zones.load(definition.schedule.timezone or "UTC") or UTC


def going(
    definition: Definition, *, id: int, mine: bool, wheres: Iterable[Where], before: int = 0
) -> Going:
    """A campaign by what it says. `wheres`: all calendars of its contacts.

    `before`: the most calls that caps may still count of any of its numbers.
    """
    pacing, budget = definition.pacing, definition.budget
    return Going(
        id=id,
        hours=Hours.of(definition),
        retry=definition.retry_of,
        mine=mine,
        start=definition.schedule.start,
        priority=pacing.priority,
        weight=pacing.weight,
        starts_per_minute=pacing.starts_per_minute,
        concurrent_calls=pacing.concurrent_calls,
        budget=Budget(
            calls=budget.calls_per_day,
            cost=budget.cost_per_day,
            per_call=budget.cost_per_call,
            ends=lambda at: day_of(definition, at)[1],
        ),
        fits=_fits(definition, wheres, before),
    )


def _fits(
    definition: Definition, wheres: Iterable[Where], before: int
) -> Callable[[Where, tuple[datetime, ...], datetime], datetime] | None:
    """When a number may be called again; None where so many calls cannot reach any cap."""
    rules = rules_of(definition)
    limits: dict[tuple[str, ...], tuple[CapRule, ...]] = {}
    for places in {where.places for where in wheres}:
        limits[places] = frequency(definition.caps, rules.in_force(places)).limits
    touches = [touch.name for touch in definition.schedule.touches] or [""]
    attempts = before + sum(definition.retry_of(touch).max_attempts for touch in touches)
    if all(attempts <= limit.cap.calls for each in limits.values() for limit in each):
        return None

    def fits(where: Where, intents: tuple[datetime, ...], at: datetime) -> datetime:
        full = next_allowed(limits[where.places], intents, at)
        return at if full is None else full[1]

    return fits
