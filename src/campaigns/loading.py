"""From a file to contacts: what `check`, `submit`, `run`, `try` and HTTP all begin with."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from os import PathLike
from typing import Any

from campaigns.core.contacts import Contact, ContactReader, Entry
from campaigns.core.definition import Definition, SameNumber
from campaigns.core.families import day
from campaigns.core.hours import Hours
from campaigns.core.outlook import Outlook
from campaigns.core.rules.demands import Watched, demands
from campaigns.core.runs import current
from campaigns.core.schedule import TouchPlan, plan_touches
from campaigns.engine.submit import Submission
from campaigns.errors import DefinitionError, Fault
from campaigns.files import campaign_file, json_tree
from campaigns.files.rows import EntriesOf
from campaigns.files.source import Source

_CACHED = 10_000
_DATED = re.compile(r"(?P<stem>.+)-[0-9]{4}-[0-9]{2}-[0-9]{2}-(?P<content>[0-9a-f]{8})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A campaign whose definition is right, with the reader of its rows.

    `places`: where its people may be, once its list was read to the end.
    """

    source: Source
    reader: ContactReader
    places: set[tuple[str, ...]] = field(default_factory=set, compare=False)

    @property
    def definition(self) -> Definition:
        """What the file says."""
        return self.source.definition

    @property
    def name(self) -> str:
        """The campaign's."""
        return self.source.definition.name

    def named(self, name: str) -> Loaded:
        """The same list as the campaign of another name."""
        definition = self.definition.model_copy(update={"name": name})
        return replace(self, source=replace(self.source, definition=definition))

    def is_day_of(self, name: str) -> bool:
        """Whether a campaign's name says that it is this same CSV, handed in on another day."""
        mine, other = (_DATED.fullmatch(one) for one in (self.name, name))
        return (
            self.source.dated
            and mine is not None
            and other is not None
            and mine.group("stem", "content") == other.group("stem", "content")
        )

    def demands(
        self, places: Iterable[tuple[str, ...]], on: date
    ) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
        """What the rules refuse and what they warn of, where people may be in these places."""
        faults, warnings = demands(self.definition, places, on)
        return self.source.located(faults), self.source.located(warnings)

    def warnings(self) -> tuple[Fault, ...]:
        """What the rules warn of, of the people that were read."""
        return self.demands(self.places, datetime.now(UTC).date())[1]

    def submission(self) -> Submission:
        """The same, as the engine takes it; it keeps no people in the definition itself."""
        contacts = self.definition.contacts.model_copy(update={"rows": None})
        return Submission(
            definition=self.definition.model_copy(update={"contacts": contacts}),
            digest=self.source.digest,
            header=self.source.header,
            source=self.source.contacts_path.name,
            entries=Entries(self),
            origin=self.source.origin,
        )


class Entries:
    """The rows of a list as contacts, from the first each time they are asked for.

    Where the rules refuse the campaign, reading them to the end raises DefinitionError, unless
    nobody is called by it (`real` false).
    """

    def __init__(
        self,
        loaded: Loaded,
        progress: Callable[[int], None] = lambda _: None,
        *,
        real: bool = True,
    ) -> None:
        self._loaded, self._progress, self._real = loaded, progress, real

    def __iter__(self) -> Iterator[Entry]:
        loaded = self._loaded
        found: Iterable[Entry] = entries(loaded)
        if self._real:
            found = Watched(found, loaded.definition, datetime.now(UTC).date())
        try:
            for number, entry in enumerate(found, start=1):
                if number % 1_000 == 0:
                    self._progress(number)
                if isinstance(entry, Contact):
                    loaded.places.add(entry.places)
                yield entry
        except DefinitionError as error:
            raise DefinitionError(loaded.source.located(error.faults)) from None


def load(
    file: str | PathLike[str] | Mapping[str, Any],
    *,
    name: str | None = None,
    agent_id: str | None = None,
    from_number: str | None = None,
    region: str | None = None,
    contacts: str | None = None,
) -> Loaded:
    """Read a campaign: its file, a list alone, or the tree of a campaign file that a program made.

    Raises DefinitionError with every fault of its definition.
    """
    if isinstance(file, Mapping):
        given = {"name": name, "agent_id": agent_id, "from_number": from_number}
        source = campaign_file.of_document(
            json_tree.of_tree(file, "campaign"),
            arguments={key: text for key, text in given.items() if text is not None},
            region=region,
        )
        return of_source(source, region)
    source = campaign_file.load(
        file,
        name=name,
        agent_id=agent_id,
        from_number=from_number,
        region=region,
        contacts=contacts,
        today=datetime.now().astimezone().date(),
    )
    return of_source(source, region)


def of_source(source: Source, region: str | None = None) -> Loaded:
    """The same of what was read. Raises DefinitionError where its header does not fit."""
    try:
        reader = ContactReader(
            source.definition, source.header, default_region=region, now=datetime.now(UTC)
        )
    except DefinitionError as error:
        raise DefinitionError(source.located(error.faults)) from None
    return Loaded(source=source, reader=reader)


def entries(loaded: Loaded) -> Iterator[Entry]:
    """Every row as a contact, or why it is none; asked again, the list is read again."""
    return iter(EntriesOf(loaded.source.contacts, loaded.reader))


class Plans:
    """What each contact will get; people who share a calendar and have no anchor are asked once."""

    def __init__(self, definition: Definition, now: datetime) -> None:
        self._schedule, self._now = definition.schedule, now
        self._run = current(definition.schedule, "", None, now)
        self._hours = Hours.of(definition)
        self._known: dict[tuple[object, ...], tuple[TouchPlan, ...]] = {}

    def of(self, contact: Contact) -> tuple[TouchPlan, ...]:
        key = (contact.where, contact.not_before, contact.anchor)
        if key not in self._known:
            if len(self._known) >= _CACHED:
                self._known.clear()
            self._known[key] = plan_touches(
                self._schedule,
                contact.anchor,
                now=self._now,
                hours=self._hours,
                where=contact.where,
                not_before=contact.not_before,
                run=self._run,
            )
        return self._known[key]


def calls_of(contact: Contact, loaded: Loaded) -> Callable[[str], Hashable] | None:
    """A touch → the same for rows that will be one call; None where each row is called."""
    if loaded.definition.contacts.same_number is not SameNumber.GROUP:
        return None
    anchor = contact.anchor
    of_day = day(anchor, anchor.occasion) if anchor else contact.not_before
    return lambda touch: (contact.to_number, touch, of_day)


def outlook_of(loaded: Loaded, now: datetime, lines: Container[int]) -> Outlook:
    """The contacts on these lines as a forecast takes them."""
    outlook, plans = Outlook(), Plans(loaded.definition, now)
    for entry in entries(loaded):
        if isinstance(entry, Contact) and entry.line in lines:
            outlook.take(entry.where, plans.of(entry), entry.key, calls_of(entry, loaded))
    return outlook
