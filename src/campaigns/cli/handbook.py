"""docs/commands.md, made from the commands themselves: `python -m campaigns.cli.handbook`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

_HEAD = """\
# Commands

Made by `python -m campaigns.cli.handbook`; a test holds it against the program.

Results go to stdout, everything else to stderr. `--json` on every read prints JSON, with phone
numbers cut to their last four digits; results files have them in full. Exit codes: 0 done, 1 the
input is wrong, 2 usage, 3 the outside world failed or the engine stopped, 130 Ctrl-C. What goes
wrong is one line; `--debug`, anywhere on the line, adds the traceback."""


def page() -> str:
    """The whole page."""
    from campaigns.cli.main import whole  # noqa: PLC0415  # it imports every command

    parts = [_HEAD]
    parts += [
        part for name, command in whole().commands.items() for part in _sections(name, command)
    ]
    return "\n\n".join(parts) + "\n"


def _sections(name: str, command: Any) -> Iterator[str]:
    if command.hidden:
        return
    inner = getattr(command, "commands", None)
    if inner is None:
        yield _section(name, command)
        return
    yield f"## `campaigns {name}`\n\n{_text(command.help)}"
    for inner_name, one in inner.items():
        shown = name if one.hidden else f"{name} {inner_name}"
        yield _section(shown, one)


def _section(name: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(
        ["campaigns", name, *(_metavar(one) for one in arguments), *(["[OPTIONS]"] * bool(options))]
    )
    lines = [f"## `{usage}`", "", _text(command.help)]
    rows = [
        *(f"| `{_metavar(one)}` | {_text(one.help)} |" for one in arguments if one.help),
        *(_option(one, context) for one in options),
    ]
    if rows:
        lines += ["", "| | |", "|---|---|", *rows]
    return "\n".join(lines)


def _metavar(argument: Any) -> str:
    shown = str(argument.metavar or argument.name.upper()).strip("[]")
    return shown if argument.required else f"[{shown}]"


def _option(option: Any, context: Any) -> str:
    spelling, help_text = option.get_help_record(context)
    return f"| `{_text(spelling)}` | {_text(help_text)} |"


def _text(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
