"""A row of the contact list becomes a contact, or the reason why it does not.

A row that cannot be called rightly is not called: one bad cell rejects one row, with its column
and a sentence that holds nothing of the person, and never stops the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaigns.core import callers, numbers, of_row, spoken, zones
from campaigns.core.anchor import Anchored
from campaigns.core.cells import clean
from campaigns.core.context import Templates, ThisCall, Unrenderable, anchor_of, columns_of
from campaigns.core.definition import Definition
from campaigns.core.fields import AN_ID, is_id
from campaigns.core.numbers import Number, NumberFault
from campaigns.core.of_row import Reject
from campaigns.core.where import NOWHERE, Where
from campaigns.errors import DefinitionError, Fault

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""As of when a context is rendered where nobody looks at it."""
KEY_LIMIT = 200  # characters of a contact key


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """One accepted row. `fields` holds every column as text; empty cells are absent."""

    line: int
    key: str = field(repr=False)
    to_number: str = field(repr=False)
    zones: tuple[str, ...]  # candidate IANA zones, sorted; empty: none known
    zone_source: str  # column, number, state joined by +; or file, ambiguous
    places: tuple[str, ...] = ()  # where it may be: countries and parts of them, sorted
    not_before: datetime | None = None
    anchor: Anchored | None = field(default=None, repr=False)
    agent_id: str | None = None
    from_number: str | None = field(default=None, repr=False)
    max_duration_s: int | None = None
    recording: bool | None = None
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    context: Mapping[str, str] = field(default_factory=dict, repr=False)  # rendered as of now

    @property
    def where(self) -> Where:  # its calendar
        return Where(self.zones, self.places or (NOWHERE,))


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedRow:
    """A row that cannot be called, kept with its line and a sentence without personal data."""

    line: int
    column: str
    reason: str
    key: str | None = field(default=None, repr=False)  # of the contact it was to be, where it tells


@dataclass(frozen=True, kw_only=True, slots=True)
class FilteredRow:
    """A row that `contacts.where` leaves out."""

    line: int


Entry = Contact | RejectedRow | FilteredRow


class ContactReader:
    """Reads the rows of one list under one definition; everything is looked up once."""

    def __init__(
        self,
        definition: Definition,
        header: Sequence[str],
        *,
        default_region: str | None,
        now: datetime = SOME_TIME,
    ) -> None:
        """`now`: as of when contexts are rendered, which only relative wording shows."""
        faults: list[Fault] = []
        try:
            self._columns = columns_of(definition, header)
        except DefinitionError as error:
            faults.extend(error.faults)
        try:
            self.templates = Templates.compile(definition, header)
        except DefinitionError as error:
            faults.extend(error.faults)
        self._anchor = anchor_of(definition, header, [])  # its faults are told by the templates
        touches = [touch.name for touch in definition.schedule.touches] or [""]
        self._calls = [ThisCall(at=now, touch=name) for name in touches]
        self._definition, self._touches = definition, touches
        self._region = definition.contacts.region or default_region
        self._zone = definition.schedule.timezone
        hours_zone = definition.calling_hours.timezone
        named = {
            "schedule.timezone": self._zone,
            "calling_hours.timezone": None if hours_zone == "contact" else hours_zone,
        }
        faults.extend(_faults(self._region, named))
        if faults:
            raise DefinitionError(tuple(dict.fromkeys(faults)))
        if not self.templates.tell_touches_apart:
            del self._calls[1:]
        self._header = tuple(header)
        self._stated_only = definition.contacts.zone_evidence == "stated"
        self._ambiguous = definition.calling_hours.ambiguous_timezone

    @property
    def number_column(self) -> str:
        """The column that holds the number to call."""
        return self._columns.number

    @property
    def key_column(self) -> str | None:
        """The column that identifies a contact; None: its number does, with its anchor if any."""
        return self._columns.key

    @property
    def spare_columns(self) -> tuple[str, ...]:
        """The columns that `context: all` sends."""
        return self._columns.spare

    def read(self, line: int, cells: Mapping[str, str]) -> Entry:
        """What this row is. `cells` maps columns to texts; a column may be absent."""
        fields = {
            column: text
            for column in self._header
            if (cell := cells.get(column)) and (text := clean(cell))
        }
        try:
            if not self.templates.where(fields):
                return FilteredRow(line=line)
            return self._contact(line, fields)
        except Reject as reject:
            column, reason = reject.column, reject.reason
        except Unrenderable as fault:
            column, reason = fault.column or fault.key, fault.reason
        return RejectedRow(line=line, column=column, reason=reason, key=self._whose(fields))

    def _whose(self, fields: Mapping[str, str]) -> str | None:
        """The key of a row that is no contact, where it can be read."""
        if self._columns.key is not None:
            return fields.get(self._columns.key)
        try:
            number = self._number(self._columns.number, fields.get(self._columns.number, ""))
            return self._key(fields, number, self._anchored(fields))
        except Reject:
            return None

    def _contact(self, line: int, fields: Mapping[str, str]) -> Contact:
        to_number = self._number(self._columns.number, fields.get(self._columns.number, ""))
        anchor = self._anchored(fields)
        key = self._key(fields, to_number, anchor)
        if self._columns.consent is not None:
            of_row.consent(self._columns.consent, fields.get(self._columns.consent, ""))
        state = self._state(fields, to_number)
        names, source = self._zones(fields, to_number, state)
        return Contact(
            line=line,
            key=key,
            to_number=to_number,
            zones=names,
            zone_source=source,
            places=of_row.places(to_number, state),
            not_before=of_row.not_before(*self._cell("scheduled_at", fields), self._zone),
            anchor=anchor,
            agent_id=self._agent_id(fields),
            from_number=self._from_number(fields, key),
            max_duration_s=of_row.max_duration_s(*self._cell("max_duration", fields)),
            recording=of_row.recording(*self._cell("recording", fields)),
            fields=fields,
            context=self._told(fields),
        )

    def _told(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """The context of the first touch; that of the others must be there too."""
        told, *_ = (self.templates.render(fields, call) for call in self._calls)
        return told

    def _cell(self, setting: str, fields: Mapping[str, str]) -> tuple[str, str]:
        """The column of a setting and what this row says in it; nothing where there is none."""
        column = self._columns.settings.get(setting, "")
        return column, fields.get(column, "") if column else ""

    def _number(self, column: str, text: str) -> str:
        match numbers.parse(text, self._region):
            case Number(e164=e164):
                return e164
            case NumberFault(reason=reason):
                raise Reject(column, reason)

    def _anchored(self, fields: Mapping[str, str]) -> Anchored | None:
        if self._anchor is None:
            return None
        try:
            return self._anchor.read(fields)
        except spoken.Unreadable as fault:
            raise Reject(fault.column, str(fault)) from None

    def _key(self, fields: Mapping[str, str], to_number: str, anchor: Anchored | None) -> str:
        column = self._columns.key
        if column is None:
            return to_number if anchor is None else f"{to_number} {anchor.occasion}"
        key = fields.get(column, "")
        if not key:
            raise Reject(column, "empty, but it identifies the contact: give every row its own")
        if len(key) > KEY_LIMIT:
            raise Reject(column, f"longer than {KEY_LIMIT} characters")
        return key

    def _zones(
        self, fields: Mapping[str, str], to_number: str, state: str | None
    ) -> tuple[tuple[str, ...], str]:
        column = self._columns.timezone or ""
        stated = of_row.zone(column, fields.get(column, ""))
        if stated is not None and self._stated_only:
            return (stated,), "column"
        return of_row.candidates(stated, numbers.zones_of(to_number), state, self._ambiguous)

    def _state(self, fields: Mapping[str, str], to_number: str) -> str | None:
        column = self._columns.state or ""
        return of_row.state(column, fields.get(column, ""), to_number, self._region)

    def _agent_id(self, fields: Mapping[str, str]) -> str | None:
        column, text = self._cell("agent_id", fields)
        if text and not is_id(text):
            raise Reject(column, f"expected {AN_ID}")
        for call in self._touches:
            callers.agent_of(
                self._definition,
                self.templates,
                touch=call,
                own=text,
                fields=fields,
                column=column or callers.AGENT,
            )
        return text or None

    def _from_number(self, fields: Mapping[str, str], key: str) -> str | None:
        column, text = self._cell("from_number", fields)
        own = self._number(column, text) if text else None
        self._caller(fields, key, own, column or callers.CALLER)
        return own

    def _caller(self, fields: Mapping[str, str], key: str, own: str | None, column: str) -> str:
        return callers.caller_of(
            self._definition,
            self.templates,
            key=key,
            own=own,
            seen=None,
            fields=fields,
            region=self._region,
            column=column,
        )

    def agent(self, contact: Contact, touch: str) -> str:
        """Who will make a touch of this contact."""
        return callers.agent_of(
            self._definition,
            self.templates,
            touch=touch,
            own=contact.agent_id,
            fields=contact.fields,
        )

    def caller(self, contact: Contact) -> str:
        """The number that its phone will show, unless it has seen another one before."""
        return self._caller(contact.fields, contact.key, contact.from_number, callers.CALLER)


def _faults(region: str | None, named_zones: Mapping[str, str | None]) -> Iterator[Fault]:
    """What is wrong with a region and with zones, each under the key that names it."""
    if region is not None and not numbers.is_region(region):
        wanted = "a two-letter country code such as US"
        yield Fault(at="", key="contacts.region", expected=wanted, got=region[:20])
    for key, name in named_zones.items():
        if name is not None and zones.load(name) is None:
            wanted = "an IANA time zone"
            yield Fault(at="", key=key, expected=wanted, got=name[:64], hint=zones.hint(name))
