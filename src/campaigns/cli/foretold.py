"""A forecast on a screen: when it begins and ends, calls per hour as bars, who misses out and why.

Instants are in this machine's zone, as everywhere on a screen; JSON has them in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from campaigns.cli import screen
from campaigns.core.forecast import Forecast, HourOfCalls
from campaigns.core.lifecycle import Outcome
from campaigns.core.schedule import NO_TOUCH
from campaigns.core.virtual import BUDGET, CAP, SLOT

_BAR = 48
"""Columns of the longest bar: with its label and count it fits into 80."""
_HOURLY, _DAILY = timedelta(days=2), timedelta(days=35)
_FEW = 0.05
"""Less than this of a call is not worth a line."""
_WHY = {
    SLOT: "the account has no start left before their deadline",
    CAP: "the cap of calls to their number",
    BUDGET: "the day's budget is spent before their deadline",
    "closed_hours": "closed hours from their time to their deadline",
}


def show(found: Forecast, now: datetime, *, first: int | None) -> None:
    """Everything a person asks before submitting. `first`: it waits for approval after so many."""
    screen.say()
    if not found.contacts:
        screen.say("forecast: nobody is left to call")
        return
    screen.say("forecast, by the engine's own rules on a virtual clock:")
    screen.facts(_facts(found, now, first))
    screen.say()
    for line in chart(found.hours):
        screen.say(line)


def _facts(found: Forecast, now: datetime, first: int | None) -> Iterator[tuple[str, str]]:
    if found.first_call_at is not None:
        yield "start", screen.moment(found.first_call_at, now)
    if found.blind:
        why = "no price is known yet, so one call goes at a time until one is told"
        cure = "the calls below reckon without that; budget.cost_per_call says a price"
        yield "finish", f"unknown: {why} ({cure})"
    if found.finish_at is not None:
        early, late = found.finish_early, found.finish_late
        about = f"; 8 times of 10 between {_clock(early)} and {_clock(late)}" if early else ""
        yield "finish", f"{screen.moment(found.finish_at, now)} (as likely as not){about}"
    tasks = screen.count(round(found.contacts), "dial task")
    yield "calls", f"{found.calls:,.0f} for {tasks}; {found.answered:,.0f} are answered"
    yield "cost", _cost(found)
    others = sum(one.others for one in found.hours)
    beside = f"; {others:,.0f} calls of other campaigns among them" if others >= 1 else ""
    used = f"{found.full:.0%} of its starts used while it calls"
    yield "account", f"{used}, {found.busiest:.0%} in the busiest hour{beside}"
    yield "missed", "\n".join(_missed(found)) or "nobody"
    retries = sum(found.cut_short.values())
    if retries >= _FEW:
        yield "retries", f"{retries:,.1f} end without a retry that no longer fits"
    if first is not None:
        yield (
            "approval",
            f"after the first {first} contacts it waits: an approval at once is assumed",
        )
    yield "assumed", "\n".join(_assumed(found))


def _cost(found: Forecast) -> str:
    if found.cost is None:
        return "unknown: no call in the book has a price"
    low, high = found.cost
    currency = found.assumptions.currency or ""
    return f"{low:,.2f} to {high:,.2f} {currency} (19 times of 20, by past prices)"


def _missed(found: Forecast) -> Iterator[str]:
    for reason, count in found.missed_by.items():
        if count >= _FEW:
            keys = ", ".join(screen.shown(key, 40) for key in found.missed_keys.get(reason, ()))
            such = f", such as {keys}" if keys else ""
            yield f"{count:,.0f} {_WHY.get(reason, NO_TOUCH.get(reason, reason))}{such}"


def _assumed(found: Forecast) -> Iterator[str]:
    assumed = found.assumptions
    shares = ", ".join(
        f"{share:.0%} {outcome.value if outcome is not Outcome.COMPLETED else 'answer'}"
        for outcome, share in sorted(assumed.shares.items(), key=lambda one: -one[1])
        if share >= 0.005
    )
    yield f"{shares.replace('_', ' ')} ({assumed.sources.get('outcomes', '')})"
    seconds = assumed.talk.total_seconds()
    yield f"{seconds:.0f} s of talk when answered ({assumed.sources.get('talk', '')})"
    if assumed.per_minute is not None:
        yield f"{assumed.per_minute:,.3f} a minute ({assumed.sources.get('price', '')})"
    if found.rounded is not None:
        yield f"a long list: instants are rounded to {screen.span(found.rounded)}"


def chart(hours: Sequence[HourOfCalls]) -> Iterator[str]:
    """One bar an hour, a day or a week, by how long it lasts; none of more than 80 columns."""
    if not hours:
        return
    length = hours[-1].at - hours[0].at
    rows: dict[str, float] = {}
    for one in hours:
        label = _label(one.at.astimezone(), length)
        rows[label] = rows.get(label, 0.0) + one.calls
    unit = "hour" if length <= _HOURLY else "day" if length <= _DAILY else "week"
    yield f"  calls by {unit}, {hours[0].at.astimezone():%Z}"
    most = max(rows.values())
    for label, calls in rows.items():
        bar = "█" * round(_BAR * calls / most) if most else ""
        count = f"{calls:,.0f}" if calls >= 0.5 else "less than one"
        yield f"  {label:<17} {bar or '·'} {count}"


def _label(local: datetime, length: timedelta) -> str:
    if length <= _HOURLY:
        return f"{local:%a} {local.day:>2} {local:%b %H:%M}"
    if length > _DAILY:
        local -= timedelta(days=local.weekday())
    return f"{local:%a} {local.day:>2} {local:%b %Y}"


def _clock(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone():%a %d %b %H:%M}"
