"""Figures for any door. Numbers of people are whole and in no repr; instants are policy time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from campaigns.core.doubts import Incident
from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome, TaskState
from campaigns.core.where import Where

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """A piece of a long list. `next` is where the following page starts; None: this is the last."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskCounts:
    """Dial tasks by state; they add up to the accepted contacts at every instant."""

    waiting: int = 0
    claimed: int = 0
    calling: int = 0
    done: int = 0

    @property
    def total(self) -> int:
        """Every dial task."""
        return self.waiting + self.claimed + self.calling + self.done


@dataclass(frozen=True, kw_only=True, slots=True)
class RowCounts:
    """Rows of the list that became no contact."""

    rejected: int = 0
    duplicate: int = 0
    filtered: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Refresh:
    """A list that is read again. `why`: its last reading was refused; `trying` it again now."""

    last_at: datetime | None
    next_at: datetime | None
    why: str | None
    trying: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Why dial tasks wait, how many, and when the next of them could leave."""

    reason: str
    count: int
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignSummary:
    """One line of a list of campaigns. `waiting`: where it was asked for."""

    id: int
    name: str
    state: CampaignState
    account: str
    pause_asked: bool
    paused_why: str | None
    paused_by: str | None
    paused_at: datetime | None
    created_at: datetime
    start_at: datetime | None
    end_at: datetime | None
    finished_at: datetime | None
    tasks: TaskCounts
    run: str  # the occasion of its run; empty: it does not come in runs
    run_at: datetime | None  # when that run begins; None: it has begun
    refresh: Refresh | None = None  # None: its list is not read again
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneGroup:
    """Waiting dial tasks of one calendar with one stored reason; `eligible`: their time has come.

    `first` and `last` are the earliest and the latest instant at which dispatch may look.
    """

    where: Where
    reason: str | None
    eligible: bool
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountFigures:
    """A voice account: its limit, and what stops it."""

    id: int
    name: str
    limit: int
    window: timedelta
    spacing: timedelta
    slots_busy: int
    next_start_at: datetime
    last_start_at: datetime | None
    last_429_at: datetime | None
    held_until: datetime | None
    held_why: str | None
    probing: bool
    paused_why: str | None
    paused_by: str | None
    paused_at: datetime | None
    concurrent_calls: int | None = None  # None: as many at once as there are
    live: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignFigures:
    """Everything `show` says about one campaign."""

    at: datetime
    summary: CampaignSummary
    version: int
    source: str
    max_attempts: int
    rows: RowCounts
    outcomes: Mapping[Outcome, int]
    touches: Mapping[str, Mapping[str, int]]  # touch → outcome, or open → dial tasks
    waiting: tuple[Waiting, ...]
    live: Mapping[AttemptState, int]
    unknown: int
    calls: int
    account: AccountFigures
    estimated_end: datetime | None
    tick_real_age: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactLine:
    """A contact with one of its dial tasks."""

    id: int
    key: str = field(repr=False)
    to_number: str = field(repr=False)
    zones: tuple[str, ...]
    state: TaskState
    outcome: Outcome | None
    reason: str | None
    wait_reason: str | None
    attempts: int
    next_at: datetime | None
    line: int
    touch: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedLine:
    """A row that became no contact."""

    line: int
    kind: str
    column: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallLine:
    """One attempt in a list."""

    id: str
    campaign: str | None
    key: str | None = field(repr=False)
    to_number: str = field(repr=False)
    attempt_no: int
    state: AttemptState
    open: bool
    late: bool
    intent_at: datetime
    in_progress_at: datetime | None
    terminal_at: datetime | None
    duration_s: float | None
    answer: str | None
    answer_detail: str | None
    call_id: str | None
    check_error: str | None
    touch: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLine:
    """One raw thing that was said about a call."""

    received_at: datetime
    source: str
    status: str | None
    word: str
    call_id: str | None
    duration_s: float | None
    folded: bool
    body: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallDetail:
    """One attempt with all that is known of it."""

    line: CallLine
    session_id: str | None
    snapshot: Mapping[str, Any] = field(repr=False)
    answered_at: datetime | None
    ringing_at: datetime | None
    release_at: datetime
    give_up_at: datetime
    confirmed: bool
    check_at: datetime | None
    checks: int
    cost: float | None
    currency: str | None
    recording_id: str | None
    ended_reason: str | None
    enriched: Mapping[str, Any] | None = field(repr=False)
    proof: Mapping[str, Any] | None
    events: tuple[EventLine, ...] = field(repr=False)
    also: tuple[str, ...] = field(default=(), repr=False)  # keys of the rows that shared it


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process that said it works (real time)."""

    name: str
    kind: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """What is stopped, by whom and why. `scope`: campaign or account."""

    scope: str
    name: str
    why: str
    who: str
    at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What this database has seen: the line that every command begins with."""

    campaigns: int
    calls: int
    suppressed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """One screen of an installation. `real` and `policy` are this instant in both kinds of time."""

    real: datetime
    policy: datetime
    world: str
    tick_at: datetime | None
    workers: tuple[Process, ...]
    accounts: tuple[AccountFigures, ...]
    running: int
    open_tasks: int
    unknown: int
    unresolved: int
    newest_event_at: datetime | None
    oldest_unfolded_at: datetime | None
    oldest_late_at: datetime | None
    pauses: tuple[Pause, ...]
    approvals: tuple[str, ...] = ()  # campaigns whose first calls a person has to hear
    broken_off: tuple[str, ...] = ()  # campaigns whose submission ended half way
    unread: tuple[tuple[str, str], ...] = ()  # campaigns whose list was refused, and why
    incidents: tuple[Incident, ...] = ()
