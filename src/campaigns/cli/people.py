"""`contacts`: who is in a campaign, and which rows of its list are not."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from campaigns.cli import options, screen, state, words
from campaigns.core.figures import ContactLine
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.numbers import mask

Rejected = Annotated[
    bool, typer.Option("--rejected", help="The rows of the list that became no contact.")
]


def contacts(
    name: options.CampaignName,
    *,
    states: options.States = None,
    outcomes: options.Outcomes = None,
    rejected: Rejected = False,
    limit: options.Limit = options.PAGE,
    after: options.After = None,
    as_json: options.AsJson = False,
) -> None:
    """The contacts of a campaign in the order of its list, and where each of them stands."""
    if rejected:
        _rejected(name, limit, after, as_json=as_json)
        return
    wanted = options.chosen(TaskState, "--state", states)
    ended = options.chosen(Outcome, "--outcome", outcomes)
    with state.opened() as installation:
        listing = state.listing(
            installation,
            lambda reads, since, size: reads.contacts(
                name, states=wanted, outcomes=ended, after=since, limit=size
            ),
            limit=limit,
            after=after,
        )
        if as_json:
            screen.emit_list("contacts", listing)
            return
        now = installation.database.policy_now().policy
        screen.table(
            ("key", "number", "touch", "state", "#attempts", "next call", "#line"),
            (
                (
                    _key(one),
                    mask(one.to_number),
                    screen.shown(one.touch),
                    _state(one, now),
                    str(one.attempts),
                    screen.moment(one.next_at, now) if one.next_at and one.next_at > now else "",
                    str(one.line),
                )
                for one in listing
            ),
            empty="no contacts here",
        )
    screen.more(listing.next)


def _key(one: ContactLine) -> str:
    """A key that is the number, alone or with its anchor, is shown as one."""
    number, anchor, rest = one.key.partition(" ")
    if number == one.to_number:
        return f"{mask(number)}{anchor}{rest}"
    return screen.shown(one.key, 40)


def _state(one: ContactLine, now: datetime) -> Text:
    if one.outcome is not None:
        because = f" ({one.reason})" if one.reason and one.reason != one.outcome else ""
        return Text.assemble(screen.state_text(one.outcome), because)
    if one.state is TaskState.WAITING and one.wait_reason and one.next_at and one.next_at > now:
        return Text(f"waiting: {words.wait(one.wait_reason)}")
    return screen.state_text(one.state)


def _rejected(name: str, limit: int, after: str | None, *, as_json: bool) -> None:
    with state.opened() as installation:
        listing = state.listing(
            installation,
            lambda reads, since, size: reads.rejected(name, after=since, limit=size),
            limit=limit,
            after=after,
        )
        if as_json:
            screen.emit_list("rows", listing)
            return
        screen.table(
            ("#line", "kind", "column", "reason"),
            (
                (str(one.line), one.kind, screen.shown(one.column, 40), screen.shown(one.reason))
                for one in listing
            ),
            empty="every row became a contact",
        )
    screen.more(listing.next)
