"""Tasks and attempts → figures: what screens, files and programs are told about a campaign.

The rules behind the figures are here and pure: why something waits and until when, when it may be
over, what is not as it should be. The store fills the values, the doors show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from campaigns.core.admission import GiveBack, WaitReason
from campaigns.core.figures import AccountFigures, CampaignFigures, Health, LaneGroup, Waiting
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import CampaignState
from campaigns.core.where import Where

SILENT = timedelta(seconds=30)
"""A heartbeat or a worker that has said nothing for this long (real time) is taken for gone."""
UNFOLDED = timedelta(minutes=1)
"""Events that nobody has looked at for this long (policy time) mean that nobody works."""
FRESH_INCIDENT = timedelta(hours=24)
"""For how long (policy time) an incident keeps an installation from being well."""
STARTING = "starting"
"""Why something waits that nothing holds back: the heartbeat takes it within a second."""
_STEPS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What decides whether something eligible can leave at this instant.

    `full`: why the campaign's own ceilings have no room for another call (admission.full).
    """

    at: datetime
    hours: Hours
    state: CampaignState
    pause_asked: bool
    start: datetime | None
    account: AccountFigures
    full: GiveBack | None = None


def waiting(groups: Iterable[LaneGroup], now: Situation) -> tuple[Waiting, ...]:
    """Waiting dial tasks by reason, each with the next instant at which one of them could leave.

    A reason stored with a task is why it waits until its instant; after that the calendar, the
    campaign or the account decides, and that is worked out here.
    """
    found: dict[str, Waiting] = {}
    for group in groups:
        one = _why(group, now)
        if one.reason in found:
            other = found[one.reason]
            one = Waiting(
                reason=one.reason,
                count=one.count + other.count,
                next_at=min(filter(None, (one.next_at, other.next_at)), default=None),
            )
        found[one.reason] = one
    return tuple(sorted(found.values(), key=lambda one: (-one.count, one.reason)))


def _why(group: LaneGroup, now: Situation) -> Waiting:
    if not group.eligible:
        reason = group.reason or WaitReason.DUE.value
        return Waiting(reason=reason, count=group.count, next_at=_opening(group.first, group, now))
    account = now.account
    next_at: datetime | None = None
    if now.state is CampaignState.WAITING_FOR_APPROVAL and not now.pause_asked:
        reason = WaitReason.APPROVAL.value
    elif now.state is not CampaignState.RUNNING or now.pause_asked:
        reason = WaitReason.PAUSED.value
    elif account.paused_why is not None:
        reason = WaitReason.ACCOUNT_PAUSED.value
    elif now.start is not None and now.at < now.start:
        reason, next_at = WaitReason.DUE.value, _opening(now.start, group, now)
    elif not now.hours.is_open(now.at, group.where, EDGE_MARGIN):
        reason, next_at = WaitReason.HOURS.value, _opening(now.at, group, now)
    elif now.full is not None:
        at = now.full.lifts_at  # None: that depends on how calls end
        reason, next_at = now.full.reason.value, at and _opening(at, group, now)
    elif account.held_until is not None and account.held_until > now.at:
        reason, next_at = WaitReason.HELD.value, account.held_until
    elif account.next_start_at > now.at:
        reason, next_at = WaitReason.SLOT.value, account.next_start_at
    else:
        reason = STARTING
    return Waiting(reason=reason, count=group.count, next_at=next_at)


def silent(figures: CampaignFigures) -> bool:
    """Whether no heartbeat is heard, so that nothing starts by itself."""
    return figures.tick_real_age is None or figures.tick_real_age > SILENT


def _opening(since: datetime, group: LaneGroup, now: Situation) -> datetime | None:
    earliest = max(filter(None, (since, now.at, now.start)))
    return now.hours.next_open(earliest, group.where, EDGE_MARGIN)


def estimated_end(groups: Sequence[LaneGroup], now: Situation) -> datetime | None:
    """When the last waiting call could leave, at the account's limit and within calling hours.

    The earliest it can be: retries to come and other campaigns of the account are not in it. None
    where it cannot be said: nothing waits, it is paused, or no hour ever comes.
    """
    account = now.account
    stopped = now.state is not CampaignState.RUNNING or now.pause_asked or account.paused_why
    if not groups or stopped or not account.limit:
        return None
    pace = max(account.window / account.limit, account.spacing)
    left: dict[Where, int] = {}
    for group in groups:
        left[group.where] = left.get(group.where, 0) + group.count
    at = max(filter(None, (now.at, now.start, account.held_until, account.next_start_at)))
    for _ in range(_STEPS):
        if not left:
            return max(at, *(group.last for group in groups))
        at = _stride(left, at, pace, now.hours)
    return None


def _stride(left: dict[Where, int], at: datetime, pace: timedelta, hours: Hours) -> datetime:
    """Dial until the calendar changes; takes what was dialled off `left`."""
    closing = {
        where: hours.closes(at, where, EDGE_MARGIN)
        for where in left
        if hours.is_open(at, where, EDGE_MARGIN)
    }
    opening: dict[Where, datetime] = {}
    for where in [where for where in left if where not in closing]:
        opens = hours.next_open(at, where, EDGE_MARGIN)
        if opens is None:
            del left[where]  # it will end as skipped, without a call
        else:
            opening[where] = opens
    change = min((*closing.values(), *opening.values()), default=at)
    room = max(1, (change - at) // pace)
    dialled = 0
    # What closes first is dialled first: it is the scarcer.
    for where in sorted(closing, key=lambda one: closing[one]):
        taken = min(left[where], room - dialled)
        left[where] -= taken
        dialled += taken
        if not left[where]:
            del left[where]
    still_open = any(where in left for where in closing)
    if closing and not still_open:
        # The last of them leaves at once, not one pace later.
        return at + pace * max(0, dialled - (0 if left else 1))
    return max(change, at + pace)


def late_since(head: datetime, where: Where, hours: Hours) -> datetime | None:
    """The first instant at which a call eligible since `head` could have left."""
    return hours.next_open(head, where, EDGE_MARGIN)


def problems(health: Health) -> tuple[str, ...]:
    """What is not as it should be, each with what to do about it; empty: all is well.

    A person's own pause is no fault of the engine's, nor is a long list at the limit.
    """
    said: list[str] = []
    silent = health.tick_at is None or health.real - health.tick_at > SILENT
    if health.open_tasks and silent:
        said.append(
            f"{health.open_tasks:,} calls are waiting and nothing is running:"
            " `campaigns up`, or `campaigns run FILE`"
        )
    elif health.open_tasks and not any(_alive(health, one.at) for one in health.workers):
        said.append("no worker has been heard for 30 s: start one with `campaigns worker`")
    for account in health.accounts:
        if account.paused_why is not None and account.paused_by == "engine":
            said.append(
                f"account {account.name} was paused by the engine ({account.paused_why}):"
                f" mend it, then `campaigns resume --account {account.name}`"
            )
        elif account.held_until is not None:
            said.append(f"account {account.name} is held: {account.held_why or 'no reason kept'}")
        elif account.probing and account.held_why:
            said.append(f"account {account.name} lets no call through: {account.held_why}")
    said.extend(
        f"incident {incident.at:%Y-%m-%d %H:%M}Z: {incident.why}:"
        f" see `campaigns calls show {incident.attempt[:8]}` and {incident.other[:8]}"
        for incident in health.incidents
    )
    said.extend(
        f"campaign {pause.name} was paused by the engine ({pause.why}):"
        f" mend it, then `campaigns resume {pause.name}`"
        for pause in health.pauses
        if pause.scope == "campaign" and pause.who == "engine"
    )
    said.extend(
        f"campaign {name} was submitted half way, and nobody of it is called:"
        " submit the same file again"
        for name in health.broken_off
    )
    said.extend(
        f"the list of {name} was not taken, and its contacts are as they were: {why}"
        for name, why in health.unread
    )
    if health.oldest_unfolded_at is not None:
        age = health.policy - health.oldest_unfolded_at
        if age > UNFOLDED:
            said.append(f"events of {ceil(age / timedelta(minutes=1))} minutes ago are unread")
    return tuple(said)


def _alive(health: Health, at: datetime) -> bool:
    return health.real - at <= SILENT
