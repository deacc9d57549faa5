"""Everything the gate looks at before one call, read in one place for it and for explanations."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core.calls import Limit
from campaigns.core.caps import frequency
from campaigns.core.definition import Definition
from campaigns.core.facts import Facts
from campaigns.core.incarnation import Incarnation
from campaigns.core.instants import Now
from campaigns.core.pacing import spacing_of
from campaigns.core.records import AccountRow, CampaignRow, ContactRow, TaskRow
from campaigns.engine import approval
from campaigns.engine.parts import Pinned
from campaigns.ports import Transaction


def facts(
    tx: Transaction,
    *,
    task: TaskRow,
    contact: ContactRow,
    campaign: CampaignRow,
    account: AccountRow,
    pinned: Pinned,
    incarnation: Incarnation,
    claim: int,
    now: Now,
) -> Facts:
    """What is known at `now`; exact where the caller holds the locks of the gate."""
    slots = tx.slots(account.id, Limit.START)
    definition = pinned.definition
    often = frequency(definition.caps, pinned.rules.in_force(contact.where.places))
    return Facts(
        task_state=task.state,
        claim_is_ours=task.claim == claim,
        deadline=task.deadline_at,
        expires_as=task.expires_as,
        stopped=task.stopped,
        due_at=max(task.due_at, task.retry_at or task.due_at),
        attempts=task.tries,
        max_attempts=definition.retry_of(task.touch).max_attempts,
        campaign_state=campaign.state,
        pause_asked=tx.pause_asked(campaign.id),
        unapproved=approval.lacking(tx, campaign, definition, contact.id),
        start=campaign.start_at,
        where=contact.where,
        suppressed=tx.suppressed(task.phone_id, campaign.id),
        busy_until=tx.busy_until(task.phone_id, now.policy),
        frequency=often,
        recent_intents=tx.recent_intents(task.phone_id, now.policy - often.longest),
        talked_at=tx.talked_at(task.phone_id) if often.rest is not None else None,
        ceilings=tx.ceilings(campaign, account, definition, now, longest(contact, definition)),
        account_paused=account.paused_why is not None or incarnation.held_why is not None,
        not_before=account.not_before,
        probing_busy=account.probing
        and (account.looked_at is None or tx.dialing_count(account.id) > 0),
        last_intent_at=account.last_intent_at,
        spacing=spacing_of(account, now, slots),
        slots=slots,
        unheard=tx.unheard(task.id),
        unsettled_until=tx.unsettled_until(task.id),
        run_at=campaign.run_at,
        unreadable=contact.held,
    )


def longest(contact: ContactRow, definition: Definition) -> timedelta:
    """The bound of a call to this contact: its row's own, else the campaign's."""
    own = contact.settings.get("max_duration_s")
    return timedelta(seconds=int(own)) if own else definition.max_duration
