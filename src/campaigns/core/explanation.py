"""Why one contact was, was not, or is not yet called: every decision in order, as values.

What is in them is worked out by eligibility.py, or kept with the calls that were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from campaigns.core.admission import Lift
from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome, TaskState
from campaigns.core.records import AttemptRow
from campaigns.core.suppression import SuppressionLine


class Said(StrEnum):
    """What a rule says to a call."""

    PASSES = "passes"
    WAITS = "waits"
    ENDS = "ends"  # no call at all: the dial task is done with it


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One rule that was asked. `until`: the first instant at which it could let the call go."""

    rule: str
    said: Said
    reason: str | None = None  # a WaitReason, or the reason of the outcome
    outcome: Outcome | None = None
    until: datetime | None = None
    lifted_by: Lift | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What time alone does not lift."""

    rule: str
    reason: str
    lifted_by: Lift


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """When a call could go. `at` None: only a person can tell, or it never can (`outcome`).

    `rule` and `reason`: what holds it until `at`; None: nothing that time lifts. With `needs` of
    calls alone it cannot go before `at`, and then as soon as they let it.
    """

    at: datetime | None
    rule: str | None = None
    reason: str | None = None
    needs: tuple[Need, ...] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarLook:
    """One calendar in one zone. `local`: the clock there, with its offset; empty: unknown."""

    rule: str
    zone: str
    local: str
    open: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One past attempt: what allowed it, how it ended, and what policy said after it."""

    id: str
    number: int
    state: AttemptState
    at: datetime
    version: int | None
    allowed: Mapping[str, object] | None  # None: by an earlier version, or found after a restore
    answer: str | None
    ended_at: datetime | None
    duration_s: float | None
    outcome: Outcome | None
    recovered: bool = False
    next_at: datetime | None = None
    then: str | None = None  # `retry`, or the reason why there was no further call


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One dial task. `checks`, `calendars` and `next`: of one that waits or is about to start."""

    touch: str
    run: str
    state: TaskState
    due_at: datetime
    retry_at: datetime | None
    deadline_at: datetime | None
    outcome: Outcome | None
    reason: str | None
    stopped: str | None
    calls: tuple[Call, ...] = ()
    checks: tuple[Asked, ...] = ()
    calendars: tuple[CalendarLook, ...] = ()
    next: Next | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """The contact. `suppressed`: the do-not-call lists that its number is on and that hold here."""

    key: str = field(repr=False)
    to_number: str = field(repr=False)
    zones: tuple[str, ...]
    zone_source: str
    places: tuple[str, ...]
    source_file: str
    source_line: int
    withdrawn: bool
    held: bool
    erased: bool
    suppressed: tuple[SuppressionLine, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """A row of a rule pack that holds there, or would if the campaign named it."""

    key: str
    place: str
    says: str
    source: str
    as_of: date
    review_by: date
    certainty: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything that decides about one contact. `off`: rules that would hold, were they named."""

    at: datetime
    campaign: str
    state: CampaignState
    version: int
    contact: Whose
    rules: tuple[InForce, ...]
    off: tuple[InForce, ...]
    tasks: tuple[Story, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The contact of a key as the book has it, whatever became of it."""

    contact_id: int
    phone_id: int
    key: str = field(repr=False)
    source: str  # empty: that of the campaign's version
    line: int
    gone: bool
    held: bool
    erased: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """An attempt of a dial task, with its number there and what only an explanation asks for."""

    attempt: AttemptRow
    number: int
    admitted: Mapping[str, object] | None
    duration_s: float | None
    recovered: bool
