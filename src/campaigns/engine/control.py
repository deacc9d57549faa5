"""What a person decides while calls are going out: pause, resume, cancel, do not call.

Each takes the lock that the gate takes, so it holds from the moment it returns: no intent is
written after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from campaigns.core.breaker import REFUSALS_WHY
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import Unwanted
from campaigns.engine.parts import Parts
from campaigns.engine.standing import named
from campaigns.errors import Conflict

_CHUNK = 100
"""Numbers of one transaction of a long do-not-call list: gates wait no longer than for that."""
_CHANGING = CampaignState.RECONCILING
_APPROVAL = CampaignState.WAITING_FOR_APPROVAL
_LIVING = (CampaignState.RUNNING, CampaignState.PAUSED, _APPROVAL)


def pause(name: str, parts: Parts, *, who: str, reason: str) -> None:
    """Stop before the next call of one campaign; live calls go on."""
    with parts.store.write() as tx:
        row = tx.lock_campaign(named(tx, name).id)
        at = tx.now().policy
        if row.state not in (*_LIVING, _CHANGING):
            raise Conflict(f"{name} is {row.state}: there is nothing to pause")
        state = _CHANGING if row.state is _CHANGING else CampaignState.PAUSED
        tx.change_campaign(
            row.id,
            (*_LIVING, _CHANGING),
            state=state.value,  # what changes its list lets it go on only where nobody paused it
            paused_why=reason[:200],
            paused_by=who,
            paused_at=at,
        )
        tx.audit(who=who, what="pause", at=at, campaign_id=row.id, why=reason)


def resume(name: str, parts: Parts, *, who: str) -> None:
    """Let a paused campaign go on, under all the rules of this moment."""
    with parts.store.write() as tx:
        row = tx.lock_campaign(named(tx, name).id)
        at = tx.now().policy
        asked = {request: why for request, id, why in tx.pauses_asked() if id == row.id}
        paused = row.state is CampaignState.PAUSED
        if row.state is _APPROVAL and not asked:
            raise Conflict(f"{name} is not paused: it waits for `campaigns approve {name}`")
        if not (paused or asked or (row.state is _CHANGING and row.paused_why)):
            raise Conflict(f"{name} is {row.state}: there is nothing to resume")
        for request in asked:
            tx.pause_applied(request)
        tx.change_campaign(
            row.id,
            (*_LIVING, _CHANGING),
            state=(CampaignState.RUNNING if paused else row.state).value,
            paused_why=None,
            paused_by=None,
            paused_at=None,
            **({"vouched_at": at} if REFUSALS_WHY in (row.paused_why, *asked.values()) else {}),
        )
        tx.audit(who=who, what="resume", at=at, campaign_id=row.id)
    parts.doorbell.dispatch(row.account_id)


def pause_account(account_ids: Iterable[int], parts: Parts, *, who: str, reason: str) -> None:
    """Stop every campaign of these accounts before its next call."""
    for account_id in sorted(account_ids):
        with parts.store.write() as tx:
            tx.lock_account(account_id)
            at = tx.now().policy
            tx.change_account(account_id, paused_why=reason[:200], paused_by=who, paused_at=at)
            tx.audit(who=who, what="pause", at=at, account_id=account_id, why=reason)


def resume_account(account_ids: Iterable[int], parts: Parts, *, who: str) -> None:
    """Let these accounts dial again; campaigns paused by themselves stay paused."""
    for account_id in sorted(account_ids):
        with parts.store.write() as tx:
            tx.lock_account(account_id)
            held = tx.incarnation().held_why
            if held is not None:
                raise Conflict(f"nothing may be dialled yet: {held}")
            at = tx.now().policy
            tx.change_account(account_id, paused_why=None, paused_by=None, paused_at=None)
            tx.audit(who=who, what="resume", at=at, account_id=account_id)
        parts.doorbell.dispatch(account_id)


def cancel(name: str, parts: Parts, *, who: str) -> None:
    """End a campaign for good. Live calls finish; the heartbeat ends what waits.

    Raises Conflict for one that is finished: what it did stays what it is called.
    """
    with parts.store.write() as tx:
        row = tx.lock_campaign(named(tx, name).id)
        at = tx.now().policy
        if row.state is CampaignState.CANCELLED:
            return
        if row.state is CampaignState.FINISHED:
            raise Conflict(f"{name} is finished: nothing waits, so there is nothing to cancel")
        tx.change_campaign(
            row.id,
            (CampaignState.LOADING, _CHANGING, *_LIVING),
            state=CampaignState.CANCELLED.value,
            finished_at=at,
            load_token=None,
        )
        tx.audit(who=who, what="cancel", at=at, campaign_id=row.id)


def suppress(
    numbers: Iterable[str],
    parts: Parts,
    *,
    who: str,
    reason: str,
    source: str = "person",
    campaign: str | None = None,
) -> tuple[int, int]:
    """Do not call these numbers (E.164) any more; (added, waiting calls dropped).

    Committed before an intent it prevents that call; after one it ends all further attempts.
    `campaign`: in that one alone. Raises UnknownName for one that there is not.
    """
    wanted = (Unwanted(e164=number, reason=reason, source=source) for number in numbers)
    return suppress_all(wanted, parts, who=who, why=reason, campaign=campaign)


def suppress_all(
    wanted: Iterable[Unwanted], parts: Parts, *, who: str, why: str, campaign: str | None = None
) -> tuple[int, int]:
    """The same with a reason, a source and a date for each number, as a list that was kept."""
    campaign_id = _list_of(campaign, parts)
    added = dropped = 0
    left = iter(wanted)
    while chunk := {one.e164: one for one in islice(left, _CHUNK)}:
        with parts.store.write() as tx:
            ids = tx.phone_ids(chunk, refill=False)
        by_phone = dict(sorted((ids[number], one) for number, one in chunk.items()))
        phone_ids = list(by_phone)
        with parts.store.write() as tx:
            for phone_id in phone_ids:
                tx.lock_phone(phone_id)  # in the order of ids: two imports never deadlock
            at = tx.now().policy
            for phone_id, one in by_phone.items():
                since = at if one.added_at is None else min(one.added_at, at)
                added += tx.suppress(
                    phone_id,
                    reason=one.reason,
                    source=one.source,
                    at=since,
                    campaign_id=campaign_id,
                )
            dropped += tx.drop_waiting(phone_ids, at, campaign_id)
            tx.audit(
                who=who,
                what="suppress",
                at=at,
                campaign_id=campaign_id,
                phones=phone_ids,
                why=why,
            )
    return added, dropped


def unsuppress(number: str, parts: Parts, *, who: str, campaign: str | None = None) -> bool:
    """Take a number off the list; what was dropped stays dropped. `campaign`: off its own list."""
    campaign_id = _list_of(campaign, parts)
    with parts.store.write() as tx:
        phone_id = tx.phone_ids([number], refill=False)[number]
    with parts.store.write() as tx:
        tx.lock_phone(phone_id)
        removed = tx.unsuppress(phone_id, campaign_id)
        at = tx.now().policy
        tx.audit(who=who, what="unsuppress", at=at, campaign_id=campaign_id, phone=phone_id)
        return removed


def _list_of(campaign: str | None, parts: Parts) -> int | None:
    if campaign is None:
        return None
    with parts.store.read() as tx:
        return named(tx, campaign).id
