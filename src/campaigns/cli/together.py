"""The rows of a list that will be one call (`same_number: group`), as far as they are shown."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaigns.core.contacts import Contact
from campaigns.core.context import ThisCall, Unrenderable
from campaigns.core.families import MOST
from campaigns.loading import Loaded, calls_of

_NO_TIME = datetime.min.replace(tzinfo=UTC)
Together = Hashable
"""What the rows of one call have in common."""


@dataclass(kw_only=True, slots=True)
class Rows:
    """The first calls of a list with everybody they are for: as little memory as is shown."""

    most: int
    calls: dict[Together, list[Contact]] = field(default_factory=dict)

    def take(self, contact: Contact, loaded: Loaded, touch: str) -> bool:
        """Whether this row's call is shown."""
        key = together(contact, loaded, touch)
        if key not in self.calls and len(self.calls) >= self.most:
            return False
        rows = self.calls.setdefault(key, [])
        if len(rows) < MOST:
            rows.append(contact)
        return True


def together(contact: Contact, loaded: Loaded, touch: str) -> Together:
    """The same for rows that will be one call; each row's own where they are not grouped."""
    calls = calls_of(contact, loaded)
    return contact.line if calls is None else calls(touch)


def in_order(rows: Iterable[Contact]) -> list[Contact]:
    """The rows of a call, the lead first: the earliest time, then the first on the list."""

    return sorted(rows, key=lambda one: (one.anchor.at if one.anchor else _NO_TIME, one.line))


def told(rows: Sequence[Contact], loaded: Loaded, at: datetime, touch: str) -> Mapping[str, str]:
    """What the agent is told about as many of these rows as one call can tell."""
    fields = tuple(one.fields for one in rows)
    while True:
        call = ThisCall(at=at, touch=touch, rows=fields)
        try:
            return loaded.reader.templates.render(fields[0], call)
        except Unrenderable:
            if len(fields) == 1:
                raise
            fields = fields[:-1]
