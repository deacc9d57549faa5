"""`schema` and `config`: what a campaign file may say, and what the environment says."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.config import VARIABLES
from campaigns.core import schema as rules
from campaigns.core.filters import FILTERS


def schema(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="One key, such as retry.no_answer.")
    ] = None,
    *,
    filters: Annotated[
        bool, typer.Option("--filters", help="The filters that templates may use.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """The JSON Schema of a campaign file, one key with an example, or the filters."""
    if key is not None and filters:
        raise Misused("name a key or --filters, not both")
    if filters and as_json:
        screen.emit(FILTERS)
    elif filters:
        screen.table(("filter", ""), FILTERS.items())
    elif key is None:
        screen.emit(rules.json_schema())
    elif as_json:
        screen.emit({"key": key, "description": rules.describe(key)})
    else:
        screen.say(rules.describe(key))


def config(as_json: options.AsJson = False) -> None:
    """The settings in force, secrets hidden."""
    shown = state.settings().redacted()
    if as_json:
        screen.emit(shown)
        return
    screen.table(
        ("name", "value", "from"),
        [(name, value or "not set", _origin(name)) for name, value in shown.items()],
    )


def _origin(name: str) -> str:
    if os.environ.get(name, "").strip():
        return "environment"
    file = f"{name}_FILE"
    if VARIABLES[name].from_file and os.environ.get(file, "").strip():
        return file
    return "default"
