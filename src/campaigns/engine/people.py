"""One contact of a known campaign is added, changed or withdrawn, whatever its list says.

The same reading, planning and comparing as a list's. It holds from the moment it returns: whoever
dials takes the campaign's lock too, so no call leaves by what the contact said before, and one
that had left already is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.core.cells import clean
from campaigns.core.columns import listed, near
from campaigns.core.contacts import Contact, ContactReader, Entry, FilteredRow, RejectedRow
from campaigns.core.definition import Definition, SameNumber
from campaigns.core.instants import Now
from campaigns.core.lifecycle import CampaignState
from campaigns.core.people import FILTERED, NOBODY, ONE, Told, told
from campaigns.core.reconcile import BookContact, Effect
from campaigns.core.records import CampaignRow, NewContact
from campaigns.core.rules.demands import Watched
from campaigns.engine.loading import Loader
from campaigns.engine.parts import Parts
from campaigns.engine.reconcile import Reconciler
from campaigns.engine.standing import named, standing
from campaigns.errors import Conflict, InputError, UnknownName
from campaigns.ports import Transaction

_TRIES = 5
"""How often it is read anew because somebody else changed the same contact meanwhile."""


class Unreadable(InputError):
    """The row of one contact cannot be called. `held`: neither is the one that it was to be."""

    def __init__(self, column: str, reason: str, *, held: bool = False) -> None:
        self.column, self.reason, self.held = column, reason, held
        super().__init__(f"{column}: {reason}{_HELD if held else ''}")


class Elsewhere(Conflict):
    """Its number is another contact's, where a number may be on the list once."""


_HELD = "; the contact is held: nobody calls it by what it said before, until a row can be read"


class _Changed(Exception):
    """It is not any more what it was when its row was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class One:
    """One contact as somebody tells it.

    `row`: column → text; None: it is withdrawn. `merge`: what the row does not name stays as it is.
    `known`: False, it must be new; True, it must be there. `updated_at`: as of when the teller
    knows it: what is older than what was told before is refused.
    """

    campaign: str
    key: str = field(repr=False)
    row: Mapping[str, str] | None = field(default=None, repr=False)
    merge: bool = False
    known: bool | None = None
    updated_at: datetime | None = None


def tell(one: One, parts: Parts, *, who: str) -> Told:
    """Bring one contact to what is said of it.

    Raises Conflict for a campaign that is cancelled or changing, for older news and for a number
    that is another's; Unreadable for a row that cannot be called; UnknownName.
    """
    for _ in range(_TRIES):
        try:
            work = _begin(one, parts)
            answer = work.write(who)
        except _Changed:
            continue
        if answer.next_call_at is not None:
            parts.doorbell.dispatch(work.seen.account_id)
        return answer
    raise Conflict("this contact is being changed by somebody else: try again")


def _begin(one: One, parts: Parts) -> _Work:
    """Read its row as its campaign reads rows now. Nothing is locked yet."""
    with parts.store.read() as tx:
        seen = named(tx, one.campaign)
        definition, header = tx.definition(seen.id, seen.version)
        old = tx.book(seen.id, [one.key]).get(one.key)
        there = None if old is None or old.gone else old
        said = dict(tx.contact(there.id).fields) if there is not None and one.merge else {}
    nobody = one.row is None and old is None and one.updated_at is None
    if (one.known and there is None) or nobody:
        raise UnknownName(f"{seen.name} has no such contact")
    if one.known is False and there is not None:
        raise Conflict(f"{seen.name} has this contact already: update it")
    loader = Loader(
        campaign=seen, definition=definition, token="", now=parts.store.policy_now(), parts=parts
    )
    entry = None
    if one.row is not None:
        reader = ContactReader(definition, header, default_region=None, now=loader.now.policy)
        line = 0 if there is None else there.line
        entry = _entry(one, reader, header, said, line, definition, loader.now)
    contacts, _ = loader.sorted([] if entry is None else [entry])
    return _Work(
        one=one,
        seen=seen,
        old=old,
        there=there,
        entry=entry,
        contact=replace(contacts[0], source=ONE if there is None else there.source)
        if contacts
        else None,
        reconciler=Reconciler(loader=loader, before=definition),
    )


def _entry(
    one: One,
    reader: ContactReader,
    header: tuple[str, ...],
    said: dict[str, str],
    line: int,
    definition: Definition,
    now: Now,
) -> Entry:
    """What its row is. Raises InputError where the row is not of this campaign or contact.

    DefinitionError where the rules ask for more than the campaign says of people there.
    """
    row = dict(one.row or {})
    for column in row:
        if column not in header:
            meant = near(column, header)
            hint = f"did you mean {listed([meant])}?" if meant else f"there are {listed(header)}"
            raise InputError(f"this campaign has no column {listed([column])}: {hint}")
    row = said | row
    if reader.key_column is not None:
        row.setdefault(reader.key_column, one.key)
        if clean(row[reader.key_column]) != one.key:
            raise InputError(f"the row is of another contact: its {reader.key_column} differs")
    (entry,) = Watched([reader.read(line, row)], definition, now.real.date())
    if isinstance(entry, Contact) and entry.key != one.key:
        is_key = "the number and the appointment are" if entry.anchor else "the number is"
        raise InputError(
            f"the row is of another contact: {is_key} the key here; withdraw the one, add the other"
        )
    return entry


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """One contact on its way into the book. `there`: as it is in it, unless it was withdrawn."""

    one: One
    seen: CampaignRow
    old: BookContact | None
    there: BookContact | None
    entry: Entry | None
    contact: NewContact | None
    reconciler: Reconciler

    def write(self, who: str) -> Told:
        """Under the campaign's lock and those of the contact's tasks.

        Its number's row comes first, in a transaction of its own, as a list's does.
        """
        parts = self.reconciler.loader.parts
        phones = self.reconciler.loader.phones([] if self.contact is None else [self.contact])
        with parts.store.write() as tx:
            campaign = self._locked(tx)
            at = tx.now().policy
            fault = self._fault(tx, phones)
            if fault is not None:
                effect = self._hold(tx, fault)
            elif self.contact is not None:
                effect = self._bring(tx, self.contact, phones)
            else:
                effect = self._take_out(tx, at)
            now = tx.book(campaign.id, [self.one.key]).get(self.one.key)
            answer = Told(effect=effect)
            if now is not None:
                if self.one.updated_at is not None:
                    tx.said(now.id, self.one.updated_at)
                answer = told(effect, *standing(tx, campaign, now, parts), tx.now().policy)
                if tx.still_called([now.id]):
                    _reopen(tx, campaign)
            elif self.one.updated_at is not None:
                tx.told_absent(campaign.id, self.one.key, self.one.updated_at)
                answer = replace(answer, why=NOBODY)
            if isinstance(self.entry, FilteredRow):
                answer = replace(answer, why=FILTERED)
            tx.audit(
                who=who,
                what="contact",
                at=at,
                campaign_id=campaign.id,
                contact=None if now is None else now.id,
                effect="held" if fault is not None else effect.value,
            )
        if fault is not None:
            raise fault
        return answer

    def _locked(self, tx: Transaction) -> CampaignRow:
        campaign = tx.lock_campaign(self.seen.id)
        if campaign.state is CampaignState.CANCELLED:
            raise Conflict(f"{campaign.name} was cancelled: use another name")
        if campaign.state in (CampaignState.LOADING, CampaignState.RECONCILING):
            raise Conflict(f"the list of {campaign.name} is changing: try again in a minute")
        now = tx.book(campaign.id, [self.one.key]).get(self.one.key)
        if _pinned(campaign) != _pinned(self.seen) or now != self.old:
            raise _Changed
        said_at = now.said_at if now else tx.absent_since(campaign.id, self.one.key)
        if said_at and self.one.updated_at and self.one.updated_at < said_at:
            raise Conflict(
                "nothing was changed: what was told of this contact before is newer,"
                f" as of {said_at.isoformat()}"
            )
        if now is not None:
            for task in tx.tasks_of([now.id])[now.id]:
                tx.lock_task(task.id)
        return campaign

    def _fault(self, tx: Transaction, phones: Mapping[str, int]) -> InputError | None:
        """Why this row cannot be called."""
        held = self.there is not None
        if isinstance(self.entry, RejectedRow):
            return Unreadable(self.entry.column, self.entry.reason, held=held)
        refuse = self.reconciler.definition.contacts.same_number is SameNumber.REFUSE
        if self.contact is None or not refuse:
            return None
        number = self.contact.e164
        if self.there is not None and tx.contact(self.there.id).e164 == number:
            return None
        mine = None if self.old is None else self.old.id
        if not [id for id in tx.sharing(self.seen.id, phones[number]) if id != mine]:
            return None
        why = "this number is another contact's already (`same_number: refuse`)"
        return Elsewhere(f"{why}{_HELD if held else ''}")

    def _hold(self, tx: Transaction, fault: InputError) -> Effect:
        if self.there is None:
            raise fault
        tx.hold([self.there.id])
        return Effect.UNCHANGED

    def _bring(self, tx: Transaction, contact: NewContact, phones: Mapping[str, int]) -> Effect:
        (found,) = self.reconciler.matched(tx, [contact], [])
        self.reconciler.bring(tx, [found], phones)
        if found.old is None:
            return Effect.ADDED
        return Effect.UNCHANGED if found.change is None else found.change.effect

    def _take_out(self, tx: Transaction, at: datetime) -> Effect:
        if self.there is None:
            return Effect.UNCHANGED
        tasks = tx.tasks_of([self.there.id])[self.there.id]
        self.reconciler.take_out(tx, [replace(self.there, tasks=tasks)], at)
        return Effect.WITHDRAWN


def _pinned(campaign: CampaignRow) -> tuple[object, ...]:
    """What a row is read and planned under."""
    return campaign.version, campaign.run, campaign.run_at


def _reopen(tx: Transaction, campaign: CampaignRow) -> None:
    """A finished campaign goes on where there is somebody to call again."""
    tx.change_campaign(
        campaign.id,
        (CampaignState.FINISHED,),
        state=CampaignState.RUNNING.value,
        finished_at=None,
    )
