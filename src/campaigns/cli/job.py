"""One run: submit, hold the lease, watch, and tell how it ended. Real or rehearsed, the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from campaigns.bootstrap import REHEARSAL, Installation
from campaigns.cli import results, screen, state
from campaigns.cli.live import Progress
from campaigns.cli.submitting import Wishes, store
from campaigns.cli.working import DONE, Ending, details, leased, work
from campaigns.embedded.signals import Interrupts
from campaigns.loading import Loaded


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run: what to call, and where its end is told."""

    loaded: Loaded
    wishes: Wishes
    results: Path | None
    as_json: bool

    def do(
        self,
        installation: Installation,
        *,
        interrupts: Interrupts,
        check: Callable[[], None],
        look: timedelta = timedelta(seconds=0.5),
    ) -> Ending:
        """Submit, hold the lease, watch, and tell how it ended."""
        submitted = store(self.loaded, installation, self.wishes)
        progress = Progress(
            screen.err() if not self.as_json else screen.out(),
            title=submitted.name,
            as_json=screen.emit_line if self.as_json else None,
        )
        with leased(installation, submitted.campaign_id), progress:
            self._others(installation, submitted.campaign_id)
            ending = work(
                installation,
                submitted.name,
                progress=progress,
                interrupts=interrupts,
                check=check,
                look=look,
            )
            if self.results is not None and ending.code == DONE:
                details(installation, submitted.name, pause=interrupts.wait)
        self._tell(ending, installation)
        return ending

    def _others(self, installation: Installation, campaign_id: int) -> None:
        """Campaigns that this run does not work on are named, so that nobody waits in vain."""
        if installation.world == REHEARSAL:
            return
        others = [
            one.name
            for one in state.look(installation, lambda reads: reads.campaigns())
            if one.id != campaign_id and one.tasks.total > one.tasks.done and not one.finished_at
        ]
        if others:
            names = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
            screen.note(f"not worked on by this run: {names} (`campaigns up` works on all)")

    def _tell(self, ending: Ending, installation: Installation) -> None:
        if self.results is not None:
            results.write(installation, ending.figures.summary.name, self.results)
        if self.as_json:
            return
        figures = ending.figures
        screen.say(f"{figures.summary.name}: {ending.sentence}")
        screen.facts(
            [(str(outcome), f"{count:,}") for outcome, count in figures.outcomes.items()]
            + [("calls placed", f"{figures.calls:,}")]
        )
        if self.results is not None:
            screen.say(f"results: {self.results}")
