"""`run` and `up`: everything one machine needs, embedded, and one campaign from file to results."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from campaigns import bootstrap
from campaigns.bootstrap import REAL, Installation
from campaigns.cli import options, screen, services, state
from campaigns.cli.doors import Misused
from campaigns.cli.job import Job
from campaigns.cli.rehearse import SPEED, Rehearsal, rehearse
from campaigns.cli.submitting import Wishes, continued, store
from campaigns.cli.working import LEASE
from campaigns.config import Settings
from campaigns.embedded import broker, home, instance
from campaigns.embedded.signals import Interrupts, graceful
from campaigns.embedded.supervisor import Supervisor
from campaigns.errors import InputError
from campaigns.loading import load


def run(
    file: Annotated[Path, typer.Argument(help="A campaign file (.yaml), or a list alone (.csv).")],
    *,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Rehearse: a simulated provider, no real phones.")
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(min=1, max=SPEED, help="With --simulate: at most so many times faster."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --simulate: when it begins (UTC)."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --simulate: keep its database, logs and ledger."),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the results there at the end.")
    ] = None,
    yes: options.Yes = False,
    strict: options.Strict = False,
    rejects: options.Rejects = None,
    agent_id: options.AgentId = None,
    from_number: options.FromNumber = None,
    name: options.Name = None,
    region: options.Region = None,
    contacts: options.Contacts = None,
    as_json: options.AsJson = False,
) -> None:
    """Call everybody on a list, until every contact has an outcome."""
    if not simulate and (speed is not None or at is not None or keep is not None):
        raise Misused("--speed, --at and --keep belong to --simulate")
    loaded = load(
        file,
        name=name,
        agent_id=agent_id,
        from_number=from_number,
        region=region,
        contacts=contacts,
    )
    wishes = Wishes(
        yes=yes,
        strict=strict,
        rejects=rejects,
        again=shlex.join(
            ["campaigns", "run", str(file), *(["--contacts", contacts] if contacts else [])]
        ),
    )
    job = Job(loaded=loaded, wishes=wishes, results=results, as_json=as_json)
    if simulate:
        start = None if at is None else options.instant("--at", at)
        code = rehearse(job, Rehearsal(speed=speed or SPEED, at=start, keep=keep))
    else:
        code = _really(job)
    raise typer.Exit(code)


def up(
    systemd: Annotated[
        bool, typer.Option("--systemd", help="Print a unit file instead of starting.")
    ] = False,
) -> None:
    """Run everything this machine needs, for all campaigns, until stopped."""
    if systemd:
        screen.say(services.unit())
        return
    settings = state.settings()
    _no_fleet(settings, "up")
    with graceful() as interrupts, _services(settings, run_id=None) as check:
        screen.note("running: every campaign stored here is worked on. Ctrl-C stops.")
        while not interrupts.wait(timedelta(seconds=1)):
            check()
    raise typer.Exit(0)


def _no_fleet(settings: Settings, command: str) -> None:
    if settings.redis_url is not None:
        raise Misused(
            f"CAMPAIGNS_REDIS_URL names a fleet's broker, so `{command}` starts nothing here:"
            " unset it, or start `worker`, `beat` and `serve`"
        )


def _really(job: Job) -> int:
    """The real thing; in a fleet's environment only submit and watch."""
    settings = state.settings()
    if settings.redis_url is None and settings.api_key is None:
        raise InputError(
            "THINNESTAI_API_KEY is not set: calls cannot be made without it"
            " (`--simulate` rehearses without)"
        )
    with graceful() as interrupts, ExitStack() as stack:
        check: Callable[[], None] = _nothing
        if settings.redis_url is None:
            _prepare_home(settings)
        alone = settings.redis_url is None and instance.find_running(settings.home) is None
        with state.opened() as installation:
            job = replace(job, loaded=continued(job.loaded, installation))
            if alone:
                # The decision comes before anything is started; the answer is asked only once.
                store(job.loaded, installation, job.wishes)
        if alone:
            check = stack.enter_context(_services(settings, run_id="run"))
        installation = stack.enter_context(state.opened(quiet=True))
        ending = job.do(installation, interrupts=interrupts, check=check)
        if check is not _nothing:
            _until_last_lease(installation, interrupts, check)
    return ending.code


def _until_last_lease(
    installation: Installation, interrupts: Interrupts, check: Callable[[], None]
) -> None:
    """Runs that joined need these services: stay until the last of them has ended."""
    told = False
    while not interrupts.is_set():
        check()
        with installation.database.read() as tx:
            left = tx.leased(tx.now().real)
        if not left:
            return
        if not told:
            told = True
            screen.note("another run still uses these services: staying until it ends")
        interrupts.wait(LEASE / 10)


def _nothing() -> None:
    return None


def _prepare_home(settings: Settings) -> None:
    home.create(settings.home)
    home.ensure_secret(settings.home)


@contextmanager
def _services(settings: Settings, *, run_id: str | None) -> Iterator[Callable[[], None]]:
    """Broker, webhook door, worker and heartbeat of this home, for as long as the block lasts."""
    _prepare_home(settings)
    secret = home.ensure_secret(settings.home)
    with instance.hold(settings.home) as held:
        if settings.database_url.startswith("sqlite"):
            bootstrap.upgrade(settings, world=REAL)
        prepared = broker.prepare(settings.home)
        port = services.free_port(settings.http_port, must=settings.public_url is not None)
        plan = services.Plan(
            environ=services.real_environ(
                settings, prepared, secret=secret, port=port, run_id=run_id
            ),
            http_port=port,
            heard=settings.public_url is not None,
        )
        try:
            with Supervisor(services.children(plan, prepared), settings.home) as supervisor:
                held.publish(broker_url=prepared.url, http_port=port, world="real")
                yield supervisor.check
        finally:
            prepared.forget()
