"""`recover`: after a restore or a promotion, find out who was rung, and decide about the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.engine.recover import Recovery, finish, recover
from campaigns.errors import InputError

_SHOWN = 20


class DueContacts(StrEnum):
    """What becomes of contacts that cannot be proven uncalled."""

    HOLD = "hold"
    RELEASE = "release"


def recovering(
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Of the backup; UTC unless it says else.")
    ],
    *,
    due_contacts: Annotated[
        DueContacts,
        typer.Option(
            "--due-contacts",
            help="Who may have been rung without a trace: hold ends them unresolved,"
            " release calls them as planned.",
        ),
    ] = DueContacts.HOLD,
    yes: options.Yes = False,
) -> None:
    """After a restore: stop everything, find out at the provider who was rung, and bind it."""
    began = _instant(since)
    with state.opened() as installation:
        parts, who = installation.parts, state.who()
        installation.dialer()  # a missing key is found before anything is stopped
        found = recover(began, parts, who=who, say=screen.note)
        _show(found, due_contacts)
        if not yes:
            if not state.asked_on_a_terminal():
                raise Misused(
                    "everything is stopped and what the provider shows is bound; nobody is there"
                    " to decide about the rest: type the same with --yes"
                )
            if not typer.confirm("Is that right?", default=False, err=True):
                raise InputError("everything stays stopped; type the same again to go on")
        ended = finish(found, parts, who=who, release=due_contacts is DueContacts.RELEASE)
    if ended:
        screen.say(f"{screen.count(ended, 'contact')} ended as unresolved (recovered)")
    screen.say("recovered; the accounts stay paused: `campaigns resume --all` lets them go on")


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Misused("--since is an instant, such as 2026-03-10T15:00:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _show(found: Recovery, due: DueContacts) -> None:
    screen.facts(
        [
            ("since", screen.instant(found.since)),
            ("stopped", screen.instant(found.held_at)),
            ("calls listed", f"{found.listed:,}"),
            ("known here", f"{found.known:,}"),
            ("bound now", f"{found.bound:,}"),
            ("number only", _aside(found.number_only, "no one contact fits: they count for caps")),
            ("foreign", _aside(found.foreign, "numbers this database has never had")),
            ("unseen", _aside(found.unseen, "webhooks came, and the provider shows no call")),
        ],
        indent=0,
    )
    if not found.due:
        screen.say("every contact that was due is accounted for")
        return
    what = (
        "they end unresolved (--due-contacts release would call them)"
        if due is DueContacts.HOLD
        else "they are called as planned, and some may be rung twice"
    )
    number = screen.count(len(found.due), "contact was", "contacts were")
    screen.say(f"{number} due meanwhile and cannot be proven uncalled: {what}")
    screen.table(
        ("campaign", "key"),
        ((one.campaign, screen.shown(one.key, 40)) for one in found.due[:_SHOWN]),
    )
    if len(found.due) > _SHOWN:
        screen.note(f"and {len(found.due) - _SHOWN:,} more")


def _aside(number: int, aside: str) -> str:
    return f"{number:,}: {aside}" if number else "0"
