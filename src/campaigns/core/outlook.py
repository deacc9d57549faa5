"""A list and its campaign as a forecast takes them: who is alike, and what their future hangs on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from campaigns.core.backlog import KEYS, Batch, Going
from campaigns.core.definition import Definition
from campaigns.core.hours import Hours
from campaigns.core.schedule import TouchPlan
from campaigns.core.where import Where

_NAMED = 10_000
"""Groups whose first few contacts are remembered; a million keys would be 100 MB."""
_Alike = tuple[Where, datetime, datetime | None, str, str]


class Outlook:
    """The dial tasks of a list, counted by what a forecast asks about them.

    `left_out`: (touch, reason) → those that are over before they begin.
    """

    def __init__(self) -> None:
        self._counts: dict[_Alike, int] = {}
        self._keys: dict[_Alike, tuple[str, ...]] = {}
        self.left_out: dict[tuple[str, str], int] = {}

    def take(self, where: Where, plan: Iterable[TouchPlan], key: str) -> None:
        """One contact with its touches."""
        for touch in plan:
            if touch.outcome is not None:
                of = touch.name, touch.reason or touch.outcome.value
                self.left_out[of] = self.left_out.get(of, 0) + 1
                continue
            alike = where, touch.due_at, touch.deadline_at, touch.expires_as, touch.name
            self._counts[alike] = self._counts.get(alike, 0) + 1
            keys = self._keys.get(alike, ())
            if len(keys) < KEYS and (keys or len(self._keys) < _NAMED):
                self._keys[alike] = (*keys, key)

    def batches(self, campaign_id: int) -> Iterator[Batch]:
        """The same as batches of a campaign."""
        for alike, count in self._counts.items():
            where, due, deadline, expires_as, touch = alike
            yield Batch(
                campaign_id=campaign_id,
                where=where,
                due=due,
                deadline=deadline,
                expires_as=expires_as,
                touch=touch,
                count=count,
                keys=self._keys.get(alike, ()),
            )


def going(definition: Definition, hours: Hours, *, id: int, mine: bool) -> Going:
    """A campaign by what it says."""
    return Going(
        id=id,
        hours=hours,
        retry=definition.retry_of,
        mine=mine,
        start=definition.schedule.start,
    )
