"""Results and rejected rows as files, a row at a time.

CSV is for spreadsheets, which run a cell that begins like a formula: what came from a list or a
phone call is defused there. JSON lines are for programs and change nothing.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TextIO

from campaigns.errors import InputError

RESULT_COLUMNS = (
    *("campaign", "run", "key", "touch", "to_number", "from_number", "outcome", "disposition"),
    *("reason", "attempts", "due_at", "first_called_at", "last_called_at", "answered_at"),
    *("ended_at", "duration_s", "cost", "currency", "call_id", "recording_id", "timezone"),
    *("timezone_source", "late_s", "source_file", "source_line"),
)
"""The columns of results, in order. Programs read them: one may be added at the end."""

REJECT_COLUMNS = ("source_file", "source_line", "column", "reason")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_E164 = re.compile(r"\+[0-9]{8,15}")


class Rejected(Protocol):
    """A row that was refused, by a reader or by the rules for contacts."""

    @property
    def line(self) -> int:
        """Where it starts."""

    @property
    def column(self) -> str:
        """Which column is at fault; empty: the row as a whole."""

    @property
    def reason(self) -> str:
        """Why."""


Row = Mapping[str, Any]
Writer = Callable[[TextIO, Iterable[Row], Sequence[str]], int]


def write_csv(out: TextIO, rows: Iterable[Row], columns: Sequence[str] = RESULT_COLUMNS) -> int:
    """Rows as CSV that a spreadsheet can open without running it. Answers how many."""
    writer = csv.writer(_PlainEnds(out))
    writer.writerow([_cell(column) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
        count += 1
    return count


class _PlainEnds:
    """Ends lines with a plain newline; the csv module quotes a CR only where its lines end so."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, line: str) -> int:
        return self._out.write(line.removesuffix("\r\n") + "\n")


def write_jsonl(out: TextIO, rows: Iterable[Row], columns: Sequence[str] = RESULT_COLUMNS) -> int:
    """Rows as one JSON object a line, nothing changed; unknown is null. Answers how many."""
    count = 0
    for row in rows:
        plain = {column: _plain(row.get(column)) for column in columns}
        out.write(json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n")
        count += 1
    return count


WRITERS: Mapping[str, Writer] = {"csv": write_csv, "jsonl": write_jsonl}
"""By the words that --format takes."""


def write_results(
    path: Path, rows: Iterable[Row], *, form: str, columns: Sequence[str] = RESULT_COLUMNS
) -> int:
    """Write a file of results; what stood there before stays until the new one is complete."""
    with _replacing(path) as out:
        return WRITERS[form](out, rows, columns)


def write_rejects(path: Path, rows: Iterable[Rejected], *, source: str = "") -> int:
    """Write the rows that were refused: where each starts, the column, and why."""
    with _replacing(path) as out:
        return write_csv(out, _rejects(rows, source), REJECT_COLUMNS)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write one JSON document about a person, for nobody's eyes but its owner's."""
    with _replacing(path) as out:
        if path.is_file() or not path.exists():
            os.fchmod(out.fileno(), 0o600)
        json.dump(document, out, ensure_ascii=False, indent=2, default=_plain)
        out.write("\n")


def _rejects(rows: Iterable[Rejected], source: str) -> Iterator[Row]:
    for row in rows:
        yield {
            "source_file": source,
            "source_line": row.line,
            "column": row.column,
            "reason": row.reason,
        }


def _plain(value: Any) -> Any:
    """A value as JSON has it; instants in UTC with Z."""
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError("an instant without a zone cannot be written down")
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            return value


def _cell(value: Any) -> Any:
    plain = _plain(value)
    match plain:
        case None:
            return ""
        case bool():
            return "true" if plain else "false"
        case str():
            return f"'{plain}" if plain.startswith(_FORMULA) and not _is_number(plain) else plain
        case _:
            return plain  # our own numbers: a minus there is no formula


def _is_number(text: str) -> bool:
    return _E164.fullmatch(text) is not None


def _opened(file: Path, typed: Path) -> TextIO:
    """Open for writing. Raises InputError, which names what was typed."""
    try:
        return file.open("w", encoding="utf-8", newline="")
    except FileNotFoundError:
        why = f"there is no folder {typed.parent}: make it first, or name another"
    except IsADirectoryError:
        why = "it is a folder: name a file inside it"
    except OSError as error:
        why = f"{error.strerror}: name another place"
    raise InputError(f"{typed} cannot be written: {why}")


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file that appears under its name when it is complete; a device is written directly."""
    if path.exists() and not path.is_file():
        with _opened(path, path) as out:
            yield out
        return
    target = path.resolve()  # through a link, so that the link stays one
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(partial, path) as out:
            yield out
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
