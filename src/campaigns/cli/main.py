"""`campaigns …`: every command in one place, in the order in which a person meets them."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from campaigns import logs
from campaigns.cli.doors import Doors

COMMANDS = {
    "check": ("Begin", "check:check"),
    "plan": ("Begin", "plan:plan"),
    "submit": ("Begin", "submit:submit"),
    "run": ("Begin", "run:run"),
    "up": ("Begin", "run:up"),
    "try": ("Begin", "try_out:try_"),
    "list": ("Look", "campaigns:list_"),
    "show": ("Look", "campaigns:show"),
    "watch": ("Look", "campaigns:watch"),
    "status": ("Look", "health:status"),
    "contacts": ("Look", "people:app"),
    "who": ("Look", "who:who"),
    "explain": ("Look", "explain:explain"),
    "calls": ("Look", "calls:app"),
    "log": ("Look", "log:log"),
    "results": ("Look", "results:results"),
    "pause": ("Decide", "control:pause"),
    "resume": ("Decide", "control:resume"),
    "approve": ("Decide", "control:approve"),
    "redial": ("Decide", "redial:redial"),
    "cancel": ("Decide", "control:cancel"),
    "recover": ("Decide", "recovering:recovering"),
    "suppress": ("Decide", "suppress:app"),
    "unresolved": ("Decide", "unresolved:app"),
    "held": ("Decide", "erase:held"),
    "erase": ("Decide", "erase:erase"),
    "doctor": ("Set up", "doctor:doctor"),
    "probe": ("Set up", "probe:probe_"),
    "rules": ("Set up", "rules:app"),
    "schema": ("Set up", "reference:schema"),
    "config": ("Set up", "reference:config"),
    "db": ("Set up", "database:app"),
    "serve": ("Processes of a fleet", "processes:serve"),
    "worker": ("Processes of a fleet", "processes:worker"),
    "beat": ("Processes of a fleet", "processes:beat"),
    "simulator": ("Processes of a fleet", "processes:simulator"),
}
"""Each command: its panel in the help, and its place in this package (a function or a group)."""
_CELERY_FLAGS = {"allow_extra_args": True, "ignore_unknown_options": True}
_PASSED_ON = ("worker", "beat")
"""Commands that hand what they do not know to Celery."""


class Commands(Doors):
    """Imports only the command that was typed: the engine behind all of them takes seconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands: dict[str, Any] = dict.fromkeys(COMMANDS)  # a slip is told by the names

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or None."""
        if cmd_name not in COMMANDS:
            return None
        if self.commands[cmd_name] is None:
            self.commands[cmd_name] = _made(cmd_name)
        return self.commands[cmd_name]


def _made(name: str) -> Any:
    panel, place = COMMANDS[name]
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"campaigns.cli.{module}"), attribute)
    shelf = typer.Typer(callback=lambda: None)
    if isinstance(found, typer.Typer):
        shelf.add_typer(found, name=name, rich_help_panel=panel)
    else:
        settings = _CELERY_FLAGS if name in _PASSED_ON else None
        shelf.command(name, rich_help_panel=panel, context_settings=settings)(found)
    group: Any = typer.main.get_command(shelf)
    return group.commands[name]


app = typer.Typer(
    cls=Commands,
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


def whole() -> Any:
    """The program with every command imported, in the order of the table: for whoever reads it."""
    top: Any = typer.main.get_command(app)
    for name in COMMANDS:
        top.get_command(None, name)
    return top


def main() -> None:
    """The program."""
    app(prog_name="campaigns")
