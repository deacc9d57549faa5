"""A known campaign is submitted with other contents: compare, accept, and bring the book along."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.core.audit import answered_for
from campaigns.core.contacts import RejectedRow
from campaigns.core.difference import Difference, Line, refused
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.engine.loading import LOAD_LEASE, Counts
from campaigns.engine.parts import Parts
from campaigns.engine.reconcile import Reconciler
from campaigns.engine.submission import (
    Busy,
    Effect,
    Submission,
    Submitted,
    again_soon,
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


class Refused(Conflict):
    """A guard keeps this list from changing the book: nothing was changed."""

    def __init__(self, name: str, difference: Difference, why: str) -> None:
        self.difference = difference
        super().__init__(f"{name}: nothing was changed: {why}")


def compare(
    submission: Submission, parts: Parts, tell: Callable[[Line], None] = lambda _: None
) -> Difference | None:
    """What `submit` would change in a known campaign; None where it is new. Nothing is written."""
    row = known(submission.definition.name, parts.store)
    if row is None or row.state is CampaignState.LOADING:
        return None
    return _reconciler(submission, row, parts, "").survey(submission.entries, tell)


def foresee(
    submission: Submission, parts: Parts, tell: Callable[[Line], None] = lambda _: None
) -> Difference:
    """The same of any campaign: of a new one everybody is added."""
    found = compare(submission, parts, tell)
    if found is None:
        nobody = CampaignRow(
            id=0,
            name=submission.definition.name,
            account_id=0,
            state=CampaignState.LOADING,
            version=0,
            digest="",
            start_at=None,
            end_at=None,
            load_token=None,
            load_until=None,
            paused_why=None,
            paused_by=None,
            vouched_at=None,
        )
        loader = loader_of(submission, nobody, parts, "")
        reconciler = Reconciler(loader=loader, before=submission.definition)
        found = reconciler.survey(submission.entries, tell)
    return found


def forbidden(
    submission: Submission,
    found: Difference,
    parts: Parts,
    *,
    allow_withdraw: bool = False,
    take_over: bool = False,
) -> str | None:
    """Why `submit` would refuse what `compare` found; None: it would not."""
    row = known(submission.definition.name, parts.store)
    if row is not None and not take_over:
        with parts.store.read() as tx:
            elsewhere = kept_elsewhere(tx, row, submission)
        if elsewhere is not None:
            return elsewhere
    return guarded(submission, found, allow_withdraw=allow_withdraw)


def guarded(submission: Submission, found: Difference, *, allow_withdraw: bool) -> str | None:
    """Why a guard keeps this list from changing the book; None: it may."""
    contacts = submission.definition.contacts
    return refused(
        found,
        max_withdrawn=contacts.max_withdrawn,
        max_rejected=contacts.max_rejected,
        allow_withdraw=allow_withdraw,
    )


def first_look(submission: Submission) -> None:
    """Raises Refused for a first list of which too many rows cannot be read. Nothing is stored."""
    lines = rejected = 0
    for entry in submission.entries:
        lines += 1
        rejected += isinstance(entry, RejectedRow)
    found = Difference(lines=lines, rejected=rejected)
    why = guarded(submission, found, allow_withdraw=True)
    if why is not None:
        raise Refused(submission.definition.name, found, why)


def _reconciler(submission: Submission, row: CampaignRow, parts: Parts, token: str) -> Reconciler:
    with parts.store.read() as tx:
        before, _ = tx.definition(row.id, row.version)
    return Reconciler(loader=loader_of(submission, row, parts, token), before=before)


def apply_change(
    submission: Submission,
    row: CampaignRow,
    parts: Parts,
    token: str,
    *,
    who: str,
    paused: bool,
    allow: bool,
) -> Submitted:
    """Look, accept, and bring the book to what the list says."""
    definition = submission.definition
    reconciler = _reconciler(submission, row, parts, token)
    found = reconciler.survey(submission.entries)
    begun = row.state is CampaignState.RECONCILING and row.digest == submission.digest
    why = guarded(submission, found, allow_withdraw=allow)
    if why is not None and not begun:
        raise Refused(row.name, found, why)
    reconciler.loader.campaign = _accept(
        submission, row, parts, token, who, found, asks=definition.asks_again(reconciler.before)
    )
    try:
        reconciler.apply(submission.entries)
    except BaseException:
        let_go(row.id, token, parts)
        raise
    _publish(submission, row.id, token, parts, who=who, paused=paused)
    parts.doorbell.dispatch(row.account_id)
    counts = Counts(
        lines=found.lines,
        accepted=found.added + found.moved + found.changed + found.unchanged,
        rejected=found.rejected,
        duplicate=found.duplicate,
        filtered=found.filtered,
    )
    return Submitted(
        campaign_id=row.id,
        name=row.name,
        effect=Effect.CHANGED,
        counts=counts,
        difference=found,
    )


def _accept(
    submission: Submission,
    seen: CampaignRow,
    parts: Parts,
    token: str,
    who: str,
    found: Difference,
    *,
    asks: bool,
) -> CampaignRow:
    """From here on nobody is called by what the campaign said before.

    `asks`: an approval of that is none of this.
    """
    definition = submission.definition
    with parts.store.write() as tx:
        row = tx.lock_campaign(seen.id)
        now = tx.now()
        free(row, now)
        if (row.version, row.digest) != (seen.version, seen.digest) or row.state not in _CHANGEABLE:
            raise Busy(f"{row.name} was changed by another submit meanwhile: try again")
        version = row.version
        if row.digest != submission.digest:
            version += 1
            tx.new_version(
                row.id,
                version,
                definition=definition,
                header=submission.header,
                source=submission.source,
                digest=submission.digest,
                at=now.policy,
                origin=submission.origin,
            )
            tx.audit(
                who=who,
                what="submit",
                at=now.policy,
                campaign_id=row.id,
                version=version,
                **answered_for(definition),
                **{name: getattr(found, name) for name in _AUDITED},
            )
            if asks:
                tx.change_campaign(row.id, _CHANGEABLE, approved_at=None, trial_since=now.policy)
        tx.forget_rejects(row.id)
        tx.change_campaign(
            row.id,
            _CHANGEABLE,
            state=CampaignState.RECONCILING.value,
            version=version,
            digest=submission.digest,
            start_at=definition.schedule.start,
            end_at=definition.schedule.end,
            load_token=token,
            load_until=now.real + LOAD_LEASE,
            **again_soon(submission, now),
            **runs(submission, row, now),
        )
        return tx.campaign(row.id)


_CHANGEABLE = (
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.WAITING_FOR_APPROVAL,
    CampaignState.FINISHED,
    CampaignState.RECONCILING,
)
_AUDITED = ("added", "moved", "changed", "withdrawn", "unchanged", "held", "rejected")


def _publish(
    submission: Submission, campaign_id: int, token: str, parts: Parts, *, who: str, paused: bool
) -> None:
    """The book is what the list says: it goes on, unless somebody paused it or wants it so."""
    with parts.store.write() as tx:
        row = tx.lock_campaign(campaign_id)
        now = tx.now()
        at = now.policy
        if row.load_token != token or row.state is not CampaignState.RECONCILING:
            raise Conflict(f"{row.name}: another submit took over, or it was cancelled")
        values: dict[str, object] = {"state": CampaignState.RUNNING.value}
        if row.paused_why is not None:
            values = {"state": CampaignState.PAUSED.value}
        elif paused:
            values = started_paused(who, at)
        tx.change_campaign(
            campaign_id,
            (CampaignState.RECONCILING,),
            load_token=None,
            load_until=None,
            finished_at=None,
            **taken(submission, now),
            **values,
        )
        tx.audit(who=who, what="published", at=at, campaign_id=campaign_id, version=row.version)
