"""When the calls of dial tasks were over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from campaigns.core.lifecycle import RANG_NOBODY
from campaigns.store.calls import TAKING_PART
from campaigns.store.columns import Instant
from campaigns.store.tables import attempt


def rang_until(connection: Connection, task_ids: Sequence[int]) -> Mapping[int, datetime]:
    """Task → when its last call that may have rung was over, or was last heard of."""
    if not task_ids:
        return {}
    over = func.coalesce(attempt.c.terminal_at, attempt.c.answered_at, attempt.c.intent_at)
    query = (
        select(TAKING_PART.c.task_id, func.max(over, type_=Instant))
        .join(attempt, attempt.c.id == TAKING_PART.c.attempt_id)
        .where(
            TAKING_PART.c.task_id.in_(task_ids),
            attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
        )
        .group_by(TAKING_PART.c.task_id)
    )
    return {row.task_id: row[1] for row in connection.execute(query)}
