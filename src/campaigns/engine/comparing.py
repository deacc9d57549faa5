"""A list against the book of a known campaign, in chunks and in flat memory. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.core.contacts import Entry, RejectedRow
from campaigns.core.definition import Definition, SameNumber
from campaigns.core.difference import Difference, Line
from campaigns.core.reconcile import (
    BookContact,
    BookTask,
    Change,
    Effect,
    apart,
    change,
    reopens,
    same,
)
from campaigns.core.records import NewContact, NewReject
from campaigns.engine.loading import CHUNK, Loader, chunks
from campaigns.engine.marks import Marks
from campaigns.ports import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One row against the book. `old` None: it is new. `change` None: it says nothing new."""

    entry: NewContact
    digest: str
    old: BookContact | None
    change: Change | None = None


@dataclass(kw_only=True, slots=True)
class Comparison:
    """One list against one campaign's book. `before`: what the campaign said until now."""

    loader: Loader
    before: Definition
    _listed: Marks = field(default_factory=Marks)  # contacts of the book that the list has
    _numbers: dict[str, int] = field(default_factory=dict)
    _new: dict[int, int] = field(default_factory=dict)  # hash of a key → its first line

    def survey(
        self, entries: Iterable[Entry], tell: Callable[[Line], None] = lambda _: None
    ) -> Difference:
        """What the list would change, contact by contact to `tell`. Nothing is written."""
        counts = dict.fromkeys(_COUNTED, 0)
        self.begin()
        for chunk in chunks(entries, CHUNK):
            contacts, rejects = self.loader.sorted(chunk)
            with self.loader.parts.store.read() as tx:
                counts["held"] += len(self.unreadable(tx, chunk))
                found = self.matched(tx, contacts, rejects)
                counts["finished"] += self._over(tx, found)
            counts["lines"] += len(chunk)
            for reject in rejects:
                counts[reject.kind] += 1
            for one in found:
                line = _line(one)
                counts[line.effect.value] += 1
                if line.becomes is not None and line.becomes <= self.loader.now.policy:
                    counts["past"] += 1
                if line.effect is not Effect.UNCHANGED:
                    tell(line)
        ours = 0
        for gone, there in self.absent():
            ours += there
            for old in gone if self.whole else ():
                counts["withdrawn"] += 1
                tell(Line(effect=Effect.WITHDRAWN, contact_id=old.id))
        return Difference(ours=ours, **counts)

    @property
    def definition(self) -> Definition:
        """What the campaign says from now on."""
        return self.loader.definition

    @property
    def id(self) -> int:
        """The campaign's."""
        return self.loader.campaign.id

    @property
    def whole(self) -> bool:
        """Whether the list has everybody."""
        return self.definition.contacts.file_is == "whole_list"

    def begin(self) -> None:
        """The list is read from its first row."""
        self._listed, self._numbers, self._new = Marks(), {}, {}

    def matched(
        self, tx: Transaction, contacts: Sequence[NewContact], rejects: list[NewReject]
    ) -> list[Found]:
        """Each row with its contact in the book; repeated ones become rejects."""
        book = tx.book(self.id, [one.key for one in contacts])
        digests = tx.digests(self.id, contacts)
        rows: list[Found] = []
        for entry in contacts:
            why = self._repeated(entry, book.get(entry.key))
            if why is not None:
                column, reason = why
                rejects.append(
                    NewReject(line=entry.line, kind="duplicate", column=column, reason=reason)
                )
                continue
            rows.append(Found(entry=entry, digest=digests[entry.key], old=book.get(entry.key)))
        asked = [one.old.id for one in rows if one.old is not None and self._news(one)]
        tasks = tx.tasks_of(asked) if asked else {}
        at = self.loader.now.policy
        return [self._changed(one, tasks, at) for one in rows]

    def unreadable(self, tx: Transaction, chunk: Sequence[Entry]) -> list[int]:
        """Contacts whose row is on the list and cannot be read."""
        keys = [one.key for one in chunk if isinstance(one, RejectedRow) and one.key]
        if not keys:
            return []
        there = [one for one in tx.book(self.id, keys).values() if not one.gone]
        return [one.id for one in there if self._listed.add(one.id)]

    def absent(self) -> Iterator[tuple[list[BookContact], int]]:
        """Contacts of this list that it no longer has, and how many were looked at."""
        after, source = 0, self.definition.contacts.owner
        while True:
            with self.loader.parts.store.read() as tx:
                chunk = tx.of_source(self.id, source, after=after, limit=CHUNK)
            if not chunk:
                return
            after = chunk[-1].id
            yield [one for one in chunk if one.id not in self._listed], len(chunk)

    def _repeated(self, entry: NewContact, old: BookContact | None) -> tuple[str, str] | None:
        if old is not None:
            first = None if self._listed.add(old.id) else old.line
        else:
            first = self._new.setdefault(hash(entry.key), entry.line)
            first = None if first == entry.line else first
        if first is not None:
            return "key", f"this key was on line {first} already"
        if self.definition.contacts.same_number is SameNumber.REFUSE:
            first = self._numbers.setdefault(entry.e164, entry.line)
            if first != entry.line:
                return "to_number", (
                    f"this number was on line {first} already (`same_number: refuse`)"
                )
        return None

    def _news(self, one: Found) -> bool:
        """Whether the tasks of a contact must be looked at."""
        old = one.old
        return old is not None and (self._replanned or not same(old, one.digest))

    @property
    def _replanned(self) -> bool:
        """Whether the campaign itself says other times than before."""
        old, new = self.before, self.definition
        return (old.schedule, old.calling_hours) != (new.schedule, new.calling_hours)

    def _changed(self, one: Found, tasks: Mapping[int, Sequence[BookTask]], at: datetime) -> Found:
        old = one.old
        if old is None or not self._news(one):
            return one
        known = replace(old, tasks=tasks[old.id])
        if self.loader.run is not None:  # an occasion of the campaign, not of the contact
            known = replace(known, occasion=self.loader.run.occasion)
        made = change(
            known,
            one.entry.tasks,
            moved_by=apart(old.time_at, one.entry.time_at),
            keep=self._keep,
            retry=self.definition.retry_of,
            at=at,
        )
        if same(old, one.digest) and not made.steps:
            return one
        return Found(entry=one.entry, digest=one.digest, old=known, change=made)

    @property
    def _keep(self) -> bool:
        return self.definition.schedule.when_moved == "keep"

    def _over(self, tx: Transaction, found: Sequence[Found]) -> int:
        """How many of these contacts are not called again."""
        old = {one.old.id: one for one in found if one.old is not None}
        called = tx.still_called(old)
        return sum(
            id not in called and not (one.change is not None and reopens(one.change))
            for id, one in old.items()
        )


_COUNTED = (
    *("lines", "added", "moved", "changed", "withdrawn", "unchanged", "held", "finished"),
    *("rejected", "duplicate", "filtered", "past"),
)


def _line(one: Found) -> Line:
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
