"""`contacts`: who is in a campaign, which rows of its list are not; and one of them at a time."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from campaigns.cli import options, screen, state, words
from campaigns.cli.doors import Misused, WithDefault
from campaigns.core.figures import ContactLine
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.numbers import mask
from campaigns.core.people import Told
from campaigns.engine.people import One, tell
from campaigns.files import json_tree, opening

app = typer.Typer(
    cls=WithDefault,
    help="The contacts of a campaign; `add`, `update`, `withdraw` one of them without its list."
    " A campaign that is called like one of these: `contacts list NAME`.",
    no_args_is_help=True,
    subcommand_metavar="NAME | COMMAND [ARGS]...",
)

Key = Annotated[
    str, typer.Argument(metavar="KEY", help="Its key: the key column's value, or the number.")
]
Cells = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="COLUMN=VALUE", help="A cell of its row; once for each."),
]
RowFile = Annotated[
    Path | None,
    typer.Option("--row", metavar="FILE", help="Its row as a JSON object; - reads stdin."),
]
UpdatedAt = Annotated[
    str | None,
    typer.Option(
        "--updated-at",
        metavar="TIME",
        help="As of when this is known: what is older than what was told before is refused.",
    ),
]
LARGEST_ROW = 1_000_000
"""Bytes of a row."""

Rejected = Annotated[
    bool, typer.Option("--rejected", help="The rows of the list that became no contact.")
]


@app.command("list", hidden=True)
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
                    str(one.line or ""),
                )
                for one in listing
            ),
            empty="no contacts here",
        )
    screen.more(listing.next)


@app.command()
def add(
    name: options.CampaignName,
    key: Key,
    *,
    cells: Cells = None,
    row: RowFile = None,
    updated_at: UpdatedAt = None,
    as_json: options.AsJson = False,
) -> None:
    """Add a contact that no list has; no later list withdraws it."""
    _tell(name, key, _row(cells, row), known=False, updated_at=updated_at, as_json=as_json)


@app.command()
def update(
    name: options.CampaignName,
    key: Key,
    *,
    cells: Cells = None,
    row: RowFile = None,
    updated_at: UpdatedAt = None,
    as_json: options.AsJson = False,
) -> None:
    """Change what is given; the rest of its row stays. No call leaves by what it said before."""
    _tell(name, key, _row(cells, row), known=True, updated_at=updated_at, as_json=as_json)


@app.command()
def withdraw(
    name: options.CampaignName,
    key: Key,
    *,
    updated_at: UpdatedAt = None,
    as_json: options.AsJson = False,
) -> None:
    """Call a contact no more. A live call goes on and keeps its outcome."""
    _tell(name, key, None, known=None, updated_at=updated_at, as_json=as_json)


def _row(cells: list[str] | None, file: Path | None) -> Mapping[str, str]:
    """What was typed of a row. Raises Misused, or DefinitionError for a file that is none."""
    found: dict[str, str] = {}
    if file is not None:
        shown = "stdin" if str(file) == "-" else str(file)
        if shown == "stdin":
            content = sys.stdin.buffer.read(LARGEST_ROW + 1)
        else:
            opening.regular(file, shown)
            with file.open("rb") as opened:
                content = opened.read(LARGEST_ROW + 1)
        if len(content) > LARGEST_ROW:
            raise Misused(f"{shown} is larger than a row of a list may be")
        found |= json_tree.row(content, shown)
    for cell in cells or ():
        column, equals, value = cell.partition("=")
        if not equals or not column.strip():
            raise Misused(f"--set takes COLUMN=VALUE, not {cell[:40]!r}")
        found[column.strip()] = value
    if not found:
        raise Misused("give its row: --set COLUMN=VALUE for each cell, or --row FILE")
    return found


def _tell(
    name: str,
    key: str,
    row: Mapping[str, str] | None,
    *,
    known: bool | None,
    updated_at: str | None,
    as_json: bool,
) -> None:
    one = One(
        campaign=name,
        key=key,
        row=row,
        merge=known is True,
        known=known,
        updated_at=None if updated_at is None else options.instant("--updated-at", updated_at),
    )
    with state.opened() as installation:
        answer = tell(one, installation.parts, who=state.who())
        now = installation.database.policy_now().policy
    if as_json:
        screen.emit(answer)
        return
    for line in _said(answer, now):
        screen.say(line)


def _said(answer: Told, now: datetime) -> list[str]:
    lines = [answer.effect.value]
    if answer.next_call_at is not None:
        lines.append(f"next call: {screen.moment(answer.next_call_at, now)}")
    if answer.why is not None:
        lines.append(answer.why)
    if answer.live_call is not None:
        since = screen.moment(answer.live_call.since, now)
        lines.append(f"a call by what was known before is live since {since}")
    return lines


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
