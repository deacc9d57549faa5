"""A file of numbers for the do-not-call list: a CSV with a header, or one number a line.

The columns that `suppress list -o` writes are understood, so that a list comes back as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from campaigns.core import columns, numbers
from campaigns.core.definition import Contacts
from campaigns.core.numbers import Number, NumberFault
from campaigns.errors import DefinitionError, InputError
from campaigns.files import csv_table, opening
from campaigns.files.csv_lines import Broken, Lines
from campaigns.files.rows import BadRow, Row

_HEAD = 4_096
_DELIMITERS = ",;\t|"
_NUMBER, _SINCE = "to_number", "added_at"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One number of the file, with what its row says about it."""

    e164: str = field(repr=False)
    reason: str | None = None
    source: str | None = None
    added_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A line without a number that can be read."""

    line: int
    reason: str


def read(path: Path, region: str | None) -> Iterator[Wanted | Unreadable]:
    """Every line of the file, in order, without holding it. Raises InputError for no list."""
    shown = str(path)
    opening.regular(path, shown)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    opening.texts_only(head, shown)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError(f"{shown}: an empty file: one number a line, or a CSV with a header")
    rows = _lines(path) if _is_plain(head) else _cells(path, shown)
    for line, cells in rows:
        if isinstance(cells, BadRow):
            yield Unreadable(line=line, reason=cells.reason)
            continue
        match numbers.parse(cells[_NUMBER], region):
            case Number(e164=e164):
                since = cells.get(_SINCE) or ""
                added_at = _instant(since)
                if since and added_at is None:
                    yield Unreadable(line=line, reason=f"{_SINCE} is no instant with its zone")
                    continue
                yield Wanted(
                    e164=e164,
                    reason=cells.get("reason") or None,
                    source=cells.get("source") or None,
                    added_at=added_at,
                )
            case NumberFault(reason=reason):
                yield Unreadable(line=line, reason=reason)


def _instant(text: str) -> datetime | None:
    """An instant as `suppress list` writes it."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else at


def _is_plain(head: bytes) -> bool:
    """Whether the list begins with a number and not with the name of a column."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            cell = _first_cell(line)
            return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))
    return True


def _cells(path: Path, shown: str) -> Iterator[tuple[int, Mapping[str, str] | BadRow]]:
    table = csv_table.read(path, shown)
    try:
        column = columns.understand(Contacts(file=shown), table.header).number
    except DefinitionError:
        raise InputError(
            f"{shown}:1: no column among {columns.listed(table.header)} is the number:"
            " call it to_number, or write one number a line without a header"
        ) from None
    for row in table.rows():
        match row:
            case Row(line=line, cells=cells):
                yield line, {**cells, _NUMBER: cells.get(column, "")}
            case BadRow(line=line):
                yield line, row


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, str] | BadRow]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = Lines(file)
        while True:
            lines.taken = 0
            try:
                line = next(lines, None)
            except Broken as broken:
                yield lines.number, BadRow(line=lines.number, reason=broken.reason)
                continue
            except UnicodeDecodeError:
                raise InputError(
                    f"{path}: after line {lines.number} it is not UTF-8 text: save it as UTF-8"
                ) from None
            if line is None:
                return
            text = line.strip()
            if text and not text.startswith("#"):
                yield lines.number, {_NUMBER: _first_cell(text)}


def _first_cell(text: str) -> str:
    for delimiter in _DELIMITERS:
        text = text.partition(delimiter)[0]
    return text.strip().strip('"')
