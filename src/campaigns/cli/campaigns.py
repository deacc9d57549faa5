"""`list`, `show`, `watch`: what the campaigns are doing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from campaigns.cli import options, screen, state, words
from campaigns.cli.live import counted, figures_as_json
from campaigns.core.figures import CampaignFigures, CampaignSummary
from campaigns.core.lifecycle import CampaignState
from campaigns.core.report import silent
from campaigns.store.reads import Reads

_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED)


def list_(as_json: options.AsJson = False) -> None:
    """Every campaign with its state and counts, and why it waits, the newest first."""
    with state.opened() as installation:
        campaigns, now = state.look(installation, _listed)
    if as_json:
        screen.emit({"campaigns": campaigns})
        return
    if not campaigns:
        screen.say("no campaigns yet: `campaigns submit FILE` stores one")
        return
    screen.table(
        ("name", "state", "#dial tasks", "#done", "#calling", "#waiting", ""),
        [
            (
                Text(one.name, style="bold"),
                screen.state_text(one.state),
                f"{one.tasks.total:,}",
                f"{one.tasks.done:,}",
                f"{one.tasks.calling + one.tasks.claimed:,}",
                f"{one.tasks.waiting:,}",
                _aside(one, now),
            )
            for one in campaigns
        ],
    )


def _listed(reads: Reads) -> tuple[Sequence[CampaignSummary], datetime]:
    return [reads.with_waiting(one) for one in reads.campaigns()], reads.tx.now().policy


def _aside(one: CampaignSummary, now: datetime) -> str:
    if one.state is CampaignState.WAITING_FOR_APPROVAL and not one.pause_asked:
        return f"`campaigns approve {one.name}`"
    if one.state is CampaignState.PAUSED or one.pause_asked:
        return f"{screen.shown(one.paused_why)} (by {one.paused_by or 'nobody known'})"
    return "; ".join(f"{why.count:,} {words.waiting(why, now)}" for why in one.waiting)


def show(name: options.CampaignName, as_json: options.AsJson = False) -> None:
    """One campaign: outcomes, what waits and until when, the account's slots, the likely end."""
    with state.opened() as installation:
        figures = state.look(installation, lambda reads: reads.campaign_figures(name))
    public = state.settings().public_url is not None
    if as_json:
        screen.emit({**screen.plain(figures), "outcomes_by": "webhook" if public else "polling"})
        return
    summary, now = figures.summary, figures.at
    screen.say(Text(summary.name, style="bold"), "  ", screen.state_text(summary.state))
    screen.facts(
        [
            ("stopped", _stopped(figures)),
            ("list", f"{figures.source}, stored {screen.moment(summary.created_at, now)}"),
            ("list read", _read(summary, now)),
            ("run", _run(summary, now)),
            ("starts", screen.moment(summary.start_at, now) if summary.start_at else ""),
            ("ends", screen.moment(summary.end_at, now) if summary.end_at else ""),
            ("finished", screen.moment(summary.finished_at, now) if summary.finished_at else ""),
            ("tracking", _tracking(public=public)),
        ]
    )
    screen.say()
    _counts(figures)
    screen.say()
    _account(figures)
    if _idle(figures):
        screen.note("nothing is running here: start it with `campaigns up`")


def _read(summary: CampaignSummary, now: datetime) -> Text:
    """When the list was read and will be; and why it was not taken."""
    refresh = summary.refresh
    if refresh is None:
        return Text("")
    ahead = f"next {screen.moment(refresh.next_at, now)}" if refresh.next_at else "not again"
    if refresh.why is None:
        return Text(ahead)
    tried = "tried again" if refresh.trying else "not taken"
    return Text(f"{tried}: {screen.shown(refresh.why, 200)}; {ahead}", style="yellow")


def _run(summary: CampaignSummary, now: datetime) -> str:
    if not summary.run:
        return ""
    if summary.run_at is None:
        return f"of {screen.moment(datetime.fromisoformat(summary.run), now)}, begun"
    return f"next begins {screen.moment(summary.run_at, now)}"


def _stopped(figures: CampaignFigures) -> Text:
    summary, account = figures.summary, figures.account
    lines = []
    if summary.state is CampaignState.WAITING_FOR_APPROVAL:
        lines.append(words.approval(summary.name))
    if summary.paused_why is not None:
        since = f", {screen.distance(summary.paused_at, figures.at)}" if summary.paused_at else ""
        lines.append(f"{screen.shown(summary.paused_why)} (by {summary.paused_by}{since})")
    if account.paused_why is not None:
        why = screen.shown(account.paused_why)
        lines.append(f"account {account.name}: {why} (by {account.paused_by})")
    return Text("\n".join(lines), style="yellow")


def _tracking(*, public: bool) -> str:
    if public:
        return "webhooks, and polling where they stay silent"
    return "polling: CAMPAIGNS_PUBLIC_URL is not set, so the provider cannot tell by itself"


def _counts(figures: CampaignFigures) -> None:
    tasks, now = figures.summary.tasks, figures.at
    rows = figures.rows
    left = [
        (rows.rejected, "bad"),
        (rows.duplicate, "repeated"),
        (rows.filtered, "left out by `where`"),
    ]
    beside = ", ".join(f"{number:,} {word}" for number, word in left if number)
    everybody = "all touches" if figures.touches else "contacts"
    lines = [(everybody, tasks.total, f"rows beside them: {beside}" if beside else "")]
    lines.append(("done", tasks.done, ""))
    lines += [(f"  {outcome}", number, "") for outcome, number in figures.outcomes.items()]
    lines.append(("starting", tasks.claimed, ""))
    live = ", ".join(f"{number} {word}" for word, number in figures.live.items())
    if figures.unknown:
        unknown = f"{figures.unknown} unknown: settled by evidence, never by a second call"
        live = f"{live}, {unknown}" if live else unknown
    lines.append(("calling", tasks.calling, live if tasks.calling else ""))
    lines.append(("waiting", tasks.waiting, ""))
    idle = silent(figures)
    lines += [
        (f"  {one.reason}", one.count, words.waiting(one, now, idle=idle))
        for one in figures.waiting
    ]
    for touch, counts in figures.touches.items():
        said = ", ".join(f"{count:,} {word}" for word, count in counts.items())
        lines.append((f"touch {screen.shown(touch)}", sum(counts.values()), said))
    screen.table(("", "#", ""), [(label, f"{number:,}", aside) for label, number, aside in lines])


def _account(figures: CampaignFigures) -> None:
    account, now = figures.account, figures.at
    limit = f"{account.limit} starts in any {screen.span(account.window)}"
    slot = screen.distance(account.next_start_at, now)
    held = f"until {screen.moment(account.held_until, now)}" if account.held_until else ""
    end = figures.estimated_end
    screen.facts(
        [
            ("account", f"{account.name}, {limit}"),
            ("slots", f"{account.slots_busy} of {account.limit} busy, next slot {slot}"),
            ("held", f"{held}: {screen.shown(account.held_why)}" if held else ""),
            ("calls", f"{figures.calls:,} so far"),
            (
                "likely end",
                f"not before {screen.moment(end, now)}, retries not counted" if end else "",
            ),
        ]
    )


def _idle(figures: CampaignFigures) -> bool:
    tasks = figures.summary.tasks
    return silent(figures) and tasks.done < tasks.total and figures.summary.state not in _OVER


def watch(
    name: options.CampaignName,
    *,
    every: Annotated[
        float, typer.Option("--every", min=0.2, metavar="SECONDS", help="How often to look.")
    ] = 2.0,
    as_json: options.AsJson = False,
) -> None:
    """Follow one campaign, a line whenever something changed, until it is over."""
    last = ""
    with state.opened() as installation:
        while True:
            figures = state.look(installation, lambda reads: reads.campaign_figures(name))
            line = counted(figures)
            if line != last:
                last = line
                if as_json:
                    screen.emit_line(figures_as_json(figures))
                else:
                    screen.say(f"{_clock(figures.at)}  {line}")
            if figures.summary.state in _OVER:
                return
            time.sleep(timedelta(seconds=every).total_seconds())


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"
