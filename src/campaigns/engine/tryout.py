"""One call to yourself, with a contact's context: through a slot, and nobody's attempt.

The same locks, holds, caps and do-not-call list as every call; only calling hours do not apply,
because the person who types it is the person who is rung.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core import pacing
from campaigns.core.calls import Answer, DialRequest, Limit
from campaigns.core.caps import frequency, next_allowed, said
from campaigns.core.pacing import Granted, grant, spacing_of
from campaigns.engine.answers import remember
from campaigns.engine.clock import held_for_step, watched_now
from campaigns.engine.gate import Intent, mark_of, send_within
from campaigns.engine.incarnation import WentBack, hold, standing
from campaigns.engine.intent import new_attempt
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict
from campaigns.ports import Transaction

PATIENCE = timedelta(seconds=75)
"""Real time to wait for a slot: one window, and what a busy moment adds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What was asked for, and the provider's answer."""

    attempt_id: str
    answer: Answer


def try_out(
    account_id: int,
    request: DialRequest,
    parts: Parts,
    *,
    scheduled_at: datetime | None = None,
) -> Tried:
    """Ring `request.to_number` once. Raises Conflict where the rules forbid it, and says why.

    `request.attempt_id` and its address are given here. `scheduled_at` hands the time to the
    provider: nothing here can call such a call back.
    """
    attempt_id = parts.dice.uuid()
    asked = DialRequest(
        attempt_id=attempt_id,
        agent_id=request.agent_id,
        to_number=request.to_number,
        from_number=request.from_number,
        context=request.context,
        max_duration_s=request.max_duration_s,
        recording=request.recording,
        webhook_url=parts.hook_url(attempt_id),
        scheduled_at=scheduled_at,
    )
    with parts.store.write() as tx:
        phone_id = tx.phone_ids([asked.to_number])[asked.to_number]
    give_up = parts.clock.monotonic() + PATIENCE.total_seconds()
    while True:
        passed = _through(account_id, phone_id, asked, parts)
        if isinstance(passed, Intent):
            if passed.marked is not None:
                parts.watch.tell(*passed.marked)
            answer = parts.dialers(account_id).dial(passed.request, send_by=passed.send_by)
            remember(passed, answer, parts)
            return Tried(attempt_id=attempt_id, answer=answer)
        if parts.clock.monotonic() + passed > give_up:
            raise Conflict("every slot of the account is taken by the campaigns: pause one first")
        parts.clock.sleep(max(passed, 0.01))


def _through(account_id: int, phone_id: int, request: DialRequest, parts: Parts) -> Intent | float:
    """An intent, or the real seconds until a slot may be free."""
    try:
        return _gate(account_id, phone_id, request, parts)
    except WentBack as back:
        hold(parts, back)
        raise


def _gate(account_id: int, phone_id: int, request: DialRequest, parts: Parts) -> Intent | float:
    with parts.store.write() as tx:
        tx.lock_phone(phone_id)
        account = tx.lock_account(account_id)
        incarnation = standing(tx, parts)
        now, read_at = watched_now(tx, parts)
        until = held_for_step(tx, account, now, parts)
        if until is not None:
            return now.until(until).total_seconds()
        _allowed(tx, phone_id, now.policy)
        if incarnation.held_why is not None:
            raise Conflict(incarnation.held_why)
        if account.paused_why is not None:
            raise Conflict(f"the account is paused: {account.paused_why}")
        if account.probing:
            raise Conflict(f"the account is being tried out after a hold: {account.held_why}")
        slots = tx.slots(account_id, Limit.START)
        granted = grant(
            slots,
            at=now.policy,
            not_before=account.not_before,
            last_at=account.last_intent_at,
            spacing=spacing_of(account, now, slots),
        )
        if not isinstance(granted, Granted):
            return now.until(granted.until).total_seconds()
        slot = granted.slot
        tx.insert_attempt(new_attempt(request, None, account_id, phone_id, None, now, parts))
        held = pacing.held(now, slot.window)
        tx.take_slot(account_id, Limit.START, slot.n, request.attempt_id, held)
        tx.change_account(account_id, last_intent_at=now.policy)
        return Intent(
            request=request,
            account_id=account_id,
            send_by=read_at + send_within(now, parts.policy.rehearsal).total_seconds(),
            window=slot.window,
            marked=mark_of(tx, incarnation, now, parts),
        )


def _allowed(tx: Transaction, phone_id: int, at: datetime) -> None:
    if tx.suppressed(phone_id):
        raise Conflict("that number is on the do-not-call list: `campaigns suppress remove` it")
    if tx.busy_until(phone_id, at) is not None:
        raise Conflict("a call to that number is under way: try again when it has ended")
    often = frequency((), ())  # of no campaign: the house default
    full = next_allowed(often.limits, tx.recent_intents(phone_id, at - often.longest), at)
    if full is not None:
        cap = next(limit.cap for limit in often.limits if limit.key == full[0])
        raise Conflict(f"that number was called as often as it may be: {said(cap)}")
