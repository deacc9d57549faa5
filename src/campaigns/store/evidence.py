"""Queries on evidence: reads of the session list, what a provider can tell, the webhook door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, exists, func, insert, select, update

from campaigns.core.absence import ListRead
from campaigns.core.capabilities import Capability
from campaigns.core.lifecycle import AttemptState
from campaigns.core.outcomes import Source
from campaigns.core.records import AttemptRow
from campaigns.store.attempts import attempt_row
from campaigns.store.base import Queries
from campaigns.store.calls import attempts_of
from campaigns.store.tables import attempt, capability, event, heartbeat, sweep_read

_KEPT = timedelta(days=7)
"""Every call in doubt is unresolved after a day (design.md, Values)."""


class EvidenceQueries(Queries):
    """Evidence about calls in doubt."""

    def doubtful(
        self, account_id: int, agent_id: str, *, since: datetime, until: datetime
    ) -> Sequence[AttemptRow]:
        """Calls of an agent in doubt, intended within these instants, the oldest first."""
        query = (
            select(attempt)
            .where(
                attempt.c.check_at.is_not(None),
                attempt.c.state == AttemptState.UNKNOWN.value,
                attempt.c.account_id == account_id,
                attempt.c.intent_at >= since,
                attempt.c.intent_at <= until,
            )
            .order_by(attempt.c.intent_at, attempt.c.id)
        )
        rows = [attempt_row(row) for row in self.connection.execute(query).mappings()]
        return [row for row in rows if row.snapshot.get("agent_id") == agent_id]

    def store_read(self, read: ListRead) -> None:
        """Keep one read of the list; those go that no call in doubt can still ask for."""
        self.connection.execute(
            delete(sweep_read).where(
                sweep_read.c.account_id == read.account_id,
                sweep_read.c.read_at < read.read_at - _KEPT,
            )
        )
        self.connection.execute(
            insert(sweep_read).values(
                account_id=read.account_id,
                agent_id=read.agent_id,
                start_at=read.start,
                end_at=read.end,
                read_at=read.read_at,
                complete=read.complete,
                digest=read.digest,
                sessions=read.sessions,
                newest_at=read.newest_at,
                absent=list(read.absent),
                present=list(read.present),
            )
        )

    def reads(self, row: AttemptRow) -> Sequence[ListRead]:
        """Reads since the settling of this attempt that looked for it, the oldest first."""
        query = (
            select(sweep_read)
            .where(
                sweep_read.c.account_id == row.account_id,
                sweep_read.c.read_at >= row.settle_at,
                sweep_read.c.agent_id == str(row.snapshot["agent_id"]),
            )
            .order_by(sweep_read.c.read_at, sweep_read.c.id)
        )
        found = [_read(one) for one in self.connection.execute(query)]
        return [read for read in found if row.id in (*read.absent, *read.present)]

    def later_webhook(self, account_id: int, intent_at: datetime) -> datetime | None:
        """When the first webhook came for a call of this account that was intended later."""
        query = (
            select(func.min(event.c.received_at))
            .join(attempt, attempt.c.id == event.c.attempt_id)
            .where(
                attempt.c.account_id == account_id,
                attempt.c.answered_at > intent_at,  # there is an index on it
                attempt.c.intent_at > intent_at,
                event.c.source.in_((Source.WEBHOOK.value, Source.ACCOUNT.value)),
                event.c.status.is_not(None),
            )
        )
        at: datetime | None = self.connection.execute(query).scalar_one()
        return at

    def heard(self, attempt_id: str) -> bool:
        """Whether anything at all was ever said about an attempt."""
        query = select(exists().where(event.c.attempt_id == attempt_id))
        return bool(self.connection.execute(query).scalar_one())

    def other_open(self, row: AttemptRow) -> str | None:
        """Another attempt to the same number that is open now."""
        query = select(attempt.c.id).where(
            attempt.c.phone_id == row.phone_id, attempt.c.open, attempt.c.id != row.id
        )
        return self.connection.execute(query.limit(1)).scalar_one_or_none()

    def not_placed(self, task_id: int) -> int:
        """How often it was proven that a call of this task was not placed."""
        query = select(func.count()).where(
            attempt.c.id.in_(attempts_of(task_id)),
            attempt.c.state == AttemptState.NOT_PLACED.value,
        )
        return int(self.connection.execute(query).scalar_one())

    def insert_stray(self, row: AttemptRow, id: str, session_id: str, at: datetime) -> None:
        """A call that is in the list beside the one of `row`: it counts, and is followed.

        It was never ours to open, so no constraint on open calls can refuse it.
        """
        self.connection.execute(
            insert(attempt).values(
                id=id,
                account_id=row.account_id,
                phone_id=row.phone_id,
                attempt_no=1,
                state=AttemptState.ACCEPTED.value,
                open=False,
                late=True,
                snapshot={**row.snapshot, "context": {}, "webhook": False},
                intent_at=row.intent_at,
                settle_at=row.settle_at,
                release_at=row.release_at,
                give_up_at=row.give_up_at,
                session_id=session_id,
                check_at=at,
                proof={"beside": row.id},
            )
        )

    def door_pulse(self, process: str, kind: str, at: datetime, policy: datetime) -> None:
        """A process says that the webhook address is up; `since` is kept until a pulse is missed.

        One row for all processes that serve: while one hands over to the next there is no gap.
        """
        known = select(heartbeat.c.at, heartbeat.c.since).where(heartbeat.c.process == process)
        row = self.connection.execute(self.locked(known)).one_or_none()
        if row is None:
            self.connection.execute(
                self.insert_or_ignore(heartbeat).values(
                    process=process, kind=kind, at=at, since=policy
                )
            )
            return
        gap = row.since is None or at - row.at > DOOR_GAP
        self.connection.execute(
            update(heartbeat)
            .where(heartbeat.c.process == process)
            .values(at=max(at, row.at), kind=kind, since=policy if gap else row.since)
        )

    def door_since(self, process: str, at: datetime) -> datetime | None:
        """Since when (policy time) it has been up without a gap; None: it is not up now."""
        query = select(heartbeat.c.at, heartbeat.c.since).where(heartbeat.c.process == process)
        row = self.connection.execute(query).one_or_none()
        return None if row is None or at - row.at > DOOR_GAP else row.since

    def capabilities(self, account_id: int) -> Mapping[Capability, str]:
        """What test calls have shown of this account's provider."""
        query = select(capability.c.name, capability.c.value).where(
            capability.c.account_id == account_id
        )
        known = {one.value for one in Capability}
        return {
            Capability(row.name): row.value
            for row in self.connection.execute(query)
            if row.name in known
        }

    def set_capabilities(
        self,
        account_id: int,
        found: Mapping[Capability, str],
        *,
        attempt_id: str | None,
        at: datetime,
    ) -> None:
        """Remember what a test call showed; what it could not tell stays."""
        for name, value in found.items():
            where = (capability.c.account_id == account_id) & (capability.c.name == name.value)
            self.connection.execute(delete(capability).where(where))
            self.connection.execute(
                insert(capability).values(
                    account_id=account_id, name=name.value, value=value, at=at,
                    attempt_id=attempt_id,
                )
            )  # fmt: skip


DOOR_GAP = timedelta(seconds=30)
"""Real time without a pulse after which the webhook address was not up."""


def _read(row: Row[tuple[object, ...]]) -> ListRead:
    return ListRead(
        account_id=row.account_id,
        agent_id=row.agent_id,
        start=row.start_at,
        end=row.end_at,
        read_at=row.read_at,
        complete=row.complete,
        digest=row.digest,
        sessions=row.sessions,
        newest_at=row.newest_at,
        absent=tuple(row.absent),
        present=tuple(row.present),
    )
