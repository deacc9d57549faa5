"""How things look: calm lines for people, JSON for programs, and never a whole phone number.

Results go to stdout, everything else to stderr. Instants are shown in this machine's zone with
their distance; JSON has them in UTC.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import islice
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from campaigns.cli.listing import Listing
from campaigns.core import numbers
from campaigns.logs import masked

_WIDE = 4_000
"""Columns where nobody looks: what is piped is never wrapped or cut."""
_LONG = 20_000
_CHUNK = 200
_NUMBERS = frozenset({"to_number", "from_number"})
_NAMED = {
    **dict.fromkeys(("completed", "running"), "green"),
    **dict.fromkeys(("paused", "waiting_for_approval", "unresolved"), "yellow"),
}


def out() -> Console:
    """stdout as it is now."""
    return _console(sys.stdout)


def err() -> Console:
    """stderr as it is now."""
    return _console(sys.stderr)


def _console(file: Any) -> Console:
    terminal = Console(file=file, highlight=False, emoji=False, markup=False, soft_wrap=True)
    if terminal.is_terminal:
        return terminal
    return Console(
        file=file, highlight=False, emoji=False, markup=False, soft_wrap=True, width=_WIDE
    )


def note(line: str) -> None:
    """A line about what happens, on stderr."""
    _sentence(err(), Text(line))


def say(*parts: str | Text) -> None:
    """A line of the result, on stdout."""
    _sentence(out(), Text.assemble(*parts))


def _sentence(console: Console, line: Text) -> None:
    """Broken between words on a terminal, and never where nobody looks."""
    console.print(line, soft_wrap=not console.is_terminal)


def emit(value: Any, *, whole: bool = False) -> None:
    """A JSON document on stdout; numbers are masked unless they were asked for."""
    sys.stdout.write(json.dumps(plain(value, whole=whole), ensure_ascii=False, indent=2) + "\n")


def emit_line(value: Any) -> None:
    """One JSON line on stdout, at once."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def emit_list(name: str, items: Listing[Any]) -> None:
    """A long list as one JSON document, written as it is read."""
    before = f'{{"{name}": [\n  '
    for item in items:
        sys.stdout.write(before + json.dumps(plain(item), ensure_ascii=False))
        before = ",\n  "
    head = f'{{"{name}": [' if before.startswith("{") else "\n"
    sys.stdout.write(f'{head}], "next": {json.dumps(items.next)}}}\n')


def more(cursor: str | None) -> None:
    """How to see the following page."""
    if cursor is not None:
        note(f"there is more: --after {cursor}, or --limit 0 for everything")


def plain(value: Any, key: str = "", *, whole: bool = False) -> Any:
    """A value as JSON has it; phone numbers are masked wherever they stand, unless `whole`."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            if whole:
                return value
            return numbers.mask(value) if key in _NUMBERS and value else masked(value)
        case datetime():
            return instant(value)
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {
                str(plain(name, whole=whole)): plain(inner, str(name), whole=whole)
                for name, inner in value.items()
            }
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {
                one.name: plain(getattr(value, one.name), one.name, whole=whole)
                for one in fields(value)
            }
        case Iterable():
            return [plain(inner, whole=whole) for inner in value]
        case _:
            return str(value)


def instant(at: datetime) -> str:
    """UTC with Z, to the second or finer where there is more."""
    precise = "milliseconds" if at.microsecond else "seconds"
    return at.astimezone(UTC).isoformat(timespec=precise).replace("+00:00", "Z")


def moment(at: datetime, now: datetime) -> str:
    """`Tue 10 Mar 16:00 CET, in 12 min`."""
    local = at.astimezone()
    year = f" {local:%Y}" if local.year != now.astimezone().year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M} {local:%Z}, {distance(at, now)}"


def exact(at: datetime) -> str:
    """`Tue 10 Mar 16:00:07 CET`."""
    local = at.astimezone()
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M:%S} {local:%Z}"


def distance(at: datetime, now: datetime) -> str:
    """`in 12 min`, `3 s ago`, `now`."""
    if abs(at - now) < timedelta(seconds=1):
        return "now"
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def span(length: timedelta) -> str:
    """`42 s`, `12 min`, `3 h 20 min`, `5 days`."""
    seconds = round(length.total_seconds())
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 36:
        return f"{hours} h {rest} min" if rest and hours < 12 else f"{round(minutes / 60)} h"
    return f"{round(minutes / 1440)} days"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 call`, `2,310 calls`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shown(text: str | None, longest: int = 200) -> str:
    """Someone else's text as a screen may show it: one line, no control characters, masked."""
    if text is None:
        return ""
    line = "".join(char if char.isprintable() else " " for char in masked(text))
    return line if len(line) <= longest else f"{line[:longest]}…"


def state_text(word: str) -> Text:
    """A state or an outcome; only what deserves a look has a colour."""
    return Text(word, style=_NAMED.get(word, ""))


def table(header: Sequence[str], rows: Iterable[Sequence[str | Text]], *, empty: str = "") -> None:
    """Columns on stdout, a name with # to the right; rows are shown as they are read."""
    console = out()
    right = [name.startswith("#") for name in header]
    names = [Text(name.lstrip("#"), style="dim") for name in header]
    widths = [0] * len(header)
    source = iter(rows)
    first = True
    while chunk := list(islice(source, _CHUNK)):
        if first and any(name.plain for name in names):
            chunk.insert(0, names)
        first = False
        for cells in chunk:
            widths = [max(w, _width(cell)) for w, cell in zip(widths, cells, strict=True)]
        if console.is_terminal:
            for cells in chunk:
                console.print(_line(cells, widths, right), soft_wrap=True)
        else:
            sys.stdout.writelines(_plain_line(cells, widths, right) for cells in chunk)
    if first and empty:
        note(empty)


def facts(pairs: Iterable[tuple[str, str | Text]], indent: int = 2) -> None:
    """`label   value` lines on stdout; pairs without a value are left out."""
    lines = [
        (Text(" " * indent + (label if number == 0 else ""), style="dim"), part)
        for label, value in pairs
        if str(value)
        for number, part in enumerate(_text(value).split("\n"))
    ]
    table(("", ""), lines)


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def _width(cell: str | Text) -> int:
    return cell.cell_len if isinstance(cell, Text) else cell_len(cell)


def _line(cells: Sequence[str | Text], widths: Sequence[int], right: Sequence[bool]) -> Text:
    line = Text()
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        space = " " * (width - _width(cell))
        line.append_text(Text.assemble(*((space, cell) if to_right else (cell, space)), "  "))
    line.rstrip()
    return line


def _plain_line(cells: Sequence[str | Text], widths: Sequence[int], right: Sequence[bool]) -> str:
    """The same where nobody sees a colour: many times faster."""
    parts = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        space = " " * (width - _width(cell))
        parts.append(f"{space}{cell}" if to_right else f"{cell}{space}")
    return "  ".join(parts).rstrip() + "\n"


@contextmanager
def counting(total: int) -> Iterator[Callable[[int], None]]:
    """Rows read so far: on a terminal only, and where it takes long enough to wonder."""
    console = err()
    if not console.is_terminal or total < _LONG:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda done: bar.update(task, completed=done)
