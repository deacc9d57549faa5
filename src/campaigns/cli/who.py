"""`who`: every call to a number in all campaigns, and what comes next and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from campaigns.cli import options, screen, state, words
from campaigns.cli.suppress import parsed
from campaigns.core import durations
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.numbers import mask
from campaigns.core.whom import CapUsed, Resting, Whom, WhomTask


def who(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In E.164: +1617…")],
    *,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Every call to a number in all campaigns, its caps, and what comes next and why."""
    (wanted,) = parsed([number], region)
    with state.opened() as installation:
        found = state.look(installation, lambda reads: reads.whom(wanted))
    if as_json:
        screen.emit(found)
        return
    if not found.known:
        screen.say(f"{mask(wanted)} is on no list here, and was never called from here")
        return
    _head(found)
    if found.tasks:
        screen.say()
        _tasks(found)
    if found.calls:
        screen.say()
        _calls(found)
    if found.more:
        screen.note("only the newest: `campaigns held` writes down everything")


def _head(found: Whom) -> None:
    screen.say(Text(mask(found.to_number), style="bold"))
    busy = found.busy_until
    screen.facts(
        [
            ("do not call", "\n".join(map(str, _suppressed(found))) or "no"),
            ("caps", "\n".join(_cap(one, found.at) for one in found.caps)),
            ("rests", "\n".join(_rest(one, found.at) for one in found.resting)),
            (
                "live",
                f"a call is under way, until {screen.moment(busy, found.at)} at most"
                if busy
                else "",
            ),
        ]
    )


def _suppressed(found: Whom) -> Iterator[str]:
    for line in found.suppressed:
        where = "in any campaign" if line.campaign is None else f"in {line.campaign}"
        since = screen.distance(line.added_at, found.at)
        yield f"yes, {where}: {screen.shown(line.reason)} ({line.source}, {since})"


def _cap(one: CapUsed, now: datetime) -> str:
    full = f", full until {screen.moment(one.full_until, now)}" if one.full_until else ""
    said = f"{one.used} of {one.calls} calls in {durations.write(one.per)}{full}"
    return f"{said} ({one.rule}{_in(one.campaigns)})"


def _rest(one: Resting, now: datetime) -> str:
    return f"until {screen.moment(one.until, now)} ({one.rule}{_in(one.campaigns)})"


def _in(campaigns: Sequence[str]) -> str:
    return f" in {', '.join(campaigns)}" if campaigns else ""


def _tasks(found: Whom) -> None:
    screen.table(
        ("campaign", "key", "touch", "state", "#calls", "next", "why", "from"),
        [
            (
                f"{one.campaign} ({one.campaign_state})",
                screen.shown(one.key, 40),
                screen.shown(one.touch, 63),
                screen.state_text(one.outcome or one.state),
                str(one.attempts),
                _next(one, found.at),
                _why(one),
                f"{screen.shown(one.source_file, 60)}:{one.source_line}",
            )
            for one in found.tasks
        ],
    )


def _next(one: WhomTask, now: datetime) -> str:
    if one.state is not TaskState.WAITING or one.next_at is None:
        return ""
    return screen.moment(one.next_at, now) if one.next_at > now else "now"


def _why(one: WhomTask) -> str:
    gone = "no longer on its list" if one.withdrawn else ""
    if one.why == Outcome.SUPPRESSED:
        return "never: do not call"
    said = words.wait(one.why) if one.why is not None else one.reason or ""
    return ", ".join(filter(None, (said, gone)))


def _calls(found: Whom) -> None:
    screen.table(
        ("id", "campaign", "state", "#attempt", "called", "lasted"),
        [
            (
                one.id[:8],
                one.campaign or "a try-out",
                screen.state_text(one.state),
                str(one.attempt_no),
                screen.moment(one.intent_at, found.at),
                "" if one.duration_s is None else f"{one.duration_s:.0f} s",
            )
            for one in found.calls
        ],
    )
