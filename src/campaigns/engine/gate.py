"""The gate: one transaction between a claimed dial task and a ringing phone.

It takes the locks in the one order (number, campaign, account, task), reads the clock after the
last of them, asks core/admission.py, and writes either the intent or the reason why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from campaigns.core import callers, pacing
from campaigns.core.admission import (
    Admit,
    Decision,
    Drop,
    Finish,
    GiveBack,
    WaitReason,
    decide,
)
from campaigns.core.allowed import admitted
from campaigns.core.calls import DialRequest, Limit
from campaigns.core.context import ThisCall
from campaigns.core.incarnation import Incarnation
from campaigns.core.instants import (
    REHEARSAL_SEND_WITHIN,
    SEND_BY,
    Now,
)
from campaigns.core.lifecycle import Outcome
from campaigns.core.records import AccountRow, Claim, NewAttempt, TaskRow
from campaigns.engine import approval, families
from campaigns.engine.clock import held_for_step, watched_now
from campaigns.engine.facts import facts, longest
from campaigns.engine.families import Family, Member
from campaigns.engine.incarnation import standing
from campaigns.engine.intent import new_attempt
from campaigns.engine.parts import Parts, Pinned
from campaigns.engine.record import kept
from campaigns.ports import Transaction

_SOON = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """A committed intent: POST it once, or testify that it was not sent.

    `send_by` is a monotonic instant of this process. `marked`: the database's name and the mark
    that only this intent's commit has, to be written down outside before the POST.
    """

    request: DialRequest
    account_id: int
    send_by: float
    window: timedelta
    marked: tuple[str | None, int] | None = None


def pass_gate(tx: Transaction, claim: Claim, parts: Parts) -> Intent | Decision:
    """Decide and write. The caller commits; a commit that is not certain means: do not POST.

    Raises WentBack, and then the caller holds everything, where the database forgot calls.
    """
    seen = tx.task(claim.task_id)
    if seen is None:
        return Drop()
    tx.lock_phone(seen.phone_id)
    campaign = tx.lock_campaign(seen.campaign_id)
    account = tx.lock_account(seen.account_id)
    pinned = parts.versions.get(tx, campaign.id, campaign.version)
    locked = families.lock(tx, claim.task_id, seen, pinned)
    task = next(one for one in locked if one.id == claim.task_id)
    if task.phone_id != seen.phone_id:
        # Its list gave it another number since: that one's lock is not ours.
        return _not_now(tx, task, claim, WaitReason.STALE, tx.now())
    incarnation = standing(tx, parts)
    now, read_at = watched_now(tx, parts)
    until = held_for_step(tx, account, now, parts)
    if until is not None:
        reason = WaitReason.HELD
        tx.give_back(task.id, claim.claim, eligible_at=now.policy, reason=reason.value)
        return GiveBack(reason=reason, until=until)
    if parts.policy.leased_only and campaign.id not in tx.leased(now.real):
        return _not_now(tx, task, claim, WaitReason.PAUSED, now)  # its run has ended
    contact = tx.contact(task.contact_id)
    look = partial(
        facts,
        tx,
        task=task,
        campaign=campaign,
        account=account,
        pinned=pinned,
        incarnation=incarnation,
        claim=claim.claim,
        now=now,
    )
    looked = look(contact=contact)
    decision = decide(looked, pinned.hours, now)
    family: Family | None = None
    if isinstance(decision, Admit):
        family = Family(tx, Member(task=task, contact=contact), locked, pinned, now.policy)
        if family.turn is not None:
            return _not_now(tx, task, claim, WaitReason.RETRY, now, until=family.turn)
        if len(family.members) > 1:  # one call for all of them: what holds for any holds for it
            looked = look(contact=replace(contact, where=family.where))
            decision = decide(looked, pinned.hours, now)
    match decision:
        case Admit(slot=slot):
            assert family is not None
            request = family.told(lambda call: _request(call, pinned, now, parts))
            if request is None:
                return _finish(tx, task, Finish(outcome=Outcome.REJECTED, reason="context"), now)
            if pinned.definition.from_numbers:
                for one in family.members:
                    if one.contact.from_number != request.from_number:
                        tx.keep_caller(one.contact.id, request.from_number)
            lead, allowed = family.members[0].task, admitted(looked, pinned.hours, now)
            new = replace(
                new_attempt(request, lead, account.id, lead.phone_id, campaign.version, now, parts),
                admitted={
                    **allowed,
                    "zone_source": contact.zone_source,
                    "max_duration_s": request.max_duration_s,
                },
            )
            _write(tx, family.members, claim, account, new, slot, now)
            return Intent(
                request=request,
                account_id=account.id,
                send_by=read_at + send_within(now, parts.policy.rehearsal).total_seconds(),
                window=slot.window,
                marked=mark_of(tx, incarnation, now, parts),
            )
        case GiveBack(reason=reason, until=until):
            purse = looked.ceilings.purse
            if reason is WaitReason.APPROVAL:
                approval.wait_for(tx, campaign, now.policy)
            elif reason is WaitReason.BUDGET and purse is not None and purse.never:
                tx.ask_pause(campaign.id, purse.why_never, now.policy)
            tx.give_back(task.id, claim.claim, eligible_at=until, reason=reason.value)
            return decision
        case Finish():
            return _finish(tx, task, decision, now)
        case Drop():
            return decision


def mark_of(
    tx: Transaction, incarnation: Incarnation, now: Now, parts: Parts
) -> tuple[str | None, int] | None:
    """A mark of this intent's own where one writer writes anyway; elsewhere the heartbeat's do.

    One row for all accounts would be a queue for their gates.
    """
    if not parts.store.single_writer or parts.policy.rehearsal:
        return None
    return incarnation.born, tx.raise_mark(now.real)


def _not_now(
    tx: Transaction,
    task: TaskRow,
    claim: Claim,
    reason: WaitReason,
    now: Now,
    *,
    until: datetime | None = None,
) -> GiveBack:
    soon = now.policy + now.mechanical(_SOON)
    until = max(soon, until or soon)
    tx.give_back(task.id, claim.claim, eligible_at=until, reason=reason.value)
    return GiveBack(reason=reason, until=until)


def send_within(now: Now, rehearsal: bool) -> timedelta:
    """Real time that may pass between the intent and its first byte."""
    return min(SEND_BY, REHEARSAL_SEND_WITHIN / now.speed) if rehearsal else SEND_BY


def _finish(tx: Transaction, task: TaskRow, decision: Finish, now: Now) -> Finish:
    outcome = decision.outcome
    if outcome in (Outcome.EXPIRED, Outcome.CANCELLED, Outcome.SKIPPED):
        outcome = kept(tx, task, outcome)
    tx.end_task(task, outcome, decision.reason, now.policy)
    return Finish(outcome=outcome, reason=decision.reason)


def _request(call: Sequence[Member], pinned: Pinned, now: Now, parts: Parts) -> DialRequest:
    task, contact = call[0].task, call[0].contact
    definition = pinned.definition
    agent, caller = callers.of_task(definition, pinned.templates, contact, task)
    seen = ((one.contact.from_number, one.task.from_number) for one in call)
    attempt_id = parts.dice.uuid()
    return DialRequest(
        attempt_id=attempt_id,
        agent_id=agent,
        to_number=contact.e164,
        from_number=callers.seen_first(definition, seen) or caller,
        context=pinned.templates.render(
            contact.fields,
            ThisCall(
                at=now.policy,
                touch=task.touch,
                attempt=task.attempts + 1,
                rows=tuple(one.contact.fields for one in call),
            ),
        ),
        max_duration_s=int(longest(contact, definition).total_seconds()),
        # Who said no to it is not recorded because of somebody else's row.
        recording=all(
            bool(one.contact.settings.get("recording", definition.recording)) for one in call
        ),
        webhook_url=parts.hook_url(attempt_id),
    )


def _write(
    tx: Transaction,
    call: Sequence[Member],
    claim: Claim,
    account: AccountRow,
    new: NewAttempt,
    slot: pacing.Slot,
    now: Now,
) -> None:
    caller = new.snapshot["from_number"]
    _, *fellows = (one.task for one in call)
    for task in (one.task for one in call):
        if task.id == claim.task_id:
            tx.dialled(task.id, claim.claim, from_number=caller)
        else:
            tx.joined(task, from_number=caller)
    tx.insert_attempt(replace(new, fellows={one.id: one.attempts + 1 for one in fellows}))
    tx.take_slot(account.id, Limit.START, slot.n, new.id, pacing.held(now, slot.window))
    tx.change_account(account.id, last_intent_at=now.policy)
