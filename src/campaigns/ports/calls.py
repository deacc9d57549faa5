"""What is remembered of people, dial tasks, attempts and events, as the engine asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from campaigns.core.lifecycle import AttemptState, Outcome
from campaigns.core.outcomes import Said
from campaigns.core.records import (
    AttemptRow,
    Claim,
    ContactRow,
    Erased,
    LaneHead,
    NewAttempt,
    NewContact,
    NewEvent,
    NewReject,
    TaskRow,
)
from campaigns.core.rounds import Met
from campaigns.core.selection import Ripe, Start


class TaskBook(Protocol):
    """Contacts and dial tasks."""

    def phone_ids(self, numbers: Iterable[str], *, refill: bool = True) -> Mapping[str, int]:
        """Ids of the numbers, inserted in sorted order where new.

        `refill`: an erased number is known again from now on.
        """

    def phone_of(self, number: str) -> int | None:
        """The phone of a number, where it is known or was."""

    def erase(self, phone_id: int, at: datetime) -> Erased:
        """Write over everything personal about a number and end its tasks; its lock is held."""

    def number(self, phone_id: int) -> str: ...

    def lock_phone(self, phone_id: int) -> None: ...

    def load(
        self,
        *,
        campaign_id: int,
        account_id: int,
        contacts: Sequence[NewContact],
        phones: Mapping[str, int],
        ripe_by: datetime | None = None,
    ) -> Sequence[tuple[NewContact, int]]:
        """Insert contacts with their tasks; returns those whose key was there, with its line.

        What is due by `ripe_by` is ripe at once.
        """

    def lines_of_keys(self, campaign_id: int, keys: Iterable[str]) -> Mapping[str, int]: ...

    def lines_of(self, campaign_id: int, phone_ids: Iterable[int]) -> Mapping[int, int]: ...

    def stranded(self, lane_id: int, at: datetime, limit: int) -> Sequence[TaskRow]:
        """Waiting tasks of a lane that may be looked at."""

    def reject(self, campaign_id: int, rows: Sequence[NewReject]) -> None: ...

    def heads(self, campaign_id: int) -> Sequence[LaneHead]: ...

    def ripen(self, lane_ids: Sequence[int], *, at: datetime, limit: int) -> int:
        """Mark so many of those who have become eligible, lane after lane; says how many."""

    def ripest(self, lane_ids: Collection[int], *, at: datetime) -> Sequence[Ripe]:
        """Of each lane the ripe first call and the ripe retry that end first."""

    def claim(
        self, lane_id: int, *, again: bool, at: datetime, until: datetime, limit: int
    ) -> Sequence[Claim]:
        """Take the ripe ones of a lane that end first. `again`: retries, otherwise first calls."""

    def starts(self, campaign_ids: Collection[int], *, since: datetime) -> Sequence[Start]:
        """What these campaigns started after `since`."""

    def claimed(self, campaign_ids: Collection[int], *, at: datetime) -> Sequence[Start]:
        """What they have on its way to the gate, as if it started `at`."""

    def task(self, task_id: int) -> TaskRow | None: ...

    def lock_task(self, task_id: int) -> TaskRow: ...

    def lock_family(self, task: TaskRow) -> Sequence[TaskRow]:
        """A task and the undialled ones of its campaign, number and touch, locked by id."""

    def lock_called(self, attempt: AttemptRow) -> Sequence[TaskRow]:
        """The tasks that an attempt is made for, locked by id."""

    def called(self, attempt: AttemptRow) -> Sequence[TaskRow]: ...

    def numbered(self, attempt: AttemptRow) -> Mapping[int, int]:
        """Task id → the number that this attempt has for that task."""

    def contact(self, contact_id: int) -> ContactRow: ...

    def keep_caller(self, contact_id: int, number: str) -> None:
        """The number that this contact sees, now and the next time."""

    def give_back(
        self, task_id: int, claim: int, *, eligible_at: datetime, reason: str
    ) -> bool: ...

    def dialled(self, task_id: int, claim: int, *, from_number: str) -> bool: ...

    def joined(self, task: TaskRow, *, from_number: str) -> bool: ...

    def returned(self, task_id: int, *, eligible_at: datetime, reason: str) -> bool: ...

    def retry_set(self, task_id: int, *, at: datetime) -> bool: ...

    def recount(self, task_id: int, *, contact_refused: bool) -> None: ...

    def postpone(self, task_id: int, *, at: datetime, reason: str) -> bool: ...

    def end_task(self, task: TaskRow, outcome: Outcome, reason: str, at: datetime) -> bool: ...

    def reinstate(self, task_id: int, at: datetime) -> bool: ...

    def reopen(self, task_id: int, at: datetime) -> bool: ...

    def met(self, campaign_id: int, *, after: int, limit: int) -> Sequence[Met]:
        """Contacts by id, and what keeps each of them from another round."""

    def may_have_talked(self, contact_ids: Collection[int]) -> Collection[int]:
        """Dial tasks of these contacts with a call that was answered, or that nobody can tell."""

    def lock_tasks_of(self, contact_ids: Collection[int]) -> None: ...

    def redial(self, task_ids: Collection[int], at: datetime) -> int:
        """done and not reached → waiting for another round; says how many."""

    def wake_number(self, phone_id: int, at: datetime) -> None: ...

    def lapse_claims(self, at: datetime) -> int: ...

    def overdue(self, at: datetime, limit: int) -> Sequence[TaskRow]:
        """Waiting tasks past their deadline or of a cancelled campaign."""

    def suppressed(self, phone_id: int, campaign_id: int | None = None) -> bool:
        """On the list of all campaigns, or on that of this one."""

    def suppress(
        self,
        phone_id: int,
        *,
        reason: str,
        source: str,
        at: datetime,
        campaign_id: int | None = None,
    ) -> bool: ...

    def unsuppress(self, phone_id: int, campaign_id: int | None = None) -> bool: ...

    def drop_waiting(
        self, phone_ids: Collection[int], at: datetime, campaign_id: int | None = None
    ) -> int: ...


class AttemptBook(Protocol):
    """Attempts and the raw events about them."""

    def busy_until(self, phone_id: int, at: datetime) -> datetime | None: ...

    def recent_intents(self, phone_id: int, since: datetime) -> Sequence[datetime]: ...

    def insert_attempt(self, attempt: NewAttempt) -> None: ...

    def attempt(self, attempt_id: str) -> AttemptRow | None: ...

    def unheard(self, task_id: int) -> bool:
        """Whether an earlier call of this task has events nobody folded."""

    def unsettled_until(self, task_id: int) -> datetime | None:
        """When an earlier call of this task, alive or in doubt, is given up; None without one."""

    def other_intents(self, attempt: AttemptRow) -> Sequence[datetime]:
        """Intents of other attempts to the same number that have no session of their own."""

    def lock_attempt(self, attempt_id: str) -> AttemptRow: ...

    def latest_attempt(
        self, task_id: int, *, besides: Iterable[AttemptState] = ...
    ) -> AttemptRow | None:
        """The newest attempt of a task in no state of `besides`; else it may have rung."""

    def change_attempt(self, attempt_id: str, expect: AttemptState, **values: object) -> bool: ...

    def bind(self, attempt: AttemptRow, *, call_id: str | None, session_id: str | None) -> bool:
        """First writer wins; False when the id belongs to another attempt."""

    def bound(self, account_id: int, id: str) -> str | None:
        """The attempt that a provider's id belongs to."""

    def store_event(self, event: NewEvent, at: datetime) -> bool:
        """False for a repetition."""

    def evidence(self, attempt_id: str) -> Sequence[Said]: ...

    def said_call_id(self, attempt_id: str) -> str | None: ...

    def folded(self, attempt_id: str) -> None: ...

    def unfolded(self, limit: int) -> Sequence[str]: ...

    def lost_answers(self, at: datetime, limit: int) -> Sequence[str]:
        """`dialing` past settle_at."""

    def overstayed(self, at: datetime, limit: int) -> Sequence[str]:
        """Open past release_at."""

    def hopeless(self, at: datetime, limit: int) -> Sequence[str]:
        """Neither ended nor settled past give_up_at."""

    def stalled(self, before: datetime, limit: int) -> Sequence[str]:
        """Ended before that, asked about no more, and their dial task still calls."""

    def checks_due(self, at: datetime, claim_at: datetime, limit: int) -> Sequence[str]: ...

    def claim_check(self, attempt_id: str, at: datetime, until: datetime) -> bool: ...
