"""Options that several commands share, so that one word means one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from campaigns.cli.doors import Misused
from campaigns.core import durations, spoken

W = TypeVar("W", bound=StrEnum)

PAGE = 50
"""Lines of a page, where nobody says otherwise."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Strict = Annotated[bool, typer.Option("--strict", help="One bad row is enough to refuse.")]
Rejects = Annotated[
    Path | None,
    typer.Option("--rejects", metavar="FILE", help="Write every bad row with its reason."),
]
AgentId = Annotated[
    str | None, typer.Option("--agent-id", metavar="ID", help="For a list alone: who talks.")
]
FromNumber = Annotated[
    str | None,
    typer.Option("--from-number", metavar="NUMBER", help="For a list alone: the caller's number."),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="For a list alone: the campaign's.")
]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="US", help="The country of numbers written without one."),
]
Contacts = Annotated[
    str | None,
    typer.Option(
        "--contacts",
        metavar="OTHER.csv",
        help="A list that stands in for the one that the file names.",
    ),
]
Limit = Annotated[
    int, typer.Option("--limit", min=0, metavar="N", help="Lines of a page; 0: everything.")
]
After = Annotated[
    str | None, typer.Option("--after", metavar="CURSOR", help="Continue after an earlier page.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only since then: 2026-03-09T09:00Z, or 24h for the last 24 hours.",
    ),
]
CampaignName = Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")]
Outcomes = Annotated[
    list[str] | None,
    typer.Option("--outcome", metavar="WORD", help="Only these, separated by commas."),
]
States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="WORD", help="Only these, separated by commas."),
]


def instant(option: str, text: str) -> datetime:
    """A point in time; without a zone of its own it is UTC. Raises Misused."""
    try:
        return spoken.read(text).instant("UTC").astimezone(UTC)
    except (spoken.Unreadable, OverflowError):
        raise Misused(
            f"{option} takes a date and a time such as 2026-03-09T09:00, in UTC, not {text[:40]!r}"
        ) from None


def chosen(kind: type[W], option: str, given: list[str] | None) -> tuple[W, ...]:
    """The words of an option that takes several. Raises Misused for one that is none."""
    words = [word.strip() for text in given or () for word in text.split(",") if word.strip()]
    known = [one.value for one in kind]
    for word in words:
        if word not in known:
            near = get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(known)}"
            raise Misused(f"{option} does not know {word[:40]!r}: {hint}")
    return tuple(dict.fromkeys(kind(word) for word in words))


def since(text: str | None, now: datetime) -> datetime | None:
    """The instant that `--since` means. Raises Misused."""
    if text is None:
        return None
    try:
        return now - durations.parse(text)
    except durations.NotADuration:
        pass
    except OverflowError:
        return now - timedelta(days=36_500)
    try:
        return spoken.read(text).instant(None).astimezone(UTC)
    except (spoken.Unreadable, OverflowError):
        raise Misused(
            "--since takes an instant with its zone such as 2026-03-09T09:00Z, or a stretch such"
            " as 24h"
        ) from None
