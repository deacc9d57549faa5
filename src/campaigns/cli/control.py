"""`pause`, `resume`, `approve`, `cancel`: what a person decides while calls are going out."""

from __future__ import annotations

from typing import Annotated

import typer

from campaigns.bootstrap import Installation
from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.core.figures import AccountFigures
from campaigns.core.lifecycle import CampaignState
from campaigns.engine import approval, control
from campaigns.errors import InputError

Target = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The campaign.")]
Account = Annotated[
    str | None, typer.Option("--account", metavar="A", help="Every campaign of this account.")
]
Everything = Annotated[bool, typer.Option("--all", help="Every account.")]


def pause(
    name: Target = None,
    *,
    account: Account = None,
    everything: Everything = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Kept, and shown with the pause.")
    ] = "no reason given",
) -> None:
    """Stop before the next call: a campaign, an account, or all. Live calls go on."""
    _one_of("pause", name, account, everything)
    with state.opened() as installation:
        if name is not None:
            control.pause(name, installation.parts, who=state.who(), reason=reason)
            screen.say(f"{name} is paused; `campaigns resume {name}` lets it go on")
            return
        accounts = _accounts(installation, account)
        control.pause_account(
            [one.id for one in accounts], installation.parts, who=state.who(), reason=reason
        )
    for one in accounts:
        screen.say(
            f"account {one.name} is paused; `campaigns resume --account {one.name}` lets it go on"
        )


def resume(name: Target = None, *, account: Account = None, everything: Everything = False) -> None:
    """Go on after a pause, under all the rules of this moment."""
    _one_of("resume", name, account, everything)
    with state.opened() as installation:
        if name is not None:
            control.resume(name, installation.parts, who=state.who())
            figures = state.look(installation, lambda reads: reads.campaign_figures(name))
            screen.say(f"{name} goes on")
            if figures.account.paused_why is not None:
                mine = figures.account.name
                screen.note(
                    f"but its account {mine} is paused: `campaigns resume --account {mine}`"
                )
            return
        accounts = _accounts(installation, account)
        control.resume_account([one.id for one in accounts], installation.parts, who=state.who())
    for one in accounts:
        screen.say(f"account {one.name} goes on; campaigns paused by themselves stay paused")


def approve(name: options.CampaignName) -> None:
    """Say that the first calls of a campaign are right (`pacing: {first: 10}`): it goes on."""
    with state.opened() as installation:
        approval.approve(name, installation.parts, who=state.who())
        figures = state.look(installation, lambda reads: reads.campaign_figures(name))
    if figures.summary.state is CampaignState.PAUSED:
        screen.say(f"{name} is approved; it is paused: `campaigns resume {name}` lets it go on")
        return
    waits = screen.count(figures.summary.tasks.waiting, "call waits", "calls wait")
    screen.say(f"{name} is approved: {waits}")


def cancel(name: options.CampaignName, yes: options.Yes = False) -> None:
    """End a campaign for good. Live calls finish; nobody else is called."""
    with state.opened() as installation:
        figures = state.look(installation, lambda reads: reads.campaign_figures(name))
        tasks = figures.summary.tasks
        waiting = screen.count(tasks.waiting + tasks.claimed, "waiting call")
        over = figures.summary.state is CampaignState.FINISHED
        if not yes and not over:  # one that is finished is refused without a question
            if not state.asked_on_a_terminal():
                raise Misused(
                    f"cancelling is final and nobody is there to ask:"
                    f" type `campaigns cancel {name} --yes`"
                )
            typed = typer.prompt(
                f"This is final: {waiting} will not be made. Type {name} to cancel it",
                default="",
                show_default=False,
                err=True,
            )
            if typed.strip() != name:
                raise InputError("that is not its name: nothing was changed")
        control.cancel(name, installation.parts, who=state.who())
    live = screen.count(tasks.calling, "live call finishes", "live calls finish")
    screen.say(
        f"{name} is cancelled: {waiting} will not be made" + (f", {live}" if tasks.calling else "")
    )


def _one_of(verb: str, name: str | None, account: str | None, everything: bool) -> None:
    if sum((name is not None, account is not None, everything)) != 1:
        raise Misused(f"name one of them: `campaigns {verb} NAME`, `--account A`, or `--all`")


def _accounts(installation: Installation, name: str | None) -> tuple[AccountFigures, ...]:
    """The account of that name, or all of them. Raises UnknownName."""
    if name is not None:
        state.look(installation, lambda reads: reads.account_id(name))
    found = state.look(installation, lambda reads: reads.accounts_figures(reads.tx.now()))
    return tuple(one for one in found if name in (None, one.name))
