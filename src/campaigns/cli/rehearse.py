"""`run --simulate`: the same engine, days in a minute, and no phone anywhere.

A world of its own: a throw-away database that is stamped so, a simulated provider on loopback,
every URL and key of the environment ignored, the do-not-call list copied in.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from campaigns import bootstrap
from campaigns.bootstrap import REAL, REHEARSAL, Installation
from campaigns.cli import screen, services, state
from campaigns.cli.job import Job
from campaigns.config import Settings
from campaigns.core.contacts import Contact, Entry
from campaigns.core.definition import Definition
from campaigns.core.figures import CampaignFigures
from campaigns.core.hours import Hours
from campaigns.core.runs import current
from campaigns.core.schedule import plan_touches
from campaigns.embedded import broker, home, instance
from campaigns.embedded.signals import Interrupts, graceful
from campaigns.embedded.supervisor import Supervisor
from campaigns.engine import control
from campaigns.errors import WorldError
from campaigns.loading import entries

SPEED = 60.0
"""At most so many times faster than real time, so that mechanics keep their order."""
_LOOK = timedelta(seconds=0.2)
_BEFORE = timedelta(days=1)
"""Services start so long before the rehearsal begins, in real time: then the clock is set, once
and forwards, and no minute of the campaign passes on a slow machine."""
_BEFORE_FIRING = timedelta(minutes=1)
"""A campaign that comes in runs has to be stored before its first one."""
_WORKING_WITHIN = timedelta(seconds=300)
_LOOKED_AT = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """What `--simulate` may say more."""

    speed: float
    at: datetime | None
    keep: Path | None


def rehearse(job: Job, rehearsal: Rehearsal) -> int:
    """A throw-away world: its own home, database, provider and clock."""
    began = datetime.now(UTC)
    start = rehearsal.at or first_minute(job.loaded.definition, entries(job.loaded), began)
    with graceful() as interrupts, home.throwaway(rehearsal.keep) as place, ExitStack() as stack:
        secret = home.ensure_secret(place)
        port, simulator_port = services.free_port(0), services.free_port(0)
        stack.enter_context(instance.hold(place))
        prepared = broker.prepare(place)
        stack.callback(prepared.forget)
        environ = services.rehearsal_environ(
            place,
            secret=secret,
            port=port,
            simulator_port=simulator_port,
            broker_url=prepared.url,
        )
        settings = Settings.load(environ)
        bootstrap.upgrade(settings, world=REHEARSAL, starts_at=start - _BEFORE)
        plan = services.Plan(environ=environ, http_port=port, simulator_port=simulator_port)
        installation = bootstrap.connect(settings, world=REHEARSAL)
        stack.callback(installation.close)
        copy_suppressions(_suppressed(), installation)
        screen.note(f"rehearsal: no phone rings; it begins on {start:%a %d %b %Y %H:%M} UTC")
        supervisor = stack.enter_context(Supervisor(services.children(plan, prepared), place))
        _until_working(installation, interrupts, supervisor.check)
        bootstrap.start_clock(installation, start, speed=rehearsal.speed)
        ending = job.do(installation, interrupts=interrupts, check=supervisor.check, look=_LOOK)
        _tell_rehearsal(ending.figures, start, began, place, rehearsal)
    return ending.code


def _until_working(
    installation: Installation, interrupts: Interrupts, check: Callable[[], None]
) -> None:
    """Wait for the first sign of life of the heartbeat and of a worker."""
    deadline = time.monotonic() + _WORKING_WITHIN.total_seconds()
    while time.monotonic() < deadline:
        check()
        health = state.look(installation, lambda reads: reads.health())
        if (health.tick_at is not None and health.workers) or interrupts.wait(_LOOK):
            return
    raise WorldError(
        f"worker and heartbeat were not heard within {_WORKING_WITHIN / timedelta(seconds=1):g} s:"
        " `--keep DIR` keeps their logs"
    )


def _suppressed() -> list[str]:
    """The real do-not-call list, where there is one; a rehearsal never creates it."""
    settings = Settings.load(
        {
            name: value
            for name, value in os.environ.items()
            if name in ("HOME", "CAMPAIGNS_HOME") or name.startswith("CAMPAIGNS_SECRET")
        }
    )
    if not (settings.home / "campaigns.db").exists():
        return []
    installation = bootstrap.connect(settings, world=REAL)
    try:
        return [
            line.to_number
            for line in state.pages(
                installation, lambda reads, after: reads.suppressions(after=after, limit=1_000)
            )
            if line.to_number  # one that was erased is nobody that can be rehearsed
        ]
    finally:
        installation.close()


def _tell_rehearsal(
    figures: CampaignFigures, start: datetime, began: datetime, place: Path, rehearsal: Rehearsal
) -> None:
    real = (datetime.now(UTC) - began) / timedelta(seconds=1)
    screen.note(
        f"rehearsed {took(start, figures.at)} in {real:.0f} s; no phone rang"
        + (f"; kept in {place}" if rehearsal.keep else "")
    )


def first_minute(definition: Definition, entries: Iterable[Entry], now: datetime) -> datetime:
    """The first instant from `now` on at which anybody can be called; `now` when nobody can.

    Looks at the first two thousand rows: a rehearsal has to begin somewhere near.
    """
    hours = Hours.of(definition)
    run = current(definition.schedule, "", None, now)
    if run is not None:
        return run.at - _BEFORE_FIRING
    openings: dict[tuple[object, ...], datetime | None] = {}
    for entry in islice(entries, _LOOKED_AT):
        if isinstance(entry, Contact):
            key = (entry.where, entry.not_before, entry.anchor)
            if key not in openings:
                plan = plan_touches(
                    definition.schedule,
                    entry.anchor,
                    now=now,
                    hours=hours,
                    where=entry.where,
                    not_before=entry.not_before,
                )
                openings[key] = min((one.opens_at for one in plan if one.opens_at), default=None)
    return min(filter(None, openings.values()), default=now)


def copy_suppressions(numbers: Iterable[str], into: Installation) -> int:
    """The real do-not-call list holds in a rehearsal too; says how many there are."""
    added, _ = control.suppress(
        numbers, into.parts, who="rehearsal", reason="copied from the real list", source="copy"
    )
    return added


def took(start: datetime, end: datetime) -> str:
    """A stretch of rehearsed time, as a person would say it."""
    seconds = int((end - start) / timedelta(seconds=1))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [(days, "d"), (hours, "h"), (rest // 60, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"{seconds} s"
