"""`campaigns check`: is this right? No database, no network, nobody is called."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from campaigns.cli import options, screen, summary
from campaigns.cli.doors import complain
from campaigns.cli.examining import Examined, examine
from campaigns.errors import DefinitionError
from campaigns.loading import Loaded, load


def check(
    file: Annotated[Path, typer.Argument(help="A campaign file (.yaml), or a list alone (.csv).")],
    *,
    strict: options.Strict = False,
    rejects: options.Rejects = None,
    agent_id: options.AgentId = None,
    from_number: options.FromNumber = None,
    name: options.Name = None,
    region: options.Region = None,
    contacts: options.Contacts = None,
    as_json: options.AsJson = False,
) -> None:
    """Check a campaign and every contact: faults by line, who, when, from which number."""
    now = datetime.now(UTC)
    try:
        loaded = load(
            file,
            name=name,
            agent_id=agent_id,
            from_number=from_number,
            region=region,
            contacts=contacts,
        )
    except DefinitionError as error:
        if as_json:
            screen.emit({"ok": False, "campaign": name, "faults": error.faults})
        raise
    with screen.counting(loaded.source.lines) as progress:
        found = examine(loaded, now, rejects=rejects, progress=progress)
    wrong = verdict(loaded, found, strict=strict)
    faults = summary.refused(loaded, found, now)
    summary.bad_rows(loaded, found, complain, rejects=rejects is not None)
    if as_json:
        screen.emit({**summary.as_json(loaded, found, now), "ok": wrong is None and not faults})
    else:
        summary.tell(loaded, found, now, screen.say)
        summary.requests(found)
    for fault in faults:
        complain(str(fault))
    if wrong is not None:
        complain(f"{file}: {wrong}")
    if faults or wrong is not None:
        raise typer.Exit(1)


def verdict(loaded: Loaded, found: Examined, *, strict: bool) -> str | None:
    """Why this list is refused; None: it is not."""
    if strict and found.faulty:
        return f"{screen.count(found.faulty, 'bad row')}, and --strict allows none"
    return summary.too_faulty(loaded, found)
