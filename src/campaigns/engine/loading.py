"""Rows of a submission on their way into the store, in transactions of about 50 ms each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from campaigns.core.contacts import Contact, Entry, FilteredRow, RejectedRow
from campaigns.core.definition import Definition, SameNumber
from campaigns.core.hours import Hours
from campaigns.core.instants import Now
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow, NewContact, NewReject, NewTask
from campaigns.core.runs import Run, current
from campaigns.core.schedule import TouchPlan, plan_touches
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict
from campaigns.ports import Transaction

LOAD_LEASE = timedelta(seconds=60)
CHUNK = 500
"""Rows per transaction: about 50 ms on SQLite, so that gates and pauses get their turn."""
_LONGEST_YIELD = 0.1
_REMEMBERED = 10_000


@dataclass(kw_only=True, slots=True)
class Counts:
    """lines = accepted + rejected + duplicate + filtered; skipped are accepted but not callable."""

    lines: int = 0
    accepted: int = 0
    skipped: int = 0
    rejected: int = 0
    duplicate: int = 0
    filtered: int = 0


def let_through(parts: Parts, began: float) -> None:
    """One writer at a time: gates and pauses get as long as we have written since then."""
    if parts.store.single_writer:
        parts.clock.sleep(min(parts.clock.monotonic() - began, _LONGEST_YIELD))


@dataclass(kw_only=True, slots=True)
class Loader:
    """Puts one submission's entries into the store; `counts` says what became of them.

    Raises Conflict as soon as another submit has taken the loading over.
    """

    campaign: CampaignRow
    definition: Definition
    token: str
    now: Now
    parts: Parts
    counts: Counts = field(default_factory=Counts)
    run: Run | None = field(init=False)
    _hours: Hours = field(init=False)
    _plans: dict[tuple[object, ...], tuple[TouchPlan, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hours = Hours.of(self.definition)
        row = self.campaign
        self.run = current(self.definition.schedule, row.run, row.run_at, self.now.policy)

    def load(self, entries: Iterable[Entry]) -> Counts:
        """Store all entries, chunk by chunk."""
        for chunk in chunks(entries, CHUNK):
            contacts, rejects = self.sorted(chunk)
            began = self.parts.clock.monotonic()
            self._store(contacts, rejects)
            let_through(self.parts, began)
        return self.counts

    def phones(self, contacts: Iterable[NewContact]) -> Mapping[str, int]:
        """Ids of their numbers.

        A transaction of its own: numbers come before campaigns in the order of locks.
        """
        wanted = [one.e164 for one in contacts]
        if not wanted:
            return {}
        with self.parts.store.write() as tx:
            return tx.phone_ids(wanted)

    def sorted(self, chunk: Sequence[Entry]) -> tuple[list[NewContact], list[NewReject]]:
        """The contacts of a chunk with their dial tasks, and what became none, and why."""
        contacts: list[NewContact] = []
        rejects: list[NewReject] = []
        for entry in chunk:
            self.counts.lines += 1
            match entry:
                case Contact():
                    contacts.append(self._contact(entry))
                case RejectedRow(line=line, column=column, reason=reason):
                    self.counts.rejected += 1
                    rejects.append(
                        NewReject(line=line, kind="rejected", column=column, reason=reason)
                    )
                case FilteredRow(line=line):
                    self.counts.filtered += 1
                    why = "left out by `where`"
                    rejects.append(NewReject(line=line, kind="filtered", column="", reason=why))
        return contacts, rejects

    def _store(self, contacts: list[NewContact], rejects: list[NewReject]) -> None:
        phones = self.phones(contacts)
        with self.parts.store.write() as tx:
            self.still_ours(tx, CampaignState.LOADING)
            if contacts and self.definition.contacts.same_number is SameNumber.REFUSE:
                keys = tx.lines_of_keys(self.campaign.id, [one.key for one in contacts])
                numbers = tx.lines_of(self.campaign.id, phones.values())
                contacts, again = _one_per_number(contacts, keys, numbers, phones)
                rejects += again
            repeated = self.insert(tx, contacts, phones)
            rejects += repeated
            tx.reject(self.campaign.id, rejects)
        lines = {reject.line for reject in rejects if reject.kind == "duplicate"}
        accepted = [entry for entry in contacts if entry.line not in lines]
        self.counts.duplicate += len(lines)
        self.counts.accepted += len(accepted)
        self.counts.skipped += sum(all(task.outcome for task in entry.tasks) for entry in accepted)

    def still_ours(self, tx: Transaction, state: CampaignState) -> None:
        """Prolong our lease on the campaign's list. Raises Conflict where another has it."""
        until = tx.now().real + LOAD_LEASE
        alive = tx.change_campaign(self.campaign.id, (state,), load_until=until)
        if not alive or tx.campaign(self.campaign.id).load_token != self.token:
            raise Conflict(f"{self.campaign.name}: another submit took over the loading")

    def insert(
        self, tx: Transaction, contacts: Sequence[NewContact], phones: Mapping[str, int]
    ) -> list[NewReject]:
        """New contacts with their tasks; answers those whose key was there."""
        if not contacts:
            return []
        repeated = tx.load(
            campaign_id=self.campaign.id,
            account_id=self.campaign.account_id,
            contacts=contacts,
            phones=phones,
            # Before it starts nobody is called, and then all of these are due.
            ripe_by=max(filter(None, (self.now.policy, self.campaign.start_at))),
        )
        return [
            NewReject(
                line=entry.line,
                kind="duplicate",
                column="key",
                reason=f"this key was on line {line} already",
            )
            for entry, line in repeated
        ]

    def _contact(self, entry: Contact) -> NewContact:
        return NewContact(
            key=entry.key,
            e164=entry.to_number,
            where=entry.where,
            zone_source=entry.zone_source,
            settings=_settings(entry),
            fields=entry.fields,
            line=entry.line,
            occasion=entry.anchor.occasion if entry.anchor else "",
            time_at=entry.anchor.at if entry.anchor else entry.not_before,
            source=self.definition.contacts.owner,
            tasks=tuple(
                NewTask(
                    touch=plan.name,
                    occasion=plan.occasion,
                    due_at=plan.due_at,
                    deadline_at=plan.deadline_at,
                    expires_as=plan.expires_as,
                    outcome=plan.outcome,
                    reason=plan.reason,
                    at=self.now.policy,
                )
                for plan in self._planned(entry)
            ),
        )

    def _planned(self, entry: Contact) -> tuple[TouchPlan, ...]:
        """The touches of a contact; people who share a calendar and have no anchor share a plan."""
        key = (entry.where, entry.not_before, entry.anchor)
        if key not in self._plans:
            if len(self._plans) > _REMEMBERED:
                self._plans.clear()
            self._plans[key] = plan_touches(
                self.definition.schedule,
                entry.anchor,
                now=self.now.policy,
                hours=self._hours,
                where=entry.where,
                not_before=entry.not_before,
                run=self.run,
            )
        return self._plans[key]


def _one_per_number(
    contacts: Sequence[NewContact],
    keys: Mapping[str, int],
    numbers: Mapping[int, int],
    phones: Mapping[str, int],
) -> tuple[list[NewContact], list[NewReject]]:
    """`same_number: refuse`: the first row of a number stays, later ones are faulty.

    A row whose key is a repetition is faulty for that, and takes nobody's number away.
    """
    first_of_key, first_of_number = dict(keys), dict(numbers)
    kept: list[NewContact] = []
    rejects: list[NewReject] = []
    for entry in contacts:
        if first_of_key.setdefault(entry.key, entry.line) != entry.line:
            kept.append(entry)  # the store tells it by its key
            continue
        first = first_of_number.setdefault(phones[entry.e164], entry.line)
        if first == entry.line:
            kept.append(entry)
            continue
        del first_of_key[entry.key]
        reason = f"this number was on line {first} already (`same_number: refuse`)"
        rejects.append(
            NewReject(line=entry.line, kind="duplicate", column="to_number", reason=reason)
        )
    return kept, rejects


def _settings(entry: Contact) -> dict[str, Any]:
    values = {
        "agent_id": entry.agent_id,
        "from_number": entry.from_number,
        "max_duration_s": entry.max_duration_s,
        "recording": entry.recording,
    }
    return {name: value for name, value in values.items() if value is not None}


def chunks(entries: Iterable[Entry], size: int) -> Iterator[Sequence[Entry]]:
    """The entries, so many at a time."""
    source = iter(entries)
    while chunk := list(islice(source, size)):
        yield chunk
