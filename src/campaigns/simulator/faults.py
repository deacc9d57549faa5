"""Faults on demand: which request goes wrong, and how.

A fault is chosen by the count of requests to its endpoint, by number, or by a seeded chance; the
first that fits is taken. What it does to the phone is part of its name: after some of them it
rings and the caller cannot know.
"""

from __future__ import annotations

import re
from enum import StrEnum
from random import Random
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from campaigns.simulator.limits import Kind
from campaigns.simulator.script import LastTwo, Shape, last_two


class FaultKind(StrEnum):
    """What goes wrong. "Placed": the request has had its whole effect."""

    LOST_AFTER_RINGING = "lost_after_ringing"  # placed; the socket closes without an answer
    LOST_BEFORE_PLACING = "lost_before_placing"  # no effect; the socket closes
    ERROR_PLACED = "error_placed"  # placed; `status` (500)
    ERROR_NOT_PLACED = "error_not_placed"  # no effect; `status` (500)
    HTML = "html"  # no effect; 200 with a page, as a captive portal answers
    HTML_PLACED = "html_placed"  # placed; 200 with a page
    NO_CALL_ID = "no_call_id"  # placed; 200 with JSON that has no id
    CUT_OFF = "cut_off"  # placed; half of the answer, then the socket closes
    SLOW = "slow"  # placed; the answer comes `seconds` later
    DRIP = "drip"  # placed; the headers come byte by byte, spread over `seconds`
    STALL = "stall"  # the door sits on the request for `seconds` before it counts
    UNAUTHORIZED = "unauthorized"  # no effect; 401
    NO_BALANCE = "no_balance"  # no effect; 402
    TOO_MANY = "too_many"  # no effect, not counted; 429


PLACED = frozenset(
    {
        FaultKind.LOST_AFTER_RINGING,
        FaultKind.ERROR_PLACED,
        FaultKind.HTML_PLACED,
        FaultKind.NO_CALL_ID,
        FaultKind.CUT_OFF,
        FaultKind.SLOW,
        FaultKind.DRIP,
        FaultKind.STALL,
    }
)
"""The faults under which the request has its effect."""


def _span(value: Any) -> Any:
    """Reads `3`, `3-8` or `3-` into (first, last or None)."""
    if isinstance(value, int):
        return value, value
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)(-(\d*))?", value)):
        first = int(found[1])
        if found[2] is None:
            return first, first
        return first, int(found[3]) if found[3] else None
    if isinstance(value, tuple | list):
        return tuple(value)
    raise ValueError("a count of requests like 3, 3-8 or 3-")


class Fault(Shape):
    """One thing that goes wrong, and for whom."""

    fault: FaultKind
    endpoint: Kind | None = Kind.START  # None: every endpoint
    requests: Annotated[tuple[int, int | None], BeforeValidator(_span)] | None = None
    number: str | None = None
    last_two: LastTwo | None = None
    chance: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=20.0, ge=0)  # real time
    status: int = Field(default=500, ge=400, le=599)
    retry_after: int | None = None
    reset: bool = False  # a closed socket is reset (RST) instead of ended (FIN)

    def fits(self, kind: Kind, count: int, to_number: str | None) -> bool:
        """Whether every condition but the chance holds for the count-th request of its kind."""
        if self.endpoint is not None and self.endpoint is not kind:
            return False
        if self.requests is not None:
            first, last = self.requests
            if count < first or (last is not None and count > last):
                return False
        if self.number is not None and self.number != to_number:
            return False
        if self.last_two is None:
            return True
        if to_number is None or not to_number[-2:].isdigit():
            return False
        return self.last_two[0] <= last_two(to_number) <= self.last_two[1]


class FaultBook:
    """The faults in force and how often each has struck; counts begin when they are set."""

    def __init__(self, faults: tuple[Fault, ...], seed: int) -> None:
        self.faults = faults
        self._seed = seed
        self._counts: dict[Kind, int] = {}
        self._struck = [0] * len(faults)

    def next(self, kind: Kind, to_number: str | None) -> Fault | None:
        """Count a request; the fault that strikes it, if any."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        for index, fault in enumerate(self.faults):
            if fault.times is not None and self._struck[index] >= fault.times:
                continue
            if not fault.fits(kind, count, to_number):
                continue
            # A die of its own for each request: the draw does not depend on the other endpoints.
            if Random(f"{self._seed}|{index}|{kind}|{count}").random() < fault.chance:
                self._struck[index] += 1
                return fault
        return None
