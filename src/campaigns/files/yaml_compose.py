"""YAML events become texts, lists and mappings, each with its line, within fixed bounds.

Aliases share what they name instead of copying it, and count as much as it holds: a bomb of
aliases is refused by arithmetic, before it unfolds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from campaigns.core.reading import dotted, one_line
from campaigns.errors import DefinitionError, Fault

DEEPEST = 20
MOST_NODES = 100_000
"""Texts, lists and mappings after aliases unfold; about 14,000 inline contacts of six columns."""

_NOTHING = frozenset({"", "~", "null"})
_UNQUOTED = "an unquoted {{"


@dataclass(slots=True)
class Mark:
    """The line something starts on, and the marks of what is in it."""

    line: int
    below: dict[str | int, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Node:
    value: Any
    mark: Mark
    size: int


class Composer:
    """Composes one document. `faults` are those that do not stop it."""

    def __init__(self, shown: str) -> None:
        self.faults: list[Fault] = []
        self._shown = shown
        self._events: Iterator[Any] = iter(())
        self._anchors: dict[str, _Node] = {}
        self._left = MOST_NODES

    def compose(self, events: Iterator[Any]) -> tuple[Any, Mark]:
        """The tree of the one document, `""` when there is none."""
        self._events = events
        root: _Node | None = None
        for event in events:
            match event:
                case DocumentStartEvent() if root is not None:
                    raise self._stop(event, (), "one document", got="a second one after ---")
                case DocumentStartEvent():
                    root = self._node(next(events), (), 0)
                case StreamEndEvent():
                    break
        return (root.value, root.mark) if root is not None else ("", Mark(1))

    def _node(self, event: Any, path: tuple[str | int, ...], depth: int) -> _Node:
        if depth > DEEPEST:
            raise self._stop(event, path, f"at most {DEEPEST} levels", got="a deeper one")
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        self._spend(1, event, path)
        if event.tag is not None and str(event.tag) not in {"!", "tag:yaml.org,2002:str"}:
            self._fault(event, path, "a plain value", got="a tag", hint="remove the word after !")
        match event:
            case ScalarEvent():
                plain = event.style in {None, ""}
                value = "" if plain and event.value in _NOTHING else event.value
                node = _Node(value, Mark(_line(event)), 1)
            case SequenceStartEvent():
                node = self._sequence(event, path, depth)
            case MappingStartEvent():
                node = self._mapping(event, path, depth)
            case _:
                raise self._stop(event, path, "a value", got="something else")
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, path: tuple[str | int, ...]) -> _Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._stop(
                event,
                path,
                f"&{one_line(event.anchor)} somewhere above",
                got=f"*{one_line(event.anchor)}",
                hint="YAML reads a value that starts with * as an alias: put it in quotes",
            )
        self._spend(node.size, event, path)
        return node

    def _sequence(self, start: Any, path: tuple[str | int, ...], depth: int) -> _Node:
        items: list[Any] = []
        mark, size = Mark(_line(start)), 1
        while not isinstance(event := next(self._events), SequenceEndEvent):
            where = (*path, len(items))
            node = self._node(event, where, depth + 1)
            mark.below[len(items)] = Mark(_line(event), node.mark.below)
            size += node.size
            items.append(node.value)
        return _Node(items, mark, size)

    def _mapping(self, start: Any, path: tuple[str | int, ...], depth: int) -> _Node:
        values: dict[str, Any] = {}
        merged: list[_Node] = []
        mark, size = Mark(_line(start)), 1
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, start, path, depth)
            where = path if key is None else (*path, key)
            node = self._node(next(self._events), where, depth + 1)
            size += 1 + node.size
            if key is None:
                continue
            if key == "<<" and event.style in {None, ""}:
                merged.append(node)
            elif key in values:
                first = mark.below[key].line
                got = f"it again, first on line {first}"
                self._fault(event, where, "each key once", got=got, hint="keep one of the two")
            else:
                values[key] = node.value
                mark.below[key] = Mark(_line(event), node.mark.below)
        for node in merged:
            self._merge(node, values, mark, path)
        return _Node(values, mark, size)

    def _key(self, event: Any, start: Any, path: tuple[str | int, ...], depth: int) -> str | None:
        if isinstance(event, ScalarEvent):
            self._spend(1, event, path)
            return str(event.value)
        if isinstance(event, AliasEvent):
            node = self._alias(event, path)
            if isinstance(node.value, str):
                return node.value
        else:
            self._node(event, path, depth + 1)
        braces = isinstance(event, MappingStartEvent) and bool(event.flow_style)
        if braces and event.start_mark.index == start.start_mark.index + 1:
            start = f"{one_line(path[-1])}:" if path and isinstance(path[-1], str) else "-"
            hint = f'write the whole value in quotes: {start} "{{{{ … }}}}"'
            self._fault(event, path, "a text", got=_UNQUOTED, hint=hint)
        else:
            self._fault(event, path, "a text as key", got="a list or a mapping")
        return None

    def _merge(
        self, node: _Node, values: dict[str, Any], mark: Mark, path: tuple[str | int, ...]
    ) -> None:
        """`<<: *base`: what the mapping does not say itself."""
        if not isinstance(node.value, dict):
            at = f"{self._shown}:{mark.line}"
            self.faults.append(
                Fault(at=at, key=dotted((*path, "<<")), expected="an alias of keys and values")
            )
            return
        for key, value in node.value.items():
            if key not in values:
                values[key] = value
                mark.below[key] = node.mark.below[key]

    def _spend(self, nodes: int, event: Any, path: tuple[str | int, ...]) -> None:
        self._left -= nodes
        if self._left < 0:
            raise self._stop(
                event,
                path,
                f"at most {MOST_NODES:,} values, aliases unfolded",
                got="more",
                hint="put the people into a CSV, and write few aliases",
            )

    def _fault(
        self, event: Any, path: tuple[str | int, ...], expected: str, *, got: str, hint: str = ""
    ) -> None:
        at = f"{self._shown}:{_line(event)}"
        self.faults.append(Fault(at=at, key=dotted(path), expected=expected, got=got, hint=hint))

    def _stop(
        self, event: Any, path: tuple[str | int, ...], expected: str, *, got: str, hint: str = ""
    ) -> DefinitionError:
        self._fault(event, path, expected, got=got, hint=hint)
        return DefinitionError(self.faults)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
