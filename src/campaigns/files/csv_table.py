"""A CSV file as a list that can be read again and again, a row at a time.

It is looked through once when it is opened: digest, encoding, header, and that somebody is in it.
Every later reading is held against that digest, so that a file which changes under the reader is
an error and never half of one list and half of another.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.errors import DefinitionError, Fault
from campaigns.files import csv_header, opening
from campaigns.files.csv_lines import Broken, Lines
from campaigns.files.rows import BadRow, Row

_CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A CSV file that was looked through. `lines` is a hint: line breaks, also those in cells."""

    path: Path
    shown: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int  # the last line of the header; a mark such as sep=; may stand before it
    digest: bytes = field(repr=False)
    size: int
    lines: int

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row below the header, in order; raises InputError for a file that has changed."""
        opening.regular(self.path, self.shown)
        if self.path.stat().st_size != self.size:
            raise self._changed()
        digest = hashlib.sha256()
        with _Digesting(self.path, digest) as raw:
            text = io.TextIOWrapper(
                io.BufferedReader(raw, _CHUNK),
                encoding=_codec(self.encoding),
                newline="",
                errors="strict",
            )
            try:
                yield from _rows(Lines(text), self.delimiter, self.header, self.header_line)
            except UnicodeDecodeError:
                raise self._changed() from None
        if digest.digest() != self.digest:
            raise self._changed()

    def _changed(self) -> DefinitionError:
        return DefinitionError(
            [
                Fault(
                    at=self.shown,
                    expected="a file that stays as it is while it is read",
                    got="one that has changed",
                    hint="write the list elsewhere, move it here when it is complete, run again",
                )
            ]
        )


def read(path: Path, shown: str, *, encoding: str = "utf-8", at: str = "", key: str = "") -> Table:
    """Look through a CSV file. `at` and `key` say who named it.

    Raises DefinitionError for what is no list: no file, no text, no header, nobody in it.
    """
    opening.regular(path, shown, at=at, key=key)
    with path.open("rb") as file:
        head = file.read(4096)
    opening.texts_only(head, shown, encoding=encoding)
    digest, size, lines = _survey(path, shown, encoding)
    with path.open(encoding=_codec(encoding), newline="") as text:
        found = csv_header.find(Lines(text), shown)
    table = Table(
        path=path.absolute(),
        shown=shown,
        encoding=encoding,
        delimiter=found.delimiter,
        header=found.names,
        header_line=found.line,
        digest=digest,
        size=size,
        lines=lines,
    )
    with path.open(encoding=_codec(encoding), newline="") as text:
        if not any(_rows(Lines(text), table.delimiter, table.header, table.header_line)):
            raise DefinitionError(
                [
                    Fault(
                        at=f"{shown}:{table.header_line}",
                        expected="at least one contact below the header",
                        got="a header only",
                        hint="an export that ran before its data was there? export the list again",
                    )
                ]
            )
    return table


def _rows(
    lines: Lines, delimiter: str, header: tuple[str, ...], header_line: int
) -> Iterator[Row | BadRow]:
    for _ in range(header_line):
        next(lines, None)
    width = len(header)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        before = lines.number
        lines.taken = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except Broken as broken:
            yield BadRow(line=before + 1, reason=broken.reason + _extent(before + 1, lines.number))
            continue
        except csv.Error as error:
            reason = _reason(error) + _extent(before + 1, lines.number)
            yield BadRow(line=before + 1, reason=reason)
            continue
        if len(cells) != width:
            if not any(map(str.strip, cells)):
                continue
            if len(cells) < width or any(cells[width:]):
                yield BadRow(line=before + 1, reason=_count(len(cells), width, delimiter))
                continue
        elif not cells[0].strip() and not any(map(str.strip, cells)):
            continue
        yield Row(line=before + 1, cells=dict(zip(header, cells, strict=False)))


def _survey(path: Path, shown: str, encoding: str) -> tuple[bytes, int, int]:
    """Digest, bytes, line breaks; and that every byte is one of this encoding."""
    digest, size, lines, returns = hashlib.sha256(), 0, 0, 0
    decoder = codecs.getincrementaldecoder(_codec(encoding))()
    with path.open("rb", buffering=0) as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                held = error.object[: error.start].decode(_codec(encoding), "replace")
                raise opening.not_in(
                    encoding,
                    shown,
                    max(lines + held.count("\n"), returns + held.count("\r")) + 1,
                    error.object[error.start],
                ) from None
            digest.update(chunk)
            size += len(chunk)
            lines += text.count("\n")
            returns += text.count("\r")
            if not chunk:
                return digest.digest(), size, max(lines, returns)


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _extent(first: int, last: int) -> str:
    return f"; lines {first} to {last} are not read" if last > first else ""


def _count(cells: int, width: int, delimiter: str) -> str:
    why = (
        "a cell that holds the delimiter needs quotes"
        if cells > width
        else "is a delimiter missing?"
    )
    name = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(delimiter, delimiter)
    have = f"{cells} cell{'' if cells == 1 else 's'}"
    return f"{have} where the header has {width} (delimiter {name}; {why})"


def _reason(error: csv.Error) -> str:
    said = str(error)
    if "field larger" in said:
        return "a cell over 128 kB: a quote that is opened and never closed?"
    if "unexpected end" in said:
        return "a quote that is opened and never closed"
    if "expected after" in said:
        return "a quote inside a quoted cell: double it"
    return "it cannot be read as CSV"


class _Digesting(io.RawIOBase):
    """A file that adds every byte it hands out to a digest."""

    def __init__(self, path: Path, digest: hashlib._Hash) -> None:
        self._file = path.open("rb", buffering=0)
        self._digest = digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        count = self._file.readinto(view) or 0
        self._digest.update(view[:count])
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
