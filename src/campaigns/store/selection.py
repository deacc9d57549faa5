"""Queries that choose dial tasks: what is ripe, what ends first in its lane, who had how much.

A task is ripe from when a heartbeat saw that its `eligible_at` had come until that is put off. Ripe
tasks are kept by deadline, others by `eligible_at`: what is not due yet costs a claim nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    bindparam,
    func,
    select,
    text,
    update,
)

from campaigns.core.lifecycle import TaskEvent, TaskState, advance_task
from campaigns.core.records import Claim
from campaigns.core.selection import Ripe, Start
from campaigns.store.base import Queries
from campaigns.store.call_tables import RIPE_AGAIN, RIPE_FIRST, UNRIPE, attempt, dial_task
from campaigns.store.tables import lane

_MOST_STARTS = 1000
"""What is older than so many starts says nothing more about anybody's share."""
_AT: ColumnElement[Any] = bindparam("at", type_=dial_task.c.eligible_at.type)
_BY_DEADLINE = (dial_task.c.deadline_at, dial_task.c.eligible_at, dial_task.c.id)
# Two probes of one index: databases disagree whether NULL comes first or last, and what is past
# its deadline stands before all else until the heartbeat has ended it.
_ENDS = (dial_task.c.deadline_at > _AT, dial_task.c.deadline_at.is_(None))


def _ripe(again: bool, ends: ColumnElement[bool]) -> Select[tuple[int]]:
    """The ids of a lane in the order in which they end."""
    ripe = text(RIPE_AGAIN if again else RIPE_FIRST)
    return (
        select(dial_task.c.id)
        .where(ripe, ends, dial_task.c.eligible_at <= _AT)
        .order_by(*_BY_DEADLINE)
    )


def _these(chosen: Select[tuple[int]], postgres: bool) -> Update:
    """Waiting dial tasks that a query picks, locked as it picks them."""
    picked = chosen.with_for_update(key_share=True, skip_locked=True).correlate(None)
    # As an array it is asked once, whatever the planner thinks of it.
    here = (
        dial_task.c.id == func.any(func.array(picked.scalar_subquery()))
        if postgres
        else dial_task.c.id.in_(picked)
    )
    return update(dial_task).where(here, text("dial_task.state = 'waiting'"))


_CLAIM = {
    (postgres, again): tuple(
        _these(
            _ripe(again, ends)
            .where(dial_task.c.lane_id == bindparam("lane"))
            .limit(bindparam("most")),
            postgres,
        )
        .values(
            state=advance_task(TaskState.WAITING, TaskEvent.CLAIMED).value,
            claim=dial_task.c.claim + 1,
            claim_until=bindparam("until", type_=dial_task.c.claim_until.type),
        )
        .returning(dial_task.c.id, dial_task.c.claim)
        for ends in _ENDS
    )
    for postgres in (False, True)
    for again in (False, True)
}
"""Asked in every heartbeat, like those below: built once."""
_RIPEST = select(
    *(
        func.coalesce(
            *(
                _ripe(again, ends)
                .where(dial_task.c.lane_id == lane.c.id)
                .limit(1)
                .scalar_subquery()
                for ends in _ENDS
            )
        ).label(name)
        for name, again in (("first", False), ("again", True))
    )
).where(lane.c.id.in_(bindparam("lanes", expanding=True)))
_TASKS = select(
    dial_task.c.lane_id,
    dial_task.c.deadline_at,
    dial_task.c.eligible_at,
    (dial_task.c.attempts > dial_task.c.spent).label("again"),
).where(dial_task.c.id.in_(bindparam("ids", expanding=True)))
_RIPEN = {
    postgres: _these(
        select(dial_task.c.id)
        .where(
            text(UNRIPE), dial_task.c.lane_id == bindparam("lane"), dial_task.c.eligible_at <= _AT
        )
        .order_by(dial_task.c.eligible_at, dial_task.c.id)
        .limit(bindparam("most")),
        postgres,
    ).values(ripe_at=dial_task.c.eligible_at)
    for postgres in (False, True)
}
_HAS_UNRIPE = select(lane.c.id).where(
    lane.c.id.in_(bindparam("lanes", expanding=True)),
    select(dial_task.c.id)
    .where(text(UNRIPE), dial_task.c.lane_id == lane.c.id, dial_task.c.eligible_at <= _AT)
    .exists(),
)
_STARTS = (
    select(
        attempt.c.campaign_id,
        attempt.c.intent_at,
        (attempt.c.attempt_no > dial_task.c.spent + 1).label("again"),
    )
    .join(dial_task, dial_task.c.id == attempt.c.task_id)
    .where(
        attempt.c.campaign_id.in_(bindparam("campaigns", expanding=True)),
        attempt.c.intent_at > bindparam("since"),
    )
    .order_by(attempt.c.intent_at.desc(), attempt.c.id)
    .limit(_MOST_STARTS)
)
_CLAIMED = select(
    dial_task.c.campaign_id, (dial_task.c.attempts > dial_task.c.spent).label("again")
).where(
    dial_task.c.campaign_id.in_(bindparam("campaigns", expanding=True)),
    text("dial_task.state = 'claimed'"),
)


class SelectionQueries(Queries):
    """Which dial tasks deserve the next starts."""

    def ripen(self, lane_ids: Sequence[int], *, at: datetime, limit: int) -> int:
        """Mark so many of those who have become eligible, in the lanes' order; says how many.

        Every lane gets its share before any gets the rest: a long one starves no other.
        """
        if not lane_ids:
            return 0
        found = set(
            self.connection.execute(_HAS_UNRIPE, {"lanes": list(lane_ids), "at": at}).scalars()
        )
        unripe = [lane_id for lane_id in lane_ids if lane_id in found]
        share, marked = max(1, limit // max(1, len(unripe))), 0
        for rest in (False, True):
            for lane_id in unripe:
                most = limit - marked if rest else share
                if most > 0:
                    given = {"lane": lane_id, "at": at, "most": most}
                    marked += self.connection.execute(_RIPEN[self.postgres], given).rowcount
        return marked

    def ripest(self, lane_ids: Collection[int], *, at: datetime) -> Sequence[Ripe]:
        """Of each lane the first call and the retry that end first: four index probes a lane."""
        if not lane_ids:
            return []
        firsts = self.connection.execute(_RIPEST, {"lanes": list(lane_ids), "at": at})
        ids = [id for row in firsts for id in row if id is not None]
        if not ids:
            return []
        return [
            Ripe(
                lane_id=row.lane_id,
                again=row.again,
                deadline_at=row.deadline_at,
                since=row.eligible_at,
            )
            for row in self.connection.execute(_TASKS, {"ids": ids})
        ]

    def claim(
        self, lane_id: int, *, again: bool, at: datetime, until: datetime, limit: int
    ) -> Sequence[Claim]:
        """Take the ripe tasks of a lane that end first, under a lease until `until` (real).

        `again`: retries, and otherwise first calls.
        """
        claims: list[Claim] = []
        for taken in _CLAIM[self.postgres, again]:
            given = {"lane": lane_id, "at": at, "until": until, "most": limit - len(claims)}
            rows = self.connection.execute(taken, given)
            claims += [Claim(task_id=row.id, claim=row.claim) for row in rows]
            if len(claims) == limit:
                break
        return claims

    def starts(self, campaign_ids: Collection[int], *, since: datetime) -> Sequence[Start]:
        """What these campaigns started after `since`."""
        given = {"campaigns": list(campaign_ids), "since": since}
        return [
            Start(campaign_id=row.campaign_id, again=row.again, at=row.intent_at)
            for row in self.connection.execute(_STARTS, given)
        ]

    def claimed(self, campaign_ids: Collection[int], *, at: datetime) -> Sequence[Start]:
        """What they have on its way to the gate, as if it started `at`."""
        return [
            Start(campaign_id=row.campaign_id, again=row.again, at=at)
            for row in self.connection.execute(_CLAIMED, {"campaigns": list(campaign_ids)})
        ]
