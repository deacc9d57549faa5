"""How every command ends: one calm line for what went wrong, and the exit code a script reads.

0 done; 1 the input is wrong; 2 usage; 3 the outside world failed or the engine stopped; 130
Ctrl-C. A traceback is for `--debug` alone, which may stand anywhere on the line.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from campaigns import logs
from campaigns.errors import CampaignsError, DatabaseAway, InputError

INTERRUPTED = 130
_UNEXPECTED = 3


class Misused(InputError):
    """The command was typed in a way that cannot be meant; says what to type."""

    exit_code = 2


class Doors(TyperGroup):
    """The top of the command line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`--debug` may stand anywhere before a bare `--`."""
        end = args.index("--") if "--" in args else len(args)
        if "--debug" in args[:end]:
            args = ["--debug", *(arg for arg in args[:end] if arg != "--debug"), *args[end:]]
        return list(super().parse_args(ctx, args))

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """An option that does not exist is one line here too."""
        try:
            return super().make_context(*args, **kwargs)
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            raise typer.Exit(_usage(error)) from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever it raises becomes lines on stderr and an exit code."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # a full disk is told here, not by a traceback at the very end
        except (typer.Exit, SystemExit):
            raise
        except BaseException as error:
            if ctx.params.get("debug"):
                complain(logs.told(error))  # it will be pasted into a report
            raise typer.Exit(_told(error, debug=bool(ctx.params.get("debug")))) from None


class WithDefault(TyperGroup):
    """A group in which a name that is no command is the argument of the hidden `list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`calls NAME` means `calls list NAME`."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["list", *args]
        return list(super().parse_args(ctx, args))


def _told(error: BaseException, *, debug: bool) -> int:
    """Say it on stderr; the exit code."""
    match error:
        case DatabaseAway():
            complain(f"{error}{_which_database()}")
            return error.exit_code
        case CampaignsError():
            for line in str(error).splitlines() or [type(error).__name__]:
                complain(line)
            return error.exit_code
        case KeyboardInterrupt() | typer.Abort() | EOFError():
            complain("interrupted")
            return INTERRUPTED
        case BrokenPipeError():
            # Whoever read us has seen enough; what is left in the buffer has no reader.
            _forget_stdout()
            return 0
        case Exception() if hasattr(error, "format_message"):
            return _usage(error)
        case OSError(filename=str() | bytes() as name) if error.strerror:
            complain(f"{os.fsdecode(name)}: {error.strerror}")
            return _UNEXPECTED
        case OSError() if error.strerror:
            complain(f"it could not be written: {error.strerror}: make room, or name another place")
            _forget_stdout()
            return _UNEXPECTED
        case _:
            # Its text may quote a row of the list: only its kind is told.
            more = "" if debug else "; run again with --debug and report what it shows"
            complain(f"something unexpected happened ({type(error).__name__}){more}")
            return _UNEXPECTED


def _forget_stdout() -> None:
    """What is left in its buffer has nowhere to go, and must not be tried once more at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _which_database() -> str:
    """Where a database that is away was looked for; never a password."""
    from campaigns.cli import state  # noqa: PLC0415  # heavy, and for this sentence only

    try:
        found = state.settings()
    except CampaignsError:
        return ""
    if state.embedded(found):
        return ""  # it is named where it was opened
    name = "CAMPAIGNS_DATABASE_URL"
    if not os.environ.get(name):
        name += "_FILE"
    return f"; it is {state.place(found)} ({name}): `campaigns doctor` looks closer"


def _usage(error: Any) -> int:
    """One line instead of a page; `--help` has the page."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # making it has printed the page
        return int(error.exit_code)
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    path = "campaigns" if context is None else context.command_path
    complain(f"{message} (see `{path} --help`)")
    return int(error.exit_code)


def complain(line: str) -> None:
    """One diagnostic line."""
    typer.echo(line, err=True)
