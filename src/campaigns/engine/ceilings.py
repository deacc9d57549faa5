"""What a campaign and its account may do at once, read for the gate, dispatch and explanations.

In the gate the campaign's and the account's locks are held, so however many workers there are, the
counts are exact.
"""

from __future__ import annotations

from datetime import datetime

from campaigns.core.admission import full
from campaigns.core.budget import Purse, day_of
from campaigns.core.definition import Budget, Definition
from campaigns.core.facts import RATE_PERIOD, Ceilings
from campaigns.core.instants import Now
from campaigns.core.records import AccountRow, CampaignRow
from campaigns.ports import Transaction


def ceilings(
    tx: Transaction, campaign: CampaignRow, account: AccountRow, definition: Definition, now: Now
) -> Ceilings:
    """What is counted of what the campaign states; nothing is read for what it does not."""
    pacing, at = definition.pacing, now.policy
    limited, counted = pacing.starts_per_minute is not None, pacing.concurrent_calls is not None
    return Ceilings(
        per_minute=pacing.starts_per_minute,
        starts=tx.campaign_intents(campaign.id, at - RATE_PERIOD) if limited else (),
        at_once=pacing.concurrent_calls,
        live=tx.live_calls(account.id, campaign.id) if counted else 0,
        account_at_once=account.concurrent_calls,
        account_live=tx.live_calls(account.id) if account.concurrent_calls is not None else 0,
        purse=_purse(tx, campaign, definition, now),
    )


def _purse(
    tx: Transaction, campaign: CampaignRow, definition: Definition, now: Now
) -> Purse | None:
    if definition.budget == Budget():
        return None
    begins, ends = day_of(definition, now.policy)
    return Purse(
        budget=definition.budget,
        spent=tx.spent(campaign.account_id, campaign.id, begins),
        day_ends=ends,
        max_duration=definition.max_duration,
    )


def room_of(
    tx: Transaction, campaign: CampaignRow, account: AccountRow, definition: Definition, now: Now
) -> int | None:
    """How many more of a campaign's tasks may be claimed; None: no ceiling of its own holds.

    Claims that are on their way are counted by the caller. What the gate would give back is not
    claimed: it would be looked at again every two seconds.
    """
    found = ceilings(tx, campaign, account, definition, now)
    if full(found, now) is not None:
        return 0
    bounds = [
        most - made
        for most, made in (
            (found.per_minute, len(found.starts)),
            (found.at_once, found.live),
            (found.account_at_once, found.account_live),
        )
        if most is not None
    ]
    room = found.purse.room() if found.purse is not None else None
    bounds += [] if room is None else [room]
    return min(bounds, default=None)


def room_at(
    tx: Transaction, campaign: CampaignRow, account: AccountRow, definition: Definition, now: Now
) -> datetime | None:
    """When a campaign at a ceiling may have room again; None: it has."""
    verdict = full(ceilings(tx, campaign, account, definition, now), now)
    return None if verdict is None else verdict.until
