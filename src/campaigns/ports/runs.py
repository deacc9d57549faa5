"""What is remembered of runs and of lists that are read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from campaigns.core.records import CampaignRow, NewTask
from campaigns.core.runs import Member, Origin


class RunBook(Protocol):
    """Campaigns with a cron, or whose list is read again by one."""

    def origin(self, campaign_id: int, version: int) -> Origin | None: ...

    def refreshes_due(self, at: datetime) -> Sequence[int]: ...

    def unbegun(self, at: datetime) -> Sequence[CampaignRow]:
        """Running campaigns whose run is not made yet, or has come due and is not begun."""

    def members(self, campaign_id: int, *, after: int, limit: int) -> Sequence[Member]: ...

    def enlist(self, row: CampaignRow, tasks: Sequence[tuple[Member, NewTask, int]]) -> None: ...

    def call_off(self, campaign_id: int, reason: str, at: datetime, *, limit: int) -> int: ...
