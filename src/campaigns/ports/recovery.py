"""What is remembered of the database itself and of calls it forgot, as the engine asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from campaigns.core.calls import Limit
from campaigns.core.incarnation import Incarnation, Orphan
from campaigns.core.records import AttemptRow, NewEvent, TaskRow
from campaigns.core.where import Where


class IncarnationBook(Protocol):
    """Which state of which database this is, and what stops it."""

    def incarnation(self) -> Incarnation: ...

    def raise_mark(self, at: datetime) -> int: ...

    def lift_mark(self, seen: int, *, at: datetime) -> None: ...

    def hold_world(self, why: str, *, since: datetime | None, at: datetime) -> bool:
        """False: it is held already."""

    def free_world(self) -> None: ...

    def slots_from(self, account_id: int, kind: Limit, free_at: datetime) -> None: ...


class RecoveryBook(Protocol):
    """Calls that the provider knows and this database does not."""

    def store_orphan(self, new: NewEvent, at: datetime) -> bool:
        """False: too many are kept already."""

    def reviewed(self, attempt_id: str) -> bool: ...

    def orphans(self) -> Sequence[Orphan]:
        """Unknown calls that nobody has looked at."""

    def orphans_reviewed(self, attempt_ids: Sequence[str]) -> None: ...

    def phone_of(self, number: str) -> int | None: ...

    def tasks_of_phone(self, phone_id: int, account_id: int) -> Sequence[TaskRow]: ...

    def attempts_without_session(self, phone_id: int) -> Sequence[AttemptRow]: ...

    def any_open(self, phone_id: int, task_id: int | None) -> bool: ...

    def recovered(self, task_id: int, *, from_number: str | None) -> bool: ...

    def due_by(
        self, at: datetime, *, after: int, limit: int
    ) -> Sequence[tuple[TaskRow, str, str, Where]]:
        """(task, campaign's name, contact's key, where) of what may have been rung by `at`."""
