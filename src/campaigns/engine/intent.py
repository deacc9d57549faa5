"""The intent to ring one phone, as it is written before anything leaves."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core import polling
from campaigns.core.calls import DialRequest
from campaigns.core.instants import POST_DEADLINE, SEND_BY, Now
from campaigns.core.records import NewAttempt, TaskRow
from campaigns.engine.parts import Parts


def new_attempt(
    request: DialRequest,
    task: TaskRow | None,
    account_id: int,
    phone_id: int,
    version: int | None,
    now: Now,
    parts: Parts,
) -> NewAttempt:
    """The intent as it is written, with every bound it will ever need."""
    max_duration = timedelta(seconds=request.max_duration_s)
    settle_at = now.policy + now.mechanical(SEND_BY + POST_DEADLINE)
    return NewAttempt(
        id=request.attempt_id,
        task_id=None if task is None else task.id,
        campaign_id=None if task is None else task.campaign_id,
        account_id=account_id,
        phone_id=phone_id,
        version=version,
        attempt_no=1 if task is None else task.attempts + 1,
        snapshot=snapshot(request),
        intent_at=now.policy,
        settle_at=settle_at,
        release_at=polling.release_at(now.policy, max_duration),
        give_up_at=polling.give_up_at(now.policy, max_duration, can_tell=parts.policy.public),
        # From its first instant on, no attempt is without a timer.
        check_at=settle_at + polling.FIRST_LOOK,
    )


def snapshot(request: DialRequest) -> dict[str, object]:
    """What was asked for, as it was asked: policy never looks at a newer version."""
    return {
        "agent_id": request.agent_id,
        "from_number": request.from_number,
        "max_duration_s": request.max_duration_s,
        "recording": request.recording,
        "context": dict(request.context),
        "webhook": request.webhook_url is not None,
    }
