"""Engines that are wrong about crashes, to see that the crash tests notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from campaigns.core.admission import Decision
from campaigns.core.calls import Answer, DialRequest
from campaigns.core.lifecycle import AttemptState
from campaigns.core.records import Claim
from campaigns.engine import dial, tick
from campaigns.engine.gate import Intent, pass_gate
from campaigns.engine.parts import Parts
from campaigns.ports import Transaction
from campaigns.provider.client import ThinnestDialer
from campaigns.store.tasks import TaskQueries


def _lost_is_not_sent() -> None:
    """After a restart, a call without an answer counts as never made, and is made again."""

    def lost_answers(parts: Parts) -> None:
        with parts.store.write() as tx:
            now = tx.now()
            tx.lapse_claims(now.real)
            for attempt_id in tx.lost_answers(now.policy, 9):
                attempt = tx.lock_attempt(attempt_id)
                tx.change_attempt(
                    attempt_id,
                    AttemptState.DIALING,
                    state=AttemptState.NOT_SENT,
                    open=False,
                    check_at=None,
                )
                assert attempt.task_id is not None
                tx.returned(attempt.task_id, eligible_at=now.policy, reason="account_held")

    tick._lost_answers = lost_answers


def _claims_for_ever() -> None:
    """A claim ends with its call only, never with its lease."""

    def lapse_claims(self: TaskQueries, at: datetime) -> int:
        return 0

    TaskQueries.lapse_claims = lapse_claims  # type: ignore[method-assign]


def _posts_before_intent() -> None:
    """The POST leaves inside the gate's transaction, whose commit comes after the phone rang."""
    original = ThinnestDialer.dial
    answers: dict[str, Answer] = {}

    def once(self: ThinnestDialer, request: DialRequest, *, send_by: float) -> Answer:
        if request.attempt_id not in answers:
            answers[request.attempt_id] = original(self, request, send_by=send_by)
        return answers[request.attempt_id]

    def gate(tx: Transaction, claim: Claim, parts: Parts) -> Intent | Decision:
        passed = pass_gate(tx, claim, parts)
        if isinstance(passed, Intent):
            parts.dialers(passed.account_id).dial(passed.request, send_by=passed.send_by)
        return passed

    ThinnestDialer.dial = once  # type: ignore[method-assign]
    dial.pass_gate = gate


BUGS: Mapping[str, Callable[[], None]] = {
    "a lost answer counts as not sent": _lost_is_not_sent,
    "a claim has no lease": _claims_for_ever,
    "the POST comes before the intent": _posts_before_intent,
}
