"""A plan that was kept in a file: `submit` does what it says, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaigns.cli import screen
from campaigns.core.records import CampaignRow
from campaigns.engine.submit import known
from campaigns.errors import Conflict, InputError
from campaigns.files import exports
from campaigns.loading import Loaded, load
from campaigns.ports import Store

_MARK = "campaigns_plan"
_FORM = 1
_LARGEST = 16 << 20
"""Bytes of a plan: years of hours are less."""


def write(
    path: Path,
    file: Path,
    loaded: Loaded,
    row: CampaignRow | None,
    typed: Mapping[str, str | None],
    forecast: Mapping[str, Any] | None,
) -> None:
    """Keep which file was looked at, against which book, and what was foretold."""
    exports.write_document(
        path,
        {
            _MARK: _FORM,
            "file": str(file.resolve()),
            "typed": dict(typed),
            "campaign": loaded.name,
            "digest": loaded.source.digest,
            "version": None if row is None else row.version,
            "forecast": screen.plain(forecast),
        },
    )


def read(path: Path) -> Mapping[str, Any] | None:
    """The plan in a file; None where it is something else, a campaign file for instance."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            ours = head.lstrip().startswith(b"{") and _MARK.encode() in head
            found = json.loads(head + file.read(_LARGEST)) if ours else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get(_MARK) == _FORM else None


def loaded_of(plan: Mapping[str, Any], path: Path, store: Store) -> Loaded:
    """The campaign that was planned. Raises InputError or Conflict where anything changed since."""
    loaded = load(plan["file"], **plan["typed"])
    if loaded.name != plan["campaign"]:
        loaded = loaded.named(plan["campaign"])
    if loaded.source.digest != plan["digest"]:
        raise InputError(f"{plan['file']} has changed since {path} was planned: plan it again")
    row = known(loaded.name, store)
    if (None if row is None else row.version) != plan["version"]:
        raise Conflict(f"{loaded.name} has changed since {path} was planned: plan it again")
    return loaded
