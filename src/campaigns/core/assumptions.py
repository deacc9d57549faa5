"""What a forecast takes for granted about people and prices, and where each figure is from.

Nobody knows beforehand who answers. Where the book has enough calls, they say; where it has not,
the figures are those of the simulator's default script (docs/simulator.md), so that a rehearsal
and a forecast speak of the same world. A price is never assumed: it is known or it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import fsum, sqrt
from statistics import fmean, pstdev

from campaigns.core.lifecycle import AttemptState, Outcome
from campaigns.core.outcomes import OUTCOME_OF

ENOUGH = 50
"""Ended calls from which on history tells more than an assumption: a share to 14 points then."""
SPOKEN = 10
"""Answered calls from which on their length is taken from history; and calls that had a price."""
_ASSUMED = "assumed"
_UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """One call of the book that is over. `took_s`: seconds from the answered request to its end."""

    state: AttemptState
    took_s: float | None = None
    talked_s: float | None = None
    cost: float | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What calls of one kind cost: the mean and the spread over so many of them."""

    mean: float
    deviation: float
    calls: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """`shares` of the ways in which a call ends, together one; each call by itself.

    `lasts`: from the answered request to the ending, without the talk. `latency`: of the request.
    `prices`: of answered (True) and of all other calls (False), where they are known. `sources`:
    what each figure rests on.
    """

    shares: Mapping[Outcome, float]
    lasts: Mapping[Outcome, timedelta]
    talk: timedelta
    latency: timedelta = timedelta(milliseconds=250)
    currency: str | None = None
    prices: Mapping[bool, Price] = field(default_factory=dict)
    per_minute: float | None = None  # of answered calls, where known
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def answered(self) -> float:
        """The share of calls that are answered."""
        return self.shares.get(Outcome.COMPLETED, 0.0)

    def length(self, outcome: Outcome) -> timedelta:
        """From the answered request to the end of such a call."""
        lasts = self.lasts.get(outcome, timedelta(0))
        return lasts + self.talk if outcome is Outcome.COMPLETED else lasts

    def within(self, max_duration: timedelta) -> Assumptions:
        """The same where no call talks longer than that."""
        return replace(self, talk=min(self.talk, max_duration))

    def cost(self, answered: float, others: float) -> tuple[float, float] | None:
        """The least and the most that so many calls cost, in 19 of 20 cases; None: not known.

        Two standard deviations: of the calls themselves, and of how well past calls tell the mean.
        Calls of a kind that never had a price count as free, and `sources` says so.
        """
        if not self.prices:
            return None
        total = variance = 0.0
        for kind, count in ((True, answered), (False, others)):
            price = self.prices.get(kind)
            if price is not None:
                total += count * price.mean
                variance += price.deviation**2 * (count + count * count / price.calls)
        spread = 2 * sqrt(variance)
        return max(0.0, total - spread), total + spread


ASSUMED = Assumptions(
    shares={
        Outcome.COMPLETED: 0.62,
        Outcome.NO_ANSWER: 0.25,
        Outcome.BUSY: 0.06,
        Outcome.FAILED: 0.03,
        Outcome.VOICEMAIL: 0.03,
        Outcome.REJECTED: 0.01,
    },
    lasts={
        Outcome.COMPLETED: timedelta(seconds=17),
        Outcome.NO_ANSWER: timedelta(seconds=39.5),
        Outcome.BUSY: timedelta(seconds=3),
        Outcome.FAILED: timedelta(seconds=2),
        Outcome.VOICEMAIL: timedelta(seconds=27),
    },
    talk=timedelta(seconds=65),
    sources={"outcomes": _ASSUMED, "talk": _ASSUMED, "price": _UNKNOWN},
)
"""The first calls of the simulator's default script, in which the number's last two digits decide,
and the middle of each span that its calls ring and talk."""


def learned(calls: Iterable[Ended], of: str) -> Assumptions | None:
    """What these calls say, and the rest assumed; None: they are too few. `of`: whose they are."""
    counts: dict[Outcome, int] = {}
    spoken: list[float] = []
    lasts: dict[Outcome, list[float]] = {}
    priced: dict[bool, list[float]] = {True: [], False: []}
    currencies: set[str] = set()
    minutes: list[tuple[float, float]] = []
    for call in calls:
        outcome = Outcome.REJECTED if call.state is AttemptState.REJECTED else _ended(call.state)
        if outcome is None:
            continue
        counts[outcome] = counts.get(outcome, 0) + 1
        answered = outcome is Outcome.COMPLETED
        if answered and call.talked_s is not None:
            spoken.append(call.talked_s)
        if not answered and call.took_s is not None:
            lasts.setdefault(outcome, []).append(call.took_s)
        if call.cost is not None:
            priced[answered].append(call.cost)
            currencies.add(call.currency or "")
            if answered and call.talked_s:
                minutes.append((call.cost, call.talked_s / 60))
    total = sum(counts.values())
    if total < ENOUGH:
        return None
    prices = {
        kind: Price(mean=fmean(costs), deviation=pstdev(costs), calls=len(costs))
        for kind, costs in priced.items()
        if len(costs) >= SPOKEN and len(currencies) == 1
    }
    known = len(spoken) >= SPOKEN
    return Assumptions(
        shares={outcome: count / total for outcome, count in counts.items()},
        lasts={
            **ASSUMED.lasts,
            **{
                outcome: timedelta(seconds=max(0.0, fmean(seconds)))
                for outcome, seconds in lasts.items()
                if len(seconds) >= SPOKEN
            },
        },
        talk=timedelta(seconds=fmean(spoken)) if known else ASSUMED.talk,
        latency=ASSUMED.latency,
        currency=next(iter(currencies)) if prices else None,
        prices=prices,
        per_minute=(
            fsum(cost for cost, _ in minutes) / fsum(length for _, length in minutes)
            if True in prices and minutes
            else None
        ),
        sources={
            "outcomes": f"history of {total} calls of {of}",
            "talk": f"history of {len(spoken)} answered calls of {of}" if known else _ASSUMED,
            "price": _priced(prices, of),
        },
    )


def _ended(state: AttemptState) -> Outcome | None:
    outcome = OUTCOME_OF.get(state)
    return None if outcome is Outcome.UNRESOLVED else outcome


def _priced(prices: Mapping[bool, Price], of: str) -> str:
    if not prices:
        return _UNKNOWN
    calls = sum(price.calls for price in prices.values())
    said = f"history of {calls} calls of {of}"
    if False not in prices:
        return f"{said}, of answered ones alone"
    return said if True in prices else f"{said}, of unanswered ones alone"
