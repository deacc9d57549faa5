"""When the calls of dial tasks were over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from campaigns.core.lifecycle import RANG_NOBODY
from campaigns.store.columns import Instant
from campaigns.store.tables import attempt


def rang_until(connection: Connection, task_ids: Sequence[int]) -> Mapping[int, datetime]:
    """Task → when its last call that may have rung was over, or was last heard of."""
    if not task_ids:
        return {}
    over = func.coalesce(attempt.c.terminal_at, attempt.c.answered_at, attempt.c.intent_at)
    query = (
        select(attempt.c.task_id, func.max(over, type_=Instant))
        .where(
            attempt.c.task_id.in_(task_ids),
            attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
        )
        .group_by(attempt.c.task_id)
    )
    return {row.task_id: row[1] for row in connection.execute(query)}
