"""Queries on phones and the rows of a contact list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from campaigns.core import where
from campaigns.core.places import places_of
from campaigns.core.records import ContactRow, NewContact, NewReject
from campaigns.core.where import NOWHERE, Where
from campaigns.store.book import BookQueries, new_task
from campaigns.store.tables import (
    contact,
    dial_task,
    lane,
    phone,
    rejected_row,
)

_IN_CHUNK = 500


class PeopleQueries(BookQueries):
    """Phones, contacts, rejected rows."""

    def phone_ids(self, numbers: Iterable[str], *, refill: bool = True) -> Mapping[str, int]:
        """Ids of the numbers; new ones are inserted sorted, so that two loads never deadlock.

        `refill`: a number that was erased is known again from now on, because it was given again.
        """
        by_index = {self.number_index(number): number for number in sorted(set(numbers))}
        wanted = list(by_index)
        found: dict[str, int] = {}
        for start in range(0, len(wanted), _IN_CHUNK):
            part = wanted[start : start + _IN_CHUNK]
            # RETURNING makes it one statement a chunk instead of one a row.
            new = self.connection.execute(
                self.insert_or_ignore(phone).returning(phone.c.number_index, phone.c.id),
                [{"number_index": index, "e164": by_index[index]} for index in part],
            )
            found.update({row.number_index: row.id for row in new})
            old = [index for index in part if index not in found]
            if old:
                erased = phone.c.e164.is_(None).label("erased")
                rows = self.connection.execute(
                    select(phone.c.number_index, phone.c.id, erased).where(
                        phone.c.number_index.in_(old)
                    )
                ).all()
                found.update({row.number_index: row.id for row in rows})
                if refill:
                    self._refill({row.id: by_index[row.number_index] for row in rows if row.erased})
        return {by_index[index]: id for index, id in found.items()}

    def _refill(self, erased: Mapping[int, str]) -> None:
        for phone_id, number in sorted(erased.items()):
            self.connection.execute(update(phone).where(phone.c.id == phone_id).values(e164=number))

    def number(self, phone_id: int) -> str:
        """The number of a phone, in E.164; empty where it was erased."""
        query = select(phone.c.e164).where(phone.c.id == phone_id)
        return self.connection.execute(query).scalar_one() or ""

    def lock_phone(self, phone_id: int) -> None:
        """The number's lock: opt-out, caps and intent all take it first."""
        self.connection.execute(self.locked(select(phone.c.id).where(phone.c.id == phone_id)))

    def load(
        self,
        *,
        campaign_id: int,
        account_id: int,
        contacts: Sequence[NewContact],
        phones: Mapping[str, int],
        ripe_by: datetime | None = None,
    ) -> Sequence[tuple[NewContact, int]]:
        """Insert contacts and their dial tasks; returns the repeated keys with their first line.

        What is due by `ripe_by` need not be seen by a heartbeat before it is called.
        """
        lanes = self.lanes(campaign_id, {entry.where.text for entry in contacts})
        index_of = {entry.key: self.key_index(campaign_id, entry.key) for entry in contacts}
        digests = self.digests(campaign_id, contacts)
        inserted = self.connection.execute(
            self.insert_or_ignore(contact).returning(contact.c.id, contact.c.key_index),
            [
                {
                    "campaign_id": campaign_id,
                    "key_index": index_of[entry.key],
                    "key": entry.key,
                    "phone_id": phones[entry.e164],
                    "zones": entry.where.text,
                    "zone_source": entry.zone_source,
                    "settings": dict(entry.settings),
                    "fields": dict(entry.fields),
                    "source_line": entry.line,
                    "digest": digests[entry.key],
                    "source": entry.source,
                    "occasion": entry.occasion,
                    "time_at": entry.time_at,
                }
                for entry in contacts
            ],
        )
        ids = {row.key_index: row.id for row in inserted}
        by_key: dict[str, NewContact] = {}
        repeated: list[NewContact] = []
        for entry in contacts:
            if index_of[entry.key] in ids and entry.key not in by_key:
                by_key[entry.key] = entry
            else:
                repeated.append(entry)
        rows = [
            {
                "campaign_id": campaign_id,
                "account_id": account_id,
                "contact_id": ids[index_of[key]],
                "phone_id": phones[entry.e164],
                "lane_id": lanes[entry.where.text],
                **new_task(task, ripe_by),
            }
            for key, entry in by_key.items()
            for task in entry.tasks
        ]
        if rows:
            self.connection.execute(insert(dial_task).returning(dial_task.c.id), rows)
        return self._first_lines(campaign_id, repeated)

    def lines_of(self, campaign_id: int, phone_ids: Iterable[int]) -> Mapping[int, int]:
        """Phone → the first line of this campaign that has it."""
        query = (
            select(contact.c.phone_id, func.min(contact.c.source_line))
            .where(contact.c.campaign_id == campaign_id, contact.c.phone_id.in_(list(phone_ids)))
            .group_by(contact.c.phone_id)
        )
        return {row.phone_id: row[1] for row in self.connection.execute(query)}

    def lines_of_keys(self, campaign_id: int, keys: Iterable[str]) -> Mapping[str, int]:
        """Key → the line of this campaign that has it."""
        by_index = {self.key_index(campaign_id, key): key for key in keys}
        query = select(contact.c.key_index, contact.c.source_line).where(
            contact.c.campaign_id == campaign_id, contact.c.key_index.in_(list(by_index))
        )
        rows = self.connection.execute(query)
        return {by_index[row.key_index]: row.source_line for row in rows}

    def _first_lines(
        self, campaign_id: int, repeated: Sequence[NewContact]
    ) -> Sequence[tuple[NewContact, int]]:
        if not repeated:
            return []
        lines = self.lines_of_keys(campaign_id, [entry.key for entry in repeated])
        # A row that meets itself was stored by an earlier try of the same load.
        return [(entry, lines[entry.key]) for entry in repeated if lines[entry.key] != entry.line]

    def lanes(self, campaign_id: int, zones: Collection[str]) -> Mapping[str, int]:
        """Zones (joined by spaces) → their lane in this campaign, made where there was none."""
        self.connection.execute(
            self.insert_or_ignore(lane),
            [{"campaign_id": campaign_id, "zones": name} for name in sorted(zones)],
        )
        rows = self.connection.execute(
            select(lane.c.zones, lane.c.id).where(
                lane.c.campaign_id == campaign_id, lane.c.zones.in_(sorted(zones))
            )
        )
        return {row.zones: row.id for row in rows}

    def forget_rejects(self, campaign_id: int) -> None:
        """Rows of an earlier list that became no contact."""
        self.connection.execute(
            delete(rejected_row).where(rejected_row.c.campaign_id == campaign_id)
        )

    def reject(self, campaign_id: int, rows: Sequence[NewReject]) -> None:
        """Keep rows that became no contact; storing one twice changes nothing."""
        if rows:
            self.connection.execute(
                self.insert_or_ignore(rejected_row),
                [
                    {
                        "campaign_id": campaign_id,
                        "line": row.line,
                        "kind": row.kind,
                        "column": row.column[:200],
                        "reason": row.reason,
                    }
                    for row in rows
                ],
            )

    def contact(self, contact_id: int) -> ContactRow:
        """One contact with its number."""
        row = self.connection.execute(
            select(contact, phone.c.e164)
            .join(phone, phone.c.id == contact.c.phone_id)
            .where(contact.c.id == contact_id)
        ).one()
        return ContactRow(
            id=row.id,
            key=row.key or "",
            e164=row.e164 or "",
            where=_known(where.read(row.zones), row.e164),
            zone_source=row.zone_source,
            settings=row.settings,
            fields=row.fields,
            line=row.source_line,
            from_number=row.from_number,
            held=row.held,
        )

    def said(self, contact_id: int, at: datetime) -> None:
        """As of when its teller knows what was told last."""
        query = update(contact).where(contact.c.id == contact_id)
        self.connection.execute(query.values(said_at=at))

    def sharing(self, campaign_id: int, phone_id: int) -> Sequence[int]:
        """Contacts of a campaign that have this number and are on its list."""
        query = select(contact.c.id).where(
            contact.c.campaign_id == campaign_id,
            contact.c.phone_id == phone_id,
            contact.c.gone_at.is_(None),
        )
        return list(self.connection.execute(query.order_by(contact.c.id)).scalars())

    def keep_caller(self, contact_id: int, number: str) -> None:
        """The number that this contact sees; the lock of its own is held."""
        self.connection.execute(
            update(contact).where(contact.c.id == contact_id).values(from_number=number)
        )


def _known(stored: Where, e164: str | None) -> Where:
    """Where a contact may be; of one that an earlier version stored its number tells the places."""
    if stored.places or not e164:
        return stored
    return Where(stored.zones, places_of(e164) or (NOWHERE,))
