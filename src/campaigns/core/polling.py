"""When to look a call up: the provider may stay silent, and silence must end some day."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.core.absence import quarantine
from campaigns.core.instants import RELEASE_MARGIN, RING, UNRESOLVED_AFTER

_UNKNOWN_STEPS = tuple(
    timedelta(seconds=s) for s in (20, 60, 180, 600, 1200, *range(4800, 90000, 3600))
)
"""After settle: 20 s, 1, 3, 10, 20 min, then hourly (reliability.md, R3)."""

_POLL_STEPS = tuple(
    timedelta(seconds=s)
    for s in (45, 75, 105, 135, 165, 195, 225, 285, 345, 405, 465, 525, 585, 645, 705, 780, 900)
)
"""Without webhooks. The slots of the status limit are what bounds them: then they come later."""

_DETAIL_STEPS = tuple(timedelta(minutes=m) for m in (2, 5, 15, 60, 180, 720, 1440))
"""After the ending of a call that was answered. Its analysis and its price may come late."""

FIRST_LOOK = _UNKNOWN_STEPS[0]
"""After settle, where the answer was lost and nothing has been said."""
SILENT_MARGIN = timedelta(minutes=2)


def release_at(intent_at: datetime, max_duration: timedelta) -> datetime:
    """When a number is free at the latest, whatever became of the call."""
    return intent_at + RING + max_duration + RELEASE_MARGIN


def give_up_at(intent_at: datetime, max_duration: timedelta, *, can_tell: bool) -> datetime:
    """When an attempt nobody can tell about becomes unresolved.

    `can_tell` False: neither webhooks nor a status by id can ever say, so waiting a day is vain.
    """
    if can_tell:
        return intent_at + UNRESOLVED_AFTER
    return intent_at + max(timedelta(minutes=30), max_duration + timedelta(minutes=20))


def next_check(
    *,
    intent_at: datetime,
    settle_at: datetime,
    max_duration: timedelta,
    at: datetime,
    unknown: bool,
    webhooks: bool,
) -> datetime:
    """The next instant at which a call without an ending is looked up, later than `at`."""
    if unknown:
        # And when its absence may first be proven: with a long max_duration that is much later.
        steps = sorted(settle_at + step for step in {*_UNKNOWN_STEPS, quarantine(max_duration)})
    elif webhooks:
        silent = intent_at + RING + max_duration + SILENT_MARGIN
        steps = [silent + step for step in (timedelta(0), *_UNKNOWN_STEPS)]
    else:
        ends = intent_at + RING + max_duration + SILENT_MARGIN
        polls = [intent_at + step for step in _POLL_STEPS if intent_at + step < ends]
        steps = polls + [ends + step for step in (timedelta(0), *_UNKNOWN_STEPS)]
    return next((step for step in steps if step > at), at + timedelta(hours=1))


def next_details(ended_at: datetime, at: datetime) -> datetime | None:
    """When an answered call is asked again for what is not told yet; None: a day was enough."""
    return next((ended_at + step for step in _DETAIL_STEPS if ended_at + step > at), None)
