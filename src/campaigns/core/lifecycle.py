"""States, events, and the one transition table of dial tasks and of attempts.

Drawn in docs/lifecycle.md; a test holds the drawing against these tables. Every change of state
in the store goes through `advance_task` or `advance_attempt` first and names the state it expects
in its UPDATE: a pair that is not in the table is a bug and raises, never a silent default.
"""

from __future__ import annotations

from enum import StrEnum

from campaigns.errors import EngineFault


class CampaignState(StrEnum):
    """What a campaign may be. `finished` reopens when there is something new."""

    LOADING = "loading"
    RECONCILING = "reconciling"  # its list changes: no new call until that is done
    RUNNING = "running"
    PAUSED = "paused"
    WAITING_FOR_APPROVAL = "waiting_for_approval"  # its first calls are made: a person listens
    FINISHED = "finished"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """A dial task: one contact, one touch."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    CALLING = "calling"
    DONE = "done"


class Outcome(StrEnum):
    """How a dial task ended: exactly one, with a reason code beside it."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    REJECTED = "rejected"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    UNRESOLVED = "unresolved"


class TaskEvent(StrEnum):
    """What can happen to a dial task (past participles)."""

    CLAIMED = "claimed"  # dispatch took it under a lease
    GIVEN_BACK = "given_back"  # the gate said not now, or the lease ran out: nothing is spent
    DIALLED = "dialled"  # the gate committed an intent
    JOINED = "joined"  # the gate committed an intent for another row, and this one shares its call
    RECOVERED = "recovered"  # after a restore the provider's list shows that it was rung
    RETURNED = "returned"  # the attempt provably rang nobody and was nobody's fault: unspent
    RETRY_SET = "retry_set"  # the attempt ended and policy wants another
    ENDED = "ended"  # it has its outcome
    OVERRULED = "overruled"  # late evidence moved the outcome up
    REINSTATED = "reinstated"  # three refusals in a row: the list was wrong, not this contact
    REOPENED = "reopened"  # a person wants an unresolved contact called again
    REDIALLED = "redialled"  # a person wants another round for those that were not reached
    RELISTED = "relisted"  # back on the list, or its time came back, before it did its part


class AttemptState(StrEnum):
    """One intent to ring one phone, and what became of it."""

    DIALING = "dialing"
    ACCEPTED = "accepted"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_PLACED = "not_placed"
    UNRESOLVED = "unresolved"


TERMINAL = frozenset(
    {
        AttemptState.COMPLETED,
        AttemptState.NO_ANSWER,
        AttemptState.BUSY,
        AttemptState.FAILED,
        AttemptState.VOICEMAIL,
        AttemptState.CANCELLED,
    }
)
"""States in which the provider has said how the call ended."""

RANG_NOBODY = frozenset({AttemptState.NOT_SENT, AttemptState.REJECTED})
"""States that prove that no phone rang: they do not count for caps (reliability.md, I2)."""

TASK_TABLE: dict[tuple[TaskState, TaskEvent], TaskState] = {
    (TaskState.WAITING, TaskEvent.CLAIMED): TaskState.CLAIMED,
    (TaskState.WAITING, TaskEvent.JOINED): TaskState.CALLING,
    (TaskState.WAITING, TaskEvent.RECOVERED): TaskState.CALLING,
    (TaskState.WAITING, TaskEvent.ENDED): TaskState.DONE,
    (TaskState.WAITING, TaskEvent.OVERRULED): TaskState.DONE,
    (TaskState.CLAIMED, TaskEvent.GIVEN_BACK): TaskState.WAITING,
    (TaskState.CLAIMED, TaskEvent.DIALLED): TaskState.CALLING,
    (TaskState.CLAIMED, TaskEvent.JOINED): TaskState.CALLING,
    (TaskState.CLAIMED, TaskEvent.RECOVERED): TaskState.CALLING,
    (TaskState.CLAIMED, TaskEvent.ENDED): TaskState.DONE,
    (TaskState.CLAIMED, TaskEvent.OVERRULED): TaskState.DONE,
    (TaskState.CALLING, TaskEvent.RETURNED): TaskState.WAITING,
    (TaskState.CALLING, TaskEvent.RETRY_SET): TaskState.WAITING,
    (TaskState.CALLING, TaskEvent.ENDED): TaskState.DONE,
    (TaskState.CALLING, TaskEvent.OVERRULED): TaskState.DONE,
    (TaskState.DONE, TaskEvent.OVERRULED): TaskState.DONE,
    (TaskState.DONE, TaskEvent.REINSTATED): TaskState.WAITING,
    (TaskState.DONE, TaskEvent.REOPENED): TaskState.WAITING,
    (TaskState.DONE, TaskEvent.REDIALLED): TaskState.WAITING,
    (TaskState.DONE, TaskEvent.RELISTED): TaskState.WAITING,
}

SETTLED = "settled_called"
"""The reason of an unresolved dial task that a person has taken for called."""

DOUBTED = frozenset({AttemptState.NOT_PLACED, AttemptState.UNRESOLVED})
"""States that were settled without a word of the provider: a late word outweighs them."""

_A = AttemptState
_PROGRESS = (_A.ACCEPTED, _A.RINGING, _A.IN_PROGRESS)
_RANKED = (
    _A.RINGING,
    _A.IN_PROGRESS,
    _A.CANCELLED,
    _A.FAILED,
    _A.NO_ANSWER,
    _A.BUSY,
    _A.COMPLETED,
    _A.VOICEMAIL,
)
_DOUBTFUL = (_A.UNKNOWN, _A.NOT_PLACED, _A.UNRESOLVED)


def _attempt_table() -> frozenset[tuple[AttemptState, AttemptState]]:
    moves: set[tuple[AttemptState, AttemptState]] = set()
    # The answer to the POST, read by the process that sent it.
    moves |= {(_A.DIALING, to) for to in (_A.ACCEPTED, _A.NOT_SENT, _A.REJECTED, _A.UNKNOWN)}
    # The same process may come back with its answer after the sweeper gave it up for unknown.
    moves |= {(_A.UNKNOWN, to) for to in (_A.ACCEPTED, _A.NOT_SENT, _A.REJECTED)}
    # Events may come before, instead of, and long after the answer; folding only goes up in rank.
    for start in (_A.DIALING, _A.ACCEPTED, *_DOUBTFUL):
        moves |= {(start, to) for to in _RANKED}
    moves |= {(low, high) for i, low in enumerate(_RANKED) for high in _RANKED[i + 1 :]}
    # An accepted call without more to say is at least accepted.
    moves |= {(start, _A.ACCEPTED) for start in _DOUBTFUL}
    # An event on the attempt's own address outweighs an answer that said nobody was rung.
    moves |= {(start, to) for start in RANG_NOBODY for to in (_A.ACCEPTED, *_RANKED)}
    # No evidence ever came.
    moves |= {(start, _A.UNRESOLVED) for start in (_A.UNKNOWN, *_PROGRESS)}
    moves.add((_A.UNKNOWN, _A.NOT_PLACED))
    return frozenset(moves)


ATTEMPT_TABLE = _attempt_table()


def advance_task(state: TaskState, event: TaskEvent) -> TaskState:
    """The state after `event`. Raises EngineFault for a pair the table does not have."""
    try:
        return TASK_TABLE[state, event]
    except KeyError:
        raise EngineFault(f"a {state} dial task cannot be {event}") from None


def advance_attempt(state: AttemptState, to: AttemptState) -> AttemptState:
    """`to`, when the table has the move. Raises EngineFault otherwise."""
    if state is not to and (state, to) not in ATTEMPT_TABLE:
        raise EngineFault(f"a {state} attempt cannot become {to}")
    return to
