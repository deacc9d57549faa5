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
    _hours: Hours = field(init=False)
    _plans: dict[tuple[object, ...], tuple[TouchPlan, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hours = Hours(self.definition.calling_hours)

    def load(self, entries: Iterable[Entry]) -> Counts:
        """Store all entries, chunk by chunk."""
        clock = self.parts.clock
        for chunk in _chunks(entries, CHUNK):
            contacts, rejects = self._sorted(chunk)
            began = clock.monotonic()
            self._store(contacts, rejects)
            if self.parts.store.single_writer:
                # As long as we wrote, so that gates and pauses of running campaigns get through.
                clock.sleep(min(clock.monotonic() - began, _LONGEST_YIELD))
        return self.counts

    def _sorted(self, chunk: Sequence[Entry]) -> tuple[list[NewContact], list[NewReject]]:
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
        phones: Mapping[str, int] = {}
        if contacts:
            # A transaction of its own: numbers come before campaigns in the order of locks.
            with self.parts.store.write() as tx:
                phones = tx.phone_ids(entry.e164 for entry in contacts)
        with self.parts.store.write() as tx:
            self._still_ours(tx)
            if contacts and self.definition.contacts.same_number is SameNumber.REFUSE:
                keys = tx.lines_of_keys(self.campaign.id, [one.key for one in contacts])
                numbers = tx.lines_of(self.campaign.id, phones.values())
                contacts, again = _one_per_number(contacts, keys, numbers, phones)
                rejects += again
            repeated = self._insert(tx, contacts, phones)
            rejects += repeated
            tx.reject(self.campaign.id, rejects)
        lines = {reject.line for reject in rejects if reject.kind == "duplicate"}
        accepted = [entry for entry in contacts if entry.line not in lines]
        self.counts.duplicate += len(lines)
        self.counts.accepted += len(accepted)
        self.counts.skipped += sum(all(task.outcome for task in entry.tasks) for entry in accepted)

    def _still_ours(self, tx: Transaction) -> None:
        until = tx.now().real + LOAD_LEASE
        alive = tx.change_campaign(self.campaign.id, (CampaignState.LOADING,), load_until=until)
        if not alive or tx.campaign(self.campaign.id).load_token != self.token:
            raise Conflict(f"{self.campaign.name}: another submit took over the loading")

    def _insert(
        self, tx: Transaction, contacts: Sequence[NewContact], phones: Mapping[str, int]
    ) -> list[NewReject]:
        if not contacts:
            return []
        repeated = tx.load(
            campaign_id=self.campaign.id,
            account_id=self.campaign.account_id,
            contacts=contacts,
            phones=phones,
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
            zones=entry.zones,
            zone_source=entry.zone_source,
            settings=_settings(entry),
            fields=entry.fields,
            line=entry.line,
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
        key = (entry.zones, entry.not_before, entry.anchor)
        if key not in self._plans:
            if len(self._plans) > _REMEMBERED:
                self._plans.clear()
            self._plans[key] = plan_touches(
                self.definition.schedule,
                entry.anchor,
                now=self.now.policy,
                hours=self._hours,
                zones=entry.zones,
                not_before=entry.not_before,
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


def _chunks(entries: Iterable[Entry], size: int) -> Iterator[Sequence[Entry]]:
    source = iter(entries)
    while chunk := list(islice(source, size)):
        yield chunk
