"""A campaign as a person hands it in: a YAML file with its list, or a CSV alone.

What comes out is checked as far as a file can be checked by itself; which column is the number,
and whether each number can be called, is asked of the rows later (core/contacts.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from campaigns.core import fields
from campaigns.core.cells import folded
from campaigns.core.contacts import ContactReader
from campaigns.core.definition import Definition
from campaigns.core.parsing import read
from campaigns.core.reading import Refused, said
from campaigns.core.runs import Origin
from campaigns.errors import DefinitionError, Fault
from campaigns.files import csv_table, opening, yaml_tree
from campaigns.files.finding import newest
from campaigns.files.rows import RowSource, inline
from campaigns.files.source import Source, Tree, path_of

_YAML = frozenset({".yaml", ".yml", ".json"})
_CSV = frozenset({".csv", ".tsv", ".tab", ".txt"})
_PER_CONTACT = ("agent_id", "from_number")  # a CSV alone may have them as columns
_LONGEST_STEM = 43  # leaves room for -2026-03-09-1a2b3c4d in a name


def load(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    agent_id: str | None = None,
    from_number: str | None = None,
    region: str | None = None,
    contacts: str | None = None,
    today: date,
) -> Source:
    """Read a campaign file, or a CSV alone. Raises DefinitionError with every fault.

    The arguments fill in what the file does not say; where both say it, they must agree, except
    that a file's own region is right. `contacts` stands in for the list that a file names: the same
    contacts in another file. `today` is part of the name that a CSV alone gets.
    """
    shown = os.fspath(path)
    suffix = Path(shown).suffix.lower()
    given = {"name": name, "agent_id": agent_id, "from_number": from_number}
    arguments = {key: value for key, value in given.items() if value is not None}
    if suffix in _YAML:
        document = yaml_tree.read(Path(shown), shown)
        return of_document(
            document, arguments=arguments, region=region, contacts=contacts, kept=True
        )
    if suffix in _CSV and contacts is not None:
        expected, hint = "a campaign file (.yaml)", "a list alone is its own list"
        raise DefinitionError([Fault(at=_option("contacts"), expected=expected, hint=hint)])
    if suffix in _CSV:
        return _list_alone(shown, arguments, region, today)
    opening.regular(Path(shown), shown)
    expected = "a file whose name ends in .yaml or .csv"
    raise DefinitionError([Fault(at=shown, expected=expected, got=suffix or "no ending")])


def of_document(
    document: Tree,
    *,
    arguments: Mapping[str, str] = MappingProxyType({}),
    region: str | None = None,
    contacts: str | None = None,
    files: bool = True,
    kept: bool = False,
) -> Source:
    """A campaign of what was read. `files`: it may name a list beside it on this machine.

    `kept`: it is a file, in which it can be found again. Raises DefinitionError with every fault.
    """
    shown = document.shown
    faults = list(document.faults)
    told = {(fault.at, fault.key) for fault in faults}
    tree, filled = _filled(document, arguments, faults)

    def at(path: tuple[str | int, ...]) -> str:
        return _option(path[0]) if path and path[0] in filled else document.at(path)

    rows: RowSource | None = None
    definition, wrong = read(tree, at)
    # What YAML already made of a value needs no second sentence.
    faults += [fault for fault in wrong if (fault.at, fault.key) not in told]
    try:
        rows = (
            _list_of(document, definition, files=files)
            if contacts is None
            else _list_instead(contacts, definition)
        )
    except DefinitionError as error:
        faults += error.faults
    if region is not None and definition.contacts.region is None:
        definition, filled = _in_region(definition, region, filled, faults)
    if rows is None or faults:
        more = () if rows is None else _of_header(definition, rows.header, faults)
        faults += [replace(fault, at=at(path_of(fault.key))) for fault in more]
        raise DefinitionError(sorted(faults, key=_line))
    return Source(
        definition=definition,
        path=Path(shown).absolute(),
        digest=digest_of(document.digest, rows.digest, filled),
        contacts=rows,
        origin=_origin(shown, document.digest, filled) if kept else None,
        _where=at,
    )


def _list_alone(
    shown: str, arguments: Mapping[str, str], region: str | None, today: date
) -> Source:
    table = csv_table.read(Path(shown), shown)
    columns = frozenset(folded(column) for column in table.header)
    faults = [
        Fault(
            at=shown,
            key=key,
            expected="a value",
            got="none",
            hint=f"give {_option(key)}, or add a column {key}",
        )
        for key in _PER_CONTACT
        if key not in arguments and folded(key) not in columns
    ]
    usual = f"{_slug(Path(shown).stem)}-{today.isoformat()}-{table.digest.hex()[:8]}"
    tree = {"name": usual, **arguments, "contacts": "list.csv", "context": "all"}
    filled = dict(arguments)
    definition, wrong = read(
        tree, lambda path: _option(path[0] if path else ""), columns=frozenset(_PER_CONTACT)
    )
    faults += wrong
    contacts = definition.contacts.model_copy(update={"file": Path(shown).name})
    definition = definition.model_copy(update={"contacts": contacts})
    if region is not None:
        definition, filled = _in_region(definition, region, filled, faults)
    if faults:
        more = _of_header(definition, table.header, faults)
        faults += [replace(fault, at=f"{shown}:{table.header_line}") for fault in more]
        raise DefinitionError(faults)
    return Source(
        definition=definition,
        path=table.path,
        digest=digest_of(b"", table.digest, filled),
        contacts=table,
        dated="name" not in arguments,
        origin=_origin(shown, b"", filled),
        _where=lambda _: f"{shown}:{table.header_line}",
    )


def _of_header(
    definition: Definition, header: Sequence[str], told: Sequence[Fault]
) -> Sequence[Fault]:
    """What the header adds to the faults of a file, so that a person mends both at once.

    Nothing is said twice, nor what may only follow from a fault that is told already.
    """
    keys = {fault.key for fault in told}
    sections = {key.partition(".")[0] for key in keys}
    try:
        ContactReader(definition, header, default_region=None)
    except DefinitionError as error:
        return [
            fault
            for fault in error.faults
            if fault.key not in keys
            and not (fault.key == "contacts.to_number" and "contacts" in sections)
        ]
    return ()


def _filled(
    document: Tree, arguments: Mapping[str, str], faults: list[Fault]
) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The file's tree with the arguments it leaves room for."""
    filled: dict[str, str] = {}
    for key, value in arguments.items():
        if key not in document.tree:
            filled[key] = value
        elif document.tree[key] != value:
            hint = f"change the file, or leave out {_option(key)}"
            faults.append(
                Fault(
                    at=document.at((key,)),
                    key=key,
                    expected=f"the same as {_option(key)}",
                    got="another",
                    hint=hint,
                )
            )
    return {**document.tree, **filled}, filled


def _list_of(document: Tree, definition: Definition, *, files: bool) -> RowSource | None:
    """The list that a campaign file names; a file with faults may have one with more."""
    contacts = document.tree.get("contacts")
    section = contacts if isinstance(contacts, Mapping) else {"file": contacts}
    file = section.get("file")
    directory, _ = os.path.split(document.shown)
    rows, columns = definition.contacts.rows, definition.contacts.columns
    if rows or (rows is not None and columns):
        lines = [document.line(("contacts", "rows", index)) for index in range(len(rows))]
        return inline(Path(document.shown).absolute(), document.shown, rows, lines, columns)
    try:
        named = fields.file_name(file)
        encoding = fields.encoding(section.get("encoding", "utf-8"))
    except Refused:  # parse has told it
        return None
    path = ("contacts", "file") if isinstance(contacts, Mapping) else ("contacts",)
    if not files:
        raise DefinitionError(
            [
                Fault(
                    at=document.at(path),
                    key=".".join(path),
                    expected="the contacts themselves",
                    got="the name of a file",
                    hint="no file is read here: send `rows`, or submit the file where it is",
                )
            ]
        )
    at, key = document.at(path), ".".join(path)
    found, shown = newest(directory, named, at=at, key=key)
    return csv_table.read(found, shown, encoding=encoding, at=at, key=key)


def _list_instead(contacts: str, definition: Definition) -> RowSource:
    """The list of the command line, read as the file says of its own."""
    own = definition.contacts
    instead = "" if own.rows is None else "rows of its own"
    if own.refresh is not None:
        instead = "contacts.refresh, which would read the file's own list again"
    if instead:
        expected, hint = "a campaign file whose list another may stand in for", "edit its contacts"
        raise DefinitionError(
            [Fault(at=_option("contacts"), expected=expected, got=instead, hint=hint)]
        )
    return csv_table.read(Path(contacts), contacts, encoding=own.encoding, at=_option("contacts"))


def _in_region(
    definition: Definition, region: str, filled: dict[str, str], faults: list[Fault]
) -> tuple[Definition, dict[str, str]]:
    try:
        code = fields.region(region)
    except Refused as refused:
        faults.append(
            Fault(
                at=_option("region"),
                expected=refused.expected,
                got=refused.got or said(region),
                hint=refused.hint,
            )
        )
        return definition, filled
    contacts = definition.contacts.model_copy(update={"region": code})
    return definition.model_copy(update={"contacts": contacts}), {**filled, "region": code}


def digest_of(campaign: bytes, rows: bytes, filled: Mapping[str, str]) -> str:
    """What a campaign with its list, and what was typed beside it, is compared by."""
    digest = hashlib.sha256()
    for part in (campaign, rows, json.dumps(dict(filled), sort_keys=True).encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _origin(shown: str, document: bytes, filled: Mapping[str, str]) -> Origin:
    return Origin(path=str(Path(shown).absolute()), document=document.hex(), filled=dict(filled))


def _line(fault: Fault) -> int:
    number = fault.at.rpartition(":")[2]
    return int(number) if number.isdigit() else 0


def _slug(stem: str) -> str:
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_STEM].strip("-") or "list"


def _option(key: str | int) -> str:
    return f"--{str(key).replace('_', '-')}"
