"""`redial`: another round for those that were not reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.core.lifecycle import CampaignState, Outcome
from campaigns.core.rounds import Left, Unreached
from campaigns.engine import redial as rounds
from campaigns.errors import InputError


def redial(
    name: options.CampaignName,
    *,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome",
            metavar="WORD",
            help="Whom: no_answer, busy, failed, voicemail; several separated by commas.",
        ),
    ] = None,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """Call those again that were not reached, under the same rules. Nobody who was answered."""
    wanted = _wanted(outcome)
    with state.opened() as installation:
        found = rounds.survey(name, wanted, installation.parts)
        if found.people and not yes:
            _ask(name, wanted, found)
        if found.people:
            found = rounds.redial(name, wanted, installation.parts, who=state.who())
        figures = state.look(installation, lambda reads: reads.campaign_figures(name))
    if as_json:
        screen.emit(
            {
                "campaign": name,
                "state": figures.summary.state,
                "called_again": found.people,
                "by_outcome": found.again,
                "not_called": found.left,
            }
        )
        return
    _tell(name, found)
    if found.people and figures.summary.state is CampaignState.PAUSED:
        screen.say(f"it is paused: `campaigns resume {name}` starts it")


def _wanted(given: list[str] | None) -> tuple[Unreached, ...]:
    typed = [word.strip() for text in given or () for word in text.split(",")]
    if Outcome.UNRESOLVED.value in typed:
        raise Misused(
            "nobody can tell whether an unresolved call rang: decide about each of them with"
            " `campaigns unresolved settle ID --as call-again`"
        )
    if Outcome.COMPLETED.value in typed:
        raise Misused("a call that was answered is never repeated")
    wanted = options.chosen(Unreached, "--outcome", given)
    if not wanted:
        raise Misused("say whom: --outcome no_answer,busy (also failed, voicemail)")
    return wanted


def _ask(name: str, wanted: tuple[Unreached, ...], found: rounds.Round) -> None:
    people = screen.count(found.people, "person", "people")
    if not state.asked_on_a_terminal():
        raise Misused(
            f"{people} would be called again and nobody is there to ask:"
            f" type `campaigns redial {name} --outcome {','.join(wanted)} --yes`"
        )
    screen.note(f"{people}: {_said(found.again)}")
    if found.left:
        screen.note(f"not called: {_said(found.left)}")
    if not typer.confirm(f"Call {people} again?", default=False, err=True):
        raise InputError("nothing was changed")


def _tell(name: str, found: rounds.Round) -> None:
    if not found.people:
        screen.say(f"{name}: nobody is called again")
    else:
        people = screen.count(found.people, "person is", "people are")
        screen.say(f"{name}: {people} called again: {_said(found.again)}")
    if found.left:
        screen.say(f"not called: {_said(found.left)}")


def _said(counts: Mapping[Unreached, int] | Mapping[Left, int]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
