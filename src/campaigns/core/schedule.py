"""When each touch of a contact is due, until when it helps, and which are not made at all.

Pure, and the same inputs give the same plan: what a contact is planned under is kept with its dial
tasks, and the gate looks at nothing but their due and their deadline. Touches stay in the order of
their distances; of those that would meet, the later is made, because it is nearer to the anchor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from campaigns.core.anchor import Anchored
from campaigns.core.definition import Schedule
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import Outcome
from campaigns.core.offsets import land
from campaigns.core.records import CAMPAIGN_END
from campaigns.core.runs import Run
from campaigns.core.where import Where

DEADLINE, SUPERSEDED = "deadline", "superseded"
"""Why a touch expires: its appointment is too near or over, or its next touch has come due."""
PAST_DUE, CLOSED, MIN_GAP = "past_due", "closed_hours", "min_gap"
NO_TIME = "no_callable_time"
"""Why a touch is skipped before it begins."""
NO_TOUCH = {
    PAST_DUE: "past already",
    CLOSED: "in closed hours",
    MIN_GAP: "too close to the next touch",
    NO_TIME: "without an open hour",
    DEADLINE: "only after the deadline",
    CAMPAIGN_END: "only after the campaign's end",
    SUPERSEDED: "only after the next touch is due",
}
"""The same in words."""
BEFORE_CLOSING = timedelta(hours=1)
"""A touch that moves to an earlier opening is made this long before that one closes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TouchPlan:
    """One dial task to be. `outcome`: it is done before it begins, for `reason`.

    `opens_at`: the first instant at which hours let it go; None where it is done.
    """

    name: str
    occasion: str
    due_at: datetime
    deadline_at: datetime | None
    expires_as: str
    outcome: Outcome | None = None
    reason: str | None = None
    opens_at: datetime | None = None


@dataclass(kw_only=True, slots=True)
class _Draft:
    name: str
    due: datetime
    reason: str | None = None


def plan_touches(
    schedule: Schedule,
    anchor: Anchored | None,
    *,
    now: datetime,
    hours: Hours,
    where: Where,
    not_before: datetime | None = None,
    run: Run | None = None,
) -> tuple[TouchPlan, ...]:
    """Every touch of a contact that arrives at `now`, in the order of their dues.

    `not_before`: the row's own start, as schedule.start is the campaign's. `run`: of a campaign
    that comes in runs, the one that this contact belongs to.
    """
    began = run.at if run is not None else None
    arrival = max(filter(None, (now, schedule.start, not_before, began)))
    if anchor is None:
        over = schedule.cron is not None and run is None  # its cron fires no more
        return (_without_anchor(schedule, arrival, hours, where, run, over=over),)
    last, ends_as = _end(schedule, anchor)
    drafts = [_Draft(name="", due=arrival)]
    if schedule.touches:
        drafts = _due(schedule, anchor, arrival)
        _open(drafts, schedule, arrival, hours, where)
    plans = _judged(drafts, last, ends_as, anchor.occasion, schedule.min_gap, hours, where)
    return tuple(reversed(list(plans)))


def _without_anchor(
    schedule: Schedule,
    due: datetime,
    hours: Hours,
    where: Where,
    run: Run | None,
    *,
    over: bool,
) -> TouchPlan:
    opening = hours.next_open(due, where, EDGE_MARGIN)
    never = over or opening is None or (schedule.end is not None and opening >= schedule.end)
    return TouchPlan(
        name="",
        occasion="" if run is None else run.occasion,
        due_at=due,
        deadline_at=schedule.end,
        expires_as=CAMPAIGN_END,
        outcome=Outcome.SKIPPED if never else None,
        reason=NO_TIME if never else None,
        opens_at=None if never else opening,
    )


def _end(schedule: Schedule, anchor: Anchored) -> tuple[datetime, str]:
    """From when on no touch of this anchor helps, and why."""
    deadline = anchor.at
    if schedule.deadline is not None:
        deadline = land(schedule.deadline, anchor.at, anchor.place)
    if schedule.end is not None and schedule.end < deadline:
        return schedule.end, CAMPAIGN_END
    return deadline, DEADLINE


def _due(schedule: Schedule, anchor: Anchored, arrival: datetime) -> list[_Draft]:
    """The touches by distance; those that were due before the contact came are past."""
    drafts = [
        _Draft(name=touch.name, due=land(touch.offset, anchor.at, anchor.place))
        for touch in schedule.touches
    ]
    drafts.sort(key=lambda draft: draft.due)
    past = list(takewhile(lambda draft: draft.due < arrival, drafts))
    if past and schedule.past_due == "now":
        past.pop().due = arrival
    for draft in past:
        draft.reason = PAST_DUE
    return drafts


def _open(
    drafts: list[_Draft],
    schedule: Schedule,
    arrival: datetime,
    hours: Hours,
    where: Where,
) -> None:
    """What `when_closed` does to touches that fall in closed hours; one made late just waits."""
    earliest = arrival
    for draft in drafts:
        if draft.reason is not None:
            continue
        if draft.due > arrival and schedule.when_closed != "later":
            opening = hours.next_open(draft.due, where, EDGE_MARGIN)
            if opening is None or opening - draft.due > EDGE_MARGIN:
                if schedule.when_closed == "earlier":
                    draft.due = _earlier(draft.due, earliest, hours, where)
                elif opening is not None:
                    draft.reason = CLOSED
                    continue
        earliest = max(earliest, draft.due)


def _earlier(due: datetime, earliest: datetime, hours: Hours, where: Where) -> datetime:
    """An hour before the last opening closes, or as it opens; `due` itself where that is past."""
    stretch = hours.last_open(due, where, EDGE_MARGIN)
    if stretch is None:
        return due
    opens, closes = stretch
    moved = max(opens, closes + EDGE_MARGIN - BEFORE_CLOSING, earliest)
    return moved if moved < closes else due


def _judged(
    drafts: list[_Draft],
    last: datetime,
    ends_as: str,
    occasion: str,
    min_gap: timedelta,
    hours: Hours,
    where: Where,
) -> Iterator[TouchPlan]:
    """From the last touch to the first, because each is judged by the one that follows it."""
    following: TouchPlan | None = None
    for draft in reversed(drafts):
        opening = hours.next_open(draft.due, where, EDGE_MARGIN)
        deadline, expires_as = last, ends_as
        if following is not None:  # it is live, so it is due before the last
            deadline, expires_as = following.due_at, SUPERSEDED
        outcome, reason = None, draft.reason
        if reason is None and opening is None:
            reason = NO_TIME
        elif reason is None and opening is not None:
            if opening >= last:
                outcome, reason = Outcome.EXPIRED, ends_as
            elif following is not None and _meet(draft.due, opening, following, min_gap):
                reason = MIN_GAP
            elif opening >= deadline:
                outcome, reason = Outcome.EXPIRED, expires_as
        if reason is not None and outcome is None:
            outcome = Outcome.SKIPPED
        plan = TouchPlan(
            name=draft.name,
            occasion=occasion,
            due_at=draft.due,
            deadline_at=deadline,
            expires_as=expires_as,
            outcome=outcome,
            reason=reason,
            opens_at=None if outcome else opening,
        )
        if outcome is None:
            following = plan
        yield plan


def _meet(due: datetime, opening: datetime, following: TouchPlan, min_gap: timedelta) -> bool:
    """Whether two touches are closer than they may, by their dues or as hours let them go."""
    opens = following.opens_at or following.due_at
    return following.due_at - due < min_gap or opens - opening < min_gap
