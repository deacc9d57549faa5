"""What was said about a call, folded into what happened to it.

A fold over the SET of evidence by rank: order, repetition and lateness cannot matter. The rules
beyond rank are written down one by one, each with its because.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from campaigns.core.calls import CallStatus
from campaigns.core.lifecycle import AttemptState, Outcome


class Source(StrEnum):
    """Who said it. Status and sweep are our own GETs."""

    WEBHOOK = "webhook"
    ACCOUNT = "account"
    STATUS = "status"
    SWEEP = "sweep"
    ANSWER = "answer"  # of the POST itself, where it came after the call had been given up

    @property
    def asked(self) -> bool:
        """Whether we asked the provider ourselves."""
        return self in (Source.STATUS, Source.SWEEP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One piece of evidence. `at` is when we received it (policy time)."""

    source: Source
    status: CallStatus | None
    at: datetime
    duration_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a set of evidence amounts to.

    `terminal_at`: when the first ending was received. `confirmed`: a GET agrees that it ended
    without an answer. `look_first`: a GET must be asked before anything follows from it.
    `live_since`: a GET after the ending still saw the call alive.
    """

    status: CallStatus | None
    ringing_at: datetime | None = None
    in_progress_at: datetime | None = None
    terminal_at: datetime | None = None
    duration_s: float | None = None
    answered: bool = False
    confirmed: bool = False
    look_first: bool = False
    live_since: datetime | None = None


_UNANSWERED = frozenset(
    {CallStatus.CANCELLED, CallStatus.FAILED, CallStatus.NO_ANSWER, CallStatus.BUSY}
)
_LIVE = frozenset({CallStatus.INITIATING, CallStatus.RINGING})


def fold(evidence: Iterable[Said]) -> Verdict:
    """The verdict on a set of evidence. Depends on the set only."""
    said = [piece for piece in evidence if piece.status is not None]
    statuses = {piece.status for piece in said if piece.status is not None}
    if not statuses:
        return Verdict(status=None)
    top = max(statuses, key=lambda status: status.rank)
    connected = CallStatus.IN_PROGRESS in statuses
    if connected and top in _UNANSWERED:
        # Someone picked up: whatever word ended it, this person has been reached.
        top = CallStatus.COMPLETED
    endings = [piece for piece in said if piece.status is not None and piece.status.terminal]
    terminal_at = min((piece.at for piece in endings), default=None)
    talked = max((piece.duration_s for piece in endings if piece.duration_s), default=None)
    asked_endings = [piece for piece in endings if piece.source.asked]
    unanswered = top in _UNANSWERED
    live = [
        piece.at
        for piece in said
        if piece.source.asked and piece.status in _LIVE and terminal_at and piece.at > terminal_at
    ]
    confirmed = unanswered and bool(asked_endings)
    return Verdict(
        status=top,
        ringing_at=_first(said, CallStatus.RINGING),
        in_progress_at=_first(said, CallStatus.IN_PROGRESS),
        terminal_at=terminal_at,
        duration_s=talked,
        # A completed anywhere forbids a retry, also under a voicemail, and so does an in_progress
        # that an ending turned into one: or it would matter which of the two was heard first.
        # The usual way to a voicemail leads through in_progress: that alone reached nobody.
        answered=CallStatus.COMPLETED in statuses
        or (connected and (top is not CallStatus.VOICEMAIL or bool(statuses & _UNANSWERED))),
        confirmed=confirmed,
        # Seconds of talk in a call that "was not answered" contradict each other: ask.
        look_first=unanswered and talked is not None and not confirmed,
        live_since=max(live, default=None) if unanswered and not confirmed else None,
    )


def _first(said: Iterable[Said], status: CallStatus) -> datetime | None:
    return min((piece.at for piece in said if piece.status is status), default=None)


STATE_OF: dict[CallStatus, AttemptState] = {
    CallStatus.INITIATING: AttemptState.ACCEPTED,
    CallStatus.RINGING: AttemptState.RINGING,
    CallStatus.IN_PROGRESS: AttemptState.IN_PROGRESS,
    CallStatus.CANCELLED: AttemptState.CANCELLED,
    CallStatus.FAILED: AttemptState.FAILED,
    CallStatus.NO_ANSWER: AttemptState.NO_ANSWER,
    CallStatus.BUSY: AttemptState.BUSY,
    CallStatus.COMPLETED: AttemptState.COMPLETED,
    CallStatus.VOICEMAIL: AttemptState.VOICEMAIL,
}
"""The provider's words as states of an attempt."""

OUTCOME_OF: dict[AttemptState, Outcome] = {
    AttemptState.CANCELLED: Outcome.FAILED,  # the provider gave the call up; the contact did not
    AttemptState.FAILED: Outcome.FAILED,
    AttemptState.NO_ANSWER: Outcome.NO_ANSWER,
    AttemptState.BUSY: Outcome.BUSY,
    AttemptState.COMPLETED: Outcome.COMPLETED,
    AttemptState.VOICEMAIL: Outcome.VOICEMAIL,
    AttemptState.UNRESOLVED: Outcome.UNRESOLVED,
}
"""How a dial task ends when this attempt was its last."""

_WORTH = (
    Outcome.SKIPPED,
    Outcome.CANCELLED,
    Outcome.EXPIRED,
    Outcome.SUPPRESSED,
    Outcome.REJECTED,
    Outcome.UNRESOLVED,
    Outcome.FAILED,
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.COMPLETED,
    Outcome.VOICEMAIL,
)
"""Among calls the order of the fold's ranks, so that it cannot matter when one folds."""


def better(late: Outcome, than: Outcome) -> bool:
    """Whether late evidence moves an outcome up; it never moves one down."""
    return _WORTH.index(late) > _WORTH.index(than)
