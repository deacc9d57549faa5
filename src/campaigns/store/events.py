"""Queries on raw events: the inbox that is written before anything is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update

from campaigns.core.calls import CallStatus
from campaigns.core.outcomes import Said, Source
from campaigns.core.records import NewEvent
from campaigns.store.base import Queries
from campaigns.store.tables import event, heartbeat

_UNFOLDED = (
    select(event.c.attempt_id).where(~event.c.folded).order_by(event.c.id).limit(bindparam("most"))
)
"""Asked in every heartbeat, so built once."""


class EventQueries(Queries):
    """Raw events and heartbeats."""

    def store_event(self, new: NewEvent, at: datetime) -> bool:
        """Store a raw event; False for a repetition of one that is there."""
        # RETURNING, because an INSERT has no row count on PostgreSQL.
        stored = self.connection.execute(
            self.insert_or_ignore(event)
            .values(
                attempt_id=new.attempt_id,
                received_at=at,
                source=new.source.value,
                digest=new.digest,
                status=new.status,
                word=new.word[:64],
                call_id=new.call_id,
                duration_s=new.duration_s,
                body=new.body,
                folded=False,
            )
            .returning(event.c.id)
        )
        return stored.first() is not None

    def evidence(self, attempt_id: str) -> Sequence[Said]:
        """Everything that was ever said about an attempt."""
        query = select(
            event.c.source, event.c.status, event.c.received_at, event.c.duration_s
        ).where(event.c.attempt_id == attempt_id)
        return [
            Said(
                source=Source(row.source),
                status=None if row.status is None else CallStatus(row.status),
                at=row.received_at,
                duration_s=row.duration_s,
            )
            for row in self.connection.execute(query)
        ]

    def said_call_id(self, attempt_id: str) -> str | None:
        """The call id that the first event on the attempt's own address names."""
        query = (
            select(event.c.call_id)
            .where(
                event.c.attempt_id == attempt_id,
                event.c.source == Source.WEBHOOK.value,
                event.c.call_id.is_not(None),
                event.c.status.is_not(None),
            )
            .order_by(event.c.id)
            .limit(1)
        )
        return self.connection.execute(query).scalar_one_or_none()

    def folded(self, attempt_id: str) -> None:
        """All events of an attempt, whose lock is held, have been taken into account."""
        self.connection.execute(
            update(event)
            .where(event.c.attempt_id == attempt_id, ~event.c.folded)
            .values(folded=True)
        )

    def unfolded(self, limit: int) -> Sequence[str]:
        """Attempts with events nobody has looked at."""
        return list(dict.fromkeys(self.connection.execute(_UNFOLDED, {"most": limit}).scalars()))

    def alive(self, process: str, kind: str, at: datetime) -> None:
        """A process says that it works (real time)."""
        done = self.connection.execute(
            update(heartbeat).where(heartbeat.c.process == process).values(at=at, kind=kind)
        )
        if done.rowcount == 0:
            self.connection.execute(
                self.insert_or_ignore(heartbeat).values(process=process, kind=kind, at=at)
            )

    def last_alive(self, process: str) -> datetime | None:
        """When a process last said so (real time)."""
        query = select(heartbeat.c.at).where(heartbeat.c.process == process)
        return self.connection.execute(query).scalar_one_or_none()
