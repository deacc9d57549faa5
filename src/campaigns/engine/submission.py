"""A campaign on its way in: what is handed over, what becomes of it, and who is at work on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.core.contacts import Entry
from campaigns.core.definition import Definition
from campaigns.core.difference import Difference
from campaigns.core.instants import Now
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.core.runs import Origin, current, next_refresh
from campaigns.engine.loading import Counts, Loader
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict, WorldError
from campaigns.ports import Store, Transaction


class Busy(Conflict):
    """Another submission is at work on this campaign, or was while this one was prepared."""


class Effect(StrEnum):
    """What a submission did."""

    CREATED = "created"
    RESUMED = "resumed"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A checked campaign on its way in.

    `entries` is read in order: once for a new campaign, three times where a known one changes, so
    it must begin anew each time it is asked for an iterator. `follows`: the version that it was
    prepared from; where another came meanwhile it is out of date.
    """

    definition: Definition
    digest: str
    header: Sequence[str]
    source: str
    entries: Iterable[Entry]
    origin: Origin | None = None
    account: str = "default"
    follows: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """What became of a submission. `difference`: what it changed in a known campaign."""

    campaign_id: int
    name: str
    effect: Effect
    counts: Counts
    difference: Difference | None = None


HTTP = Origin(path="an HTTP client", document="")
"""Where a campaign was read that no file keeps."""


def known(name: str, store: Store) -> CampaignRow | None:
    """The campaign of that name, if there is one: a door asks before a first start."""
    with store.read() as tx:
        return tx.campaign_named(name)


def loader_of(submission: Submission, row: CampaignRow, parts: Parts, token: str) -> Loader:
    """What puts its entries into the store."""
    return Loader(
        campaign=row,
        definition=submission.definition,
        token=token,
        now=parts.store.policy_now(),
        parts=parts,
    )


def free(row: CampaignRow, now: Now) -> None:
    """Raises Conflict while another submit works on this campaign."""
    working = row.state in (CampaignState.LOADING, CampaignState.RECONCILING)
    if working and row.load_until is not None and row.load_until > now.real:
        raise Busy(f"{row.name} is being loaded by another submit: try again in a minute")


def kept_elsewhere(tx: Transaction, row: CampaignRow, submission: Submission) -> str | None:
    """Why another file keeps this campaign from being changed; None: it may be.

    Two that share a name by chance would call each other's people. The same content is no change.
    """
    ours, kept = submission.origin, tx.origin(row.id, row.version)
    same = row.digest == submission.digest and row.state is not CampaignState.RECONCILING
    if same or ours is None or kept is None or kept.path == ours.path:
        return None
    how = "?take_over=true" if ours == HTTP else "--take-over"
    return (
        f"{row.name} is kept by {kept.path}: change it there, or give this campaign another name;"
        f" where {ours.path} is to go on with it, hand it in once with {how}"
    )


AGAIN = timedelta(minutes=1)
"""Until a list is read again that was not taken to its end."""


def again_soon(submission: Submission, now: Now) -> dict[str, object]:
    """A list that is being taken: where this process ends, another one reads it in a minute."""
    kept = submission.definition.contacts.refresh is not None and submission.origin is not None
    return {"refresh_at": now.policy + now.mechanical(AGAIN) if kept else None}


def taken(submission: Submission, now: Now) -> dict[str, object]:
    """A list that was taken: it is read again at the next firing."""
    kept = submission.origin is not None
    return {
        "refresh_at": next_refresh(submission.definition, now.policy) if kept else None,
        "refresh_since": None,
        "refresh_why": None,
        "refreshed_at": now.policy,
    }


def runs(submission: Submission, row: CampaignRow | None, now: Now) -> dict[str, object]:
    """What is set of a campaign that comes in runs."""
    schedule, at = submission.definition.schedule, now.policy
    run = current(schedule, row.run if row else "", row.run_at if row else None, at)
    if run is None:
        return {}
    waits = schedule.cron is not None and not run.begun
    values: dict[str, object] = {"run_at": run.at if waits else None}
    if row is None:  # who is loaded has a task of it
        return values | {"run": run.occasion, "run_after": None}
    if run.occasion != row.run:  # also who is on no list, or on another
        return values | {"run": run.occasion, "run_after": 0}
    return values


def started_paused(who: str, at: datetime) -> dict[str, object]:
    """What is set of a campaign whose submitter wants to resume it by hand."""
    return {
        "state": CampaignState.PAUSED.value,
        "paused_why": "submitted with --start paused",
        "paused_by": who,
        "paused_at": at,
    }


def let_go(campaign_id: int, token: str, parts: Parts) -> None:
    """The load broke off: whoever submits the same again need not wait for its lease."""
    with suppress(WorldError), parts.store.write() as tx:
        if tx.lock_campaign(campaign_id).load_token == token:
            half = (CampaignState.LOADING, CampaignState.RECONCILING)
            tx.change_campaign(campaign_id, half, load_until=None)
