"""Runs of a campaign with a cron: made when the one before is done, begun at their firing.

A firing that nobody could begin within its grace (the fleet was down, a person had paused it) is
missed: the same tasks wait for the next. Calls that come a day late are worse than none.
"""

from __future__ import annotations

import structlog

from campaigns.core.lifecycle import CampaignState, TaskState
from campaigns.core.reconcile import BookTask, Rename, Retime
from campaigns.core.records import CampaignRow, NewTask
from campaigns.core.runs import Member, Run, following, missed, next_after
from campaigns.core.schedule import plan_touches
from campaigns.engine.parts import Parts
from campaigns.ports import Transaction

log = structlog.get_logger(__name__)

CHUNK = 500
_CHUNKS = 5
"""Of one heartbeat: a quarter of a second on SQLite. A run is made long before it begins."""
MISSED = "run_missed"
"""The reason of dial tasks whose run was missed where no other follows."""


def advance_run(seen: CampaignRow, parts: Parts) -> None:
    """Make what is missing of a run that has not begun, and begin it when its time has come."""
    for _ in range(_CHUNKS):
        with parts.store.write() as tx:
            row = tx.lock_campaign(seen.id)
            if not _waits(row):
                return
            if row.run_after is not None:
                _enlist(tx, row, parts)
                continue
            if row.run_at is None or row.run_at > tx.now().policy:
                return
            begun = _begin(tx, row, parts)
        if begun:
            parts.doorbell.dispatch(seen.account_id)
        return


def roll(tx: Transaction, row: CampaignRow, parts: Parts) -> bool:
    """Everybody is done: go on to the next run, if there is one. The campaign's lock is held."""
    schedule = parts.versions.get(tx, row.id, row.version).definition.schedule
    at = tx.now().policy
    if schedule.cron is None:
        return False
    run = next_after(schedule, row.run, at) if row.run else following(schedule, at)
    if run is None:
        return False
    _go_to(tx, row, run)
    return True


def _waits(row: CampaignRow) -> bool:
    return row.state is CampaignState.RUNNING and row.run_at is not None


def _go_to(tx: Transaction, row: CampaignRow, run: Run) -> None:
    tx.change_campaign(
        row.id,
        (CampaignState.RUNNING,),
        run=run.occasion,
        run_at=run.at,
        run_after=0,
    )


def _enlist(tx: Transaction, row: CampaignRow, parts: Parts) -> None:
    """The dial tasks of the next few contacts."""
    members = tx.members(row.id, after=row.run_after or 0, limit=CHUNK)
    if not members:
        tx.change_campaign(row.id, (CampaignState.RUNNING,), run_after=None)
        return
    assert row.run_at is not None
    run = Run(at=row.run_at, begun=False)
    pinned = parts.versions.get(tx, row.id, row.version)
    at = tx.now().policy
    lanes = tx.lanes(row.id, {one.where.text for one in members})
    known = tx.tasks_of([one.contact_id for one in members])
    fresh: list[tuple[Member, NewTask, int]] = []
    for one in members:
        plan = plan_touches(
            pinned.definition.schedule,
            None,
            now=at,
            hours=pinned.hours,
            where=one.where,
            not_before=one.time_at,
            run=run,
        )[0]
        task = NewTask(
            occasion=plan.occasion,
            due_at=plan.due_at,
            deadline_at=plan.deadline_at,
            expires_as=plan.expires_as,
            outcome=plan.outcome,
            reason=plan.reason,
            at=at,
        )
        if any(old.occasion == run.occasion for old in known[one.contact_id]):
            continue
        kept = next(filter(_untouched, known[one.contact_id]), None)
        if kept is None or task.outcome is not None:
            fresh.append((one, task, lanes[one.where.text]))
        else:  # of a run that was missed
            tx.rename(Rename(task_id=kept.id, occasion=run.occasion))
            tx.retime(Retime(task_id=kept.id, plan=task), at)
    tx.enlist(row, fresh)
    tx.change_campaign(row.id, (CampaignState.RUNNING,), run_after=members[-1].contact_id)


def _untouched(task: BookTask) -> bool:
    return task.state is TaskState.WAITING and task.attempts == 0 and task.stopped is None


def _begin(tx: Transaction, row: CampaignRow, parts: Parts) -> bool:
    assert row.run_at is not None
    now = tx.now().policy
    if not missed(row.run_at, now):
        tx.change_campaign(row.id, (CampaignState.RUNNING,), run_at=None)
        tx.audit(who="engine", what="run", at=now, campaign_id=row.id, run=row.run)
        return True
    schedule = parts.versions.get(tx, row.id, row.version).definition.schedule
    run = following(schedule, now)
    if run is None and tx.call_off(row.id, MISSED, now, limit=CHUNK):
        return False
    log.warning("run_missed", campaign=row.name, run=row.run, next=run.occasion if run else None)
    tx.audit(who="engine", what="run_missed", at=now, campaign_id=row.id, run=row.run)
    if run is not None:
        _go_to(tx, row, run)
    else:
        tx.change_campaign(row.id, (CampaignState.RUNNING,), run_at=None)
    return False
