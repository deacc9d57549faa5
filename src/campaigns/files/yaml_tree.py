"""A YAML file becomes a tree of texts that knows the line of every key.

Only YAML's events are used: nothing is constructed, typed or resolved, so `17:00`, `no` and
`+1800…` stay what the person typed. Size, depth and what aliases unfold to are bounded before
memory is spent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from campaigns.errors import DefinitionError, Fault
from campaigns.files import opening, yaml_faults
from campaigns.files.yaml_compose import Composer, Mark

LARGEST = 1_000_000
"""Bytes. Scanning one takes some microseconds; more people than this belong into a CSV."""

Step = str | int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One file, read. `faults` are those that did not stop the reading: a key named twice."""

    shown: str
    tree: Mapping[str, Any] = field(repr=False)
    faults: tuple[Fault, ...]
    digest: bytes = field(repr=False)
    _mark: Mark = field(repr=False)

    def line(self, path: tuple[Step, ...]) -> int:
        """The line of a path, or of the nearest thing above it that exists."""
        mark = self._mark
        for step in path:
            below = mark.below.get(step)
            if below is None:
                break
            mark = below
        return mark.line

    def at(self, path: tuple[Step, ...]) -> str:
        """`file:line` of a path."""
        return f"{self.shown}:{self.line(path)}"


def read(path: Path, shown: str) -> Document:
    """Read a campaign file. Raises DefinitionError where nothing can be read from it."""
    opening.regular(path, shown)
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _fault(
            shown,
            "a campaign file of at most 1 MB",
            got="a larger one",
            hint="put the people into a CSV and name it: contacts: people.csv",
        )
    return of_bytes(content, shown)


def of_bytes(content: bytes, shown: str) -> Document:
    """The same of what was read already."""
    opening.texts_only(content[:4096], shown)
    text = _decoded(content, shown)
    composer = Composer(shown)
    try:
        tree, mark = composer.compose(_events(text))
    except YAMLError as error:
        fault = yaml_faults.explain(error, text, shown)
        known = any(fault.at == earlier.at for earlier in composer.faults)
        raise DefinitionError([*composer.faults, *([] if known else [fault])]) from None
    if tree == "":
        hint = "the smallest one has name, agent_id, from_number and contacts"
        raise _fault(shown, "a campaign", got="an empty file", hint=hint)
    if not isinstance(tree, dict):
        hint = "a list of people ends in .csv" if isinstance(tree, str) and "," in tree else ""
        got = "a list" if isinstance(tree, list) else "a text"
        at = f"{shown}:{mark.line}"
        raise _fault(at, "keys and values such as name: reminders", got=got, hint=hint)
    return Document(
        shown=shown,
        tree=tree,
        faults=tuple(composer.faults),
        digest=hashlib.sha256(content).digest(),
        _mark=mark,
    )


def _events(text: str) -> Iterator[Any]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _decoded(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise opening.not_in("utf-8", shown, line, content[error.start]) from None


def _fault(at: str, expected: str, *, got: str, hint: str) -> DefinitionError:
    return DefinitionError([Fault(at=at, expected=expected, got=got, hint=hint)])
