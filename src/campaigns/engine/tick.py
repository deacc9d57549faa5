"""The heartbeat: find everything that is due and everything that was left lying.

Idempotent and safe to run twice at once: each step is a transaction of its own that names the
state it expects. Nothing else in the engine needs a timer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from campaigns.core.instants import BREAKER_HOLD, EDGE_MARGIN, EVENT_GRACE
from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome, TaskState
from campaigns.core.polling import next_check
from campaigns.core.records import LaneHead, TaskRow
from campaigns.engine import halfopen
from campaigns.engine.answers import flush
from campaigns.engine.clock import watch
from campaigns.engine.dispatch import dispatch
from campaigns.engine.incarnation import WentBack, beaten, hold, stop_accounts
from campaigns.engine.parts import Parts
from campaigns.engine.record import fold_events, give_up, kept, release
from campaigns.engine.rehearsal import advance
from campaigns.engine.runs import advance_run, roll
from campaigns.errors import EngineFault, WorldError
from campaigns.ports import Transaction

log = structlog.get_logger(__name__)
T = TypeVar("T")
R = TypeVar("R")
_BATCH = 200
_CHECKS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticked:
    """What one heartbeat did; figures for logs and tests."""

    dispatched: int
    folded: int
    checks: int
    jumped_to: datetime | None


def tick(parts: Parts) -> Ticked:
    """One heartbeat. One bad row stops neither the other rows nor the other steps."""
    flush(parts)
    _each((stop_accounts, _apply_pauses, _lost_answers, _overstayed), lambda step: step(parts))
    # Everything that was said is heard before anybody is given up.
    folded = _fold(parts)
    with parts.store.read() as tx:
        at = tx.now().policy
        unbegun, stale = tx.unbegun(at), tx.refreshes_due(at)
    _each(unbegun, lambda row: advance_run(row, parts))
    _each(stale, parts.doorbell.refresh)
    _each((_hopeless, _overdue, _stranded, _finish), lambda step: step(parts))
    checks = _ring_checks(parts)
    with parts.store.read() as tx:
        accounts = [account.id for account in tx.accounts()]
        to_look = halfopen.to_look(tx)
    _each(to_look, parts.doorbell.look)
    dispatched = sum(_each(accounts, lambda account_id: dispatch(account_id, parts)))
    jumped_to = advance(parts) if parts.policy.rehearsal else None
    return Ticked(dispatched=dispatched, folded=folded, checks=checks, jumped_to=jumped_to)


def _each(items: Iterable[T], do: Callable[[T], R]) -> list[R]:
    """Do it for each item; what fails is logged and left for the next beat.

    Only a world that is away ends the heartbeat: then nothing else would work either.
    """
    done: list[R] = []
    for item in items:
        try:
            done.append(do(item))
        except WorldError:
            raise
        except Exception as error:
            log.exception("heartbeat_step_failed", kind=type(error).__name__)
    return done


def _apply_pauses(parts: Parts) -> None:
    with parts.store.read() as tx:
        asked = tx.pauses_asked()
    for request_id, campaign_id, why in asked:
        with parts.store.write() as tx:
            tx.lock_campaign(campaign_id)
            if all(open_id != request_id for open_id, _, _ in tx.pauses_asked()):
                continue  # a person has resumed meanwhile
            at = tx.now().policy
            paused = tx.change_campaign(
                campaign_id,
                (
                    CampaignState.RUNNING,
                    CampaignState.WAITING_FOR_APPROVAL,
                    CampaignState.FINISHED,
                ),
                state=CampaignState.PAUSED.value,
                paused_why=why,
                paused_by="engine",
                paused_at=at,
            )
            tx.pause_applied(request_id)
            if paused:
                tx.audit(who="engine", what="pause", at=at, campaign_id=campaign_id, why=why)


def _lost_answers(parts: Parts) -> None:
    """`dialing` too long: the process that POSTed is gone. Never waiting again: unknown."""
    with parts.store.write() as tx:
        tx.lapse_claims(tx.now().real)
        at = tx.now().policy
        lost = tx.lost_answers(at, _BATCH)
    for attempt_id in lost:
        with parts.store.write() as tx:
            seen = tx.attempt(attempt_id)
            if seen is None:
                continue
            account = tx.lock_account(seen.account_id)
            attempt = tx.lock_attempt(attempt_id)
            now = tx.now()
            if attempt.state is AttemptState.DIALING and account.probing:
                # The one call that was let through says nothing either: the account stays held.
                hold = max(now.policy + BREAKER_HOLD, account.not_before or now.policy)
                tx.change_account(account.id, not_before=hold, looked_at=None, look_at=None)
            if attempt.settle_at < now.policy:
                tx.change_attempt(
                    attempt_id,
                    AttemptState.DIALING,
                    state=AttemptState.UNKNOWN,
                    check_at=next_check(
                        intent_at=attempt.intent_at,
                        settle_at=attempt.settle_at,
                        max_duration=attempt.max_duration,
                        at=now.policy,
                        unknown=True,
                        webhooks=False,
                    ),
                )


def _overstayed(parts: Parts) -> None:
    """The number is free again, whatever became of the call; its task stays as it is."""
    with parts.store.read() as tx:
        ids = tx.overstayed(tx.now().policy, _BATCH)
    for attempt_id in ids:
        with parts.store.write() as tx:
            attempt = tx.lock_attempt(attempt_id)
            at = tx.now().policy
            if attempt.open and attempt.release_at < at:
                tx.change_attempt(attempt_id, attempt.state, open=False)
        release(attempt.phone_id, parts)


def _fold(parts: Parts) -> int:
    with parts.store.read() as tx:
        ids = tx.unfolded(_BATCH)
    return len(_each(ids, lambda attempt_id: fold_events(attempt_id, parts)))


def _hopeless(parts: Parts) -> None:
    with parts.store.read() as tx:
        at = tx.now().policy
        ids = tx.hopeless(at, _BATCH)
        stalled = tx.stalled(at - EVENT_GRACE, _BATCH)
    _each(ids, lambda attempt_id: give_up(attempt_id, parts))
    _each(stalled, lambda attempt_id: fold_events(attempt_id, parts))


def _overdue(parts: Parts) -> None:
    """Waiting past its deadline, stopped, or cancelled: done, with the outcome it really had."""
    with parts.store.read() as tx:
        tasks = tx.overdue(tx.now().policy, _BATCH)
        cancelled = {
            task.campaign_id: tx.campaign(task.campaign_id).state is CampaignState.CANCELLED
            for task in tasks
        }
    for start in range(0, len(tasks), 50):
        with parts.store.write() as tx:
            at = tx.now().policy
            for task in tasks[start : start + 50]:
                _end_overdue(tx, task.id, cancelled[task.campaign_id], at)


def _stranded(parts: Parts) -> None:
    """Waiting in a lane whose calling hours never open again: done, and said why."""
    for head in _closed_for_ever(parts):
        with parts.store.write() as tx:
            at = tx.now().policy
            for task in tx.stranded(head.lane_id, at, 50):
                _end(tx, task, Outcome.SKIPPED, "no_callable_time", at)


def _closed_for_ever(parts: Parts) -> list[LaneHead]:
    found: list[LaneHead] = []
    with parts.store.read() as tx:
        at = tx.now().policy
        for account in tx.accounts():
            for campaign in tx.runnable(account.id, leased_at=None):
                try:
                    hours = parts.versions.get(tx, campaign.id, campaign.version).hours
                except EngineFault:
                    continue  # dispatch says so each second
                found += [
                    head
                    for head in tx.heads(campaign.id)
                    if head.head <= at and hours.next_open(at, head.where, EDGE_MARGIN) is None
                ]
    return found


def _end_overdue(tx: Transaction, task_id: int, cancelled: bool, at: datetime) -> None:
    """Under its lock: a submission may just have moved or stopped it."""
    task = tx.lock_task(task_id)
    if task.state is not TaskState.WAITING:
        return
    if cancelled:
        _end(tx, task, Outcome.CANCELLED, "campaign_cancelled", at)
    elif task.stopped is not None:
        _end(tx, task, Outcome.CANCELLED, task.stopped, at)
    elif task.deadline_at is not None and task.deadline_at <= at:
        _end(tx, task, Outcome.EXPIRED, task.expires_as, at)


def _end(tx: Transaction, task: TaskRow, outcome: Outcome, reason: str, at: datetime) -> None:
    """End a waiting task; one that was called keeps the outcome that its last call had."""
    tx.end_task(task, kept(tx, task, outcome), reason, at)


def _finish(parts: Parts) -> None:
    with parts.store.read() as tx:
        finished = tx.unfinished()
    for campaign in finished:
        with parts.store.write() as tx:
            tx.lock_campaign(campaign.id)
            at = tx.now().policy
            still = next((row for row in tx.unfinished() if row.id == campaign.id), None)
            if still is not None:  # nobody is left whose call would have to be approved
                waits = (CampaignState.WAITING_FOR_APPROVAL,)
                tx.change_campaign(campaign.id, waits, state=CampaignState.RUNNING.value)
            if still is not None and not roll(tx, still, parts):
                tx.change_campaign(
                    campaign.id,
                    (CampaignState.RUNNING,),
                    state=CampaignState.FINISHED.value,
                    finished_at=at,
                )


def _ring_checks(parts: Parts) -> int:
    with parts.store.read() as tx:
        now = tx.now()
        ids = tx.checks_due(now.policy, now.real, _CHECKS)
    for attempt_id in ids:
        parts.doorbell.check(attempt_id)
    return len(ids)


HEARTBEAT = timedelta(seconds=1)
SILENCE = timedelta(seconds=30)
"""Real time without a heartbeat after which a worker ticks by itself."""


def beat(parts: Parts) -> Ticked | None:
    """A tick, unless another one ran within half a heartbeat: two beats, one rhythm."""
    try:
        with parts.store.write() as tx:
            now = watch(tx, parts)
            last = tx.last_alive("tick")
            rhythm = HEARTBEAT / 5 if parts.policy.rehearsal else HEARTBEAT
            if last is not None and now.real - last < rhythm / 2:
                return None
            marked = beaten(tx, parts, now.real)
            tx.alive("tick", "tick", now.real)
        parts.watch.tell(*marked)
    except WentBack as back:
        hold(parts, back)
    return tick(parts)


def show_life(parts: Parts, *, process: str, kind: str) -> Ticked | None:
    """Say that a process works; and tick where no beat has been heard for too long."""
    flush(parts)
    try:
        with parts.store.write() as tx:
            marked = beaten(tx, parts, tx.now().real)
        parts.watch.tell(*marked)
    except WentBack as back:
        hold(parts, back)
    with parts.store.write() as tx:
        now = watch(tx, parts)
        tx.alive(process, kind, now.real)
        last = tx.last_alive("tick")
    silent = last is None or now.real - last > SILENCE
    return beat(parts) if silent else None
