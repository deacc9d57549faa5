"""How much room a campaign's own ceilings leave, before anything of it is claimed."""

from __future__ import annotations

from datetime import datetime

from campaigns.core.admission import full
from campaigns.core.definition import Definition
from campaigns.core.instants import Now
from campaigns.core.records import AccountRow, CampaignRow
from campaigns.ports import Transaction


def room_of(
    tx: Transaction, campaign: CampaignRow, account: AccountRow, definition: Definition, now: Now
) -> int | None:
    """How many more of a campaign's tasks may be claimed; None: no ceiling of its own holds.

    Claims that are on their way are counted by the caller. What the gate would give back is not
    claimed: it would be looked at again every two seconds.
    """
    found = tx.ceilings(campaign, account, definition, now)
    if found.purse is not None and found.purse.never:
        return 1  # the gate pauses the campaign, and says why
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
    verdict = full(tx.ceilings(campaign, account, definition, now), now)
    return None if verdict is None else verdict.until
