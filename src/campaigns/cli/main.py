"""`campaigns …`: every command in one place, in the order in which a person meets them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from campaigns import logs
from campaigns.cli import (
    calls,
    campaigns,
    check,
    control,
    database,
    doctor,
    erase,
    health,
    log,
    people,
    probe,
    processes,
    recovering,
    reference,
    results,
    run,
    submit,
    suppress,
    unresolved,
)
from campaigns.cli.doors import Doors

app = typer.Typer(
    cls=Doors,
    help="Outbound campaigns for voice agents: exact pacing, no doubled calls, nothing lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        try:
            found = version("campaigns")
        except PackageNotFoundError:
            found = "unknown"
        typer.echo(f"campaigns {found}")
        raise typer.Exit(0)


@app.callback()
def _options(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of what went wrong.")
    ] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Say the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    logs.configure("debug" if debug else "warning", "console")


app.command()(check.check)
app.command()(submit.submit)
run.register(app)
app.command("list")(campaigns.list_)
app.command()(campaigns.show)
app.command()(campaigns.watch)
app.command()(health.status)
app.command()(people.contacts)
app.command()(log.log)
app.command()(results.results)
app.add_typer(calls.app, name="calls", rich_help_panel="Look")
app.command()(control.pause)
app.command()(control.resume)
app.command()(control.cancel)
app.command("recover")(recovering.recovering)
app.add_typer(suppress.app, name="suppress", rich_help_panel="Decide")
app.add_typer(unresolved.app, name="unresolved", rich_help_panel="Decide")
app.command()(erase.held)
app.command()(erase.erase)
app.command()(doctor.doctor)
probe.register(app)
app.command()(reference.schema)
app.command()(reference.config)
app.add_typer(database.app, name="db", rich_help_panel="Set up")
processes.register(app)

_PANELS = {
    "Begin": "check submit run up try",
    "Look": "list show watch status contacts log results",
    "Decide": "pause resume cancel recover held erase",
    "Set up": "doctor probe schema config",
    "Processes of a fleet": "serve worker beat simulator",
}
for _command in app.registered_commands:
    _name = _command.name or getattr(_command.callback, "__name__", "")
    for _panel, _names in _PANELS.items():
        if _name in _names.split():
            _command.rich_help_panel = _panel


def main() -> None:
    """The program."""
    app(prog_name="campaigns")
