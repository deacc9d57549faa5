"""What the engine asks of the past before it lets one more call go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from campaigns.core.budget import Spent
from campaigns.core.definition import Definition
from campaigns.core.facts import Ceilings
from campaigns.core.failing import Ending
from campaigns.core.instants import Now
from campaigns.core.records import AccountRow, CampaignRow


class CeilingBook(Protocol):
    """Counts of calls. Those that are known to have rung nobody never count."""

    def ceilings(
        self,
        campaign: CampaignRow,
        account: AccountRow,
        definition: Definition,
        now: Now,
        max_duration: timedelta | None = None,
    ) -> Ceilings:
        """What is counted of what they state; exact where the caller holds their locks.

        `max_duration`: of the call in question, where its row has its own.
        """

    def campaign_intents(self, campaign_id: int, since: datetime) -> Sequence[datetime]:
        """Intents of a campaign after `since`, oldest first."""

    def live_calls(self, account_id: int, campaign_id: int | None = None) -> int:
        """Open attempts of an account, or of one of its campaigns."""

    def talked_at(self, phone_id: int) -> datetime | None:
        """When the last answered call to a number ended."""

    def spent(self, account_id: int, campaign_id: int, since: datetime) -> Spent:
        """What a campaign has done from `since` on."""

    def resumed_at(self, campaign_id: int) -> datetime | None:
        """When a person last let a paused campaign go on."""

    def endings(self, campaign_id: int, since: datetime | None, limit: int) -> Sequence[Ending]:
        """How its newest calls ended that began after `since`, newest first."""
