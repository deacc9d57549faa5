"""One call as the provider sees it, and what is true of it at an instant.

Its whole life is drawn when it is placed. What is said of it later is a function of that life and
the clock, so a simulator that is killed and started again says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from campaigns.simulator.clocks import seconds
from campaigns.simulator.script import LIVE, Becomes

OUTBOUND = "outbound"
WEB = "web"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """From `at` on, the call's status is this word."""

    at: datetime
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """When a call rings, is answered and ends, and how. None: never."""

    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_status: str | None = None
    ended_reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A placed call or a browser session. `n` is the integer id of the newer API."""

    n: int = 0
    call_id: str
    session_id: str
    key: str  # a hash of the API key
    type: str
    agent_id: str
    to_number: str | None = field(default=None, repr=False)
    from_number: str | None = field(default=None, repr=False)
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    max_duration_s: int = 600
    recording: bool = False
    webhook_url: str | None = field(default=None, repr=False)
    created_at: datetime
    scheduled_at: datetime | None = None
    becomes: Becomes = field(default_factory=Becomes)
    life: Life = Life()

    @property
    def recording_id(self) -> str:
        """The id of its recording, if there comes to be one."""
        return "rec_" + self.session_id.partition("_")[2]


def draw(
    becomes: Becomes, *, type_: str, at: datetime, max_duration_s: int, dice: Random, pace: float
) -> Life:
    """The life of a call that begins at `at`. `pace` stretches or squeezes every duration.

    Every draw is made whatever the call becomes, so that an edited script moves as little of a
    replayed run as possible.
    """
    setup, pickup, unanswered, engaged, broken = (
        dice.uniform(*span) for span in ((1, 3), (5, 25), (30, 45), (2, 4), (1, 3))
    )
    drawn_talk, message = dice.uniform(20, 110), dice.uniform(5, 15)
    status = becomes.status
    if status == "busy" and not becomes.answered:
        return Life(ended_at=at + seconds(pace * engaged), ended_status=status, ended_reason="busy")
    if status == "failed" and not becomes.answered:
        return Life(
            ended_at=at + seconds(pace * broken), ended_status=status, ended_reason="call_failed"
        )
    ringing_at = at + seconds(pace * setup) if type_ == OUTBOUND else None
    if type_ == WEB:
        pickup = 0.0
    elif becomes.ring_s is not None:
        pickup = unanswered = becomes.ring_s
    begins = ringing_at or at + seconds(pace * setup)
    if not becomes.picked_up:
        rings = unanswered if status == "no_answer" else pickup
        rings += message if status == "voicemail" else 0.0
        return Life(
            ringing_at=ringing_at,
            ended_at=begins + seconds(pace * rings),
            ended_status=status,
            ended_reason=status,
        )
    answered_at = begins + seconds(pace * pickup)
    if status == LIVE:
        return Life(ringing_at=ringing_at, answered_at=answered_at)
    talk = becomes.talk_s if becomes.talk_s is not None else drawn_talk
    return Life(
        ringing_at=ringing_at,
        answered_at=answered_at,
        ended_at=answered_at + seconds(pace * min(talk, max_duration_s)),
        ended_status=status,
        ended_reason="max_duration" if talk >= max_duration_s else "user_hangup",
    )


def phases(call: Call) -> tuple[Phase, ...]:
    """Every phase of its life, in order."""
    life = call.life
    found = [Phase(at=call.created_at, status="initiating")]
    if life.ringing_at:
        found.append(Phase(at=life.ringing_at, status="ringing"))
    if life.answered_at:
        found.append(Phase(at=life.answered_at, status="in_progress"))
    if life.ended_at and life.ended_status:
        found.append(Phase(at=life.ended_at, status=life.ended_status))
    return tuple(found)


def status_at(call: Call, at: datetime) -> str:
    """The status word at an instant."""
    reached = (phase.status for phase in reversed(phases(call)) if phase.at <= at)
    return next(reached, "initiating")


def has_ended(call: Call, at: datetime) -> bool:
    """Whether it is over at an instant."""
    return call.life.ended_at is not None and call.life.ended_at <= at


def talked_s(call: Call, at: datetime) -> float:
    """Seconds of talk until an instant."""
    start = call.life.answered_at
    if start is None or start > at:
        return 0.0
    end = min(call.life.ended_at or at, at)
    return max(0.0, (end - start).total_seconds())


def hung_up(call: Call, at: datetime) -> Call:
    """The call with its life cut short at an instant: completed if it was answered."""
    life = call.life
    if has_ended(call, at):
        return call
    answered = life.answered_at is not None and life.answered_at <= at
    rung = life.ringing_at is not None and life.ringing_at <= at
    return replace(
        call,
        life=Life(
            ringing_at=life.ringing_at if rung else None,
            answered_at=life.answered_at if answered else None,
            ended_at=at,
            ended_status="completed" if answered else "cancelled",
            ended_reason="ended_by_api",
        ),
    )
