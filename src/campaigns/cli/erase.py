"""`held` and `erase`: what a person may ask of whoever called them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.cli.suppress import parsed
from campaigns.core.numbers import mask
from campaigns.engine.erase import erase as erase_number
from campaigns.engine.erase import told
from campaigns.errors import InputError
from campaigns.files import exports

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="In E.164: +1617…")]


def held(
    number: Number,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it, as JSON.")
    ],
    region: options.Region = None,
) -> None:
    """Write down everything that is held about a number: contacts, calls, what was said of them."""
    (wanted,) = parsed([number], region)
    with state.opened() as installation:
        found = state.look(installation, lambda reads: reads.held(wanted))
        if found is not None:
            told(wanted, installation.parts, who=state.who())
    if found is None:
        raise InputError(f"nothing is held about {mask(wanted)}: no file was written")
    exports.write_document(output, found)
    screen.note(
        f"{screen.count(len(found['contacts']), 'contact')} and"
        f" {screen.count(len(found['calls']), 'call')} in {output}, numbers in full"
    )


def erase(
    number: Number,
    *,
    yes: options.Yes = False,
    suppress: Annotated[
        bool,
        typer.Option(
            "--suppress/--no-suppress", help="Never call it again, also when a list brings it."
        ),
    ] = True,
    region: options.Region = None,
) -> None:
    """Forget a person for good. Outcomes stay, under no name; refused while a call is under way."""
    (wanted,) = parsed([number], region)
    with state.opened() as installation:
        if not yes:
            _ask(wanted)
        erased = erase_number(wanted, installation.parts, who=state.who(), suppress=suppress)
    screen.say(
        f"{mask(wanted)} is erased: {screen.count(erased.contacts, 'contact')},"
        f" {screen.count(erased.calls, 'call')};"
        f" {screen.count(erased.ended, 'waiting call')} dropped"
        + ("; it is never called again" if suppress else "")
    )
    if erased.calls:
        screen.note("recordings and transcripts are the provider's: have them deleted there too")


def _ask(number: str) -> None:
    if not state.asked_on_a_terminal():
        raise Misused("erasing is final and nobody is there to ask: add --yes")
    screen.note("`campaigns held` writes down first what is held")
    if not typer.confirm(f"This is final. Erase {mask(number)}?", default=False, err=True):
        raise InputError("nothing was changed")
