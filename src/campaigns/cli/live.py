"""What a person sees while calls go out: a living screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from campaigns.cli import words
from campaigns.core.figures import CampaignFigures
from campaigns.core.lifecycle import CampaignState, Outcome
from campaigns.core.report import silent

LINES_EVERY = 15.0
"""Real seconds between two plain lines when nothing changed but the clock."""

_GOOD = {Outcome.COMPLETED: "green", Outcome.VOICEMAIL: "cyan"}


def clock(at: datetime, zone: ZoneInfo | None = None) -> str:
    """A short local time, with its day when that is not the obvious one."""
    return f"{at.astimezone(zone):%a %H:%M:%S}"


def counted(figures: CampaignFigures) -> str:
    """One plain line: what is done, starting, live and waiting adds up to the contacts."""
    tasks = figures.summary.tasks
    parts = [f"{tasks.done}/{tasks.total} done", f"{figures.calls} calls"]
    parts += [f"{count} {outcome}" for outcome, count in figures.outcomes.items()]
    if tasks.claimed:
        parts.append(f"{tasks.claimed} starting")
    if tasks.calling:
        unknown = f" ({figures.unknown} unknown)" if figures.unknown else ""
        parts.append(f"{tasks.calling} live{unknown}")
    if figures.summary.state is CampaignState.WAITING_FOR_APPROVAL:
        parts.append(words.approval(figures.summary.name))
    idle = silent(figures)
    parts += [
        f"{one.count} waiting: {words.wait(one.reason, idle=idle)}"
        + (f" until {clock(one.next_at)}" if one.next_at and one.next_at > figures.at else "")
        for one in figures.waiting
    ]
    return ", ".join(parts)


def screen(figures: CampaignFigures, *, title: str) -> Group:
    """The living screen."""
    tasks = figures.summary.tasks
    head = Text.assemble(
        (title, "bold"),
        f"   {figures.summary.state}",
        (f"   {clock(figures.at)}", "dim"),
    )
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        ProgressBar(total=max(tasks.total, 1), completed=tasks.done, width=40),
        f"{tasks.done} of {tasks.total} contacts",
        f"{figures.calls} calls",
    )
    body = Table.grid(padding=(0, 4))
    body.add_row(_outcomes(figures), _waiting(figures))
    return Group(head, bar, Text(), body, Text(), _footer(figures))


def _outcomes(figures: CampaignFigures) -> Table:
    table = Table(title="outcomes", title_justify="left", box=None, show_header=False)
    for outcome, count in figures.outcomes.items():
        table.add_row(Text(str(outcome), style=_GOOD.get(outcome, "yellow")), str(count))
    tasks = figures.summary.tasks
    for word, count in (("starting", tasks.claimed), ("live", tasks.calling)):
        if count:
            table.add_row(Text(word, style="blue"), str(count))
    for state, count in figures.live.items():
        table.add_row(Text(f"  {state}", style="dim"), str(count))
    if figures.unknown:
        table.add_row(Text("  unknown", style="dim"), str(figures.unknown))
    if not table.rows:
        table.add_row("none yet", "")
    return table


def _waiting(figures: CampaignFigures) -> Table:
    table = Table(title="waiting", title_justify="left", box=None, show_header=False)
    for one in figures.waiting:
        later = one.next_at is not None and one.next_at > figures.at
        until = f"next {clock(one.next_at)}" if later and one.next_at else ""
        why = words.wait(one.reason, idle=silent(figures))
        table.add_row(str(one.count), why, Text(until, style="dim"))
    if not table.rows:
        table.add_row("nobody", "", "")
    return table


def _footer(figures: CampaignFigures) -> Text:
    account = figures.account
    parts = [f"slots {account.slots_busy} of {account.limit} busy"]
    if figures.waiting:
        parts.append(f"next slot {clock(account.next_start_at)}")
    if figures.estimated_end is not None:
        parts.append(f"estimated end {clock(figures.estimated_end)}")
    stopped = figures.summary.paused_why or account.paused_why
    line = Text(" · ".join(parts), style="dim")
    if figures.summary.state is CampaignState.WAITING_FOR_APPROVAL:
        line.append(f"\n{words.approval(figures.summary.name)}", style="bold yellow")
    if stopped:
        line.append(f"\npaused: {stopped}", style="bold red")
    elif account.held_why:
        line.append(f"\nheld: {account.held_why}", style="yellow")
    return line


class Progress:
    """Shows figures as they come. Use as a context manager around the waiting loop."""

    def __init__(
        self,
        console: Console,
        *,
        title: str,
        as_json: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self._console = console
        self._title = title
        self._as_json = as_json
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._last = ""
        self._last_at = timedelta(0)

    def __enter__(self) -> Self:
        if self._screen:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._screen:
            self._live.stop()

    @property
    def _screen(self) -> bool:
        return self._console.is_terminal and self._as_json is None

    def show(self, figures: CampaignFigures, *, elapsed: timedelta, last: bool = False) -> None:
        """Show these figures; plain lines only when they say something new, or after a while."""
        if self._as_json is not None:
            self._line(_plain(figures), figures, elapsed, last)
        elif self._screen:
            self._live.update(screen(figures, title=self._title), refresh=True)
        else:
            self._line(counted(figures), figures, elapsed, last)

    def _line(self, said: str, figures: CampaignFigures, elapsed: timedelta, last: bool) -> None:
        tasks = figures.summary.tasks
        news = f"{tasks.done} {figures.calls} {figures.summary.state}"
        waited = elapsed - self._last_at >= timedelta(seconds=LINES_EVERY)
        if news == self._last and not waited and not last:
            return
        self._last, self._last_at = news, elapsed
        if self._as_json is not None:
            self._as_json(figures_as_json(figures))
        else:
            self._console.print(f"{clock(figures.at)}  {said}", highlight=False, soft_wrap=True)


def _plain(figures: CampaignFigures) -> str:
    return str(figures.summary.tasks)


def figures_as_json(figures: CampaignFigures) -> Mapping[str, Any]:
    """One JSON line of `run` and `watch`."""
    tasks = figures.summary.tasks
    return {
        "at": figures.at.isoformat(),
        "campaign": figures.summary.name,
        "state": figures.summary.state.value,
        "contacts": tasks.total,
        "done": tasks.done,
        "calls": figures.calls,
        "outcomes": {outcome.value: count for outcome, count in figures.outcomes.items()},
        "starting": tasks.claimed,
        "calling": tasks.calling,
        "live": {state.value: count for state, count in figures.live.items()},
        "waiting": [
            {
                "reason": one.reason,
                "count": one.count,
                "next_at": one.next_at.isoformat() if one.next_at else None,
            }
            for one in figures.waiting
        ],
        "estimated_end": figures.estimated_end.isoformat() if figures.estimated_end else None,
    }
