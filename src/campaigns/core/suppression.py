"""Who is not to be called, as any door can show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SuppressionLine:
    """A number that is not to be called: in no campaign, or in one."""

    to_number: str = field(repr=False)
    reason: str
    source: str
    added_at: datetime
    campaign: str | None = None  # whose list it is on; None: that of all campaigns
