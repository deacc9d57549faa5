"""How often one number may be rung: rolling caps over all campaigns and accounts.

Every cap that holds must have room: those of the file, those of the rules in force, and the house
default where the file states none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core import durations
from campaigns.core.definition import Cap
from campaigns.core.instants import CAP_CALLS, CAP_PERIOD
from campaigns.core.rules import Rule

HOUSE = Cap(calls=CAP_CALLS, per=CAP_PERIOD)
"""What holds where a file does not state `caps`."""
FILE_KEY, HOUSE_KEY = "caps", "house_cap"
"""What the caps of the file and the house default are called beside the keys of rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CapRule:
    """A cap, and who sets it: FILE_KEY, HOUSE_KEY, or a rule's key."""

    key: str
    cap: Cap


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """No call within `after` of an answered one, by a rule."""

    key: str
    after: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Frequency:
    """All that bounds how often one number is rung."""

    limits: tuple[CapRule, ...]
    rest: Rest | None = None

    @property
    def longest(self) -> timedelta:
        """How far back calls matter."""
        return max((limit.cap.per for limit in self.limits), default=timedelta(0))

    def rested(self, talked_at: datetime | None) -> datetime | None:
        """When a number has rested after its last conversation; None: no rule asks for it."""
        return None if self.rest is None or talked_at is None else talked_at + self.rest.after


def frequency(stated: Sequence[Cap], rules: Iterable[Rule]) -> Frequency:
    """What holds for a number. `stated`: by the file, whose caps replace the house default."""
    limits = [CapRule(key=FILE_KEY, cap=cap) for cap in stated]
    if not limits:
        limits.append(CapRule(key=HOUSE_KEY, cap=HOUSE))
    rest: Rest | None = None
    for rule in rules:
        limits += [CapRule(key=rule.key, cap=cap) for cap in rule.caps]
        after = rule.after_conversation
        if after is not None and (rest is None or after > rest.after):
            rest = Rest(key=rule.key, after=after)
    return Frequency(limits=tuple(limits), rest=rest)


def full_until(cap: Cap, intents: Sequence[datetime], at: datetime) -> datetime | None:
    """When one more call fits into a cap; None: it fits at `at`. `intents`: oldest first.

    A call counts for exactly `per`: it has left the window at that instant.
    """
    recent = [one for one in intents if one > at - cap.per]
    over = len(recent) - cap.calls
    return recent[over] + cap.per if over >= 0 else None


def made_within(cap: Cap, intents: Sequence[datetime], at: datetime) -> int:
    """How many calls a cap counts at `at`."""
    return sum(one > at - cap.per for one in intents)


def said(cap: Cap) -> str:
    """`3 per 24h`."""
    return f"{cap.calls} per {durations.write(cap.per)}"


def next_allowed(
    limits: Iterable[CapRule], intents: Sequence[datetime], at: datetime
) -> tuple[str, datetime] | None:
    """The cap that lets the next call go last, and when; None: all have room at `at`.

    Exact: until then no call is made, so the others only empty.
    """
    full = [
        (until, limit.key)
        for limit in limits
        if (until := full_until(limit.cap, intents, at)) is not None
    ]
    if not full:
        return None
    until, key = max(full)
    return key, until
