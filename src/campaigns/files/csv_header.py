"""The first line of a list: its delimiter and its columns, or why it cannot be a header.

A list without a header would lose its first person and name the columns after them, so a first
row that holds a number is refused.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from itertools import islice

from campaigns.core.reading import one_line
from campaigns.errors import DefinitionError, Fault
from campaigns.files.csv_lines import Broken, Lines

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 500
_LONGEST_NAME = 200
_SAMPLE = 50
_NUMBER = re.compile(r"[+(]?[0-9][0-9 ().-]{6,20}[0-9]")
_SEP = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Columns in order; `line` is the last line they take."""

    names: tuple[str, ...]
    delimiter: str
    line: int


def find(lines: Lines, shown: str) -> Header:
    """The header of a list. Raises DefinitionError with every fault of it."""
    sample: list[str] = []
    try:
        sample.extend(islice(lines, _SAMPLE))
    except Broken as broken:
        if not any(map(str.strip, sample)):
            at = f"{shown}:{lines.number}"
            raise _fault(at, "a header", got="a line that is none", hint=broken.reason) from None
    blank = 0
    while blank < len(sample) and not sample[blank].strip("\ufeff \t\r\n"):
        blank += 1
    body = sample[blank:]
    if not body:
        raise _fault(
            shown,
            "a header and at least one contact",
            got="an empty file" if len(sample) < _SAMPLE else f"{_SAMPLE} empty lines",
            hint="the first line names the columns, such as to_number,customer_name",
        )
    said = _SEP.fullmatch(body[0])
    if said and len(body) > 1 and said[1] in DELIMITERS:
        blank, body, delimiter = blank + 1, body[1:], said[1]
    else:
        delimiter = _delimiter(body)
    names, taken = _names(body, delimiter, f"{shown}:{blank + 1}")
    return Header(names=names, delimiter=delimiter, line=blank + taken)


def _delimiter(body: list[str]) -> str:
    """The one that cuts the sample most evenly; of equals, the one that makes more columns."""
    best, score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        header, *below = _widths(body, delimiter)
        if header > 1:
            even = (1 + below.count(header)) / (1 + len(below))
            if (even, header) > score:
                best, score = delimiter, (even, header)
    return best


def _widths(body: list[str], delimiter: str) -> list[int]:
    """Cells of the header and of each row that has any; 0 for what cannot be read this way."""
    widths: list[int] = []
    reader = csv.reader(body, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return widths
        except csv.Error:
            widths.append(0)
        else:
            if any(cells) or not widths:
                widths.append(len(cells))


def _names(body: list[str], delimiter: str, at: str) -> tuple[tuple[str, ...], int]:
    reader = csv.reader(body, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        cells = [cell.strip().removeprefix("\ufeff") for cell in next(reader)]
    except csv.Error:
        hint = "a quote that is opened and never closed?"
        raise _fault(at, "a header", got="a line that is none", hint=hint) from None
    while cells and not cells[-1]:  # spreadsheets export empty columns at the end
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise _fault(at, f"at most {MOST_COLUMNS} columns", got=f"{len(cells)}")
    if any(_NUMBER.fullmatch(cell) for cell in cells):
        raise _fault(
            at,
            "a header",
            got="a first row that holds a number",
            hint="add a first line that names the columns, such as to_number,customer_name",
        )
    faults = []
    seen: dict[str, int] = {}
    for position, name in enumerate(cells, 1):
        if not name:
            hint = "name it, or delete it"
            faults.append(_one(at, "a name for every column", f"none for column {position}", hint))
        elif len(name) > _LONGEST_NAME or not name.isprintable():
            hint = "is the first line really the header?"
            faults.append(_one(at, "short names on one line", f"column {position}", hint))
        elif name in seen:
            got = f"{one_line(name)} for columns {seen[name]} and {position}"
            twice = _one(at, "each column name once", got, "rename or delete one of them")
            faults.append(replace(twice, quotes=True))
        seen.setdefault(name, position)
    if faults:
        raise DefinitionError(faults)
    return tuple(cells), reader.line_num


def _one(at: str, expected: str, got: str, hint: str = "") -> Fault:
    return Fault(at=at, expected=expected, got=got, hint=hint)


def _fault(at: str, expected: str, *, got: str, hint: str = "") -> DefinitionError:
    return DefinitionError([_one(at, expected, got, hint)])
