"""Queries on attempts: intents, their answers, and when to look at them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, exists, func, insert, or_, select, update

from campaigns.core.lifecycle import (
    RANG_NOBODY,
    TERMINAL,
    AttemptState,
    TaskState,
    advance_attempt,
)
from campaigns.core.records import AttemptRow, NewAttempt
from campaigns.store.base import Queries
from campaigns.store.calls import ITS_ATTEMPTS, attempts_of
from campaigns.store.tables import attempt, attempt_member, campaign, dial_task, event

_ALIVE = ("accepted", "ringing", "in_progress")
_newer = attempt.alias()
_LAST = (
    attempt.c.state.in_([state.value for state in TERMINAL]),
    attempt.c.check_at.is_(None),
    attempt.c.terminal_at < bindparam("before"),
    dial_task.c.state == TaskState.CALLING.value,
    ~exists().where(_newer.c.id.in_(ITS_ATTEMPTS), _newer.c.intent_at > attempt.c.intent_at),
)
_STALLED = tuple(
    query.join(campaign, campaign.c.id == dial_task.c.campaign_id)
    .where(*_LAST)
    .limit(bindparam("most"))
    for query in (
        select(attempt.c.id).join(dial_task, dial_task.c.id == attempt.c.task_id),
        select(attempt.c.id)
        .join(attempt_member, attempt_member.c.attempt_id == attempt.c.id)
        .join(dial_task, dial_task.c.id == attempt_member.c.task_id),
    )
)
"""Asked in every heartbeat, like the queries beside it that are built once."""
_ENDED = [state.value for state in (*TERMINAL, *RANG_NOBODY)] + ["unresolved", "not_placed"]

_LOST = (
    select(attempt.c.id)
    .where(attempt.c.state == AttemptState.DIALING.value, attempt.c.settle_at < bindparam("at"))
    .limit(bindparam("most"))
)
_OVERSTAYED = (
    select(attempt.c.id)
    .where(attempt.c.open, attempt.c.release_at < bindparam("at"))
    .limit(bindparam("most"))
)
_CHECKS_DUE = (
    select(attempt.c.id)
    .where(
        attempt.c.check_at <= bindparam("at"),
        or_(
            attempt.c.check_claim_until.is_(None),
            attempt.c.check_claim_until < bindparam("claim_at"),
        ),
    )
    .order_by(attempt.c.check_at)
    .limit(bindparam("most"))
)
_HOPELESS = (
    select(attempt.c.id)
    .where(
        attempt.c.check_at.is_not(None),
        attempt.c.state.not_in(_ENDED),
        attempt.c.give_up_at < bindparam("at"),
    )
    .limit(bindparam("most"))
)


class AttemptQueries(Queries):
    """Attempts."""

    def busy_until(self, phone_id: int, at: datetime) -> datetime | None:
        """The release bound of the live call to this number, if there is one.

        Live is what is open, and a call that proved to be alive after it had been closed.
        """
        alive = attempt.c.state.in_(_ALIVE) & (attempt.c.release_at > at)
        query = select(func.max(attempt.c.release_at)).where(
            attempt.c.phone_id == phone_id, attempt.c.open | alive
        )
        bound: datetime | None = self.connection.execute(query).scalar_one()
        return bound

    def recent_intents(self, phone_id: int, since: datetime) -> Sequence[datetime]:
        """Intents to this number after `since` that may have rung it, oldest first."""
        query = (
            select(attempt.c.intent_at)
            .where(
                attempt.c.phone_id == phone_id,
                attempt.c.intent_at > since,
                attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
            )
            .order_by(attempt.c.intent_at)
        )
        return list(self.connection.execute(query).scalars())

    def insert_attempt(self, new: NewAttempt) -> None:
        """Write an intent. Two unique indexes refuse a second live call to one phone or task."""
        self.connection.execute(
            insert(attempt).values(
                id=new.id,
                task_id=new.task_id,
                campaign_id=new.campaign_id,
                account_id=new.account_id,
                phone_id=new.phone_id,
                version=new.version,
                attempt_no=new.attempt_no,
                state=AttemptState.DIALING.value,
                open=new.open,
                recovered=new.recovered,
                snapshot=dict(new.snapshot),
                admitted=None if new.admitted is None else dict(new.admitted),
                intent_at=new.intent_at,
                settle_at=new.settle_at,
                release_at=new.release_at,
                give_up_at=new.give_up_at,
                check_at=new.check_at,
            )
        )
        if new.fellows:
            self.connection.execute(
                insert(attempt_member),
                [
                    {"attempt_id": new.id, "task_id": task_id, "attempt_no": number}
                    for task_id, number in new.fellows.items()
                ],
            )

    def attempt(self, attempt_id: str) -> AttemptRow | None:
        """One attempt, not locked."""
        query = select(attempt).where(attempt.c.id == attempt_id)
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else attempt_row(row)

    def lock_attempt(self, attempt_id: str) -> AttemptRow:
        """One attempt under its lock."""
        query = self.locked(select(attempt).where(attempt.c.id == attempt_id))
        return attempt_row(self.connection.execute(query).mappings().one())

    def latest_attempt(
        self, task_id: int, *, besides: Iterable[AttemptState] = RANG_NOBODY
    ) -> AttemptRow | None:
        """The newest attempt of a task in no state of `besides`: it may have rung the phone."""
        query = (
            select(attempt)
            .where(
                attempt.c.id.in_(attempts_of(task_id)),
                attempt.c.state.not_in([state.value for state in besides]),
            )
            .order_by(attempt.c.intent_at.desc())
            .limit(1)
        )
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else attempt_row(row)

    def unheard(self, task_id: int) -> bool:
        """Whether an earlier call of this task has events nobody folded."""
        query = select(
            exists().where(event.c.attempt_id.in_(attempts_of(task_id)), ~event.c.folded)
        )
        return bool(self.connection.execute(query).scalar_one())

    def unsettled_until(self, task_id: int) -> datetime | None:
        """When an earlier call of this task, alive or in doubt, is given up; None without one."""
        query = select(func.max(attempt.c.give_up_at)).where(
            attempt.c.id.in_(attempts_of(task_id)), attempt.c.state.in_(("unknown", *_ALIVE))
        )
        bound: datetime | None = self.connection.execute(query).scalar_one()
        return bound

    def other_intents(self, row: AttemptRow) -> Sequence[datetime]:
        """Intents of other attempts to the same number that have no session of their own."""
        query = select(attempt.c.intent_at).where(
            attempt.c.phone_id == row.phone_id,
            attempt.c.id != row.id,
            attempt.c.session_id.is_(None),
            attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
        )
        return list(self.connection.execute(query).scalars())

    def change_attempt(self, attempt_id: str, expect: AttemptState, **values: object) -> bool:
        """Set columns of an attempt in the expected state; a move is checked against the table."""
        if isinstance(to := values.get("state"), AttemptState):
            advance_attempt(expect, to)
        plain = {
            name: value.value if isinstance(value, AttemptState) else value
            for name, value in values.items()
        }
        done = self.connection.execute(
            update(attempt)
            .where(attempt.c.id == attempt_id, attempt.c.state == expect.value)
            .values(**plain)
        )
        return done.rowcount == 1

    def bound(self, account_id: int, id: str) -> str | None:
        """The attempt of this account that a provider's id belongs to."""
        query = select(attempt.c.id).where(
            attempt.c.account_id == account_id,
            or_(attempt.c.call_id == id, attempt.c.session_id == id),
        )
        return self.connection.execute(query.limit(1)).scalar_one_or_none()

    def bind(self, row: AttemptRow, *, call_id: str | None, session_id: str | None) -> bool:
        """First writer wins; False where an id is someone else's, or this attempt has another."""
        values: dict[str, Any] = {}
        for name, new, old in (
            ("call_id", call_id, row.call_id),
            ("session_id", session_id, row.session_id),
        ):
            if new is None or new == old:
                continue
            if old is not None or self.bound(row.account_id, new) not in (None, row.id):
                return False
            values[name] = new
        if values:
            self.connection.execute(update(attempt).where(attempt.c.id == row.id).values(**values))
        return True

    def lost_answers(self, at: datetime, limit: int) -> Sequence[str]:
        """Intents whose process never came back with an answer."""
        return list(self.connection.execute(_LOST, {"at": at, "most": limit}).scalars())

    def overstayed(self, at: datetime, limit: int) -> Sequence[str]:
        """Open attempts whose number is to be released whatever became of them."""
        return list(self.connection.execute(_OVERSTAYED, {"at": at, "most": limit}).scalars())

    def hopeless(self, at: datetime, limit: int) -> Sequence[str]:
        """Attempts without an ending past the instant at which we give up on them."""
        return list(self.connection.execute(_HOPELESS, {"at": at, "most": limit}).scalars())

    def stalled(self, before: datetime, limit: int) -> Sequence[str]:
        """Ended before that, asked about no more, and a dial task of theirs still calls."""
        given = {"before": before, "most": limit}
        both = (self.connection.execute(query, given).scalars() for query in _STALLED)
        return list(dict.fromkeys(id for ids in both for id in ids))

    def checks_due(self, at: datetime, claim_at: datetime, limit: int) -> Sequence[str]:
        """Attempts to look up: due in policy time, and nobody is at it (real time)."""
        given = {"at": at, "claim_at": claim_at, "most": limit}
        return list(self.connection.execute(_CHECKS_DUE, given).scalars())

    def claim_check(self, attempt_id: str, at: datetime, until: datetime) -> bool:
        """Take a look-up for ourselves until `until` (real time)."""
        done = self.connection.execute(
            update(attempt)
            .where(
                attempt.c.id == attempt_id,
                attempt.c.check_at.is_not(None),
                or_(attempt.c.check_claim_until.is_(None), attempt.c.check_claim_until < at),
            )
            .values(check_claim_until=until)
        )
        return done.rowcount == 1


def attempt_row(row: RowMapping | Mapping[str, Any]) -> AttemptRow:
    """A row as the engine sees it."""
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return AttemptRow(state=AttemptState(row["state"]), **values)


_PLAIN = (
    "id",
    "task_id",
    "campaign_id",
    "account_id",
    "phone_id",
    "version",
    "attempt_no",
    "open",
    "late",
    "snapshot",
    "intent_at",
    "settle_at",
    "release_at",
    "give_up_at",
    "answered_at",
    "answer",
    "answer_blame",
    "call_id",
    "session_id",
    "terminal_at",
    "confirmed",
    "check_at",
    "checks",
    "enriched",
    "proof",
)
