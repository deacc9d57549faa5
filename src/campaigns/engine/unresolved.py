"""A person decides about a contact nobody can tell about: called, or to be called again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from campaigns.core.definition import Schedule
from campaigns.core.families import refund, refunded_to
from campaigns.core.lifecycle import SETTLED, CampaignState, Outcome, TaskState
from campaigns.core.records import AttemptRow, CampaignRow, TaskRow
from campaigns.core.runs import over
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict, UnknownName
from campaigns.ports import Transaction


class As(StrEnum):
    """What a person takes an unresolved call for."""

    CALLED = "called"
    CALL_AGAIN = "call-again"


def settle(attempt_id: str, taken_as: As, parts: Parts, *, who: str) -> None:
    """Settle the dial tasks of an unresolved call. Raises Conflict where none may be.

    `call-again` gives the task back: it passes the whole gate as new, and later evidence about
    the first call still counts. Locks in the one order: number, campaign, task, attempt.
    """
    with parts.store.write() as tx:
        seen = tx.attempt(attempt_id)
        if seen is None or seen.task_id is None or seen.campaign_id is None:
            raise UnknownName("no contact hangs on that call: see `campaigns unresolved list`")
        tx.lock_phone(seen.phone_id)
        campaign = tx.lock_campaign(seen.campaign_id)
        tasks = tx.lock_called(seen)
        attempt = tx.lock_attempt(attempt_id)
        at = tx.now().policy
        open_, why = _sorted(tasks, lambda task: _not_open(tx, task, attempt))
        if not open_:
            raise Conflict(why)
        if taken_as is As.CALLED:
            for task in open_:
                tx.end_task(task, Outcome.UNRESOLVED, SETTLED, at)
        else:
            if campaign.state is CampaignState.CANCELLED:
                raise Conflict(f"{campaign.name} is cancelled: nobody is called for it again")
            schedule = parts.versions.get(tx, campaign.id, campaign.version).definition.schedule
            # Of a call for several rows, those that may be: one may have left the list meanwhile.
            again, why = _sorted(open_, lambda task: _not_again(tx, campaign, schedule, task, at))
            if not again:
                raise Conflict(why)
            for task in again:
                tx.reopen(task.id, at)
            # These count again should it turn out to have rung.
            back = {task.id for task in again if task.attempts > 0}
            if back:
                back |= {task.id for task in tasks if refunded_to(attempt, task.id)}
                proof = {**(attempt.proof or {}), **refund(back, of=len(tasks))}
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


def _sorted(
    tasks: Sequence[TaskRow], why_not: Callable[[TaskRow], str | None]
) -> tuple[list[TaskRow], str]:
    """The tasks of which nothing is in the way; and what is, for the first where something is."""
    found = [(task, why_not(task)) for task in tasks]
    reasons = [why for _, why in found if why is not None]
    return [task for task, why in found if why is None], reasons[0] if reasons else ""


def _not_open(tx: Transaction, task: TaskRow, attempt: AttemptRow) -> str | None:
    if task.state is not TaskState.DONE or task.outcome is not Outcome.UNRESOLVED:
        return f"that contact is not unresolved any more: it is {task.outcome or task.state}"
    latest = tx.latest_attempt(task.id)
    if latest is None or latest.id != attempt.id:
        return "that contact has a newer call: see `campaigns unresolved list`"
    return None


def _not_again(
    tx: Transaction, campaign: CampaignRow, schedule: Schedule, task: TaskRow, at: datetime
) -> str | None:
    if over(schedule, campaign.run, task.occasion):
        return "it is too late to call again: that run is over"
    if task.deadline_at is not None and at >= task.deadline_at:
        return f"it is too late to call again: that expired ({task.expires_as})"
    if task.stopped is not None:
        return f"that contact is not called any more ({task.stopped})"
    if tx.suppressed(task.phone_id, task.campaign_id):
        return "that number is on the do-not-call list"
    return None
