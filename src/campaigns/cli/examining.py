"""Reads a whole list before anybody is called: how many, who not and why, when, from where.

Needs no database and little memory: faults are counted in full and kept up to a screenful, the
rest goes to `--rejects FILE`. What counts as repeated or never callable is what submit will say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns.cli.doors import Misused
from campaigns.cli.seen import Seen
from campaigns.cli.together import Rows, in_order, told
from campaigns.core.contacts import Contact, FilteredRow, RejectedRow
from campaigns.core.definition import SameNumber
from campaigns.core.numbers import mask
from campaigns.core.outlook import Outlook
from campaigns.core.schedule import NO_TIME, TouchPlan
from campaigns.engine.submit import Counts
from campaigns.files.exports import write_rejects
from campaigns.loading import Loaded, Plans, calls_of, entries
from campaigns.logs import masked

SHOWN_FAULTS = 20
SHOWN_REQUESTS = 3
_NAMED = 200
"""Different senders, agents and sets of zones that are counted one by one."""
Tell = Callable[[Contact, tuple[TouchPlan, ...]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """A row that will not be called. `kind`: rejected or duplicate."""

    line: int
    kind: str
    column: str
    reason: str


@dataclass(kw_only=True, slots=True)
class Examined:
    """What a list amounts to under its definition."""

    counts: Counts = field(default_factory=Counts)
    bad: list[BadRow] = field(default_factory=list)
    requests: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    planned: list[tuple[int, Contact, tuple[TouchPlan, ...]]] = field(default_factory=list)
    shown: Rows = field(default_factory=lambda: Rows(most=SHOWN_REQUESTS))
    touches: Counter[tuple[str, str]] = field(default_factory=Counter)  # name, reason or empty
    senders: Counter[str] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    places: set[tuple[str, ...]] = field(default_factory=set)  # where people may be
    without_zone: int = 0
    without_hour: int = 0
    without_touch: int = 0
    first_at: datetime | None = None
    outlook: Outlook = field(default_factory=Outlook)

    @property
    def faulty(self) -> int:
        """Rows that are wrong in themselves; the ones left out on purpose are not."""
        return self.counts.rejected + self.counts.duplicate

    @property
    def callable(self) -> int:
        """People who will be called."""
        return self.counts.accepted - self.counts.skipped


def examine(
    loaded: Loaded,
    now: datetime,
    *,
    rejects: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
    tell: Tell = lambda _contact, _plan: None,
) -> Examined:
    """One pass over the list, each contact to `tell`. Raises InputError where it is unreadable."""
    found = Examined()
    bad_rows = _walk(loaded, now, found, progress, tell)
    if rejects is None:
        for _ in bad_rows:
            pass
        return found
    for mine in (loaded.source.path, loaded.source.contacts_path):
        if rejects.exists() and rejects.samefile(mine):
            raise Misused(f"--rejects {rejects} would overwrite what is read: name another file")
    write_rejects(rejects, bad_rows, source=loaded.source.contacts_path.name)
    return found


def _walk(
    loaded: Loaded,
    now: datetime,
    found: Examined,
    progress: Callable[[int], None],
    tell: Tell,
) -> Iterator[BadRow]:
    plans = Plans(loaded.definition, now)
    yield from _rows(loaded, found, plans, progress, tell)
    for rows in map(in_order, found.shown.calls.values()):
        plan = plans.of(rows[0])
        found.planned.append((rows[0].line, rows[0], plan))
        found.requests.append((rows[0].line, request(rows, loaded, _first(plan))))


def _rows(
    loaded: Loaded,
    found: Examined,
    plans: Plans,
    progress: Callable[[int], None],
    tell: Tell,
) -> Iterator[BadRow]:
    with Seen() as keys, Seen() as phones:
        known = _Known(loaded, keys, phones)
        for entry in entries(loaded):
            found.counts.lines += 1
            if found.counts.lines % 1_000 == 0:
                progress(found.counts.lines)
            match entry:
                case FilteredRow():
                    found.counts.filtered += 1
                case RejectedRow(line=line, column=column, reason=reason):
                    found.counts.rejected += 1
                    yield _kept(
                        found, BadRow(line=line, kind="rejected", column=column, reason=reason)
                    )
                case Contact():
                    again = known.again(entry)
                    if again is None:
                        _accept(found, entry, loaded, plans.of(entry))
                        tell(entry, plans.of(entry))
                        continue
                    found.counts.duplicate += 1
                    yield _kept(found, again)


class _Known:
    """Says which rows repeat an earlier one, as storing them will."""

    def __init__(self, loaded: Loaded, keys: Seen, phones: Seen) -> None:
        self._column = loaded.reader.key_column or loaded.reader.number_column
        self._number_column = loaded.reader.number_column
        self._keys = keys
        refuse = loaded.definition.contacts.same_number is SameNumber.REFUSE
        self._phones = phones if refuse else None

    def again(self, contact: Contact) -> BadRow | None:
        """The fault of a repeated row."""
        if self._phones is not None:
            first = self._phones.first_line(contact.to_number, contact.line)
            if first is not None:
                reason = f"this number was on line {first} already (`same_number: refuse`)"
                return self._bad(contact, self._number_column, reason)
        first = self._keys.first_line(contact.key, contact.line)
        if first is None:
            return None
        return self._bad(contact, self._column, f"this key was on line {first} already")

    @staticmethod
    def _bad(contact: Contact, column: str, reason: str) -> BadRow:
        return BadRow(line=contact.line, kind="duplicate", column=column, reason=reason)


def _kept(found: Examined, bad: BadRow) -> BadRow:
    if len(found.bad) < SHOWN_FAULTS:
        found.bad.append(bad)
    return bad


def _accept(found: Examined, contact: Contact, loaded: Loaded, plan: tuple[TouchPlan, ...]) -> None:
    found.counts.accepted += 1
    found.places.add(contact.places)
    _count(found.senders, loaded.reader.caller(contact))
    live = [touch for touch in plan if touch.outcome is None]
    for name in {loaded.reader.agent(contact, touch.name) for touch in live or plan}:
        _count(found.agents, name)
    if contact.anchor is not None:
        found.touches.update((touch.name, touch.reason or "") for touch in plan)
    found.shown.take(contact, loaded, _first(plan).name)
    found.outlook.take(contact.where, plan, contact.key, calls_of(contact, loaded))
    if live:
        opening = min(touch.opens_at or touch.due_at for touch in live)
        found.first_at = min(filter(None, (found.first_at, opening)))
        return
    found.counts.skipped += 1
    if any(touch.reason != NO_TIME for touch in plan):
        found.without_touch += 1
    elif contact.zones:
        found.without_hour += 1
    else:
        found.without_zone += 1


def _first(plan: tuple[TouchPlan, ...]) -> TouchPlan:
    """The first touch that is made, where any is."""
    return next((touch for touch in plan if touch.outcome is None), plan[0])


def _count(counter: Counter[str], name: str) -> None:
    if name in counter or len(counter) < _NAMED:
        counter[name] += 1


def request(rows: Sequence[Contact], loaded: Loaded, touch: TouchPlan) -> Mapping[str, Any]:
    """What would be sent for the first touch of a call's rows, as a screen may show it."""
    contact, definition = rows[0], loaded.definition
    seconds = contact.max_duration_s or int(definition.max_duration.total_seconds())
    recording = all(
        definition.recording if one.recording is None else one.recording for one in rows
    )
    context = told(rows, loaded, touch.opens_at or touch.due_at, touch.name)
    also = {"lines": [one.line for one in rows]} if len(rows) > 1 else {}
    return {
        **also,
        "agent_id": loaded.reader.agent(contact, touch.name),
        "to_number": mask(contact.to_number),
        "from_number": mask(loaded.reader.caller(contact)),
        "context": {name: masked(text) for name, text in context.items()},
        "max_duration": seconds,
        "recording": recording,
    }
