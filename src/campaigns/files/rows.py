"""One row of a list as the readers hand it on: its cells as text, or why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from campaigns.core.contacts import ContactReader, Entry, RejectedRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The cells of one contact by column, exactly as written; `line` is where the row starts."""

    line: int
    cells: dict[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """Lines that are no row of this list. The reason quotes nothing of what they hold."""

    line: int
    reason: str
    column: str = ""


class RowSource(Protocol):
    """A list; asked twice for its rows, it reads twice."""

    @property
    def path(self) -> Path:
        """The file that the lines of rows count in."""

    @property
    def shown(self) -> str:
        """That file as the person named it."""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns, in order."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the list's bytes."""

    @property
    def size(self) -> int:
        """Bytes of the list."""

    @property
    def lines(self) -> int:
        """About how many rows it has."""

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row, in order."""


class EntriesOf:
    """The rows of a list as contacts, or why they are none, as often as they are asked for."""

    def __init__(self, rows: RowSource, reader: ContactReader) -> None:
        self._rows, self._read = rows, reader.read

    def __iter__(self) -> Iterator[Entry]:
        for row in self._rows.rows():
            match row:
                case Row(line=line, cells=cells):
                    yield self._read(line, cells)
                case BadRow(line=line, reason=reason, column=column):
                    yield RejectedRow(line=line, column=column, reason=reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class InlineRows:
    """The rows of a campaign file. Their bytes are those of the file, so `digest` adds nothing."""

    path: Path
    shown: str
    header: tuple[str, ...]
    numbered: tuple[tuple[int, Mapping[str, str]], ...] = field(repr=False)
    digest: bytes = b""
    size: int = 0

    @property
    def lines(self) -> int:
        """How many rows it has."""
        return len(self.numbered)

    def rows(self) -> Iterator[Row]:
        """Every row, in order; a column that a row does not name is empty."""
        for line, row in self.numbered:
            yield Row(line=line, cells={name: row.get(name, "") for name in self.header})


def inline(
    path: Path,
    shown: str,
    rows: Sequence[Mapping[str, str]],
    lines: Sequence[int],
    columns: Sequence[str] = (),
) -> InlineRows:
    """Rows with the line each starts on; the header is every name, in the order it comes up."""
    return InlineRows(
        path=path,
        shown=shown,
        header=tuple(dict.fromkeys((*columns, *(name for row in rows for name in row)))),
        numbered=tuple(zip(lines, rows, strict=True)),
    )
