"""JSON becomes the same tree of texts as YAML: numbers and words stay as they are written.

`1800` and `true` are texts here too, typed by the key that they stand under. Where something is
wrong is told as a JSON pointer; the rows of a list are counted from 1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from campaigns.errors import DefinitionError, Fault
from campaigns.files.yaml_compose import DEEPEST, MOST_NODES

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonDocument:
    """One JSON object, read."""

    shown: str
    tree: Mapping[str, Any] = field(repr=False)
    digest: bytes = field(repr=False)
    faults: tuple[Fault, ...] = ()

    def line(self, path: Path) -> int:
        """Which of a list it is, counted from 1."""
        last = path[-1] if path else 0
        return last + 1 if isinstance(last, int) else 1

    def at(self, path: Path) -> str:
        """Where a path stands."""
        return pointer(path)


def read(content: bytes, shown: str) -> JsonDocument:
    """Read an object. Raises DefinitionError with every fault."""
    try:
        found = json.loads(
            content.decode("utf-8"),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=_Pairs,
        )
    except UnicodeDecodeError as error:
        raise _fault(shown, "text in utf-8", f"the byte 0x{content[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        got = f"something else in line {error.lineno}, column {error.colno}"
        raise _fault(shown, "JSON", got) from None
    except RecursionError:
        raise _fault(shown, f"at most {DEEPEST} levels", "a deeper one") from None
    return of_tree(found, shown)


def row(content: bytes, shown: str) -> Mapping[str, str]:
    """One row of a list: column → text. Raises DefinitionError."""
    found = read(content, shown).tree
    wrong = [
        Fault(at=pointer((column,)), key=column[:80], expected="a text", got="something else")
        for column, cell in found.items()
        if not isinstance(cell, str)
    ]
    if wrong:
        raise DefinitionError(wrong)
    return found


def of_tree(found: Any, shown: str) -> JsonDocument:
    """The same of values that a program made. The order of keys says nothing."""
    texts = _Texts()
    tree = texts.of(found, (), 0)
    if texts.faults:
        raise DefinitionError(texts.faults)
    if not isinstance(tree, Mapping):
        raise _fault(shown, "keys and values such as name: reminders", "something else")
    written = json.dumps(tree, sort_keys=True, ensure_ascii=False)
    return JsonDocument(shown=shown, tree=tree, digest=hashlib.sha256(written.encode()).digest())


def pointer(path: Path) -> str:
    """`/contacts/rows/0/mobile` (RFC 6901); empty for the whole."""
    steps = (str(step)[:80].replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{step}" for step in steps)


class _Pairs:
    """An object as it is written, with what is named twice."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        self.pairs = pairs


class _Texts:
    """Turns values into texts, within the bounds of a campaign file."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._left = MOST_NODES

    def of(self, value: Any, path: Path, depth: int) -> Any:
        """Texts, lists and mappings."""
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            most = f"{DEEPEST} levels" if depth > DEEPEST else f"{MOST_NODES:,} values"
            raise DefinitionError([Fault(at=pointer(path), expected=f"at most {most}", got="more")])
        match value:
            case str():
                return self._text(value, path)
            case bool():
                return "true" if value else "false"
            case None:
                return ""
            case _Pairs(pairs=pairs):
                return self._mapping(pairs, path, depth)
            case Mapping():
                return self._mapping(list(value.items()), path, depth)
            case list() | tuple():
                return [self.of(item, (*path, n), depth + 1) for n, item in enumerate(value)]
            case date():
                return value.isoformat()
            case _:
                return self._text(str(value), path)

    def _mapping(self, pairs: Sequence[tuple[Any, Any]], path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, inner in pairs:
            key = self._text(str(name), path)
            if key in found:
                self._wrong((*path, key), "each key once", "it again")
            found[key] = self.of(inner, (*path, key), depth + 1)
        return found

    def _text(self, text: str, path: Path) -> str:
        if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
            self._wrong(path, "a text", "characters that no text has")
            return ""
        return text

    def _wrong(self, path: Path, expected: str, got: str) -> None:
        if len(self.faults) < 100:
            self.faults.append(Fault(at=pointer(path), expected=expected, got=got))


def _fault(at: str, expected: str, got: str) -> DefinitionError:
    return DefinitionError([Fault(at=at, expected=expected, got=got)])
