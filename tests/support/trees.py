"""Campaign files in tests: small trees and texts with only what a test is about."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.definition import Definition
from campaigns.core.parsing import parse
from campaigns.errors import DefinitionError
from campaigns.files.campaign_file import load
from campaigns.files.source import Source

TODAY = date(2026, 3, 9)
SMALL = {
    "name": "reminders",
    "agent_id": "agent_reminder",
    "from_number": "+16175550199",
    "contacts": "people.csv",
}
SMALL_YAML = "name: reminders\nagent_id: agent_reminder\nfrom_number: +16175550199\n"
PEOPLE = "to_number,name\n+16175550100,Ann\n+16175550101,Ben\n"


def definition(**keys: Any) -> Definition:
    """The definition of the smallest campaign with these keys besides."""
    return parse({**SMALL, **keys}, lambda path: f"f.yaml:{'/'.join(map(str, path))}")


def faults(**keys: Any) -> list[str]:
    """The sentences about these keys, without the place."""
    with pytest.raises(DefinitionError) as caught:
        definition(**keys)
    return [str(fault).removeprefix(f"{fault.at}: ") for fault in caught.value.faults]


def fault(**keys: Any) -> str:
    """The only sentence about these keys."""
    (only,) = faults(**keys)
    return only


def written(directory: Path, content: str | bytes, name: str = "people.csv") -> Path:
    """A file with this content."""
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def alone(directory: Path, content: str | bytes, **more: Any) -> Source:
    """A CSV alone, read with the usual arguments."""
    usual = {"agent_id": "agent_reminder", "from_number": "+16175550199", "today": TODAY}
    return load(written(directory, content), **{**usual, **more})


def campaign(directory: Path, more: str = "contacts: people.csv\n", **arguments: Any) -> Source:
    """A YAML campaign with these lines below the smallest head, beside a list of two."""
    if not (directory / "people.csv").exists():
        written(directory, PEOPLE)
    path = written(directory, SMALL_YAML + more, "c.yaml")
    return load(path, today=TODAY, **arguments)


def complaints(directory: Path, call: Any, *args: Any, **more: Any) -> list[str]:
    """What a reader complains about, with places but without the directory."""
    with pytest.raises(DefinitionError) as caught:
        call(directory, *args, **more)
    return [str(one).replace(f"{directory}/", "") for one in caught.value.faults]
