"""Outbound campaigns for voice agents. From a program: `load` checks a file, `submit` stores it.

What is heavy is imported at the first use, because every part of the package passes through here.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaigns.engine.submit import Submitted
    from campaigns.loading import Loaded

__all__ = ["load", "submit"]


def load(
    path: str | PathLike[str],
    *,
    name: str | None = None,
    agent_id: str | None = None,
    from_number: str | None = None,
    region: str | None = None,
) -> Loaded:
    """Read and check a campaign file, or a list alone. Raises DefinitionError with every fault.

    `definition` of what it answers is the campaign; `campaigns.loading.entries` walks over its
    contacts.
    """
    from campaigns import loading  # noqa: PLC0415  # heavy

    return loading.load(path, name=name, agent_id=agent_id, from_number=from_number, region=region)


def submit(
    path: str | PathLike[str],
    *,
    paused: bool = False,
    name: str | None = None,
    agent_id: str | None = None,
    from_number: str | None = None,
    region: str | None = None,
) -> Submitted:
    """Store a campaign where this environment keeps its state, and let it run. Nobody is asked.

    The same file again changes nothing. Raises InputError where it is refused, WorldError where
    the database does not answer.
    """
    from campaigns.cli import state, submitting  # noqa: PLC0415  # heavy

    loaded = load(path, name=name, agent_id=agent_id, from_number=from_number, region=region)
    with state.opened(quiet=True) as installation:
        return submitting.send(loaded, installation, paused=paused)
