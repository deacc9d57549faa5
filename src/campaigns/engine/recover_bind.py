"""Make one call of the provider's list known here: an attempt as evidence, and its task moved.

The list's word becomes an event like any other and is folded by the same rules; where it says too
little, the heartbeat looks the call up as it does with every silent one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from campaigns.core import callers, polling
from campaigns.core.absence import LIST_LAG
from campaigns.core.calls import CallEvent, Session
from campaigns.core.context import Unrenderable
from campaigns.core.definition import SameNumber
from campaigns.core.families import day
from campaigns.core.instants import POST_DEADLINE, SEND_BY
from campaigns.core.lifecycle import TERMINAL, AttemptState
from campaigns.core.matching import EARLY
from campaigns.core.outcomes import Source
from campaigns.core.records import AttemptRow, NewAttempt, TaskRow
from campaigns.core.recovery import Candidate, Whose, number, told, whose
from campaigns.engine.families import anchored
from campaigns.engine.parts import Parts
from campaigns.engine.record import fold_events, receive
from campaigns.ports import Transaction

_LONGEST_S = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """What became of one session.

    `doubtful`: ids of tasks it may have been. `held_back`: tasks of that number, not to be called
    before `until`.
    """

    what: Literal["known", "bound", "number", "foreign"]
    attempt_id: str | None = None
    doubtful: tuple[int, ...] = ()
    held_back: tuple[int, ...] = ()
    until: datetime | None = None


def bind(
    account_id: int,
    session: Session,
    by_call: Mapping[str, str],
    listed: Collection[str],
    parts: Parts,
) -> Bound:
    """Bind one outbound session. `by_call`: attempt ids that webhooks have named for call ids."""
    done = _bind(account_id, session, by_call, listed, parts)
    if done.attempt_id is not None:
        _hear(done.attempt_id, session, parts)
    return done


def _bind(
    account_id: int,
    session: Session,
    by_call: Mapping[str, str],
    listed: Collection[str],
    parts: Parts,
) -> Bound:
    assert session.to_number is not None
    with parts.store.write() as tx:
        known = tx.bound(account_id, session.id)
        if known is not None:
            return Bound(what="known", attempt_id=known)
        phone_id = tx.phone_of(number(session.to_number))
        if phone_id is None:
            return Bound(what="foreign")
        tx.lock_phone(phone_id)
        ours = _its_attempt(tx, phone_id, account_id, session, listed)
        if ours is not None:
            tx.bind(ours, call_id=None, session_id=session.id)
            return Bound(what="known", attempt_id=ours.id)
        tasks = tx.tasks_of_phone(phone_id, account_id)
        found = whose(session, [_candidate(tx, task, parts) for task in tasks])
        attempt_id = by_call.get(session.id)
        if attempt_id is None or tx.attempt(attempt_id) is not None:
            attempt_id = parts.dice.uuid()
        _insert(tx, attempt_id, session, found, account_id, phone_id, parts)
        if found.bound is not None:
            return Bound(what="bound", attempt_id=attempt_id)
        # Nobody is rung while that call may still be alive, whichever task it belonged to.
        row = tx.attempt(attempt_id)
        return Bound(
            what="number",
            attempt_id=attempt_id,
            doubtful=tuple(one.task.id for one in found.doubtful),
            held_back=tuple(task.id for task in tasks),
            until=None if row is None else row.release_at,
        )


def _its_attempt(
    tx: Transaction, phone_id: int, account_id: int, session: Session, listed: Collection[str]
) -> AttemptRow | None:
    """An intent that this database does remember, but not what became of it."""
    began = session.started_at
    if began is None:
        return None
    fitting = [
        one
        for one in tx.attempts_without_session(phone_id)
        if one.account_id == account_id
        and one.call_id not in listed
        and one.intent_at - EARLY <= began <= one.settle_at + LIST_LAG
        and session.from_number in (None, one.snapshot.get("from_number"))
        and session.agent_id in (None, one.snapshot.get("agent_id"))
    ]
    return min(fitting, key=lambda one: abs(began - one.intent_at), default=None)


def _candidate(tx: Transaction, task: TaskRow, parts: Parts) -> Candidate:
    campaign = tx.campaign(task.campaign_id)
    pinned = parts.versions.get(tx, campaign.id, campaign.version)
    contact, definition = tx.contact(task.contact_id), pinned.definition
    try:
        agent, caller = callers.of_task(definition, pinned.templates, contact, task)
    except Unrenderable:
        agent, caller = "", task.from_number or ""  # by what its row says now nobody calls it
    longest = definition.max_duration.total_seconds()
    family = None
    if definition.contacts.same_number is SameNumber.GROUP:
        time = anchored(contact, parts.versions.get(tx, campaign.id, campaign.version))
        together = day(time, task.occasion)
        family = None if together is None else (campaign.id, task.touch, together)
    return Candidate(
        task=task,
        agent_id=agent,
        from_number=caller,
        max_duration_s=int(contact.settings.get("max_duration_s") or longest),
        version=campaign.version,
        family=family,
    )


def _insert(
    tx: Transaction,
    attempt_id: str,
    session: Session,
    made_for: Whose,
    account_id: int,
    phone_id: int,
    parts: Parts,
) -> None:
    found = made_for.bound
    its = () if found is None else (found, *made_for.fellows)
    tasks = {id: tx.lock_task(id) for id in sorted(one.task.id for one in its)}
    task = None if found is None else tasks[found.task.id]
    now = tx.now().policy
    # The list dates some calls by their answer: never later than it is now.
    began = min(session.started_at or now, now)
    longest = timedelta(seconds=found.max_duration_s if found else _LONGEST_S)
    release = polling.release_at(began, longest)
    alive = session.status is None or not session.status.terminal
    is_open = alive and release > now
    for one in its:
        if not tx.recovered(one.task.id, from_number=its[0].from_number):
            tx.recount(one.task.id, contact_refused=False)
    tx.insert_attempt(
        NewAttempt(
            id=attempt_id,
            task_id=None if task is None else task.id,
            campaign_id=None if task is None else task.campaign_id,
            account_id=account_id,
            phone_id=phone_id,
            version=found.version if found else None,
            attempt_no=1 if task is None else task.attempts + 1,
            snapshot={
                "agent_id": session.agent_id or (found.agent_id if found else ""),
                "from_number": session.from_number or (found.from_number if found else ""),
                "max_duration_s": int(longest.total_seconds()),
                "recording": False,
                "context": {},
                "webhook": False,
            },
            intent_at=began,
            settle_at=began + SEND_BY + POST_DEADLINE,
            release_at=release,
            give_up_at=polling.give_up_at(began, longest, can_tell=True),
            check_at=now,
            open=is_open and not tx.any_open(phone_id, None if task is None else task.id),
            recovered=True,
            fellows={id: one.attempts + 1 for id, one in tasks.items() if one is not task},
        )
    )
    tx.change_attempt(attempt_id, AttemptState.DIALING, state=AttemptState.ACCEPTED)
    row = tx.attempt(attempt_id)
    assert row is not None
    tx.bind(row, call_id=None, session_id=session.id)


def _hear(attempt_id: str, session: Session, parts: Parts) -> None:
    """What the list says of it, folded like everything that is said."""
    with parts.store.read() as tx:
        attempt = tx.attempt(attempt_id)
    if attempt is None or attempt.state in TERMINAL or not told(session):
        return
    facts = {"word": session.word, "duration": session.duration_s, "id": session.id}
    receive(
        attempt_id,
        CallEvent(
            call_id=None, status=session.status, word=session.word, duration_s=session.duration_s
        ),
        digest=sha256(json.dumps(["recover", facts], sort_keys=True).encode()).hexdigest(),
        body=json.dumps(dict(session.raw), default=str)[:65536],
        source=Source.SWEEP,
        parts=parts,
    )
    fold_events(attempt_id, parts)
