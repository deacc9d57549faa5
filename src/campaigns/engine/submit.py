"""Store a campaign and let it run: rows in short chunks, visible by one transaction at the end.

A crash in between stays visible as `loading`, and the same submit resumes it: contacts are known
by their key and rejected rows by their line, so storing one twice changes nothing.
"""

from __future__ import annotations

from campaigns.core.audit import answered_for
from campaigns.core.instants import Now
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.engine.loading import LOAD_LEASE, Counts
from campaigns.engine.parts import Parts
from campaigns.engine.resubmit import (
    Refused,
    apply_change,
    compare,
    first_look,
    forbidden,
    foresee,
)
from campaigns.engine.submission import (
    HTTP,
    Busy,
    Effect,
    Submission,
    Submitted,
    free,
    kept_elsewhere,
    known,
    let_go,
    loader_of,
    runs,
    started_paused,
    taken,
)
from campaigns.errors import Conflict
from campaigns.ports import Transaction

__all__ = [
    "HTTP",
    "Busy",
    "Counts",
    "Effect",
    "Refused",
    "Submission",
    "Submitted",
    "compare",
    "forbidden",
    "foresee",
    "known",
    "submit",
]


def submit(
    submission: Submission,
    parts: Parts,
    *,
    who: str,
    paused: bool = False,
    allow_withdraw: bool = False,
    take_over: bool = False,
    looked: bool = False,
) -> Submitted:
    """Store a campaign, or change a known one to what this file says. The same again: nothing.

    Raises Conflict for a name that is cancelled, that another submit is working on, or that
    another file keeps (unless `take_over`), and Refused where too many contacts would go or too
    many rows cannot be read. `looked`: of a first list somebody has counted them already.
    """
    real = not parts.policy.rehearsal
    if real and not looked and known(submission.definition.name, parts.store) is None:
        first_look(submission)
    token = parts.dice.uuid()
    campaign, effect = _open(submission, parts, token, who, take_over)
    if effect is Effect.UNCHANGED:
        return Submitted(
            campaign_id=campaign.id, name=campaign.name, effect=effect, counts=Counts()
        )
    if effect is Effect.CHANGED:
        return apply_change(
            submission, campaign, parts, token, who=who, paused=paused, allow=allow_withdraw
        )
    loader = loader_of(submission, campaign, parts, token)
    try:
        counts = loader.load(submission.entries)
    except BaseException:
        let_go(campaign.id, token, parts)
        raise
    _publish(campaign.id, token, counts, parts, who=who, paused=paused)
    parts.doorbell.dispatch(campaign.account_id)
    return Submitted(campaign_id=campaign.id, name=campaign.name, effect=effect, counts=counts)


def _open(
    submission: Submission, parts: Parts, token: str, who: str, take_over: bool
) -> tuple[CampaignRow, Effect]:
    """The campaign, and what is to be done with it; a new one, or half of one, is ours then."""
    definition = submission.definition
    with parts.store.write() as tx:
        now = tx.now()
        seen = tx.campaign_named(definition.name)
        if seen is None:
            return _create(tx, submission, now, token, who), Effect.CREATED
        row = tx.lock_campaign(seen.id)
        if row.state is CampaignState.CANCELLED:
            raise Conflict(f"{row.name} was cancelled: use another name")
        free(row, now)
        if submission.follows is not None and submission.follows != row.version:
            raise Busy(f"{row.name} was changed by another submit meanwhile: try again")
        if row.state is not CampaignState.LOADING:
            half = row.state is CampaignState.RECONCILING
            same = row.digest == submission.digest and not half
            elsewhere = kept_elsewhere(tx, row, submission)
            if elsewhere is not None and not take_over:
                raise Conflict(elsewhere)
            return row, Effect.UNCHANGED if same else Effect.CHANGED
        if row.digest != submission.digest:
            raise Conflict(
                f"{row.name} is half loaded from another version of this file:"
                " submit that version again, or `campaigns cancel` it and use another name"
            )
        until = now.real + LOAD_LEASE
        tx.change_campaign(row.id, (CampaignState.LOADING,), load_token=token, load_until=until)
        return row, Effect.RESUMED


def _create(tx: Transaction, submission: Submission, now: Now, token: str, who: str) -> CampaignRow:
    definition = submission.definition
    account = tx.account_named(submission.account)
    campaign_id = tx.create_campaign(
        name=definition.name,
        account_id=account.id,
        digest=submission.digest,
        start_at=definition.schedule.start,
        end_at=definition.schedule.end,
        token=token,
        until=now.real + LOAD_LEASE,
        at=now.policy,
        definition=definition,
        header=submission.header,
        source=submission.source,
        origin=submission.origin,
    )
    if campaign_id is None:
        raise Conflict(f"{definition.name} is being loaded by another submit: try again")
    tx.change_campaign(
        campaign_id,
        (CampaignState.LOADING,),
        **taken(submission, now),
        **runs(submission, None, now),
    )
    tx.audit(
        who=who,
        what="submit",
        at=now.policy,
        campaign_id=campaign_id,
        **answered_for(definition),
    )
    return tx.campaign(campaign_id)


def _publish(
    campaign_id: int, token: str, counts: Counts, parts: Parts, *, who: str, paused: bool
) -> None:
    with parts.store.write() as tx:
        row = tx.lock_campaign(campaign_id)
        at = tx.now().policy
        if row.load_token != token:
            raise Conflict(f"{row.name}: another submit took over the loading")
        values: dict[str, object] = {"state": CampaignState.RUNNING.value}
        if paused:
            values = started_paused(who, at)
        tx.change_campaign(
            campaign_id, (CampaignState.LOADING,), load_token=None, load_until=None, **values
        )
        tx.audit(
            who=who, what="published", at=at, campaign_id=campaign_id, accepted=counts.accepted
        )
