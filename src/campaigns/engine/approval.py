"""`pacing.first`: so many are called, then a person listens before anybody else is.

The gate counts under the campaign's lock, so however many workers there are, not one more is rung.
"""

from __future__ import annotations

from datetime import datetime

from campaigns.core.definition import Definition
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.engine.parts import Parts
from campaigns.engine.standing import named
from campaigns.errors import Conflict
from campaigns.ports import Transaction

_WAITING = CampaignState.WAITING_FOR_APPROVAL
_APPROVED_IN = (
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.RECONCILING,
    CampaignState.FINISHED,
    _WAITING,
)


def lacking(
    tx: Transaction, campaign: CampaignRow, definition: Definition, contact_id: int
) -> bool:
    """Whether this contact would be one more than may be called before somebody approves."""
    first = definition.pacing.first
    if first is None or campaign.approved_at is not None:
        return False
    tried = tx.tried(campaign.id, campaign.trial_since)
    return contact_id not in tried and len(tried) >= first


def wait_for(tx: Transaction, campaign: CampaignRow, at: datetime) -> None:
    """Nobody else is called before the approval; live calls go on. Its lock is held."""
    if tx.change_campaign(campaign.id, (CampaignState.RUNNING,), state=_WAITING.value):
        tx.audit(who="engine", what=_WAITING.value, at=at, campaign_id=campaign.id)


def approve(name: str, parts: Parts, *, who: str) -> None:
    """A person has heard the first calls: it goes on, unless it is paused besides.

    Raises Conflict where there is nothing to approve, or nothing to hear yet.
    """
    with parts.store.write() as tx:
        row = tx.lock_campaign(named(tx, name).id)
        at = tx.now().policy
        _approvable(tx, row)
        goes_on = row.state is _WAITING
        tx.change_campaign(
            row.id,
            (row.state,),
            approved_at=at,
            state=(CampaignState.RUNNING if goes_on else row.state).value,
        )
        tx.audit(who=who, what="approve", at=at, campaign_id=row.id)
    parts.doorbell.dispatch(row.account_id)


def _approvable(tx: Transaction, row: CampaignRow) -> None:
    definition, _ = tx.definition(row.id, row.version)
    if row.state not in _APPROVED_IN:
        raise Conflict(f"{row.name} is {row.state}: there is nothing to approve")
    if definition.pacing.first is None:
        raise Conflict(f"{row.name} has no `pacing: {{first: …}}`: it waits for no approval")
    if row.approved_at is not None:
        raise Conflict(f"{row.name} is approved already, since {row.approved_at:%Y-%m-%d %H:%M}Z")
    if not tx.tried(row.id, row.trial_since):
        raise Conflict(f"nobody of {row.name} has been called yet: there is nothing to hear")
