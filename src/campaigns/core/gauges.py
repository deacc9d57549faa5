"""What /metrics says, as values: counts and seconds, and never a number, a key or a name of a list.

Every age is policy time at the instant of the look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Starts:
    """Answers to POSTs so far, by (account id, answer, blame); `until` is where to go on counting.

    The history is read once; after that only what is new.
    """

    until: datetime
    counts: Mapping[tuple[int, str, str], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountGauges:
    """One voice account. Ages in seconds; None: nothing to tell the age of."""

    name: str
    slots_busy: int
    last_start_age: float | None
    due_oldest_age: float
    waiting: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """One look at an installation."""

    accounts: Mapping[int, AccountGauges]
    attempts_open: Mapping[str, int]
    unresolved: int
    webhook_lag: float
    paused: Mapping[str, int]
    starts: Starts
    broken: Mapping[str, int] = field(default_factory=dict)
