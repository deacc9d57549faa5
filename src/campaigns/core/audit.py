"""What is remembered of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """What somebody, or the engine, did. `campaign`, `account`: their names, where it was one's."""

    at: datetime
    who: str
    what: str
    campaign: str | None
    account: str | None
    detail: Mapping[str, Any]
