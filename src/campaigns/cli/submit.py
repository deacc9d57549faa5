"""`campaigns submit`: store a campaign and let it run."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from campaigns.cli import options, planned, screen, state, summary, words
from campaigns.cli.doors import Misused
from campaigns.cli.submitting import Wishes, store
from campaigns.core.figures import CampaignFigures
from campaigns.core.lifecycle import CampaignState
from campaigns.core.report import silent
from campaigns.engine.submit import Effect, Submitted
from campaigns.loading import load


class Start(StrEnum):
    """How a new campaign begins."""

    RUNNING = "running"
    PAUSED = "paused"


def submit(
    file: Annotated[
        Path, typer.Argument(help="A campaign file (.yaml), a list alone (.csv), or a plan.")
    ],
    *,
    start: Annotated[
        Start, typer.Option("--start", help="paused: store it, and wait for `campaigns resume`.")
    ] = Start.RUNNING,
    yes: options.Yes = False,
    strict: options.Strict = False,
    rejects: options.Rejects = None,
    agent_id: options.AgentId = None,
    from_number: options.FromNumber = None,
    name: options.Name = None,
    region: options.Region = None,
    contacts: options.Contacts = None,
    allow_withdraw: Annotated[
        bool,
        typer.Option(
            "--allow-withdraw", help="Take a list that lacks more contacts than max_withdrawn."
        ),
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Go on with a campaign that another file has kept."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Store a campaign and let it run. The same file again changes nothing; an edited one brings
    along who waits, and repeats nothing that was done."""
    plan = planned.read(file)
    if plan is not None and contacts is not None:
        raise Misused("the plan has its list: plan again with --contacts")
    loaded = None
    if plan is None:
        loaded = load(
            file,
            name=name,
            agent_id=agent_id,
            from_number=from_number,
            region=region,
            contacts=contacts,
        )
    typed = {"--agent-id": agent_id, "--from-number": from_number, "--name": name}
    typed["--contacts"] = contacts
    more = [part for option, text in typed.items() if text for part in (option, text)]
    wishes = Wishes(
        yes=yes,
        paused=start is Start.PAUSED,
        strict=strict,
        allow_withdraw=allow_withdraw,
        take_over=take_over,
        rejects=rejects,
        again=shlex.join(["campaigns", "submit", str(file), *more]),
    )
    with state.opened() as installation:
        if loaded is None:
            loaded = planned.loaded_of(plan or {}, file, installation.database)
        submitted = store(loaded, installation, wishes)
        figures = state.look(installation, lambda reads: reads.campaign_figures(submitted.name))
    if as_json:
        screen.emit(
            {
                "campaign": submitted.name,
                "effect": submitted.effect,
                "state": figures.summary.state,
                "counts": submitted.counts,
                "difference": submitted.difference,
            }
        )
    else:
        _tell(submitted, figures)


def _tell(submitted: Submitted, figures: CampaignFigures) -> None:
    now, name = figures.summary.state, submitted.name
    match submitted.effect:
        case Effect.UNCHANGED:
            screen.say(f"{name}: nothing changed, it is {now}")
        case Effect.CHANGED:
            assert submitted.difference is not None
            screen.say(f"{name}: {summary.difference(submitted.difference)}")
            for line in summary.remarks(submitted.difference):
                screen.say(line)
        case Effect.CREATED | Effect.RESUMED:
            tasks, accepted = figures.summary.tasks, submitted.counts.accepted
            people = f"{screen.count(tasks.waiting, 'person', 'people')} will be called"
            if tasks.total > accepted > 0:  # several touches each
                people = f"{screen.count(tasks.waiting, 'call')} will be made"
            screen.say(f"{name}: stored, {people}")
            if submitted.counts.rejected or submitted.counts.duplicate:
                rows = submitted.counts.rejected + submitted.counts.duplicate
                screen.say(
                    f"{screen.count(rows, 'bad row')} will not:"
                    f" `campaigns contacts {name} --rejected` lists them"
                )
    if now is CampaignState.PAUSED:
        screen.say(f"it is paused: `campaigns resume {name}` starts it")
    elif now is CampaignState.WAITING_FOR_APPROVAL:
        screen.say(words.approval(name))
    elif now is CampaignState.RUNNING and silent(figures):
        screen.note("nothing is running here that would call them: start it with `campaigns up`")
