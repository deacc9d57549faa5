"""Everything that decides about the calls of one contact, read without a lock.

The facts are those that the gate reads (facts.py), the rules those that it asks: only the claim is
supposed. Nothing is changed by asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from campaigns.core.calls import Blame
from campaigns.core.eligibility import asked, calendars, coming
from campaigns.core.explanation import (
    Call,
    Explanation,
    InForce,
    Past,
    Story,
    Subject,
    Whose,
)
from campaigns.core.families import refunded_to
from campaigns.core.instants import Now
from campaigns.core.lifecycle import RANG_NOBODY, TERMINAL, AttemptState, TaskState
from campaigns.core.outcomes import OUTCOME_OF, fold
from campaigns.core.records import AttemptRow, CampaignRow, ContactRow, TaskRow
from campaigns.core.retry import GiveUp, RetryAt
from campaigns.core.rules import Rule
from campaigns.core.settling import follows
from campaigns.engine.facts import facts
from campaigns.engine.parts import Parts
from campaigns.engine.standing import named
from campaigns.errors import UnknownName
from campaigns.ports import Transaction

RETRY, UNSPENT = "retry", "unspent"
REFUSED, NO_EVIDENCE = "number_refused", "no_evidence"
"""What follows a call besides what policy says (retry.py): it rang nobody and none was spent, the
provider refuses this number, or nobody ever said how it ended."""


def explain(name: str, key: str, parts: Parts) -> Explanation:
    """Why one contact of a campaign was, was not, or is not yet called. Raises UnknownName."""
    with parts.store.read() as tx:
        campaign = named(tx, name)
        now = tx.now()
        found = tx.subject(campaign.id, key)
        if found is None:
            raise UnknownName(_unknown(tx, campaign))
        pinned = parts.versions.get(tx, campaign.id, campaign.version)
        contact = tx.contact(found.contact_id)
        places = contact.where.places
        return Explanation(
            at=now.policy,
            campaign=campaign.name,
            state=campaign.state,
            version=campaign.version,
            contact=_whose(tx, campaign, found, contact),
            rules=tuple(map(_row, pinned.rules.in_force(places))),
            off=tuple(map(_row, pinned.rules.switched_off(places))),
            tasks=tuple(_stories(tx, campaign, contact, now, parts)),
        )


def _unknown(tx: Transaction, campaign: CampaignRow) -> str:
    beside = tx.rows_beside(campaign.id)
    if not beside:
        return f"{campaign.name} has no such contact"
    return (
        f"{campaign.name} has no such contact; rows of its list that became none, by line and with"
        f" the reason ({beside:,} of them): `campaigns contacts {campaign.name} --rejected`"
    )


def _whose(tx: Transaction, campaign: CampaignRow, found: Subject, contact: ContactRow) -> Whose:
    return Whose(
        key=found.key,
        to_number=contact.e164,
        zones=contact.where.zones,
        zone_source=contact.zone_source,
        places=contact.where.places,
        source_file=found.source or tx.source_of(campaign.id, campaign.version),
        source_line=found.line,
        withdrawn=found.gone,
        held=found.held,
        erased=found.erased,
        suppressed=tuple(
            one
            for one in tx.lists_of(found.phone_id)
            if one.campaign is None or one.campaign == campaign.name
        ),
    )


def _row(rule: Rule) -> InForce:
    return InForce(
        key=rule.key,
        place=rule.place,
        says=rule.says,
        source=rule.source,
        as_of=rule.as_of,
        review_by=rule.review_by,
        certainty=rule.certainty.value,
    )


def _stories(
    tx: Transaction, campaign: CampaignRow, contact: ContactRow, now: Now, parts: Parts
) -> Sequence[Story]:
    told = []
    for known in tx.tasks_of([contact.id])[contact.id]:
        task = tx.task(known.id)
        if task is not None:
            told.append(_story(tx, campaign, contact, task, now, parts))
    return told


def _story(
    tx: Transaction,
    campaign: CampaignRow,
    contact: ContactRow,
    task: TaskRow,
    now: Now,
    parts: Parts,
) -> Story:
    story = Story(
        touch=task.touch,
        run=task.occasion if campaign.run else "",
        state=task.state,
        due_at=task.due_at,
        retry_at=task.retry_at,
        deadline_at=task.deadline_at,
        outcome=task.outcome,
        reason=task.reason,
        stopped=task.stopped,
        calls=tuple(_call(tx, campaign, task, one, parts) for one in tx.past(task.id)),
    )
    if task.state not in (TaskState.WAITING, TaskState.CLAIMED):
        return story
    pinned = parts.versions.get(tx, campaign.id, campaign.version)
    looked = facts(
        tx,
        task=replace(task, state=TaskState.CLAIMED),
        contact=contact,
        campaign=campaign,
        account=tx.account(task.account_id),
        pinned=pinned,
        incarnation=tx.incarnation(),
        claim=task.claim,
        now=now,
    )
    return replace(
        story,
        checks=asked(looked, pinned.hours, now),
        calendars=calendars(looked, pinned.hours, now.policy),
        next=coming(
            looked,
            pinned.hours,
            now,
            looked_at=task.eligible_at if task.state is TaskState.WAITING else None,
            waits_for=task.wait_reason,
        ),
    )


def _call(tx: Transaction, campaign: CampaignRow, task: TaskRow, past: Past, parts: Parts) -> Call:
    one = past.attempt
    next_at, then = _after(tx, campaign, task, past, parts)
    return Call(
        id=one.id,
        number=past.number,
        state=one.state,
        at=one.intent_at,
        version=one.version,
        allowed=past.admitted,
        answer=one.answer,
        ended_at=one.terminal_at,
        duration_s=past.duration_s,
        outcome=OUTCOME_OF.get(one.state),
        recovered=past.recovered,
        next_at=next_at,
        then=then,
    )


def _after(
    tx: Transaction, campaign: CampaignRow, task: TaskRow, past: Past, parts: Parts
) -> tuple[datetime | None, str | None]:
    """What policy says after a call, by all that was said of it until now."""
    one = past.attempt
    if one.state in TERMINAL and one.version is not None:
        verdict = fold(tx.evidence(one.id))
        policy = parts.versions.get(tx, campaign.id, one.version).definition.retry_of(task.touch)
        # Those of an earlier round count for no limit of this one.
        tries = past.number - task.spent if past.number > task.spent else past.number
        ended_at = verdict.terminal_at or one.terminal_at or one.intent_at
        said = follows(
            task, verdict, OUTCOME_OF[one.state], policy, attempts=tries, ended_at=ended_at
        )
        match said:
            case RetryAt(at=at):
                return at, RETRY
            case GiveUp(reason=reason):
                return None, reason
    if one.state is AttemptState.UNRESOLVED:
        return None, NO_EVIDENCE
    return None, _refunded(one, task)


def _refunded(one: AttemptRow, task: TaskRow) -> str | None:
    if one.state is AttemptState.REJECTED and one.answer_blame == Blame.CONTACT.value:
        return REFUSED
    given_back = one.state in RANG_NOBODY or refunded_to(one, task.id)
    return UNSPENT if given_back else None
