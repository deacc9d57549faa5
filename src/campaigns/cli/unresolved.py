"""`unresolved list|settle`: contacts nobody can tell about, and what a person makes of them."""

from __future__ import annotations

from typing import Annotated

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.core.doubt import UnresolvedLine
from campaigns.core.numbers import mask
from campaigns.engine.unresolved import As, settle
from campaigns.errors import InputError

app = typer.Typer(
    help="Calls nobody can tell about: were these people called? A person decides.",
    no_args_is_help=True,
)

REASONS = {
    "no_evidence": "no evidence came in time",
    "no_redial": "proven not placed, but the file says redial_after_unknown: never",
    "not_placed_again": "proven not placed for the third time",
}


@app.command("list")
def list_(
    *,
    limit: options.Limit = options.PAGE,
    after: options.After = None,
    as_json: options.AsJson = False,
) -> None:
    """Contacts whose last call is unresolved, and what evidence there is."""
    with state.opened() as installation:
        listing = state.listing(
            installation,
            lambda reads, since, size: reads.unresolved(after=since, limit=size),
            limit=limit,
            after=after,
        )
        if as_json:
            screen.emit_list("unresolved", listing)
            return
        now = installation.database.policy_now().policy
        screen.table(
            ("id", "campaign", "number", "called", "why", "evidence"),
            (
                (
                    one.id[:8],
                    one.campaign,
                    mask(one.to_number),
                    screen.moment(one.intent_at, now),
                    _why(one),
                    _evidence(one),
                )
                for one in listing
            ),
            empty="nothing is unresolved",
        )
    screen.more(listing.next)


@app.command("settle")
def settle_(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="The call's id, its start, or the provider's.")
    ],
    *,
    taken_as: Annotated[
        As, typer.Option("--as", help="called: nobody rings again. call-again: it waits anew.")
    ] = As.CALLED,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """Decide about one of them; kept with who and when."""
    with state.opened() as installation:
        line = state.look(installation, lambda reads: reads.call(id)).line
        if not yes:
            if not state.asked_on_a_terminal():
                raise Misused(
                    f"a person decides this and nobody is there to ask:"
                    f" type `campaigns unresolved settle {line.id[:8]} --as {taken_as} --yes`"
                )
            ask = (
                f"{mask(line.to_number)} may have been called already. Call again?"
                if taken_as is As.CALL_AGAIN
                else f"Take {mask(line.to_number)} for called?"
            )
            if not typer.confirm(ask, default=False, err=True):
                raise InputError("nothing was changed")
        settle(line.id, taken_as, installation.parts, who=state.who())
    if as_json:
        screen.emit({"id": line.id, "taken_as": taken_as.value})
    elif taken_as is As.CALLED:
        screen.say(f"{mask(line.to_number)} counts as called; nobody rings again by itself")
    else:
        screen.say(f"{mask(line.to_number)} waits to be called again, under all the rules")


def _why(one: UnresolvedLine) -> str:
    said = REASONS.get(one.reason, one.reason)
    return f"{said} ({screen.shown(one.why, 80)})" if one.why else said


def _evidence(one: UnresolvedLine) -> str:
    found = [screen.count(one.events, "event")] if one.events else []
    if one.reads:
        found.append(f"not in {screen.count(one.reads, 'read')} of the list")
    if one.proof and "absent_at" in one.proof:
        found.append("proven absent")
    return ", ".join(found) or "none"
