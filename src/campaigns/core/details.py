"""What the provider tells of an answered call after its ending, and what of it is still to come.

The look-up that follows the ending may come before the analysis, the transcript or the price: a
wish not to be called again stands in the first two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PARTS = ("analysis", "transcript", "cost")
_AWAITED = "awaited"


def enriched(told: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is kept of a look-up: never less than before, and what is awaited still.

    `told`: the provider's own object. An empty part is there; one that is null or missing is not.
    """
    earlier = before or {}
    analysis = told.get("analysis")
    kept = {"analysis": earlier.get("analysis") if analysis is None else analysis}
    missed = earlier.get(_AWAITED, _PARTS)
    awaited = [part for part in _PARTS if part in missed and told.get(part) is None]
    return {**kept, _AWAITED: awaited} if awaited else kept


def given_up(before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What there is, with nothing awaited any more."""
    return {name: value for name, value in (before or {}).items() if name != _AWAITED}


def untold(before: Mapping[str, Any] | None) -> bool:
    """Whether the provider is to be asked: it has not been, or has not told all."""
    return before is None or bool(before.get(_AWAITED))
