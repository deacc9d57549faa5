"""The processes of a fleet, each in the foreground: serve, worker, beat, simulator.

Under a supervisor the same commands run as its children and end with it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from campaigns import bootstrap, logs
from campaigns.config import Settings
from campaigns.embedded import child
from campaigns.errors import InputError
from campaigns.simulator.clocks import MappedClock, real_clock
from campaigns.simulator.limits import Counting
from campaigns.simulator.main import run_simulator


def serve() -> None:
    """Receive the provider's webhooks, and answer health checks, until stopped."""
    from campaigns.web.server import serve as serve_web  # noqa: PLC0415  # web only where served
    from workers.app import app as celery  # noqa: PLC0415  # reads the environment
    from workers.bell import CeleryDoorbell  # noqa: PLC0415

    child.adopt()
    settings = Settings.load(os.environ)
    installation = bootstrap.connect(settings, doorbell=CeleryDoorbell(celery))
    try:
        serve_web(installation, settings.http_host, settings.http_port)
    finally:
        installation.close()


def worker(context: typer.Context) -> None:
    """Dial, fold and look up: a Celery worker. Celery's own flags follow after `--`."""
    child.adopt()
    settings = Settings.load(os.environ)
    bootstrap.connect(settings).close()  # a mixed-up world is refused before any task is taken
    _celery(
        "worker",
        "--pool=threads",
        "--concurrency=16",
        "--queues=dial,sweep",
        "--without-gossip",
        "--without-mingle",
        f"--loglevel={settings.log_level}",
        *context.args,
    )


def beat(context: typer.Context) -> None:
    """The heartbeat. Two are harmless, and none is survived."""
    child.adopt()
    settings = Settings.load(os.environ)
    # The schedule is static: its file is only in the way of a read-only home.
    scratch = Path(tempfile.mkdtemp(prefix="campaigns-beat-")) / "schedule"
    _celery(
        "beat",
        "--scheduler=celery.beat:Scheduler",
        f"--schedule={scratch}",
        f"--loglevel={settings.log_level}",
        *context.args,
    )


def simulator(
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ledger: Annotated[
        Path | None, typer.Option(help="Where to keep which phone rang when.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed replays the same calls.")] = 1,
    counting: Annotated[
        Counting, typer.Option(help="How the provider's limits are counted.")
    ] = Counting.SLIDING,
    start_limit: Annotated[
        int | None, typer.Option(help="Start calls per minute, instead of 10.")
    ] = None,
    latency_ms: Annotated[float, typer.Option(help="Of every answer, in milliseconds.")] = 0.0,
    stall_chance: Annotated[
        float, typer.Option(help="Share of requests that stall for 1 to 5 s.")
    ] = 0.0,
    same_ids: Annotated[
        bool, typer.Option("--same-ids/--other-ids", help="Is the call_id the session_id?")
    ] = True,
    list_unanswered: Annotated[
        bool,
        typer.Option("--list-unanswered/--hide-unanswered", help="Does the list show them?"),
    ] = True,
    list_lag: Annotated[
        float, typer.Option(help="Seconds until a call is in the list.", min=0)
    ] = 0.0,
) -> None:
    """The provider as a local server: same limits, scripted outcomes, no real phones."""
    child.adopt()
    logs.configure(os.environ.get("CAMPAIGNS_LOG_LEVEL", "info"), "console")
    home = os.environ.get("CAMPAIGNS_HOME")
    rehearsal = os.environ.get("CAMPAIGNS_WORLD") == bootstrap.REHEARSAL
    if ledger is None and rehearsal and home:
        ledger = Path(home) / "ledger.db"
    run_simulator(
        host=host,
        port=port,
        ledger_path=ledger,
        clock=MappedClock(read=_world_clock()) if rehearsal else real_clock,
        limits={} if start_limit is None else {"start": start_limit},
        counting=counting,
        latency_ms=latency_ms,
        stall_chance=stall_chance,
        same_ids=same_ids,
        list_unanswered=list_unanswered,
        list_lag_s=list_lag,
        seed=seed,
        ready=lambda url: typer.echo(f"simulator: {url}", err=True),
    )


def _world_clock() -> bootstrap.WorldClock:
    return bootstrap.WorldClock(Settings.load(os.environ))


def _celery(*argv: str) -> None:
    from workers.app import app  # noqa: PLC0415  # reads the environment

    try:
        app.start(argv=list(argv))
    except SystemExit as ended:
        raise typer.Exit(ended.code if isinstance(ended.code, int) else 1) from None
    except OSError as error:
        raise InputError(f"{argv[0]} cannot start: {error.strerror}") from error
