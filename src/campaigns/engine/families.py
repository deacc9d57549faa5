"""`same_number: group` in the gate: who shares the call that is about to be made.

Everything is read under the locks that the gate holds; core/families.py has the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.core import families, of_row
from campaigns.core.anchor import Anchored
from campaigns.core.calls import DialRequest
from campaigns.core.context import Unrenderable
from campaigns.core.definition import SameNumber
from campaigns.core.families import Kin
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.records import ContactRow, TaskRow
from campaigns.core.spoken import Unreadable
from campaigns.core.where import Where
from campaigns.engine.parts import Pinned
from campaigns.ports import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One row of a call."""

    task: TaskRow
    contact: ContactRow


def lock(tx: Transaction, task_id: int, seen: TaskRow, pinned: Pinned) -> Sequence[TaskRow]:
    """The task under its lock, and where rows are grouped with it, in one order, who may join."""
    if pinned.definition.contacts.same_number is not SameNumber.GROUP:
        return [tx.lock_task(task_id)]
    return tx.lock_family(seen)


class Family:
    """The rows of one call."""

    def __init__(
        self,
        tx: Transaction,
        claimed: Member,
        locked: Sequence[TaskRow],
        pinned: Pinned,
        at: datetime,
    ) -> None:
        self._contacts = {claimed.task.id: claimed.contact}
        self._claimed = Kin(
            task=claimed.task,
            time=anchored(claimed.contact, pinned),
            line=claimed.contact.line,
        )
        others = [self._kin(tx, task, pinned, at) for task in locked if task.id != claimed.task.id]
        most = pinned.definition.retry_of(claimed.task.touch).max_attempts
        self._call = families.one_call(self._claimed, others, max_attempts=most, at=at)
        self.turn = families.waits_for(self._claimed, others, max_attempts=most, at=at)
        """When the claimed row's call is, where that is not now."""
        if self.turn is not None and not _in_time(claimed, self.turn, pinned):
            self.turn = None

    def _kin(self, tx: Transaction, task: TaskRow, pinned: Pinned, at: datetime) -> Kin:
        contact = self._contacts[task.id] = tx.contact(task.contact_id)
        time = anchored(contact, pinned)
        return Kin(
            task=task,
            time=time,
            line=contact.line,
            not_before=_not_before(contact, pinned),
            barred=contact.held
            or (time is None and pinned.anchor is not None)
            or not pinned.hours.is_open(at, contact.where, EDGE_MARGIN)
            or tx.unheard(task.id)
            or tx.unsettled_until(task.id) is not None,
        )

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody, the lead first: what is not said of all of them is said of it."""
        return tuple(
            Member(task=one.task, contact=self._contacts[one.task.id]) for one in self._call
        )

    @property
    def where(self) -> Where:
        """Where any of them may be."""
        each = [one.contact.where for one in self.members]
        return Where(
            tuple(sorted({zone for one in each for zone in one.zones})),
            tuple(sorted({place for one in each for place in one.places})),
        )

    def told(self, make: Callable[[Sequence[Member]], DialRequest]) -> DialRequest | None:
        """The request for as many rows as one call can tell; None: not even for the claimed one.

        Who is left out gets a call of its own.
        """
        while True:
            try:
                return make(self.members)
            except Unrenderable:
                if len(self._call) == 1:
                    return None
                self._call = families.fewer(self._call, self._claimed)


def _in_time(one: Member, turn: datetime, pinned: Pinned) -> bool:
    opening = pinned.hours.next_open(turn, one.contact.where, EDGE_MARGIN)
    deadline = one.task.deadline_at
    return opening is not None and (deadline is None or opening < deadline)


_NEVER = datetime.max.replace(tzinfo=UTC)


def _not_before(contact: ContactRow, pinned: Pinned) -> datetime | None:
    """A row's own `scheduled_at`. Never, where it cannot be read any more."""
    column = pinned.start_column
    if column is None:
        return None
    text = contact.fields.get(column, "")
    try:
        return of_row.not_before(column, text, pinned.definition.schedule.timezone)
    except of_row.Reject:
        return _NEVER


def anchored(contact: ContactRow, pinned: Pinned) -> Anchored | None:
    """A row's anchor. None also where it cannot be read any more."""
    if pinned.anchor is None:
        return None
    try:
        return pinned.anchor.read(contact.fields)
    except Unreadable:
        return None
