"""What is asked of the voice provider and what may come back, in our own words.

The provider's JSON and its error texts are turned into these values in provider/messages.py and
nowhere else. Each answer to a dial says one thing only: what we now know about the phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Limit(StrEnum):
    """The limits that the provider counts, one pool of slots each (provider/README.md)."""

    START = "start"
    STATUS = "status"
    SESSIONS = "sessions"
    VOICE_START = "voice_start"
    OTHER = "other"


class CallStatus(StrEnum):
    """The provider's status words, lowest rank first: events fold by this order."""

    INITIATING = "initiating"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    CANCELLED = "cancelled"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    COMPLETED = "completed"
    VOICEMAIL = "voicemail"

    @property
    def rank(self) -> int:
        """Position in the fold, 0 lowest."""
        return _RANKS[self]

    @property
    def terminal(self) -> bool:
        """Whether the call is over."""
        return self.rank >= _RANKS[CallStatus.CANCELLED]


_RANKS = {status: rank for rank, status in enumerate(CallStatus)}


@dataclass(frozen=True, kw_only=True, slots=True)
class DialRequest:
    """One start-call request. `repr` hides whom it rings and what is said."""

    attempt_id: str
    agent_id: str
    to_number: str = field(repr=False)
    from_number: str = field(repr=False)
    context: Mapping[str, Any] = field(repr=False, default_factory=dict)
    max_duration_s: int = 600
    recording: bool = False
    webhook_url: str | None = field(repr=False, default=None)
    scheduled_at: datetime | None = None


class Blame(StrEnum):
    """Whose fault a refusal is: it decides what stops (design.md, step 4)."""

    CONTACT = "contact"
    CAMPAIGN = "campaign"
    ACCOUNT = "account"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """2xx with a call id: the provider has the call."""

    call_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotSent:
    """Provably nothing reached the provider: no phone rings."""

    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """The provider read the request and refused it: no phone rings."""

    blame: Blame
    status: int
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowDown:
    """429: refused by a limit. `retry_after` in seconds, when it was told."""

    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """The phone may be ringing. Never a reason for a second POST.

    `closed_by_us` is true where our deadline shut the socket: the slot waits 5 s longer then.
    """

    why: str
    status: int | None = None
    closed_by_us: bool = False


Answer = Accepted | NotSent | Rejected | SlowDown | Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """The provider's own view of one call, from status, a list, or a v2 call."""

    id: str
    status: CallStatus | None
    word: str
    agent_id: str | None = None
    to_number: str | None = field(default=None, repr=False)
    from_number: str | None = field(default=None, repr=False)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    ended_reason: str | None = None
    recording_id: str | None = None
    cost: float | None = None
    currency: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A look-up that answered with a call."""

    session: Session


@dataclass(frozen=True, kw_only=True, slots=True)
class NotThere:
    """404: the provider knows no such id at that endpoint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LookupFailed:
    """The look-up said nothing usable; ask again later. `fatal` names a bad key or account."""

    why: str
    status: int | None = None
    fatal: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of the session list, in the provider's order."""

    sessions: tuple[Session, ...]


Looked = Found | NotThere | SlowDown | LookupFailed
Listed = Page | SlowDown | LookupFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEvent:
    """One thing said about a call by a webhook, translated. `status` None: an unknown word."""

    call_id: str | None
    status: CallStatus | None
    word: str
    duration_s: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One thing said in a call. `speaker` is agent or callee; `at_s` counts from the start."""

    speaker: str
    text: str = field(repr=False)
    at_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What was said in a call."""

    call_id: str | None
    turns: tuple[Turn, ...] = field(repr=False, default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A recording. `url` opens it for anyone for an hour: fetch it in time, never store it."""

    id: str | None
    url: str | None = field(repr=False, default=None)
    duration_s: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallDetails:
    """A v2 call and all that hangs on it. What has no field here is in `session.raw`."""

    session: Session
    transcript: Transcript | None = None
    recording: Recording | None = None
    summary: str | None = field(repr=False, default=None)
    outcome: str | None = None
    sentiment: str | None = None
    score: float | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceSession:
    """A WebRTC session. `token` lets anyone who has it speak with the agent."""

    session_id: str
    token: str = field(repr=False)
    websocket_url: str | None = field(repr=False, default=None)
    livekit_url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookEndpoint:
    """A registered account-level webhook; `secret` signs what it sends, when it was told."""

    id: str | None
    secret: str | None = field(repr=False, default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class HungUp:
    """The provider took the request to end a call."""


Detailed = CallDetails | NotThere | SlowDown | LookupFailed
Transcribed = Transcript | NotThere | SlowDown | LookupFailed
Recorded = Recording | NotThere | SlowDown | LookupFailed
Ended = HungUp | NotThere | SlowDown | LookupFailed
VoiceStarted = VoiceSession | SlowDown | LookupFailed
Registered = WebhookEndpoint | SlowDown | LookupFailed
