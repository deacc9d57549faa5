"""Storing a campaign, whoever asks for it: `submit`, `run`, a Python program.

The first real start of a name is a decision about real people: a person reads the summary and
says yes. Afterwards the same file changes nothing, and an edited one brings the book along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from campaigns.bootstrap import REHEARSAL, Installation
from campaigns.cli import screen, state, summary
from campaigns.cli.check import verdict
from campaigns.cli.doors import Misused, complain
from campaigns.cli.examining import examine
from campaigns.core.lifecycle import CampaignState
from campaigns.engine.submit import Submitted, known, submit
from campaigns.errors import DefinitionError, InputError
from campaigns.loading import Entries, Loaded


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the person typed beside the file. `again`: how to type it so that nothing is asked."""

    yes: bool = False
    paused: bool = False
    strict: bool = False
    allow_withdraw: bool = False
    take_over: bool = False
    rejects: Path | None = None
    again: str = ""


class Declined(InputError):
    """The person read the summary and said no."""


def store(loaded: Loaded, installation: Installation, wishes: Wishes) -> Submitted:
    """Store the campaign and let it run. Raises InputError where it is refused or declined."""
    loaded = continued(loaded, installation)
    row = known(loaded.name, installation.database)
    begun = row is not None and row.state is CampaignState.LOADING
    if row is None or begun or wishes.strict or wishes.rejects is not None:
        _look_first(loaded, installation, wishes, first_start=row is None)
    with screen.counting(loaded.source.lines) as progress:
        return send(
            loaded,
            installation,
            paused=wishes.paused,
            allow_withdraw=wishes.allow_withdraw,
            take_over=wishes.take_over,
            looked=True,
            progress=progress,
        )


def continued(loaded: Loaded, installation: Installation) -> Loaded:
    """A CSV alone that was handed in on an earlier day goes on as that campaign.

    Its name holds the date, and the same people must not be called again because a day is over.
    """
    if not loaded.source.dated or known(loaded.name, installation.database) is not None:
        return loaded
    campaigns = state.look(installation, lambda reads: reads.campaigns())
    earlier = next((one.name for one in campaigns if loaded.is_day_of(one.name)), None)
    if earlier is None:
        return loaded
    screen.note(
        f"{loaded.source.contacts_path.name} is known as {earlier}: going on with it"
        " (`--name` makes another campaign of it, which calls everybody again)"
    )
    return loaded.named(earlier)


def send(
    loaded: Loaded,
    installation: Installation,
    *,
    paused: bool,
    allow_withdraw: bool = False,
    take_over: bool = False,
    looked: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Submitted:
    """Store it without a look and without asking. Raises Refused where a guard holds."""
    loaded = continued(loaded, installation)
    real = installation.world != REHEARSAL
    return submit(
        replace(loaded.submission(), entries=Entries(loaded, progress, real=real)),
        installation.parts,
        who=state.who(),
        paused=paused,
        allow_withdraw=allow_withdraw,
        take_over=take_over,
        looked=looked,
    )


def _look_first(
    loaded: Loaded, installation: Installation, wishes: Wishes, *, first_start: bool
) -> None:
    now = installation.database.policy_now().policy
    with screen.counting(loaded.source.lines) as progress:
        found = examine(loaded, now, rejects=wishes.rejects, progress=progress)
    summary.bad_rows(loaded, found, complain, rejects=wishes.rejects is not None)
    if found.faulty and wishes.strict:
        raise InputError(f"{verdict(loaded, found, strict=True)}: nothing was stored")
    odd = summary.too_faulty(loaded, found)
    if odd is not None and not found.counts.accepted and not found.counts.filtered:
        raise InputError(f"{odd}: nothing was stored")
    if not first_start:
        return
    summary.tell(loaded, found, now, screen.note)
    faults, _ = loaded.demands(found.places, now.date())
    if faults and installation.world != REHEARSAL:
        raise DefinitionError(faults)
    for fault in faults:
        complain(f"a real one would be refused: {fault}")
    if odd is not None and installation.world == REHEARSAL:
        complain(f"a real one would be refused: {odd}")
    elif odd is not None:
        hint = "" if wishes.rejects else "; --rejects FILE writes every bad row"
        raise InputError(f"{odd}: nothing was stored{hint}")
    if wishes.yes or wishes.paused or installation.world == REHEARSAL:
        return
    if not state.asked_on_a_terminal():
        raise Misused(
            f"{loaded.name} has never been started here and nobody is there to ask:"
            f" check it, then type `{wishes.again} --yes`"
        )
    people = screen.count(found.callable, "person", "people")
    if not typer.confirm(f"Call {people}?", default=False, err=True):
        raise Declined("nothing was stored, nobody is called")
