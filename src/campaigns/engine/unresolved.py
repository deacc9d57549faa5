"""A person decides about a contact nobody can tell about: called, or to be called again."""

from __future__ import annotations

from enum import StrEnum

from campaigns.core.lifecycle import SETTLED, CampaignState, Outcome, TaskState
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict, UnknownName


class As(StrEnum):
    """What a person takes an unresolved call for."""

    CALLED = "called"
    CALL_AGAIN = "call-again"


def settle(attempt_id: str, taken_as: As, parts: Parts, *, who: str) -> None:
    """Settle the dial task of an unresolved call. Raises Conflict where it must not be.

    `call-again` gives the task back: it passes the whole gate as new, and later evidence about
    the first call still counts. Locks in the one order: number, campaign, task, attempt.
    """
    with parts.store.write() as tx:
        seen = tx.attempt(attempt_id)
        if seen is None or seen.task_id is None or seen.campaign_id is None:
            raise UnknownName("no contact hangs on that call: see `campaigns unresolved list`")
        tx.lock_phone(seen.phone_id)
        campaign = tx.lock_campaign(seen.campaign_id)
        task = tx.lock_task(seen.task_id)
        attempt = tx.lock_attempt(attempt_id)
        at = tx.now().policy
        latest = tx.latest_attempt(task.id)
        if task.state is not TaskState.DONE or task.outcome is not Outcome.UNRESOLVED:
            said = task.outcome or task.state
            raise Conflict(f"that contact is not unresolved any more: it is {said}")
        if latest is None or latest.id != attempt.id:
            raise Conflict("that contact has a newer call: see `campaigns unresolved list`")
        if taken_as is As.CALLED:
            tx.end_task(task, Outcome.UNRESOLVED, SETTLED, at)
        else:
            if campaign.state is CampaignState.CANCELLED:
                raise Conflict(f"{campaign.name} is cancelled: nobody is called for it again")
            if task.deadline_at is not None and at >= task.deadline_at:
                raise Conflict(f"it is too late to call again: that expired ({task.expires_as})")
            if task.stopped is not None:
                raise Conflict(f"that contact is not called any more ({task.stopped})")
            if tx.suppressed(task.phone_id):
                raise Conflict("that number is on the do-not-call list")
            tx.reopen(task.id, at)
            if task.attempts > 0:  # counts again should it turn out to have rung
                proof = {**(attempt.proof or {}), "refunded": True}
                tx.change_attempt(attempt.id, attempt.state, proof=proof)
            tx.change_campaign(
                campaign.id,
                (CampaignState.FINISHED,),
                state=CampaignState.RUNNING.value,
                finished_at=None,
            )
        tx.audit(
            who=who,
            what="settle",
            at=at,
            campaign_id=campaign.id,
            attempt=attempt.id,
            taken_as=taken_as.value,
        )
    parts.doorbell.dispatch(attempt.account_id)
