"""`rules`: what the law asks of calls, as this version knows it, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from campaigns.cli import options, screen
from campaigns.cli.doors import Misused
from campaigns.core import numbers
from campaigns.core.definition import PURPOSES
from campaigns.core.places import state_named, with_countries
from campaigns.core.reading import Refused
from campaigns.core.rules import (
    Certainty,
    Rule,
    Rules,
    of_places,
    packs,
    rows,
    rule,
    rule_named,
    said,
)
from campaigns.errors import UnknownName

app = typer.Typer(
    help="What the law asks of calls, as dated rows with their source. Not legal advice.",
    no_args_is_help=True,
)


@app.command("list")
def list_(
    *,
    place: Annotated[
        str | None,
        typer.Option("--place", metavar="US-FL", help="Only rows that hold there."),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose", metavar="WORD", help=f"Only rows for {', '.join(PURPOSES)} calls."
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Every row: where and for whom it holds, what it asks, how sure it is, and until when."""
    found = _found(place, purpose)
    if as_json:
        screen.emit({"rules": [said.as_json(row) for row in found]})
        return
    _table(found)
    if place is not None and not Rules(None).covered(_places(place)):
        screen.note("a country without a row of its own is closed: nobody there is called")
    if any(row.certainty is Certainty.C for row in found):
        screen.note("C is off until a campaign names the row, or its pack, in calling_hours.rules")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="KEY|PACK", help="A row, or all rows of a pack.")],
    *,
    as_json: options.AsJson = False,
) -> None:
    """One row, or the rows of a pack, with what each says, its source and its dates."""
    try:
        known = rule_named(name)
    except Refused as refused:
        raise UnknownName(f"no rule and no pack {name[:60]!r} ({refused.hint})") from None
    found = packs().get(known) or (rule(known),)
    if as_json:
        screen.emit({"rules": [said.as_json(row) for row in found]})
        return
    for number, row in enumerate(found):
        if number:
            screen.say()
        screen.say(row.key)
        screen.facts(_facts(row))


def _found(place: str | None, purpose: str | None) -> Sequence[Rule]:
    found = rows()
    if place is not None:
        found = of_places(_places(place))
    if purpose is not None:
        if purpose not in PURPOSES:
            raise Misused(f"--purpose is one of {', '.join(PURPOSES)}, not {purpose[:40]!r}")
        found = tuple(row for row in found if purpose in row.purposes)
    return found


def _places(text: str) -> tuple[str, ...]:
    code = text.strip().upper()
    if numbers.is_region(code) and len(code) == 2:
        return (code,)
    try:
        return with_countries((state_named(code, ""),))
    except Refused as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        raise Misused(
            f"--place takes a country such as US, or a state such as US-FL{hint}"
        ) from None


def _table(found: Iterable[Rule]) -> None:
    screen.table(
        ("key", "place", "for", "hours", "caps", "asks for", "sure", "until"),
        [
            (
                row.key,
                row.place,
                said.purposes(row),
                said.hours(row),
                said.caps(row),
                said.asks(row),
                row.certainty.value,
                row.review_by.isoformat(),
            )
            for row in found
        ],
    )


def _facts(row: Rule) -> list[tuple[str, str]]:
    off = " (off until it is named in calling_hours.rules)" if row.certainty is Certainty.C else ""
    return [
        ("pack", row.pack),
        ("place", row.place),
        ("for", said.purposes(row)),
        ("hours", said.hours(row)),
        ("caps", said.caps(row)),
        ("asks for", said.asks(row)),
        ("says", row.says),
        ("source", row.source),
        ("sure", f"{row.certainty.value}: {row.certainty.means}{off}"),
        ("as of", f"{row.as_of.isoformat()}, to be reviewed by {row.review_by.isoformat()}"),
    ]
