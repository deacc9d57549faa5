"""Reading a tree of texts: a rule answers a value or refuses, and every refusal is kept.

A person mends a file once, not once per fault: so a rule that refuses never stops the others.
What is quoted back is cut, on one line, and never a whole list or mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from campaigns.core import durations
from campaigns.core.cells import yes_or_no
from campaigns.core.columns import near
from campaigns.core.durations import NotADuration
from campaigns.errors import Fault

Path = tuple[str | int, ...]
At = Callable[[Path], str]
T = TypeVar("T")
Rule = Callable[[Any], T]

MOST_FAULTS = 200
"""Beyond these they are counted: nobody mends more at once, and a hostile file has thousands."""

_LONGEST_QUOTE = 60


class Refused(Exception):
    """A value that a rule cannot read; carries the rest of the fault's sentence."""

    def __init__(self, expected: str, *, got: str = "", hint: str = "") -> None:
        self.expected, self.got, self.hint = expected, got, hint
        super().__init__(expected)


class Reading:
    """One pass over a file's tree. `at` answers where a path is written."""

    def __init__(self, at: At) -> None:
        self._faults: list[Fault] = []
        self._uncounted = 0
        self._at = at

    @property
    def full(self) -> bool:
        """Whether further faults are only counted."""
        return len(self._faults) >= MOST_FAULTS

    @property
    def faults(self) -> list[Fault]:
        """Every fault; of very many, the first and how many more."""
        if not self._uncounted:
            return self._faults
        more = Fault(at="", expected="fewer faults", got=f"{self._uncounted:,} more")
        return [*self._faults, more]

    def fault(self, path: Path, expected: str, *, got: str = "", hint: str = "") -> None:
        """Keep one fault."""
        if self.full:
            self._uncounted += 1
            return
        self._faults.append(
            Fault(at=self._at(path), key=dotted(path), expected=expected, got=got, hint=hint)
        )

    def value(self, value: Any, path: Path, rule: Rule[T], default: T) -> T:
        """What the rule reads; the default where it refuses, and the fault is kept."""
        try:
            return rule(value)
        except Refused as refused:
            self.fault(path, refused.expected, got=refused.got or said(value), hint=refused.hint)
            return default

    def take(
        self, section: Mapping[str, Any], path: Path, key: str, rule: Rule[T], default: T
    ) -> T:
        """The value under a key that may be absent."""
        if key not in section:
            return default
        return self.value(section[key], (*path, key), rule, default)

    def need(self, section: Mapping[str, Any], key: str, rule: Rule[str], hint: str) -> str:
        """The value under a key of the top level that must be there."""
        if key not in section:
            self.fault((key,), "a value", got="none", hint=hint)
            return ""
        return self.value(section[key], (key,), rule, "")

    def items(self, value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
        """A single value or each of a list, with its path."""
        if isinstance(value, list | tuple):
            yield from ((item, (*path, index)) for index, item in enumerate(value))
        else:
            yield value, path

    def section(self, value: Any, path: Path, instead: str = "") -> Mapping[str, Any] | None:
        """A mapping; `instead` names the word or form that could stand in its place."""
        if isinstance(value, Mapping):
            return value
        expected = f"keys and values{f', or {instead}' if instead else ''}"
        self.fault(path, expected, got=said(value))
        return None


def dotted(path: Path) -> str:
    """`contacts.rows[3].name`; items are counted from 1, as people do."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            written += f".{one_line(part)}" if written else one_line(part)
    return written


def one_line(text: str) -> str:
    """A text that is safe to print: short, on one line."""
    shown = "".join(char if char.isprintable() else "·" for char in text[:_LONGEST_QUOTE])
    return f"{shown}…" if len(text) > _LONGEST_QUOTE else shown


def said(value: Any) -> str:
    """A value as a fault quotes it."""
    match value:
        case str():
            return one_line(value) if value.strip() else "nothing"
        case Mapping():
            return "keys and values"
        case Sequence():
            return "a list"
        case _:
            return "something that is no text"


def text(value: Any) -> str:
    """One text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Refused("a text")
    return value.strip()


def one_of(*words: str) -> Rule[str]:
    """A rule that takes one word out of a few."""

    def rule(value: Any) -> str:
        word = text(value)
        if word not in words:
            meant = near(word, words)
            hint = f"did you mean {meant}?" if meant else ""
            raise Refused(f"one of {', '.join(words)}", hint=hint)
        return word

    return rule


def boolean(value: Any) -> bool:
    """`true` or `false`, in any usual spelling."""
    answer = yes_or_no(value) if isinstance(value, str) else None
    if answer is None:
        raise Refused("true or false")
    return answer


def whole_number(value: Any, low: int, high: int) -> int:
    """A whole number within bounds, both included."""
    expected = f"a whole number from {low} to {high}"
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10):
        raise Refused(expected)
    if not low <= int(value) <= high:
        raise Refused(expected)
    return int(value)


def duration(value: Any, *, plain_seconds: bool = False) -> timedelta:
    """A duration in the one grammar of this project."""
    try:
        return durations.parse(text(value), plain_seconds=plain_seconds)
    except NotADuration as wrong:
        raise Refused(str(wrong), hint=wrong.hint) from None
