"""A known campaign gets a changed list: look first, then withdraw, change and add.

The list is read more than once: whether it may change the book at all is known only at its end.
From the moment it is accepted the campaign is `reconciling` and nobody is called by what it said
before. A crash leaves it so, and the same submit goes on; whatever is done already is found done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.core.contacts import Entry, RejectedRow
from campaigns.core.definition import Definition, SameNumber
from campaigns.core.lifecycle import CampaignState
from campaigns.core.reconcile import (
    BookContact,
    BookTask,
    Change,
    Difference,
    Effect,
    Line,
    Rename,
    Retime,
    Stop,
    apart,
    change,
    reopens,
    same,
    withdraw,
)
from campaigns.core.records import NewContact, NewReject, NewTask
from campaigns.engine.loading import CHUNK, Loader, chunks
from campaigns.engine.marks import Marks
from campaigns.ports import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """One row against the book. `old` None: it is new. `change` None: it says nothing new."""

    entry: NewContact
    digest: str
    old: BookContact | None
    change: Change | None = None


@dataclass(kw_only=True, slots=True)
class Reconciler:
    """One list against one campaign's book. `before`: what the campaign said until now."""

    loader: Loader
    before: Definition
    _listed: Marks = field(default_factory=Marks)  # contacts of the book that the list has
    _numbers: dict[str, int] = field(default_factory=dict)
    _new: dict[int, int] = field(default_factory=dict)  # hash of a key → its first line

    @property
    def _definition(self) -> Definition:
        return self.loader.definition

    @property
    def _id(self) -> int:
        return self.loader.campaign.id

    def survey(
        self, entries: Iterable[Entry], tell: Callable[[Line], None] = lambda _: None
    ) -> Difference:
        """What the list would change, contact by contact to `tell`. Nothing is written."""
        counts = dict.fromkeys(_COUNTED, 0)
        self._begin()
        for chunk in chunks(entries, CHUNK):
            contacts, rejects = self.loader.sorted(chunk)
            with self.loader.parts.store.read() as tx:
                counts["held"] += len(self._unreadable(tx, chunk))
                found = self._matched(tx, contacts, rejects)
                counts["finished"] += self._over(tx, found)
            counts["lines"] += len(chunk)
            for reject in rejects:
                counts[reject.kind] += 1
            for one in found:
                line = _line(one)
                counts[line.effect.value] += 1
                if line.effect is not Effect.UNCHANGED:
                    tell(line)
        ours = 0
        for gone, there in self._absent():
            ours += there
            for old in gone if self._whole else ():
                counts["withdrawn"] += 1
                tell(Line(effect=Effect.WITHDRAWN, contact_id=old.id))
        return Difference(ours=ours, **counts)

    def apply(self, entries: Iterable[Entry]) -> None:
        """Withdraw, then change and add, in short transactions; after `survey` of the same list.

        Raises Conflict as soon as another submit has taken over.
        """
        if self._whole:
            for gone, _ in self._absent():
                self._withdraw(gone)
        self._begin()
        for chunk in chunks(entries, CHUNK):
            contacts, rejects = self.loader.sorted(chunk)
            with self.loader.parts.store.read() as tx:
                held = self._unreadable(tx, chunk)
                found = self._matched(tx, contacts, rejects)
            self._write(found, rejects, held)

    @property
    def _whole(self) -> bool:
        return self._definition.contacts.file_is == "whole_list"

    def _begin(self) -> None:
        self._listed, self._numbers, self._new = Marks(), {}, {}

    def _matched(
        self, tx: Transaction, contacts: Sequence[NewContact], rejects: list[NewReject]
    ) -> list[_Found]:
        """Each row with its contact in the book; repeated ones become rejects."""
        book = tx.book(self._id, [one.key for one in contacts])
        digests = tx.digests(self._id, contacts)
        rows: list[_Found] = []
        for entry in contacts:
            why = self._repeated(entry, book.get(entry.key))
            if why is not None:
                column, reason = why
                rejects.append(
                    NewReject(line=entry.line, kind="duplicate", column=column, reason=reason)
                )
                continue
            rows.append(_Found(entry=entry, digest=digests[entry.key], old=book.get(entry.key)))
        asked = [one.old.id for one in rows if one.old is not None and self._news(one)]
        tasks = tx.tasks_of(asked) if asked else {}
        at = self.loader.now.policy
        return [self._changed(one, tasks, at) for one in rows]

    def _repeated(self, entry: NewContact, old: BookContact | None) -> tuple[str, str] | None:
        if old is not None:
            first = None if self._listed.add(old.id) else old.line
        else:
            first = self._new.setdefault(hash(entry.key), entry.line)
            first = None if first == entry.line else first
        if first is not None:
            return "key", f"this key was on line {first} already"
        if self._definition.contacts.same_number is SameNumber.REFUSE:
            first = self._numbers.setdefault(entry.e164, entry.line)
            if first != entry.line:
                return "to_number", (
                    f"this number was on line {first} already (`same_number: refuse`)"
                )
        return None

    def _news(self, one: _Found) -> bool:
        """Whether the tasks of a contact must be looked at."""
        old = one.old
        return old is not None and (self._replanned or not same(old, one.digest))

    @property
    def _replanned(self) -> bool:
        """Whether the campaign itself says other times than before."""
        old, new = self.before, self._definition
        return (old.schedule, old.calling_hours) != (new.schedule, new.calling_hours)

    def _changed(
        self, one: _Found, tasks: Mapping[int, Sequence[BookTask]], at: datetime
    ) -> _Found:
        old = one.old
        if old is None or not self._news(one):
            return one
        known = replace(old, tasks=tasks[old.id])
        made = change(
            known,
            one.entry.tasks,
            moved_by=apart(old.time_at, one.entry.time_at),
            keep=self._keep,
            at=at,
        )
        silent = same(old, one.digest) or (not old.digest and not (old.gone or old.held))
        if silent and not made.steps:
            return one
        return _Found(entry=one.entry, digest=one.digest, old=known, change=made)

    @property
    def _keep(self) -> bool:
        return self._definition.schedule.when_moved == "keep"

    def _unreadable(self, tx: Transaction, chunk: Sequence[Entry]) -> list[int]:
        """Contacts whose row is on the list and cannot be read."""
        keys = [one.key for one in chunk if isinstance(one, RejectedRow) and one.key]
        if not keys:
            return []
        there = [one for one in tx.book(self._id, keys).values() if not one.gone]
        return [one.id for one in there if self._listed.add(one.id)]

    def _over(self, tx: Transaction, found: Sequence[_Found]) -> int:
        """How many of these contacts are not called again."""
        old = {one.old.id: one for one in found if one.old is not None}
        called = tx.still_called(old)
        return sum(
            id not in called and not (one.change is not None and reopens(one.change))
            for id, one in old.items()
        )

    def _absent(self) -> Iterator[tuple[list[BookContact], int]]:
        """Contacts of this list that it no longer has, and how many were looked at."""
        after, source = 0, self._definition.contacts.owner
        while True:
            with self.loader.parts.store.read() as tx:
                chunk = tx.of_source(self._id, source, after=after, limit=CHUNK)
            if not chunk:
                return
            after = chunk[-1].id
            yield [one for one in chunk if one.id not in self._listed], len(chunk)

    def _withdraw(self, gone: Sequence[BookContact]) -> None:
        if not gone:
            return
        began = self.loader.parts.clock.monotonic()
        with self.loader.parts.store.write() as tx:
            self.loader.still_ours(tx, CampaignState.RECONCILING)
            at = tx.now().policy
            tasks = tx.tasks_of([one.id for one in gone])
            for one in gone:
                known = replace(one, tasks=tasks[one.id])
                self._take(tx, withdraw(known), at)
            tx.leave([one.id for one in gone], at)
        self.loader.let_through(began)

    def _write(
        self, found: Sequence[_Found], rejects: list[NewReject], held: Sequence[int]
    ) -> None:
        fresh = [one.entry for one in found if one.old is None]
        changed = [one for one in found if one.change is not None]
        lines = {
            one.old.id: one.entry.line
            for one in found
            if one.old is not None and one.change is None and one.old.line != one.entry.line
        }
        if not (fresh or changed or rejects or held or lines):
            return
        touched = [*fresh, *(one.entry for one in changed)]
        phones = self.loader.phones(touched)
        began = self.loader.parts.clock.monotonic()
        with self.loader.parts.store.write() as tx:
            self.loader.still_ours(tx, CampaignState.RECONCILING)
            tx.reject(self._id, [*rejects, *self.loader.insert(tx, fresh, phones)])
            lanes = tx.lanes(self._id, {" ".join(one.zones) for one in touched}) if touched else {}
            at = tx.now().policy
            for one in changed:
                self._rewrite(tx, one, phones[one.entry.e164], lanes[" ".join(one.entry.zones)], at)
            tx.relined(lines)
            tx.hold(held)
        self.loader.let_through(began)

    def _rewrite(
        self, tx: Transaction, one: _Found, phone_id: int, lane_id: int, at: datetime
    ) -> None:
        assert one.old is not None
        assert one.change is not None
        tx.rewrite(
            one.old.id,
            one.entry,
            digest=one.digest,
            source=self._definition.contacts.owner,
            phone_id=phone_id,
            lane_id=lane_id,
        )
        self._take(tx, one.change, at)
        tx.add_tasks(
            one.old.id,
            [step for step in one.change.steps if isinstance(step, NewTask)],
            campaign_id=self._id,
            account_id=self.loader.campaign.account_id,
            phone_id=phone_id,
            lane_id=lane_id,
        )

    def _take(self, tx: Transaction, made: Change, at: datetime) -> None:
        """Every step but new tasks."""
        for step in made.steps:
            match step:
                case Rename():
                    tx.rename(step)
                case Retime():
                    tx.retime(step, at)
                case Stop(task_id=task_id, reason=reason):
                    tx.stop([task_id], reason, at)
                case NewTask():
                    pass


_COUNTED = (
    *("lines", "added", "moved", "changed", "withdrawn", "unchanged", "held", "finished"),
    *("rejected", "duplicate", "filtered"),
)


def _line(one: _Found) -> Line:
    """What a row means for its contact."""
    effect, was, becomes = Effect.ADDED, None, None
    if one.old is not None:
        effect = Effect.UNCHANGED if one.change is None else one.change.effect
    if one.old is not None and effect is Effect.MOVED:
        was, becomes = one.old.time_at, one.entry.time_at
    return Line(
        effect=effect,
        line=one.entry.line,
        key=one.entry.key,
        contact_id=None if one.old is None else one.old.id,
        was=was,
        becomes=becomes,
    )
