"""Work one campaign until it is over: hold its lease, show how it goes, say how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.bootstrap import REHEARSAL, Installation
from campaigns.cli import screen
from campaigns.cli.live import Progress
from campaigns.core.figures import CampaignFigures
from campaigns.core.instants import BREAKER_HOLD
from campaigns.core.lifecycle import CampaignState, Outcome
from campaigns.embedded.signals import Interrupts
from campaigns.engine.approval import approve
from campaigns.errors import WorldError
from campaigns.store.reads import Reads

LEASE = timedelta(seconds=20)
_RENEW = 5.0
_LOOK = timedelta(seconds=0.5)
_DETAILS = timedelta(seconds=5)
_DETAILS_REHEARSED = timedelta(minutes=15)  # policy time: the look-up that confirms a call is in it
_JUST_NOW = timedelta(minutes=10)
_BREAKER_PATIENCE = 2 * BREAKER_HOLD + timedelta(minutes=1)
"""A short storm costs nobody the rest of the list: the one call after the hold has failed too."""
_DETAILS_OF = 200
_ANSWERED = (Outcome.COMPLETED, Outcome.VOICEMAIL)
ENGINE = "engine"

DONE, WORLD_FAILED, INTERRUPTED = 0, 3, 130


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a run ended: what a shell gets, and the sentence a person gets."""

    code: int
    sentence: str
    figures: CampaignFigures


@contextmanager
def leased(installation: Installation, campaign_id: int) -> Iterator[str]:
    """Name this campaign to the workers as long as the block lasts (and 20 s after a crash)."""
    store = installation.parts.store
    lease = installation.parts.dice.uuid()
    over = threading.Event()

    def hold() -> None:
        with store.write() as tx:
            tx.hold_lease(lease, campaign_id, tx.now().real + LEASE)

    def renew() -> None:
        while not over.wait(_RENEW):
            try:
                hold()
            except WorldError:
                continue  # the next renewal comes before the lease ends

    hold()
    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        over.set()
        thread.join()
        try:
            with store.write() as tx:
                tx.end_lease(lease)
        except WorldError:
            pass  # it ends by itself


def work(
    installation: Installation,
    name: str,
    *,
    progress: Progress,
    interrupts: Interrupts,
    check: Callable[[], None],
    look: timedelta = _LOOK,
) -> Ending:
    """Watch until every contact has its outcome, or nothing more can be done here.

    `check` raises when the services that do the work have failed.
    """
    began = time.monotonic()
    last: Ending | None = None
    held_since: datetime | None = None
    while last is None:
        stopped = interrupts.wait(look)
        check()
        figures = _figures(installation, name)
        held_since = (held_since or figures.at) if figures.account.probing else None
        held = figures.at - held_since if held_since is not None else timedelta(0)
        last = ended(figures, held=held, rehearsal=installation.world == REHEARSAL)
        if stopped and last is None:
            last = Ending(
                code=INTERRUPTED,
                sentence="stopped: live calls go on, and `campaigns run` picks them up again",
                figures=figures,
            )
        if last is None and installation.world == REHEARSAL:
            _approved(installation, figures)
        elapsed = timedelta(seconds=time.monotonic() - began)
        progress.show(figures, elapsed=elapsed, last=last is not None)
    return last


def _approved(installation: Installation, figures: CampaignFigures) -> None:
    """Nobody listens to a rehearsal: it says where the real one would wait, and goes on."""
    summary = figures.summary
    if summary.state is CampaignState.WAITING_FOR_APPROVAL:
        screen.note(f"here it would wait for `campaigns approve {summary.name}`")
        approve(summary.name, installation.parts, who="rehearsal")


def details(installation: Installation, name: str, *, pause: Callable[[timedelta], bool]) -> None:
    """Wait a moment for what the provider tells last of a call: its cost.

    Only for calls that ended just now, and not for long: not every provider's plan tells it.
    """
    rehearsal = installation.world == REHEARSAL
    bound = _DETAILS * 4 if rehearsal else _DETAILS
    until = time.monotonic() + bound.total_seconds()
    over = installation.database.policy_now().policy + _DETAILS_REHEARSED
    while time.monotonic() < until:
        with installation.database.read() as tx:
            now = tx.now().policy
            page = Reads(tx).results(
                name, since=now - _JUST_NOW, outcomes=_ANSWERED, limit=_DETAILS_OF
            )
        if all(row["cost"] is not None for row in page.items):
            return
        if (rehearsal and now > over) or pause(_LOOK / 2):
            return


def _figures(installation: Installation, name: str) -> CampaignFigures:
    with installation.database.read() as tx:
        return Reads(tx).campaign_figures(name)


def ended(figures: CampaignFigures, *, held: timedelta, rehearsal: bool) -> Ending | None:
    """Whether a run is over, and how. `held`: since when the breaker lets no call through."""
    tasks, summary = figures.summary.tasks, figures.summary
    if summary.state in (CampaignState.LOADING, CampaignState.RECONCILING):
        return None
    between_runs = summary.run and summary.state is CampaignState.RUNNING
    if tasks.done == tasks.total and between_runs:
        return None  # the heartbeat makes the next run, or says that there is none
    if tasks.done == tasks.total:
        return Ending(code=DONE, sentence="every contact has its outcome", figures=figures)
    if summary.run_at is not None and figures.calls and summary.end_at is None:
        return Ending(
            code=DONE,
            sentence="everybody on the list has been called in this run; the next begins"
            f" {summary.run_at:%Y-%m-%d %H:%M}Z, where `campaigns up` or a fleet is running",
            figures=figures,
        )
    in_doubt = tasks.calling
    nothing_else = not (tasks.waiting or tasks.claimed or figures.live)
    # In a rehearsal the clock jumps to where the doubtful ones settle.
    if nothing_else and in_doubt <= figures.unknown and not rehearsal:
        return Ending(
            code=WORLD_FAILED,
            sentence=f"{in_doubt} calls whose answer was lost may have rung: they are not"
            " called again, and settle when the provider tells (`campaigns calls`)",
            figures=figures,
        )
    if summary.paused_by == ENGINE and not figures.live:
        why = summary.paused_why or "no reason kept"
        return Ending(
            code=WORLD_FAILED,
            sentence=f"the engine paused it: {why};"
            f" mend it, then `campaigns resume {summary.name}`",
            figures=figures,
        )
    if figures.account.paused_by == ENGINE and not figures.live:
        return Ending(
            code=WORLD_FAILED,
            sentence=f"the engine paused the account: {figures.account.paused_why};"
            f" mend it, then `campaigns resume --account {figures.account.name}`",
            figures=figures,
        )
    if held >= _BREAKER_PATIENCE and not figures.live and not rehearsal:
        return Ending(
            code=WORLD_FAILED,
            sentence=f"the account {figures.account.name} lets no call through:"
            f" {figures.account.held_why}; `campaigns run` again goes on when that is over",
            figures=figures,
        )
    return None
