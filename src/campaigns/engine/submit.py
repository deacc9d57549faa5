"""Store a campaign and let it run: rows in short chunks, visible by one transaction at the end.

A crash in between stays visible as `loading`, and the same submit resumes it: contacts are known
by their key and rejected rows by their line, so storing one twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from campaigns.core.contacts import Entry
from campaigns.core.definition import Definition
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.engine.loading import LOAD_LEASE, Counts, Loader
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict, WorldError
from campaigns.ports import Store

__all__ = ["Changed", "Counts", "Effect", "Submission", "Submitted", "known", "submit"]


class Effect(StrEnum):
    """What a submission did."""

    CREATED = "created"
    RESUMED = "resumed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A checked campaign on its way in. `entries` is read once, in order."""

    definition: Definition
    digest: str
    header: Sequence[str]
    source: str
    entries: Iterable[Entry]
    account: str = "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """What became of a submission."""

    campaign_id: int
    name: str
    effect: Effect
    counts: Counts


def known(name: str, store: Store) -> CampaignRow | None:
    """The campaign of that name, if there is one: a door asks before a first start."""
    with store.read() as tx:
        return tx.campaign_named(name)


def submit(submission: Submission, parts: Parts, *, who: str, paused: bool = False) -> Submitted:
    """Store a campaign. The same file again changes nothing.

    Raises Conflict for a name that is cancelled, that another submit is loading, or that was
    submitted with other contents.
    """
    token = parts.dice.uuid()
    campaign, effect = _open(submission, parts, token, who)
    if effect is Effect.UNCHANGED:
        return Submitted(
            campaign_id=campaign.id, name=campaign.name, effect=effect, counts=Counts()
        )
    loader = Loader(
        campaign=campaign,
        definition=submission.definition,
        token=token,
        now=parts.store.policy_now(),
        parts=parts,
    )
    try:
        counts = loader.load(submission.entries)
    except BaseException:
        _let_go(campaign.id, token, parts)
        raise
    _publish(campaign.id, token, counts, parts, who=who, paused=paused)
    parts.doorbell.dispatch(campaign.account_id)
    return Submitted(campaign_id=campaign.id, name=campaign.name, effect=effect, counts=counts)


def _open(submission: Submission, parts: Parts, token: str, who: str) -> tuple[CampaignRow, Effect]:
    definition = submission.definition
    with parts.store.write() as tx:
        now = tx.now()
        until = now.real + LOAD_LEASE
        seen = tx.campaign_named(definition.name)
        if seen is None:
            account = tx.account_named(submission.account)
            campaign_id = tx.create_campaign(
                name=definition.name,
                account_id=account.id,
                digest=submission.digest,
                start_at=definition.schedule.start,
                end_at=definition.schedule.end,
                token=token,
                until=until,
                at=now.policy,
                definition=definition,
                header=submission.header,
                source=submission.source,
            )
            if campaign_id is None:
                raise Conflict(f"{definition.name} is being loaded by another submit: try again")
            tx.audit(
                who=who,
                what="submit",
                at=now.policy,
                campaign_id=campaign_id,
                zone_evidence=definition.contacts.zone_evidence,
            )
            return tx.campaign(campaign_id), Effect.CREATED
        row = tx.lock_campaign(seen.id)
        if row.state is CampaignState.CANCELLED:
            raise Conflict(f"{row.name} was cancelled: use another name")
        if row.state is not CampaignState.LOADING:
            if row.digest == submission.digest:
                return row, Effect.UNCHANGED
            raise Changed(row)
        if row.load_until is not None and row.load_until > now.real:
            raise Conflict(f"{row.name} is being loaded by another submit: try again in a minute")
        if row.digest != submission.digest:
            raise Conflict(
                f"{row.name} is half loaded from another version of this file:"
                " submit that version again, or `campaigns cancel` it and use another name"
            )
        tx.change_campaign(row.id, (CampaignState.LOADING,), load_token=token, load_until=until)
        return row, Effect.RESUMED


class Changed(Conflict):
    """A known name with other contents. The door adds the counts of what differs."""

    def __init__(self, row: CampaignRow) -> None:
        self.campaign = row
        super().__init__(
            f"{row.name} is known with other contents, and updating a campaign is not yet"
            " possible: nothing was changed; use another `name`"
        )


def _let_go(campaign_id: int, token: str, parts: Parts) -> None:
    """The load broke off: whoever submits the same again need not wait for its lease."""
    with suppress(WorldError), parts.store.write() as tx:
        if tx.lock_campaign(campaign_id).load_token == token:
            tx.change_campaign(campaign_id, (CampaignState.LOADING,), load_until=None)


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
            values = {
                "state": CampaignState.PAUSED.value,
                "paused_why": "submitted with --start paused",
                "paused_by": who,
                "paused_at": at,
            }
        tx.change_campaign(
            campaign_id, (CampaignState.LOADING,), load_token=None, load_until=None, **values
        )
        tx.audit(
            who=who, what="published", at=at, campaign_id=campaign_id, accepted=counts.accepted
        )
