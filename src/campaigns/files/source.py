"""A campaign that was read from files: what it says, and its list as often as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from campaigns.core.definition import Definition
from campaigns.core.runs import Origin
from campaigns.errors import Fault
from campaigns.files.rows import BadRow, Row, RowSource


def path_of(key: str) -> tuple[str, ...]:
    """The path of a dotted key; a name under `context` may have dots of its own."""
    section, _, rest = key.partition(".")
    if section == "schedule":
        return tuple(key.split("."))
    return (section, rest) if rest else (section,)


class Tree(Protocol):
    """A campaign that was read as texts, whatever it was written in."""

    @property
    def shown(self) -> str:
        """What it is called in sentences: a file's name, or that of a request's body."""

    @property
    def tree(self) -> Mapping[str, Any]:
        """Texts, lists and mappings."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Those that did not stop the reading."""

    @property
    def digest(self) -> bytes:
        """Of all that it says."""

    def line(self, path: tuple[str | int, ...]) -> int:
        """Which line of it a path is on."""

    def at(self, path: tuple[str | int, ...]) -> str:
        """Where a path is written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A checked definition with its list."""

    definition: Definition
    path: Path
    digest: str  # of the campaign file, the list, and what arguments filled in
    contacts: RowSource = field(repr=False)
    origin: Origin | None  # None: it is no file, so it cannot be read again
    dated: bool = False  # the name is made of a CSV's own name, its date and its content
    _where: Callable[[tuple[str, ...]], str] = field(repr=False)

    @property
    def contacts_path(self) -> Path:
        """The file that the lines of rows count in: the list, or the campaign file itself."""
        return self.contacts.path

    @property
    def header(self) -> tuple[str, ...]:
        """The columns of the list, in order."""
        return self.contacts.header

    @property
    def size(self) -> int:
        """Bytes of the list, 0 for inline rows: a hint."""
        return self.contacts.size

    @property
    def lines(self) -> int:
        """About how many rows the list has: a hint."""
        return self.contacts.lines

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row of the list, in order; asked again, it is read again.

        Raises InputError when the list is no longer what it was when the campaign was read.
        """
        return self.contacts.rows()

    def at(self, key: str) -> str:
        """`file:line` of a dotted key such as context.when, or of what is above it."""
        return self._where(path_of(key))

    def row_at(self, line: int) -> str:
        """`file:line` of a row."""
        return f"{self.contacts.shown}:{line}"

    def located(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """The same faults, where those that only know their key learn their line."""
        return tuple(
            fault if fault.at else replace(fault, at=self.at(fault.key)) for fault in faults
        )
