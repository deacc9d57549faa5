"""A known campaign gets a changed list: withdraw, then change and add.

The list was compared before: whether it may change the book at all is known only at its end. From
the moment it is accepted the campaign is `reconciling` and nobody is called by what it said
before. A crash leaves it so, and the same submit goes on; whatever is done already is found done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.core.contacts import Entry
from campaigns.core.lifecycle import CampaignState
from campaigns.core.reconcile import BookContact, Change, Rename, Retime, Stop, withdraw
from campaigns.core.records import NewReject, NewTask
from campaigns.engine.comparing import Comparison, Found
from campaigns.engine.loading import CHUNK, chunks, let_through
from campaigns.ports import Transaction


@dataclass(kw_only=True, slots=True)
class Reconciler(Comparison):
    """Brings the book to what the list says."""

    def apply(self, entries: Iterable[Entry]) -> None:
        """Withdraw, then change and add, in short transactions; after `survey` of the same list.

        Raises Conflict as soon as another submit has taken over.
        """
        if self.whole:
            for gone, _ in self.absent():
                self._withdraw(gone)
        self.begin()
        for chunk in chunks(entries, CHUNK):
            contacts, rejects = self.loader.sorted(chunk)
            with self.loader.parts.store.read() as tx:
                held = self.unreadable(tx, chunk)
                found = self.matched(tx, contacts, rejects)
            self._write(found, rejects, held)

    def _withdraw(self, gone: Sequence[BookContact]) -> None:
        if not gone:
            return
        began = self.loader.parts.clock.monotonic()
        with self.loader.parts.store.write() as tx:
            self.loader.still_ours(tx, CampaignState.RECONCILING)
            tx.lock_open_tasks([one.id for one in gone])
            at = tx.now().policy
            tasks = tx.tasks_of([one.id for one in gone])
            self.take_out(tx, [replace(one, tasks=tasks[one.id]) for one in gone], at)
        let_through(self.loader.parts, began)

    def take_out(self, tx: Transaction, gone: Sequence[BookContact], at: datetime) -> None:
        """No further call of these contacts; they come with their tasks."""
        for one in gone:
            self._take(tx, withdraw(one), at)
        tx.leave([one.id for one in gone], at)

    def _write(self, found: Sequence[Found], rejects: list[NewReject], held: Sequence[int]) -> None:
        told = [one for one in found if one.old is None or one.change is not None]
        if not (told or rejects or held or _relined(found)):
            return
        phones = self.loader.phones(one.entry for one in told)
        began = self.loader.parts.clock.monotonic()
        with self.loader.parts.store.write() as tx:
            self.loader.still_ours(tx, CampaignState.RECONCILING)
            tx.lock_open_tasks([one.old.id for one in told if one.old is not None])
            tx.reject(self.id, [*rejects, *self.bring(tx, found, phones)])
            tx.hold(held)
        let_through(self.loader.parts, began)

    def bring(
        self, tx: Transaction, found: Sequence[Found], phones: Mapping[str, int]
    ) -> Sequence[NewReject]:
        """The book is what these rows say; answers those whose key was there by now."""
        fresh = [one.entry for one in found if one.old is None]
        changed = [one for one in found if one.change is not None]
        repeated = self.loader.insert(tx, fresh, phones)
        places = {one.entry.where.text for one in changed}
        lanes = tx.lanes(self.id, places) if places else {}
        at = tx.now().policy
        for one in changed:
            self._rewrite(tx, one, phones[one.entry.e164], lanes[one.entry.where.text], at)
        tx.relined(_relined(found), self.definition.contacts.owner)
        return repeated

    def _rewrite(
        self, tx: Transaction, one: Found, phone_id: int, lane_id: int, at: datetime
    ) -> None:
        assert one.old is not None
        assert one.change is not None
        tx.rewrite(
            one.old.id,
            one.entry,
            digest=one.digest,
            source=one.entry.source,
            phone_id=phone_id,
            lane_id=lane_id,
        )
        self._take(tx, one.change, at)
        tx.add_tasks(
            one.old.id,
            [step for step in one.change.steps if isinstance(step, NewTask)],
            campaign_id=self.id,
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


def _relined(found: Sequence[Found]) -> Mapping[int, int]:
    """Contacts that say nothing new, and stand where they did not stand before → their line."""
    return {
        one.old.id: one.entry.line
        for one in found
        if one.old is not None
        and one.change is None
        and (one.old.line, one.old.source) != (one.entry.line, one.entry.source)
    }
