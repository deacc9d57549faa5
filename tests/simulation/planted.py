"""Mistakes planted into the engine: the simulation must find each of them within its seeds.

Each is one that somebody could really make. A test of tests: a judge that finds none of these
would find nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from campaigns.core import families, outcomes, pacing, settling
from campaigns.core import reconcile as reconcile_rules
from campaigns.core.admission import Decision
from campaigns.core.admission import decide as decided
from campaigns.core.budget import Spent
from campaigns.core.calls import Answer, DialRequest, NotSent, Unknown
from campaigns.core.facts import Facts
from campaigns.core.hours import Hours
from campaigns.core.instants import Now
from campaigns.core.lifecycle import CampaignState, TaskState
from campaigns.core.outcomes import Said, Verdict
from campaigns.core.retry import RetryAt
from campaigns.core.rules import Rules
from campaigns.core.where import Where
from campaigns.engine import answers, gate, record, tick
from campaigns.engine.reconcile import Reconciler
from campaigns.store.database import SqlTransaction
from tests.simulation.network import Dialer

Patch = tuple[object, str, Any]


def _gate(**lie: Any) -> list[Patch]:
    """The gate decides on facts with this lie among them."""

    def decide(facts: Facts, hours: Hours, now: Now) -> Decision:
        return decided(replace(facts, **lie), hours, now)

    return [(gate, "decide", decide)]


def _no_claim_check() -> list[Patch]:
    def decide(facts: Facts, hours: Hours, now: Now) -> Decision:
        lies: dict[str, Any] = {"claim_is_ours": True}
        if facts.task_state is not TaskState.DONE:
            lies["task_state"] = TaskState.CLAIMED
        return decided(replace(facts, **lies), hours, now)

    def dialled(tx: SqlTransaction, task_id: int, claim: int, *, from_number: str) -> bool:
        tx.connection.exec_driver_sql(
            "UPDATE dial_task SET state = 'calling', attempts = attempts + 1 WHERE id = ?",
            (task_id,),
        )
        return True

    return [
        (gate, "decide", decide),
        (SqlTransaction, "dialled", dialled),
        *_no_number_lock(),
    ]


def _no_number_lock() -> list[Patch]:
    """Neither asked nor kept by the unique indexes."""
    inserted = SqlTransaction.insert_attempt

    def insert(tx: SqlTransaction, new: Any) -> None:
        tx.connection.exec_driver_sql("DROP INDEX IF EXISTS uq_attempt_open_phone")
        tx.connection.exec_driver_sql("DROP INDEX IF EXISTS uq_attempt_open_task")
        inserted(tx, new)

    return [
        (SqlTransaction, "insert_attempt", insert),
        (SqlTransaction, "busy_until", lambda *_: None),
        (SqlTransaction, "unsettled_until", lambda *_: None),
    ]


def _freed_at_send() -> list[Patch]:
    def held(now: Now, window: timedelta, budget: timedelta = timedelta(0)) -> datetime:
        return now.policy + window

    return [
        (pacing, "held", held),
        (SqlTransaction, "settle_slot", lambda *_: True),
    ]


def _posted_again() -> list[Patch]:
    dialled = Dialer.dial

    def dial(self: Dialer, request: DialRequest, *, send_by: float) -> Answer:
        answer = dialled(self, request, send_by=send_by)
        return dialled(self, request, send_by=send_by) if isinstance(answer, Unknown) else answer

    return [(Dialer, "dial", dial)]


def _last_word_wins() -> list[Patch]:
    def fold(evidence: Any) -> Verdict:
        said: list[Said] = sorted(evidence, key=lambda piece: piece.at)
        return outcomes.fold(said[-1:])

    return [(record, "fold", fold)]


def _unknown_is_not_sent() -> list[Patch]:
    recorded = answers._record

    def record_(attempt_id: str, account_id: int, window: Any, answer: Answer, parts: Any) -> None:
        if isinstance(answer, Unknown):
            answer = NotSent(why=answer.why)
        recorded(attempt_id, account_id, window, answer, parts)

    return [(answers, "_record", record_)]


def _lost_is_waiting() -> list[Patch]:
    """A rescue by time: whatever has hung too long is given back."""

    def rescue(parts: Any) -> None:
        with parts.store.write() as tx:
            tx.lapse_claims(tx.now().real)
            for attempt_id in tx.lost_answers(tx.now().policy, 50):
                lost = tx.attempt(attempt_id)
                assert lost is not None
                tx.connection.exec_driver_sql(
                    "UPDATE attempt SET state = 'not_sent', open = 0 WHERE id = ?", (attempt_id,)
                )
                if lost.task_id is not None:
                    tx.returned(lost.task_id, eligible_at=tx.now().policy, reason="account_held")

    return [(tick, "_lost_answers", rescue)]


def _answered_is_forgotten() -> list[Patch]:
    folded = outcomes.fold

    def fold(evidence: Any) -> Verdict:
        return folded([one for one in evidence if one.status != "in_progress"])

    def settle(*args: Any, **more: Any) -> Any:
        return outcomes_settle(args[0], args[1], replace(args[2], answered=False), **more)

    outcomes_settle = record.settle
    return [(record, "fold", fold), (record, "settle", settle)]


def _never_exhausted() -> list[Patch]:
    decide = settling.decide
    return [
        (settling, "decide", lambda *args, **more: decide(*args, **{**more, "attempts": 1})),
        *_gate(attempts=0),
    ]


def _deaf_after_submit() -> list[Patch]:
    """Who asks not to be called while a campaign runs is neither dropped nor asked about."""
    return [
        (SqlTransaction, "drop_waiting", lambda *_: 0),
        (SqlTransaction, "suppressed", lambda *_: False),
    ]


def _back_at_once() -> list[Patch]:
    def decide(*_: Any, ended_at: datetime, **__: Any) -> RetryAt:
        return RetryAt(at=ended_at, confirmed_at=ended_at)

    return [(reconcile_rules, "decide", decide)]


def _no_ceilings() -> list[Patch]:
    """Neither where tasks are claimed nor in the gate."""
    return [
        (SqlTransaction, "campaign_intents", lambda *_: ()),
        (SqlTransaction, "live_calls", lambda *_: 0),
    ]


def _no_rules_of_states() -> list[Patch]:
    return [
        (Rules, "in_force", lambda *_: ()),
        (Rules, "covered", lambda *_: True),
    ]


MISTAKES: dict[str, Callable[[], list[Patch]]] = {
    "the claim's version is not checked": _no_claim_check,
    "the slot is free a minute after the SEND": _freed_at_send,
    "an unknown answer is POSTed again": _posted_again,
    "the last word wins instead of the highest": _last_word_wins,
    "the number is not locked": _no_number_lock,
    "an unknown answer counts as not sent": _unknown_is_not_sent,
    "a lost answer is rescued by time": _lost_is_waiting,
    "calling hours are asked at dispatch only": lambda: [
        *_gate(where=Where(())),
        (Hours, "is_open", lambda *_: True),
    ],
    "opt-outs are asked at submit only": _deaf_after_submit,
    "caps are not asked": lambda: _gate(recent_intents=()),
    "ceilings are not asked": _no_ceilings,
    "the budget is not asked": lambda: [(SqlTransaction, "spent", lambda *_: Spent())],
    "rules of states are not asked": _no_rules_of_states,
    "a pause holds dispatch only": lambda: _gate(
        campaign_state=CampaignState.RUNNING, pause_asked=False, account_paused=False
    ),
    "a new slot is born free": lambda: [(pacing, "newborn", lambda now, window: now.policy)],
    "the attempts are not counted": _never_exhausted,
    "who is withdrawn is still called": lambda: [(Reconciler, "_withdraw", lambda *_: None)],
    "a changed row is not written": lambda: [(SqlTransaction, "rewrite", lambda *_, **__: None)],
    "who comes back to a list is called at once": _back_at_once,
    "a row is called without its family": lambda: [
        (families, "one_call", lambda claimed, *_, **__: (claimed,))
    ],
    "a forged address is let in": list,
    "the webhook is answered before the commit": list,
    "an intent past send_by is sent": list,
}
STAND_INS = {
    "the webhook is answered before the commit": "ack_first",
    "an intent past send_by is sent": "send_by",
    "a forged address is let in": "no_mac",
}
"""Mistakes that are made by this package's stand-ins for sockets."""


@contextmanager
def plant(mistake: str) -> Iterator[tuple[str, ...]]:
    """Make the mistake inside; yields what the simulation itself has to be told."""
    with ExitStack() as stack:
        for owner, name, stand_in in MISTAKES[mistake]():
            stack.enter_context(patch.object(owner, name, stand_in))
        yield tuple(filter(None, [STAND_INS.get(mistake)]))


FOUND_BY: dict[str, int] = {
    "the claim's version is not checked": 3,
    "the slot is free a minute after the SEND": 14,
    "an unknown answer is POSTed again": 2,
    "the last word wins instead of the highest": 10,
    "the number is not locked": 3,
    "an unknown answer counts as not sent": 3,
    "a lost answer is rescued by time": 21,
    "calling hours are asked at dispatch only": 7,
    "opt-outs are asked at submit only": 17,
    "caps are not asked": 127,
    "ceilings are not asked": 8,
    "the budget is not asked": 13,
    "rules of states are not asked": 8,
    "a new slot is born free": 185,
    "the attempts are not counted": 1,
    "who is withdrawn is still called": 23,
    "a changed row is not written": 3,
    "who comes back to a list is called at once": 252,
    "a row is called without its family": 46,
    "a forged address is let in": 2,
    "the webhook is answered before the commit": 83,
    "an intent past send_by is sent": 89,
}
"""A seed that finds each: `python -m tests.simulation --plant MISTAKE 0-300` looks for another."""
