"""What a campaign will do before it does it: calls per hour, its end, its cost, who misses out.

Expected values, so a fraction of a call may be left for ever. `finish_at` is the median: from then
on it is as likely as not that nobody is left. With many people left over by chance and each with
little probability, nobody is left with a probability of e^-n where n are expected to be; that is
one half at n = ln 2. (The mean would lie in nights in which nobody is called.) `finish_early` and
`finish_late` are the same for one tenth and nine tenths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from math import fsum, log
from typing import Any

from campaigns.core.assumptions import ASSUMED, Assumptions
from campaigns.core.backlog import Batch, Going
from campaigns.core.fluid import DUST, instant
from campaigns.core.lifecycle import Outcome
from campaigns.core.side import Account
from campaigns.core.tally import Tally
from campaigns.core.virtual import Play

_HOUR = timedelta(hours=1)
_GROUPS = 20
"""Groups of people who miss out that are named; the rest is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HourOfCalls:
    """Calls in one hour of UTC: of this campaign, and of the others of its account."""

    at: datetime
    calls: float
    others: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """Dial tasks that will not be called: why, which touch, and when they were due.

    `due` None: of several times.
    """

    reason: str
    touch: str
    due: datetime | None
    count: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """One campaign's future. `contacts` are dial tasks: a person has one for each touch.

    `missed`: by reason and due, the most first; `missed_by` sums them by reason, with the keys of
    a few in `missed_keys`. `cut_short`: people who were called and lack a retry, by reason. `full`:
    which share of the account's starts is used in the hours in which it calls; `busiest`: in the
    busiest of them.
    `blind`: it has a budget of money and no price is known, so one call goes at a time until one is
    told, and nobody can say when it ends.
    `cost`: from, to; None: no price is known. `rounded`: of a long list instants are known to this.
    """

    at: datetime
    contacts: float
    calls: float
    outcomes: Mapping[Outcome, float]
    hours: Sequence[HourOfCalls]
    first_call_at: datetime | None
    finish_at: datetime | None
    finish_early: datetime | None
    finish_late: datetime | None
    missed: Sequence[Missed]
    missed_by: Mapping[str, float]
    missed_keys: Mapping[str, Sequence[str]] = field(repr=False)
    cut_short: Mapping[str, float]
    full: float
    busiest: float
    cost: tuple[float, float] | None
    assumptions: Assumptions
    rounded: timedelta | None = None
    blind: bool = False

    @property
    def answered(self) -> float:
        """People who answer."""
        return self.outcomes.get(Outcome.COMPLETED, 0.0)


def forecast(
    batches: Iterable[Batch],
    campaigns: Sequence[Going],
    account: Account,
    *,
    now: datetime,
    assumed: Assumptions = ASSUMED,
    left_out: Mapping[tuple[str, str, Outcome], int] | None = None,
) -> Forecast:
    """The future of the campaign that is `mine`, beside the others of its account.

    The same arguments give the same answer. `left_out`: (touch, reason, outcome) → dial tasks that
    are over before they begin, which the list itself has told.
    """
    tally = Play(tuple(batches), campaigns, account, assumed, now).run()
    for (touch, reason, outcome), count in (left_out or {}).items():
        tally.miss(reason, touch, -1, count, ())
        tally.outcomes[outcome] += count
    answered = tally.calls * assumed.answered
    priced = assumed.cost(answered, tally.calls - answered)
    blind = priced is None and any(
        one.budget.cost is not None and one.budget.per_call is None for one in campaigns if one.mine
    )
    full, busiest = _used(tally, account, assumed)
    late = sorted(tally.missed.items(), key=lambda one: (-one[1], one[0]))
    return Forecast(
        at=now,
        contacts=sum(tally.outcomes.values()),
        calls=tally.calls,
        outcomes=_in_order(tally.outcomes),
        hours=tuple(
            HourOfCalls(at=instant(0) + hour * _HOUR, calls=mine, others=others)
            for hour, (mine, others) in sorted(tally.hours.items())
        ),
        first_call_at=None if tally.first is None else instant(tally.first),
        finish_at=None if blind else _over(tally, 0.5),
        finish_early=None if blind else _over(tally, 0.1),
        finish_late=None if blind else _over(tally, 0.9),
        missed=tuple(
            Missed(
                reason=reason,
                touch=touch,
                due=None if due < 0 else instant(due),
                count=count,
            )
            for (reason, touch, due), count in late[:_GROUPS]
        ),
        missed_by=_sums(tally),
        missed_keys={reason: tuple(keys) for reason, keys in tally.keys.items() if keys},
        cut_short=dict(sorted(tally.cut_short.items())),
        full=full,
        busiest=busiest,
        cost=priced,
        assumptions=assumed,
        rounded=timedelta(microseconds=tally.rounded) if tally.rounded else None,
        blind=blind,
    )


def _over(tally: Tally, chance: float) -> datetime | None:
    """From when on nobody is left with this probability; None: nobody was there."""
    few = -log(chance)
    left = sum(tally.ends.values())
    if left <= DUST:
        return None
    for at in sorted(tally.ends):
        left -= tally.ends[at]
        if left <= few:
            return instant(at)
    return instant(max(tally.ends))


def _used(tally: Tally, account: Account, assumed: Assumptions) -> tuple[float, float]:
    """Which share of the account's starts is used: in all hours with calls, and in the busiest."""
    used = [sum(both) for both in tally.hours.values() if both[0] > DUST]
    most = account.limit * (_HOUR / (account.window + assumed.latency))
    if not used or not most:
        return 0.0, 0.0
    return min(1.0, fsum(used) / (len(used) * most)), min(1.0, max(used) / most)


def _in_order(counts: Mapping[Outcome, float]) -> Mapping[Outcome, float]:
    return {outcome: counts[outcome] for outcome in Outcome if counts.get(outcome, 0) > DUST}


def _sums(tally: Tally) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for (reason, _, _), count in tally.missed.items():
        found[reason] = found.get(reason, 0.0) + count
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def told(found: Forecast, zone: tzinfo) -> dict[str, Any]:
    """The same for a program: counts to a hundredth, hours in UTC and on this clock."""

    def share(counts: Mapping[Any, float]) -> dict[str, float]:
        return {str(name): round(count, 2) for name, count in counts.items()}

    assumed = found.assumptions
    return {
        "at": found.at,
        "dial_tasks": round(found.contacts, 2),
        "calls": round(found.calls, 2),
        "answered": round(found.answered, 2),
        "outcomes": share({one.value: count for one, count in found.outcomes.items()}),
        "first_call_at": found.first_call_at,
        "finish_at": found.finish_at,
        "finish_between": [found.finish_early, found.finish_late],
        "one_call_at_a_time": found.blind,
        "cost": None
        if found.cost is None
        else {
            "from": round(found.cost[0], 2),
            "to": round(found.cost[1], 2),
            "currency": assumed.currency,
        },
        "account_used": round(found.full, 4),
        "account_used_busiest_hour": round(found.busiest, 4),
        "missed": share(found.missed_by),
        "missed_groups": [
            {
                "reason": one.reason,
                "touch": one.touch,
                "due_at": one.due,
                "count": round(one.count, 2),
            }
            for one in found.missed
        ],
        "missed_keys": {reason: list(keys) for reason, keys in found.missed_keys.items()},
        "without_a_retry": share(found.cut_short),
        "hours": [
            {
                "at": one.at,
                "local": one.at.astimezone(zone).isoformat(timespec="minutes"),
                "calls": round(one.calls, 2),
                "others": round(one.others, 2),
            }
            for one in found.hours
        ],
        "assumptions": {
            "shares": {one.value: round(part, 4) for one, part in assumed.shares.items()},
            "talk_s": round(assumed.talk.total_seconds(), 1),
            "cost_per_answered_call": assumed.prices[True].mean if True in assumed.prices else None,
            "cost_per_minute": assumed.per_minute,
            "sources": dict(assumed.sources),
        },
        "rounded_s": None if found.rounded is None else found.rounded.total_seconds(),
    }
