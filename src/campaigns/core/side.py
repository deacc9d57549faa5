"""The account and its campaigns under way in a forecast: what each may start, and what it had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.assumptions import Assumptions
from campaigns.core.backlog import Going
from campaigns.core.facts import RATE_PERIOD
from campaigns.core.fluid import DUST, Ceiling, Purse, length, ticks
from campaigns.core.selection import Served

_NONE = Served()


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A voice account: `limit` starts per `window` at a distance of `spacing`, and what is used.

    `busy`: when the slots in use come back. `clear`: nothing starts before. `at_once`: so many
    calls of all its campaigns together.
    """

    limit: int
    at_once: int | None = None
    window: timedelta = timedelta(seconds=60)
    spacing: timedelta = timedelta(seconds=1)
    busy: tuple[datetime, ...] = ()
    clear: datetime | None = None


@dataclass(kw_only=True, slots=True)
class Side:
    """A campaign: its own ceilings, and what it had lately. `held`: nothing starts before."""

    going: Going
    purse: Purse | None
    ceilings: tuple[Ceiling, ...]
    half: int
    held: int
    had: Served = _NONE
    had_at: int = 0

    def served(self, now: int) -> Served:
        """What it started lately, the older the less (selection.py)."""
        counts = 0.5 ** ((now - self.had_at) / self.half)
        self.had = Served(starts=self.had.starts * counts, again=self.had.again * counts)
        self.had_at = now
        return self.had

    def room(self, now: int, wanted: float) -> float:
        """How much of `wanted` may start now; where it is nothing, `held` says until when."""
        if self.held > now:
            return 0.0
        room = wanted
        if self.purse is not None:
            room = min(room, self.purse.room(now))
            if room <= DUST:
                self.held = self.purse.ends
        for one in self.ceilings:
            self.held = max(self.held, one.free_at(now, min(1.0, wanted)))
        return 0.0 if self.held > now else room

    def take(self, now: int, part: float, again: bool) -> None:
        """So much of it starts now."""
        self.had = self.served(now).plus(again, part)
        if self.purse is not None:
            self.purse.take(part)
        for one in self.ceilings:
            one.take(now, part)


def side(going: Going, assumed: Assumptions, *, mean: int, rough: bool, half: int) -> Side:
    """A campaign as it begins. `mean`: how long its calls last; `half`: what it had counts half."""
    budget, answered = going.budget, assumed.answered
    price = sum(
        price.mean * (answered if kind else 1 - answered) for kind, price in assumed.prices.items()
    )
    holds = (
        (going.starts_per_minute, length(RATE_PERIOD + assumed.latency)),
        (going.concurrent_calls, mean),
    )
    stated = (budget.calls, budget.cost) != (None, None)
    return Side(
        going=going,
        purse=Purse(
            calls=budget.calls,
            cost=budget.cost,
            price=price if budget.per_call is None else budget.per_call,
            ends=budget.ends,
        )
        if stated
        else None,
        ceilings=tuple(
            Ceiling(most, hold, rough=rough) for most, hold in holds if most is not None
        ),
        half=half,
        held=0 if going.start is None else ticks(going.start),
    )
