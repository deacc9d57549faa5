"""What one campaign may spend in a day: calls, and money.

The day is one of the campaign's own clock. Money is only known after a call, so one whose price
nobody has told yet reserves the dearest it can be: the budget holds even if all turn out so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from campaigns.core import zones
from campaigns.core.definition import Budget, Definition

_SLACK = 1e-6  # sums of prices agree to this


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What a campaign has done since its day began.

    `calls`: intents that may have rung. `cost`: of those that are priced. `unpriced`: how many may
    still cost something, and nobody has told what; `minutes`: the begun ones that those may last
    together, None: each as long as the campaign says. `dearest`: per begun minute, of the newest
    priced calls of its account; None: no price is known. Money in US dollars.
    """

    calls: int = 0
    cost: float = 0.0
    unpriced: int = 0
    minutes: int | None = None
    dearest: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Purse:
    """A budget and what is left of it, at one instant. `max_duration`: of one call more."""

    budget: Budget
    spent: Spent
    day_ends: datetime
    max_duration: timedelta

    @property
    def reserve(self) -> float | None:
        """What one more call is taken to cost at most; None: nobody knows."""
        if self.budget.cost_per_call is not None:
            return self.budget.cost_per_call
        if self.spent.dearest is None:
            return None
        return self.spent.dearest * begun_minutes(self.max_duration)

    @property
    def never(self) -> bool:
        """Whether not even the first call of a day fits: then no day ever lets one go."""
        cost, reserve = self.budget.cost_per_day, self.reserve
        return cost is not None and reserve is not None and reserve > cost + _SLACK

    @property
    def why_never(self) -> str:
        """The sentence for a person who is to mend that."""
        return (
            f"one call may cost {self.reserve:.2f} USD, more than budget.cost_per_day"
            f" ({self.budget.cost_per_day:.2f} USD): raise it, lower max_duration, or state"
            " cost_per_call"
        )

    @property
    def _reserved(self) -> float:
        """What the calls may cost that nobody has told the price of."""
        each, spent = self.budget.cost_per_call, self.spent
        if each is None and spent.minutes is not None:
            return (spent.dearest or 0.0) * spent.minutes
        return (self.reserve or 0.0) * spent.unpriced

    def short(self) -> str | None:
        """Which budget has no room for one more call: `calls_per_day` or `cost_per_day`.

        Without any price known one call at a time is made, until it is told what it cost.
        """
        calls, cost = self.budget.calls_per_day, self.budget.cost_per_day
        if calls is not None and self.spent.calls >= calls:
            return "calls_per_day"
        if cost is None:
            return None
        reserve = self.reserve
        if reserve is None:
            return "cost_per_day" if self.spent.unpriced or self.spent.cost >= cost else None
        needed = self.spent.cost + self._reserved + reserve
        return "cost_per_day" if needed > cost + _SLACK else None

    def said(self) -> dict[str, object]:
        """What an explanation shows of it."""
        reserve = self.reserve
        shown: dict[str, object] = {"day_ends": self.day_ends}
        if self.budget.calls_per_day is not None:
            shown["calls"] = f"{self.spent.calls} of {self.budget.calls_per_day}"
        if self.budget.cost_per_day is not None:
            shown["cost"] = f"{self.spent.cost:.2f} of {self.budget.cost_per_day:.2f} USD"
            shown["unpriced"] = self.spent.unpriced
            shown["reserve"] = "unknown" if reserve is None else f"{reserve:.2f} USD"
        return shown

    def room(self) -> int | None:
        """How many more calls `calls_per_day` lets go today; None: it is not stated."""
        if self.budget.calls_per_day is None:
            return None
        return max(0, self.budget.calls_per_day - self.spent.calls)


def begun_minutes(length: timedelta) -> int:
    """The minutes that a call of at most this length is paid for: one that is begun counts."""
    return max(1, -(-length // timedelta(minutes=1)))


def day_of(definition: Definition, at: datetime) -> tuple[datetime, datetime]:
    """The day of a budget that `at` lies in: its first instant, and that of the next one (UTC).

    On the clock of schedule.timezone, else of calling_hours.timezone where it names one, else UTC.
    Raises ValueError for a zone that is not known: stored by a program with other zones.
    """
    named = definition.schedule.timezone or definition.calling_hours.timezone
    zone = UTC if named == "contact" else zones.load(named)
    if zone is None:
        raise ValueError(f"no time zone {named[:64]!r} is known")
    today = at.astimezone(zone).date()
    first, last = (
        datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
    )
    return first, last
