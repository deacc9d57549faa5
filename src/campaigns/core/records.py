"""Rows as the engine sees them: frozen values, no database in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome, TaskState
from campaigns.core.outcomes import Source
from campaigns.core.where import Where

CAMPAIGN_END = "campaign_end"
"""The reason of a dial task that expires because its campaign does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountRow:
    """A voice account: an API key and its limits."""

    id: int
    name: str
    spacing: timedelta
    strict_until: datetime | None
    last_intent_at: datetime | None
    not_before: datetime | None
    held_why: str | None
    not_sent_streak: int
    probing: bool
    unknown_since: datetime | None
    looked_at: datetime | None
    look_at: datetime | None
    last_429_at: datetime | None
    paused_why: str | None
    paused_by: str | None
    concurrent_calls: int | None = None  # at once, over all its campaigns; None: no ceiling


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignRow:
    """A campaign without its definition, which is versioned."""

    id: int
    name: str
    account_id: int
    state: CampaignState
    version: int
    digest: str
    start_at: datetime | None
    end_at: datetime | None
    load_token: str | None
    load_until: datetime | None
    paused_why: str | None
    paused_by: str | None
    vouched_at: datetime | None
    run: str = ""  # the occasion of its tasks, where it comes in runs
    run_at: datetime | None = None  # when that run begins; None: it has begun
    run_after: int | None = None  # contacts up to this id have their task of it; None: all
    refresh_at: datetime | None = None
    refresh_since: datetime | None = None
    approved_at: datetime | None = None
    trial_since: datetime | None = None  # the calls that are to be approved began then


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRow:
    """One dial task with what the gate needs of its contact."""

    id: int
    campaign_id: int
    account_id: int
    contact_id: int
    phone_id: int
    state: TaskState
    due_at: datetime
    retry_at: datetime | None
    deadline_at: datetime | None
    eligible_at: datetime
    attempts: int
    claim: int
    from_number: str | None = field(repr=False)
    outcome: Outcome | None
    reason: str | None
    touch: str = ""
    occasion: str = ""
    expires_as: str = CAMPAIGN_END
    stopped: str | None = None
    spent: int = 0  # attempts of earlier rounds: they rang, and count for no limit of this one
    wait_reason: str | None = None  # why dispatch does not look before eligible_at

    @property
    def tries(self) -> int:
        """Attempts of this round."""
        return self.attempts - self.spent


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRow:
    """Whom a dial task rings. `repr` says nothing about the person."""

    id: int
    key: str = field(repr=False)
    e164: str = field(repr=False)
    where: Where
    settings: Mapping[str, Any] = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    line: int
    from_number: str | None = field(default=None, repr=False)  # that it saw last
    held: bool = False  # its row cannot be read any more: nobody is called by the old one
    zone_source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRow:
    """One intent and all that is known of it."""

    id: str
    task_id: int | None
    campaign_id: int | None
    account_id: int
    phone_id: int
    version: int | None
    attempt_no: int
    state: AttemptState
    open: bool
    late: bool
    snapshot: Mapping[str, Any] = field(repr=False)
    intent_at: datetime
    settle_at: datetime
    release_at: datetime
    give_up_at: datetime
    answered_at: datetime | None
    answer: str | None
    answer_blame: str | None
    call_id: str | None
    session_id: str | None
    terminal_at: datetime | None
    confirmed: bool
    check_at: datetime | None
    checks: int
    enriched: Mapping[str, Any] | None = field(repr=False)
    proof: Mapping[str, Any] | None = None

    @property
    def refunded(self) -> bool:
        """Whether it was taken out of its task's count of attempts again."""
        return bool(self.proof and self.proof.get("refunded"))

    @property
    def max_duration(self) -> timedelta:
        """The bound that was sent with the call."""
        return timedelta(seconds=int(self.snapshot["max_duration_s"]))

    @property
    def erased(self) -> bool:
        """Whether the person asked to be forgotten: nothing said about them is kept any more."""
        return bool(self.snapshot.get(ERASED))


ERASED = "erased"
"""The snapshot's mark of a call whose person was erased."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What an erasure changed: contacts and calls that lost what was personal, tasks that ended."""

    contacts: int
    calls: int
    ended: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwanted:
    """A number for the do-not-call list. `added_at`: since when; None: from now on."""

    e164: str = field(repr=False)
    reason: str
    source: str
    added_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAttempt:
    """An intent, as the gate writes it."""

    id: str
    task_id: int | None
    campaign_id: int | None
    account_id: int
    phone_id: int
    version: int | None
    attempt_no: int
    snapshot: Mapping[str, Any] = field(repr=False)
    intent_at: datetime
    settle_at: datetime
    release_at: datetime
    give_up_at: datetime
    check_at: datetime
    open: bool = True
    recovered: bool = False
    admitted: Mapping[str, Any] | None = None  # what allowed it (admission.admitted)
    # The tasks that share it (families.py), each with its own number of this attempt.
    fellows: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """A raw event, as the door stores it. `digest` makes a repetition visible."""

    attempt_id: str
    source: Source
    digest: str
    status: str | None
    word: str
    call_id: str | None
    duration_s: float | None
    body: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneHead:
    """A lane and when its first waiting task may be looked at."""

    lane_id: int
    campaign_id: int
    where: Where
    head: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a doorbell message carries: ids only."""

    task_id: int
    claim: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTask:
    """One dial task on its way into the store. `outcome`: it is done before it begins, at `at`."""

    touch: str = ""
    occasion: str = ""
    due_at: datetime
    deadline_at: datetime | None = None
    expires_as: str = CAMPAIGN_END
    outcome: Outcome | None = None
    reason: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewContact:
    """One contact with its dial tasks, on its way into the store."""

    key: str = field(repr=False)
    e164: str = field(repr=False)
    where: Where
    zone_source: str
    settings: Mapping[str, Any] = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    line: int
    occasion: str = ""
    time_at: datetime | None = None
    source: str = ""
    tasks: tuple[NewTask, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewReject:
    """A row that became no contact, kept with its reason. kind: rejected, duplicate, filtered."""

    line: int
    kind: str
    column: str
    reason: str
