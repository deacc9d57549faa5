"""The provider as it really is, and whom it may ring: the truth that an engine is judged by.

`Law` is a model of its own, made of the answers that were drawn and of what people decided; it
knows none of our tables. `Phones` asks it before every POST.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    CallStatus,
    DialRequest,
    Found,
    Listed,
    Looked,
    LookupFailed,
    NotSent,
    NotThere,
    Page,
    Rejected,
    Session,
    SlowDown,
    Unknown,
)

S = CallStatus
LONGEST = timedelta(seconds=60 + 600)
"""How long a phone rings and a call lasts at most."""
MINUTE = timedelta(seconds=60)
DAY = timedelta(hours=24)
REACHED = {S.IN_PROGRESS, S.COMPLETED, S.VOICEMAIL}
FOLLOWS: Mapping[CallStatus, Sequence[CallStatus]] = {
    S.INITIATING: (S.RINGING, S.FAILED, S.BUSY, S.CANCELLED),
    S.RINGING: (S.IN_PROGRESS, S.NO_ANSWER, S.BUSY, S.FAILED),
    S.IN_PROGRESS: (S.COMPLETED, S.VOICEMAIL),
}


class Died(BaseException):
    """The process that was dialling is gone, or stands still."""


@dataclass(kw_only=True)
class Call:
    """One call at the provider."""

    attempt_id: str
    call_id: str
    number: str
    person: str
    request: DialRequest
    at: datetime
    said: list[CallStatus] = field(default_factory=lambda: [S.INITIATING])
    told: bool = False  # our side has written down that it was accepted

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.said[-1].terminal

    def goes_on(self, at: datetime) -> None:
        """No call is endless."""
        if not self.over and at >= self.at + LONGEST:
            self.said.append(S.COMPLETED if S.IN_PROGRESS in self.said else S.NO_ANSWER)


@dataclass(kw_only=True)
class Law:
    """Who may be rung when, from what people decided and what the phones did."""

    limit: int
    attempts: int
    stopped: set[str] = field(default_factory=set)  # campaigns and accounts
    cancelled: set[str] = field(default_factory=set)
    opted_out: set[str] = field(default_factory=set)
    hours: dict[str, tuple[int, int]] = field(default_factory=dict)  # campaign → local minutes
    calls: list[Call] = field(default_factory=list)
    rang: list[tuple[datetime, str, str]] = field(default_factory=list)  # may have: number, person
    arrived: list[tuple[datetime, str]] = field(default_factory=list)  # by account

    def may_dial(self, request: DialRequest, account: str, at: datetime) -> None:
        """An intent was committed: was it allowed?"""
        number, person = request.to_number, str(request.context["name"])
        campaign = person.partition(":")[0]
        assert campaign not in self.stopped, f"{person} dialled while {campaign} was paused"
        assert account not in self.stopped, f"{person} dialled while {account} was paused"
        assert campaign not in self.cancelled, f"{person} dialled after {campaign} was cancelled"
        assert number not in self.opted_out, f"{number} dialled though it opted out"
        before = [one for one in self.rang if one[1] == number and one[0] > at - DAY]
        assert len(before) < 4, f"{number} dialled five times in a day"
        own = [one for one in self.rang if one[2] == person]
        assert len(own) < self.attempts, f"{person} dialled more often than asked"
        if campaign in self.hours:
            opens, closes = self.hours[campaign]
            local = at.astimezone(ZoneInfo("America/New_York"))
            minute = local.hour * 60 + local.minute + local.second / 60
            assert opens + 1 <= minute <= closes - 1, f"{person} dialled at {local:%H:%M:%S}"

    def arrives(self, request: DialRequest, account: str, at: datetime) -> None:
        """The POST is at the provider: may this phone ring now, and is it inside the limit?"""
        number, person = request.to_number, str(request.context["name"])
        for call in self.calls:
            call.goes_on(at)
            if call.number == number:
                assert call.over, f"{number} rung twice at once"
            if call.person == person:
                assert not REACHED & set(call.said), f"{person} rung again after an answer"
        recent = [one for one in self.arrived if one[1] == account and one[0] > at - MINUTE]
        assert len(recent) < self.limit, f"one start too many on {account}"
        self.arrived.append((at, account))


@dataclass(kw_only=True)
class Frozen:
    """A process that stands still between its intent and its POST, or before it wrote the answer.

    `answer` None: it has not sent anything yet.
    """

    request: DialRequest
    account: str
    send_by: datetime
    answer: Answer | None


ANSWERS = (
    "accepted",
    "unknown, rings",
    "unknown, silent",
    "not sent",
    "contact refused",
    "campaign refused",
    "account refused",
    "429",
    "frozen before",
    "dead before",
    "dead after",
    "accepted, late",
    "unknown, late",
    "not sent, late",
    "429, late",
)
MOODS = ("well", "poor words", "failing", "slow down", "forgetful")


class Phones:
    """The provider of one account: what is drawn is what it answers."""

    def __init__(self, account: str, law: Law, now: Callable[[], datetime]) -> None:
        self.account = account
        self.law = law
        self.now = now
        self.answers: deque[str] = deque()
        self.frozen: list[Frozen] = []
        self.mood = "well"
        self._ids = itertools.count(1)

    def dial(self, request: DialRequest, *, send_by: float) -> Answer:
        """A committed intent arrives here, and its fate is drawn."""
        at = self.now()
        self.law.may_dial(request, self.account, at)
        fate, _, late = (self.answers.popleft() if self.answers else "accepted").partition(", ")
        latest = at + timedelta(seconds=3.5)
        frozen = Frozen(request=request, account=self.account, send_by=latest, answer=None)
        if fate == "dead before":
            raise Died
        if fate == "frozen before":
            self.frozen.append(frozen)
            raise Died
        answer = self.post(request, "accepted" if fate == "dead after" else fate, late)
        if late == "late":
            frozen.answer = answer
            self.frozen.append(frozen)
        if late == "late" or fate == "dead after":
            raise Died
        return answer

    def post(self, request: DialRequest, fate: str = "accepted", more: str = "") -> Answer:
        """The request is on its way."""
        at = self.now()
        number, person = request.to_number, str(request.context["name"])
        if fate == "not sent":
            return NotSent(why="refused")
        self.law.arrives(request, self.account, at)
        match fate:
            case "contact refused":
                return Rejected(blame=Blame.CONTACT, status=422, detail="to_number")
            case "campaign refused":
                return Rejected(blame=Blame.CAMPAIGN, status=404, detail="agent")
            case "account refused":
                return Rejected(blame=Blame.ACCOUNT, status=402, detail="balance")
            case "429":
                return SlowDown(retry_after=5)
            case "unknown" if more == "silent":
                return Unknown(why="reset")
        call_id = f"call_{self.account}_{next(self._ids)}"
        self.law.rang.append((at, number, person))
        self.law.calls.append(
            Call(
                attempt_id=request.attempt_id,
                call_id=call_id,
                number=number,
                person=person,
                request=request,
                at=at,
            )
        )
        return Unknown(why="reset") if fate == "unknown" else Accepted(call_id=call_id)

    def status(self, id: str) -> Looked:
        """The truth, as far as today's mood tells it."""
        call = next((call for call in self.law.calls if call.call_id == id), None)
        match self.mood:
            case "failing":
                return LookupFailed(why="503", status=503)
            case "slow down":
                return SlowDown()
            case "forgetful":
                return NotThere()
        return NotThere() if call is None else Found(session=self._session(call))

    def call(self, id: str) -> Looked:
        """The second generation knows the same."""
        return self.status(id)

    def sessions(self, **_: object) -> Listed:
        """All calls of this account."""
        match self.mood:
            case "failing":
                return LookupFailed(why="503", status=503)
            case "slow down":
                return SlowDown()
            case "forgetful":
                return Page(sessions=())
        own = (c for c in self.law.calls if c.call_id.startswith(f"call_{self.account}_"))
        return Page(sessions=tuple(self._session(call) for call in own))

    def _session(self, call: Call) -> Session:
        call.goes_on(self.now())
        status = call.said[-1]
        if self.mood == "poor words" and status.terminal and status not in REACHED:
            status = S.FAILED
        return Session(
            id=call.call_id,
            status=status,
            word=status.value,
            agent_id=call.request.agent_id,
            to_number=call.number,
            from_number=call.request.from_number,
            started_at=call.at,
            duration_s=30.0 if S.IN_PROGRESS in call.said else 0.0,
        )
