"""`log`: who did what to a campaign or an account, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.core.audit import AuditLine

_INTERNAL = frozenset({"phone", "phones"})
"""Ids of numbers in our tables: they say nothing to a person."""


def log(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The campaign; everything without it.")
    ] = None,
    *,
    account: Annotated[
        str | None, typer.Option("--account", metavar="A", help="What was done to this account.")
    ] = None,
    since: options.Since = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="The newest N; 0: everything.")
    ] = options.PAGE,
    as_json: options.AsJson = False,
) -> None:
    """Who did what, and when: submits, pauses, cancels, the do-not-call list. The newest last."""
    if name is not None and account is not None:
        raise Misused("log takes NAME or --account, not both")
    with state.opened() as installation:
        now = installation.database.policy_now().policy
        begin = options.since(since, now)
        lines = state.look(
            installation,
            lambda reads: reads.audit(
                campaign_id=None if name is None else reads.campaign_row(name).id,
                account_id=None if account is None else reads.account_id(account),
                since=begin,
                limit=limit,
            ),
        )
    if as_json:
        screen.emit({"log": lines})
        return
    screen.table(
        ("when", "who", "what", "to", "details"),
        (
            (
                screen.moment(one.at, now),
                screen.shown(one.who, 40),
                one.what,
                one.campaign or (f"account {one.account}" if one.account else ""),
                _details(one),
            )
            for one in lines
        ),
        empty="nothing here",
    )


def _details(one: AuditLine) -> str:
    said = [
        *(f"{len(ids)} numbers" for key, ids in one.detail.items() if key == "phones"),
        *(
            f"{key.replace('_', ' ')}: {screen.shown(_plain(value))}"
            for key, value in one.detail.items()
            if key not in _INTERNAL and value not in (None, "", [])
        ),
    ]
    return "; ".join(said)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
