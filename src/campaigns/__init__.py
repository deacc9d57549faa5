"""Outbound campaigns for voice agents.

From a program: `load` checks a campaign, `plan` says what `submit` would change, `submit` stores
it; `Client` does the same at a server. A campaign is its file's path, or such a file as a dict.
What is heavy is imported at the first use, because every part of the package passes through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaigns.client.http import Client
    from campaigns.core.difference import Difference
    from campaigns.engine.submit import Submitted
    from campaigns.loading import Loaded

__all__ = ["Client", "load", "plan", "submit"]


def __getattr__(name: str) -> Any:
    if name == "Client":
        from campaigns.client.http import Client  # noqa: PLC0415  # heavy

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(
    campaign: str | PathLike[str] | Mapping[str, Any],
    *,
    name: str | None = None,
    agent_id: str | None = None,
    from_number: str | None = None,
    region: str | None = None,
) -> Loaded:
    """Read and check a campaign, or a list alone. Raises DefinitionError with every fault.

    `definition` of what it answers is the campaign; `campaigns.loading.entries` walks over its
    contacts.
    """
    from campaigns import loading  # noqa: PLC0415  # heavy

    return loading.load(
        campaign, name=name, agent_id=agent_id, from_number=from_number, region=region
    )


def plan(
    campaign: str | PathLike[str] | Mapping[str, Any],
    *,
    name: str | None = None,
    agent_id: str | None = None,
    from_number: str | None = None,
    region: str | None = None,
) -> Difference:
    """What `submit` would change, counted; a new campaign adds everybody. Nothing is stored."""
    from campaigns.cli import state, submitting  # noqa: PLC0415  # heavy
    from campaigns.engine.submit import foresee  # noqa: PLC0415

    loaded = load(campaign, name=name, agent_id=agent_id, from_number=from_number, region=region)
    with state.opened(quiet=True) as installation:
        return foresee(submitting.continued(loaded, installation).submission(), installation.parts)


def submit(
    campaign: str | PathLike[str] | Mapping[str, Any],
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

    loaded = load(campaign, name=name, agent_id=agent_id, from_number=from_number, region=region)
    with state.opened(quiet=True) as installation:
        return submitting.send(loaded, installation, paused=paused)
