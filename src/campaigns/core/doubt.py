"""The figures of doubt: what a person has to decide, and what must not happen and did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.core.lifecycle import AttemptState


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """What must not happen and did: `attempt` and `other` are the two calls."""

    at: datetime
    campaign: str | None
    why: str
    attempt: str
    other: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnresolvedLine:
    """A contact nobody can tell about: a person decides. `evidence` is what was looked at."""

    id: str
    campaign: str
    key: str = field(repr=False)
    to_number: str = field(repr=False)
    state: AttemptState
    intent_at: datetime
    reason: str
    why: str | None
    reads: int
    newest_read_at: datetime | None
    events: int
    proof: Mapping[str, Any] | None
