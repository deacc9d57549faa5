"""What the gate looks at before one call, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.budget import Purse
from campaigns.core.caps import Frequency
from campaigns.core.lifecycle import CampaignState, TaskState
from campaigns.core.pacing import Slot
from campaigns.core.where import Where

RATE_PERIOD = timedelta(seconds=60)
"""What `pacing.starts_per_minute` counts in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceilings:
    """What a campaign and its account may do at once, and what they do. None: no ceiling.

    `starts`: intents of the campaign in the last RATE_PERIOD, oldest first.
    """

    per_minute: int | None = None
    starts: Sequence[datetime] = ()
    at_once: int | None = None
    live: int = 0
    account_at_once: int | None = None
    account_live: int = 0
    purse: Purse | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the gate read, every row under its lock. Instants are policy time."""

    task_state: TaskState
    claim_is_ours: bool
    deadline: datetime | None
    expires_as: str
    stopped: str | None
    due_at: datetime
    attempts: int
    max_attempts: int
    campaign_state: CampaignState
    pause_asked: bool
    unapproved: bool  # this would be one more contact than may be called before an approval
    start: datetime | None
    where: Where
    suppressed: bool
    busy_until: datetime | None  # another live call to this number: its release bound
    frequency: Frequency
    recent_intents: Sequence[datetime]  # to this number within the longest cap, oldest first
    talked_at: datetime | None = None  # the last answered call of this number began
    ceilings: Ceilings = Ceilings()
    account_paused: bool
    not_before: datetime | None
    probing_busy: bool  # the breaker's look-up has not worked yet, or its one call is under way
    last_intent_at: datetime | None
    spacing: timedelta
    slots: Sequence[Slot]
    unheard: bool = False  # something was said of an earlier call that nobody has read yet
    unsettled_until: datetime | None = None  # an earlier call, alive or in doubt, is given up then
    run_at: datetime | None = None  # its run begins then; None: it has begun
    unreadable: bool = False  # its row was there and cannot be read any more
