"""`recover`: find out what rang while this database was forgetting, and bind it.

Everything is held first. What the provider shows becomes evidence of attempts; what it may not
show is decided by a person, and by default nobody is rung again (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.records import TaskRow
from campaigns.core.recovery import MARGIN, SETTLES, forgotten
from campaigns.engine import provider_list
from campaigns.engine.incarnation import all_slots_taken, hold_within
from campaigns.engine.parts import Parts
from campaigns.engine.recover_bind import Bound, bind
from campaigns.errors import Conflict, EngineFault, InputError

_CHUNK = 100
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A contact that may have been rung without a trace."""

    task: TaskRow
    campaign: str
    key: str = field(repr=False)


@dataclass(kw_only=True, slots=True)
class Recovery:
    """What was found. Counts are calls; `due` are contacts that cannot be proven uncalled."""

    since: datetime
    held_at: datetime
    listed: int = 0
    known: int = 0
    bound: int = 0
    number_only: int = 0
    foreign: int = 0
    unseen: int = 0  # events came of them, and the provider does not show them
    due: list[Due] = field(default_factory=list)
    doubtful: set[int] = field(default_factory=set)
    held_back: dict[int, datetime] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)


def recover(since: datetime, parts: Parts, *, who: str, say: Say) -> Recovery:
    """Hold everything and bind what rang since then. Repeating it changes nothing more.

    `finish` has to follow. Raises ProviderAway where the list cannot be read; all stays held.
    """
    found = _hold(since, parts, who)
    ready = found.held_at + SETTLES
    left = (ready - parts.store.policy_now().policy).total_seconds()
    if left > 0:
        say(f"waiting {left:.0f} s: until then a call may be missing from the provider's list")
        parts.clock.sleep(left)
    with parts.store.read() as tx:
        accounts = [(account.id, account.name) for account in tx.accounts()]
        orphans = tx.orphans()
    by_call = {one.call_id: one.attempt_id for one in orphans if one.call_id is not None}
    found.orphans = [one.attempt_id for one in orphans]
    shown: set[str] = set()
    for account_id, name in accounts:
        say(f"reading the provider's list of account {name}")
        sessions = list(provider_list.since(account_id, found.since, found.held_at, parts))
        here = {session.id for session in sessions}
        for call_id in sorted(set(by_call) - here - shown):
            session = provider_list.call(account_id, call_id, parts)
            if session is not None:
                shown.add(call_id)
                by_call[session.id] = by_call[call_id]
                sessions.append(session)
        shown |= here & set(by_call)
        for session in forgotten(sessions, found.since - MARGIN):
            found.listed += 1
            _count(found, bind(account_id, session, by_call, here, parts))
    found.unseen = len({one.attempt_id for one in orphans} - {by_call[id] for id in shown})
    found.due = list(_due(found, parts))
    return found


def finish(found: Recovery, parts: Parts, *, who: str, release: bool) -> int:
    """Decide about those who cannot be proven uncalled, and end the hold; says how many ended.

    The accounts stay paused: a person resumes them.
    """
    ended = 0
    for start in range(0, len(found.due) if not release else 0, _CHUNK):
        with parts.store.write() as tx:
            at = tx.now().policy
            for one in found.due[start : start + _CHUNK]:
                ended += tx.end_task(one.task, Outcome.UNRESOLVED, "recovered", at)
    for task_id, until in sorted(found.held_back.items()):
        with parts.store.write() as tx:
            task = tx.lock_task(task_id)
            if task.state is TaskState.WAITING and task.eligible_at < until:
                tx.postpone(task_id, at=until, reason="retry")
    with parts.store.read() as tx:
        accounts = [account.id for account in tx.accounts()]
    why = "recovered after a restore: look at it, then `campaigns resume --all`"
    for account_id in accounts:
        with parts.store.write() as tx:
            account = tx.lock_account(account_id)
            if account.paused_by in (None, "engine"):
                at = tx.now().policy
                tx.change_account(account_id, paused_why=why, paused_by=who, paused_at=at)
    with parts.store.write() as tx:
        new = {one.attempt_id for one in tx.orphans()} - set(found.orphans)
        if new:
            raise Conflict("more forgotten calls came up meanwhile: run it once more")
        at = tx.now().policy
        tx.orphans_reviewed(found.orphans)
        tx.free_world()
        tx.audit(
            who=who,
            what="recover",
            at=at,
            since=found.since.isoformat(),
            listed=found.listed,
            bound=found.bound,
            number_only=found.number_only,
            foreign=found.foreign,
            unseen=found.unseen,
            due=len(found.due),
            released=release,
        )
    return ended


def _hold(since: datetime, parts: Parts, who: str) -> Recovery:
    """Stop everybody, and the earliest instant after which calls may be missing."""
    with parts.store.write() as tx:
        now = tx.now()
        if tx.world().kind != "real":
            raise Conflict("a rehearsal has rung nobody: there is nothing to recover")
        if since > now.policy:
            raise InputError("--since lies in the future: it is the time of the backup, in UTC")
        hold_within(tx, f"`campaigns recover` is under way (by {who})", since=since)
        tx.lift_mark(parts.watch.seen, at=now.real)
        state = tx.incarnation()
        tx.audit(who=who, what="recover_begun", at=now.policy, since=since.isoformat())
        accounts = [account.id for account in tx.accounts()]
    for account_id in accounts:
        with parts.store.write() as tx:
            # Behind the account's lock: a gate that had not seen the hold has committed by now.
            account = tx.lock_account(account_id)
            if account.paused_why is None or account.paused_by == "engine":
                at = tx.now().policy
                why = state.held_why or "recover"
                tx.change_account(account_id, paused_why=why, paused_by="engine", paused_at=at)
                all_slots_taken(tx, account_id)
    if state.held_at is None:
        raise EngineFault("the hold was ended by somebody else meanwhile: run it once more")
    # A hold that is older than the backup came back with it: it stopped nobody meanwhile.
    held_at = state.held_at if state.held_at >= since else now.real
    return Recovery(since=min(since, state.lost_since or since), held_at=held_at)


def _count(found: Recovery, one: Bound) -> None:
    match one.what:
        case "known":
            found.known += 1
        case "bound":
            found.bound += 1
        case "number":
            found.number_only += 1
        case "foreign":
            found.foreign += 1
    found.doubtful |= set(one.doubtful)
    if one.until is not None:
        for task_id in one.held_back:
            found.held_back[task_id] = max(one.until, found.held_back.get(task_id, one.until))


def _due(found: Recovery, parts: Parts) -> Iterator[Due]:
    """Tasks that could have been dialled between the backup and the hold, as far as is known."""
    after = 0
    left = set(found.doubtful)
    while True:
        with parts.store.read() as tx:
            rows = tx.due_by(found.held_at, after=after, limit=500)
            for task, campaign, key, where in rows:
                row = tx.campaign(task.campaign_id)
                hours = parts.versions.get(tx, row.id, row.version).hours
                first = max(filter(None, (task.eligible_at, row.start_at, found.since - MARGIN)))
                opening = hours.next_open(first, where, EDGE_MARGIN)
                could = opening is not None and opening <= found.held_at
                if (could or task.id in left) and not tx.suppressed(
                    task.phone_id, task.campaign_id
                ):
                    left.discard(task.id)
                    yield Due(task=task, campaign=campaign, key=key)
        if len(rows) < 500:
            break
        after = rows[-1][0].id
    with parts.store.read() as tx:
        for task_id in sorted(left):
            one = tx.task(task_id)
            if one is not None and one.state in (TaskState.WAITING, TaskState.CLAIMED):
                name = tx.campaign(one.campaign_id).name
                yield Due(task=one, campaign=name, key=tx.contact(one.contact_id).key)
