"""Dial one claimed task: wait for the slot, pass the gate, POST once, remember the answer."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core.admission import Decision, Drop, GiveBack, WaitReason
from campaigns.core.calls import Answer, Limit, NotSent
from campaigns.core.instants import AHEAD
from campaigns.core.pacing import Wait, grant, spacing_of
from campaigns.core.records import Claim
from campaigns.engine.answers import flush, remember
from campaigns.engine.gate import Intent, pass_gate
from campaigns.engine.incarnation import WentBack, hold
from campaigns.engine.parts import Parts
from campaigns.errors import WorldError

_PATIENCE = AHEAD + timedelta(milliseconds=500)
"""Real time a worker waits for a slot before it gives the task back."""


def dial(claim: Claim, parts: Parts) -> Answer | Decision:
    """Ring the contact of a claimed task, if everything still allows it.

    Returns the provider's answer, or why nobody was rung. Bounded: `_PATIENCE` plus the POST's
    own deadline. Raises DatabaseAway when the gate could not be passed; nothing was sent then.
    """
    flush(parts)
    waited_until = parts.clock.monotonic() + _PATIENCE.total_seconds()
    account_id = _await_slot(claim, parts, waited_until)
    if account_id is None:
        return Drop()
    dialer = parts.dialers(account_id)  # a missing key is found before an intent is written
    while True:
        passed = _through_gate(claim, parts, last_try=parts.clock.monotonic() >= waited_until)
        if isinstance(passed, Intent):
            if passed.marked is not None:
                parts.watch.tell(*passed.marked)
            answer = dialer.dial(passed.request, send_by=passed.send_by)
            remember(passed, answer, parts)
            return answer
        if not isinstance(passed, _Again):
            return passed
        parts.clock.sleep(passed.seconds)


class _Again:
    """The slot is free in a moment: the task is kept, and the gate asked once more."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class _NotYet(Exception):
    """Rolls the gate's transaction back, so that the claim stays ours."""

    def __init__(self, again: _Again) -> None:
        self.again = again


def _through_gate(claim: Claim, parts: Parts, *, last_try: bool) -> Intent | Decision | _Again:
    passed: Intent | Decision | None = None
    try:
        with parts.store.write() as tx:
            passed = pass_gate(tx, claim, parts)
            if isinstance(passed, GiveBack) and passed.reason is WaitReason.SLOT and not last_try:
                seconds = tx.now().until(passed.until).total_seconds()
                if seconds <= _PATIENCE.total_seconds():
                    raise _NotYet(_Again(max(seconds, 0.001)))
    except _NotYet as not_yet:
        return not_yet.again
    except WentBack as back:
        hold(parts, back)
        return Drop()  # the claim lapses
    except WorldError:
        if isinstance(passed, Intent):
            # Whether the intent was committed is not known: nobody POSTs it, and we say so.
            remember(passed, NotSent(why="the commit of the intent was not certain"), parts)
        raise
    return passed


def _await_slot(claim: Claim, parts: Parts, deadline: float) -> int | None:
    """Sleep, outside any transaction, until the slot this task was claimed for is free.

    Returns the account that dials; None when there is no such task.
    """
    with parts.store.read() as tx:
        task = tx.task(claim.task_id)
        if task is None:
            return None
        account = tx.account(task.account_id)
        now = tx.now()
        slots = tx.slots(account.id, Limit.START)
        free = grant(
            slots,
            at=now.policy,
            not_before=account.not_before,
            last_at=account.last_intent_at,
            spacing=spacing_of(account, now, slots),
        )
    if isinstance(free, Wait):
        left = deadline - parts.clock.monotonic()
        parts.clock.sleep(max(0.0, min(now.until(free.until).total_seconds(), left)))
    return account.id
