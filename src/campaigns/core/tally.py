"""What a forecast counts while its clock runs, in calls and in dial tasks; fractions of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.core.backlog import KEYS
from campaigns.core.endings import Split
from campaigns.core.lifecycle import Outcome

_HOUR = 3_600_000_000


@dataclass(kw_only=True, slots=True)
class Tally:
    """Of the campaign that is forecast, but for `hours`: hour → its calls, those of the others.

    `ends`: instant → tasks that are over then. `missed`: (reason, touch, due) → tasks that were
    never called, with `keys` of a few by reason. `cut_short`: reason → tasks that were called and
    lack a retry. `rounded`: instants are known to so many microseconds; 0: exactly.
    """

    rounded: int = 0
    calls: float = 0.0
    outcomes: MutableMapping[Outcome, float] = field(default_factory=lambda: defaultdict(float))
    hours: dict[int, list[float]] = field(default_factory=dict)
    ends: MutableMapping[int, float] = field(default_factory=lambda: defaultdict(float))
    missed: MutableMapping[tuple[str, str, int], float] = field(
        default_factory=lambda: defaultdict(float)
    )
    cut_short: MutableMapping[str, float] = field(default_factory=lambda: defaultdict(float))
    splits: dict[int, list[Any]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict, repr=False)
    first: int | None = None
    last: int | None = None

    def called(self, at: int, part: float, *, mine: bool) -> None:
        """So much of a call began."""
        in_hour = self.hours.setdefault(at // _HOUR, [0.0, 0.0])
        in_hour[not mine] += part
        if mine:
            self.calls += part
            self.first = at if self.first is None else self.first
            self.last = at

    def settled(self, split: Split, at: int, part: float) -> None:
        """So much of a call began, and those of its endings that are followed by none."""
        if split.number not in self.splits:
            self.splits[split.number] = [split, 0.0]
        self.splits[split.number][1] += part
        if self.rounded:
            self.ends[self.later(at + split.takes)] += part * split.settled
            return
        for last in split.lasts:
            self.ends[at + last.takes] += part * last.share

    def cut(self, why: str, part: float) -> None:
        """So many tasks that were called are not called again."""
        self.cut_short[why] += part

    def close(self) -> None:
        """Nothing more happens."""
        for split, part in self.splits.values():
            for last in split.lasts:
                self.outcomes[last.outcome] += part * last.share
        self.splits.clear()

    def over(self, outcome: Outcome, at: int, part: float) -> None:
        """So many tasks have their outcome."""
        self.outcomes[outcome] += part
        self.ends[self.later(at)] += part

    def miss(self, why: str, touch: str, due: int, part: float, keys: tuple[str, ...]) -> None:
        """So many tasks were never called."""
        self.missed[why, touch, due] += part
        named = self.keys.setdefault(why, [])
        if len(named) < KEYS:
            named.extend(keys[: KEYS - len(named)])

    def later(self, at: int) -> int:
        """The instant as it is kept: never earlier."""
        return -(-at // self.rounded) * self.rounded if self.rounded else at

    def earlier(self, at: int) -> int:
        """The same for what must not be later."""
        return at - at % self.rounded if self.rounded else at
