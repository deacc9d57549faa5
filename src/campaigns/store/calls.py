"""Which dial tasks an attempt is made for, and which attempts were made for a dial task.

An attempt has a task of its own; where rows are one call (`same_number: group`) it has others
beside it in `attempt_member`. Every query that goes from one to the other asks here.
"""

from __future__ import annotations

from sqlalchemy import CompoundSelect, select, union_all

from campaigns.store.call_tables import attempt, attempt_member, dial_task

_own, _shared = attempt.alias("own"), attempt_member.alias("shared")


def attempts_of(*task_ids: int) -> CompoundSelect[tuple[str]]:
    """Ids of the attempts that were made for dial tasks, their own and those that they shared."""
    return union_all(
        select(_own.c.id).where(_own.c.task_id.in_(task_ids)),
        select(_shared.c.attempt_id).where(_shared.c.task_id.in_(task_ids)),
    )


ITS_ATTEMPTS = union_all(
    select(_own.c.id).where(_own.c.task_id == dial_task.c.id).correlate(dial_task),
    select(_shared.c.attempt_id).where(_shared.c.task_id == dial_task.c.id).correlate(dial_task),
)
"""The same for the one dial task of the query around it."""


def tasks_of_attempt(attempt_id: str) -> CompoundSelect[tuple[int]]:
    """Ids of the dial tasks that an attempt was made for."""
    return union_all(
        select(_own.c.task_id).where(_own.c.id == attempt_id, _own.c.task_id.is_not(None)),
        select(_shared.c.task_id).where(_shared.c.attempt_id == attempt_id),
    )


TAKING_PART = union_all(
    select(_own.c.id.label("attempt_id"), _own.c.task_id).where(_own.c.task_id.is_not(None)),
    select(_shared.c.attempt_id, _shared.c.task_id),
).subquery("taking_part")
"""Every pair of both. Asked with an attempt or with tasks: whole it is all that ever happened."""
