"""Settle a call in doubt by its proven absence: the one way back to a phone nobody heard ring.

The proof is judged again under the attempt's lock, from rows, and kept with it. What follows is
the campaign's policy; the redial passes the whole gate as if the call had never been tried, but
for the caps, which count it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from campaigns.core import capabilities
from campaigns.core.absence import NOT_PLACED_MOST, Absent, Facts, NotYet, judge
from campaigns.core.admission import WaitReason
from campaigns.core.families import refund
from campaigns.core.lifecycle import AttemptState, Outcome, TaskState
from campaigns.core.records import AttemptRow, TaskRow
from campaigns.engine.parts import Parts
from campaigns.engine.record import release
from campaigns.ports import Transaction

DOOR = "hooks"
"""The one row of the webhook address among the heartbeats, for all processes that serve."""


def settle_absence(attempt_id: str, parts: Parts) -> NotYet | None:
    """`unknown` → `not_placed` where it is proven; else what is missing. None: nothing to do."""
    with parts.store.write() as tx:
        seen = tx.attempt(attempt_id)
        if seen is None or seen.state is not AttemptState.UNKNOWN:
            return None
        tasks = tx.lock_called(seen)
        attempt = tx.lock_attempt(attempt_id)
        now = tx.now()
        if attempt.state is not AttemptState.UNKNOWN:
            return None
        facts = _facts(tx, attempt)
        verdict = judge(facts, now.policy)
        if isinstance(verdict, NotYet):
            return verdict
        why_not = {
            task.id: _why_not_again(tx, attempt, task, parts)
            for task in tasks
            if task.state is TaskState.CALLING
        }
        again = [task_id for task_id, why in why_not.items() if why is None]
        tx.change_attempt(
            attempt.id,
            AttemptState.UNKNOWN,
            state=AttemptState.NOT_PLACED,
            open=False,
            check_at=None,
            proof=_proof(facts, verdict, now.policy, refund(again, of=len(tasks))),
        )
        for task in tasks:
            if task.id in again:
                reason = WaitReason.NOT_PLACED.value
                tx.returned(task.id, eligible_at=now.policy, reason=reason)
            elif (why := why_not.get(task.id)) is not None:
                tx.end_task(task, Outcome.UNRESOLVED, why, now.policy)
    release(attempt.phone_id, parts)
    parts.doorbell.dispatch(attempt.account_id)
    return None


def door_is_up(parts: Parts) -> None:
    """The process that serves the webhook address says so: now, and since when without a gap."""
    with parts.store.write() as tx:
        now = tx.now()
        tx.door_pulse(DOOR, DOOR, now.real, now.policy)


def _facts(tx: Transaction, attempt: AttemptRow) -> Facts:
    known = tx.capabilities(attempt.account_id)
    return Facts(
        attempt_id=attempt.id,
        intent_at=attempt.intent_at,
        settle_at=attempt.settle_at,
        max_duration=attempt.max_duration,
        heard=bool(attempt.call_id or attempt.session_id) or tx.heard(attempt.id),
        reads=tx.reads(attempt),
        later_webhook_at=tx.later_webhook(attempt.account_id, attempt.intent_at),
        webhook=bool(attempt.snapshot.get("webhook")),
        door_since=tx.door_since(DOOR, tx.now().real),
        lists_unanswered=capabilities.lists_unanswered(known),
        list_lag=capabilities.list_lag(known),
    )


def _why_not_again(tx: Transaction, attempt: AttemptRow, task: TaskRow, parts: Parts) -> str | None:
    """The reason code where proof or not nobody is rung again; None: it may be."""
    if attempt.campaign_id is None or attempt.version is None:
        return None
    current = tx.campaign(attempt.campaign_id).version
    for version in {attempt.version, current}:  # the stricter of what was said then and now
        retry = parts.versions.get(tx, attempt.campaign_id, version).definition.retry
        if retry.redial_after_unknown == "never":
            return "no_redial"
    return "not_placed_again" if tx.not_placed(task.id) >= NOT_PLACED_MOST else None


def _proof(
    facts: Facts, absent: Absent, at: datetime, refunded: Mapping[str, object]
) -> dict[str, object]:
    """What was read and when, the control, and the door: enough to judge it again (I18)."""
    return {
        "absent_at": at.isoformat(),
        "control": absent.control,
        "door_since": facts.door_since.isoformat() if facts.door_since else None,
        **refunded,
        "reads": [
            {
                "read_at": read.read_at.isoformat(),
                "from": read.start.isoformat(),
                "to": read.end.isoformat(),
                "sessions": read.sessions,
                "digest": read.digest,
                "newest_at": read.newest_at.isoformat() if read.newest_at else None,
            }
            for read in absent.reads
        ],
    }
