"""How calls end in a forecast, and who is called again: the shares assumed, the rule the engine's.

The rule (retry.py) knows no time but the deadline, so it is asked once for each number of calls,
and again only where a deadline is near.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.core.assumptions import Assumptions
from campaigns.core.backlog import Going
from campaigns.core.fluid import NEVER, instant, length, ticks
from campaigns.core.lifecycle import Outcome
from campaigns.core.retry import RetryAt, decide

_CONFIRMED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.FAILED})
"""Endings that a look-up confirms within seconds; the others wait for their grace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Last:
    """An ending with which a task is over. Lengths in microseconds."""

    outcome: Outcome
    share: float
    takes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """An ending after which the contact is called again, `wait` after it."""

    outcome: Outcome
    share: float
    takes: int
    wait: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """What becomes of one call. `settled`: the share of all `lasts`; `takes`: their mean."""

    number: int
    lasts: tuple[Last, ...]
    agains: tuple[Again, ...]
    settled: float
    takes: int


class Endings:
    """The endings of calls under these assumptions."""

    def __init__(self, assumed: Assumptions, at: datetime) -> None:
        self._at = at
        self._shares = tuple(
            (outcome, share, length(assumed.latency + assumed.length(outcome)))
            for outcome, share in assumed.shares.items()
            if share > 0
        )
        self._known: dict[tuple[int, str, int], Split] = {}

    @property
    def mean(self) -> int:
        """How long a call lasts on average, in microseconds."""
        return round(sum(share * takes for _, share, takes in self._shares))

    def of(self, going: Going, touch: str, tries: int) -> Split:
        """What becomes of call number `tries` of a touch where no deadline is near."""
        key = going.id, touch, tries
        if key not in self._known:
            self._known[key] = self._split(going, touch, tries)
        return self._known[key]

    def _split(self, going: Going, touch: str, tries: int) -> Split:
        lasts: list[Last] = []
        agains: list[Again] = []
        begin = ticks(self._at)
        for outcome, share, takes in self._shares:
            due = self.next_due(going, touch, outcome, tries, begin)
            if due == NEVER:
                lasts.append(Last(outcome=outcome, share=share, takes=takes))
            else:
                agains.append(Again(outcome=outcome, share=share, takes=takes, wait=due - begin))
        settled = sum(one.share for one in lasts)
        return Split(
            number=len(self._known),
            lasts=tuple(lasts),
            agains=tuple(agains),
            settled=settled,
            takes=round(sum(one.share * one.takes for one in lasts) / settled) if lasts else 0,
        )

    def next_due(
        self,
        going: Going,
        touch: str,
        outcome: Outcome,
        tries: int,
        ended: int,
        deadline: int = NEVER,
    ) -> int:
        """When the contact is called again after this ending; NEVER: not."""
        follows = decide(
            going.retry(touch),
            outcome,
            attempts=tries,
            ended_at=instant(ended),
            confirmed=outcome in _CONFIRMED,
            deadline=None if deadline == NEVER else instant(deadline),
        )
        return ticks(follows.at) if isinstance(follows, RetryAt) else NEVER
