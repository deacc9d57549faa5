"""`calls NAME` and `calls show ID`: every attempt, and everything that was said about one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from campaigns.cli import options, screen, state
from campaigns.cli.doors import WithDefault
from campaigns.core.figures import CallDetail, CallLine
from campaigns.core.lifecycle import AttemptState
from campaigns.core.numbers import mask
from campaigns.logs import masked

app = typer.Typer(
    cls=WithDefault,
    help="Every call of a campaign, the newest first; `calls show ID` tells everything about one.",
    no_args_is_help=True,
    subcommand_metavar="NAME | COMMAND [ARGS]...",
)

Key = Annotated[str | None, typer.Option("--key", metavar="KEY", help="Only this contact's.")]


@app.command("list", hidden=True)
def list_(
    name: options.CampaignName,
    *,
    states: options.States = None,
    key: Key = None,
    limit: options.Limit = options.PAGE,
    after: options.After = None,
    as_json: options.AsJson = False,
) -> None:
    """The calls of a campaign, the newest first."""
    wanted = options.chosen(AttemptState, "--state", states)
    with state.opened() as installation:
        listing = state.listing(
            installation,
            lambda reads, since, size: reads.calls(
                name, states=wanted, key=key, after=since, limit=size
            ),
            limit=limit,
            after=after,
        )
        if as_json:
            screen.emit_list("calls", listing)
            return
        now = installation.database.policy_now().policy
        screen.table(
            ("id", "number", "state", "#attempt", "called", "lasted", ""),
            (
                (
                    one.id[:8],
                    mask(one.to_number),
                    screen.state_text(one.state),
                    str(one.attempt_no),
                    screen.moment(one.intent_at, now),
                    f"{one.duration_s:g} s" if one.duration_s is not None else "",
                    _aside(one),
                )
                for one in listing
            ),
            empty="no calls here",
        )
    screen.more(listing.next)


def _aside(one: CallLine) -> str:
    parts = [screen.shown(one.answer_detail, 80), screen.shown(one.check_error, 80)]
    if one.late:
        parts.append("told late")
    return ", ".join(filter(None, parts))


@app.command()
def show(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="The call's id, its start, or the provider's.")
    ],
    as_json: options.AsJson = False,
) -> None:
    """One call: what was asked, what was answered, every raw event, every fault of a look-up."""
    with state.opened() as installation:
        call = state.look(installation, lambda reads: reads.call(id))
        now = installation.database.policy_now().policy
    if as_json:
        shown: dict[str, Any] = screen.plain(call)
        line = shown.pop("line")
        screen.emit({**line, **shown})
        return

    def at(moment: datetime | None) -> str:
        return screen.exact(moment) if moment is not None else ""

    line = call.line
    screen.say(Text(line.id, style="bold"), "  ", screen.state_text(line.state))
    screen.facts(
        [
            ("campaign", f"{line.campaign}, attempt {line.attempt_no}" if line.campaign else ""),
            ("touch", screen.shown(line.touch)),
            ("rows", _rows(call)),
            ("number", mask(line.to_number)),
            ("provider", _ids(call)),
            ("called", f"{at(line.intent_at)}, {screen.distance(line.intent_at, now)}"),
            ("answer", _answer(call, at(call.answered_at))),
            ("ringing", at(call.ringing_at)),
            ("picked up", at(line.in_progress_at)),
            ("ended", at(line.terminal_at)),
            ("lasted", f"{line.duration_s:g} s" if line.duration_s is not None else ""),
            ("because", screen.shown(call.ended_reason)),
            ("confirmed", "by a look-up" if call.confirmed else ""),
            ("late", "what ended it came late" if line.late else ""),
            ("proof", _proof(call)),
            ("cost", f"{call.cost:g} {call.currency or ''}" if call.cost is not None else ""),
            ("recording", screen.shown(call.recording_id)),
            ("look-ups", _checks(call, at(call.check_at))),
            ("number free", at(call.release_at) if line.open else ""),
        ]
    )
    screen.say()
    screen.say(Text("asked for", style="dim"))
    screen.facts(_snapshot(call), indent=4)
    screen.say()
    screen.say(Text("events" if call.events else "no event has come yet", style="dim"))
    for event in call.events:
        word = f"{event.source} {screen.shown(event.word, 60)}"
        lasted = f", {event.duration_s:g} s" if event.duration_s is not None else ""
        unread = "" if event.folded else ", not read yet"
        screen.say(f"    {at(event.received_at)}  {word}{lasted}{unread}")
        screen.say(Text(f"      {screen.shown(event.body, 2_000)}", style="dim"))


def _rows(call: CallDetail) -> str:
    """Whom a call for several rows was for."""
    keys = [screen.shown(key, 40) for key in (call.line.key, *call.also)]
    return ", ".join(keys) if call.also else ""


def _ids(call: CallDetail) -> str:
    ids = [("call", call.line.call_id), ("session", call.session_id)]
    return ", ".join(f"{word} {screen.shown(id_)}" for word, id_ in ids if id_)


def _answer(call: CallDetail, at: str) -> str:
    if call.line.answer is None:
        return ""
    detail = screen.shown(call.line.answer_detail)
    return f"{call.line.answer}{f': {detail}' if detail else ''} ({at})"


def _proof(call: CallDetail) -> str:
    proof = call.proof or {}
    said = [f"beside {proof['beside'][:8]} in the provider's list"] if "beside" in proof else []
    if "absent_at" in proof:
        reads = ", ".join(str(read["read_at"]) for read in proof["reads"])
        said.append(f"not in the list read {reads}; control: {proof['control']}")
    return "; ".join(said)


def _checks(call: CallDetail, at: str) -> str:
    said = [screen.count(call.checks, "look-up")] if call.checks else []
    if call.line.check_error:
        said.append(screen.shown(call.line.check_error))
    if at:
        said.append(f"next {at}")
    return ", ".join(said)


def _snapshot(call: CallDetail) -> list[tuple[str, str]]:
    asked = dict(call.snapshot)
    context = asked.pop("context", {})
    pairs = [(name, _value(name, value)) for name, value in asked.items()]
    return [*pairs, *((f"context.{name}", _value(name, text)) for name, text in context.items())]


def _value(name: str, value: Any) -> str:
    if isinstance(value, str):
        return mask(value) if name == "from_number" else screen.shown(masked(value), 2_000)
    return json.dumps(value)
