"""What a server of ours answers, as typed values, and what it refuses, as this project's errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Generic, TypeVar

from campaigns.core.figures import TaskCounts
from campaigns.core.lifecycle import CampaignState
from campaigns.core.people import LiveCall, Told
from campaigns.core.reconcile import Effect
from campaigns.errors import (
    Conflict,
    DefinitionError,
    Fault,
    InputError,
    UnknownName,
    WorldError,
)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What a submission did, or would do. `refused`: why a guard would let it change nothing.

    `warnings`: what the rules warn of. `forecast`: what would happen, told by a dry run alone.
    """

    campaign: str
    effect: str  # created | resumed | changed | unchanged
    lines: int
    added: int
    moved: int
    changed: int
    withdrawn: int
    unchanged: int
    held: int
    rejected: int
    duplicate: int
    filtered: int
    finished: int
    past: int
    refused: str | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()
    forecast: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """One campaign and how far it is. `details`: everything that the server says of it."""

    name: str
    state: CampaignState
    account: str
    paused_why: str | None
    paused_by: str | None
    created_at: datetime
    start_at: datetime | None
    end_at: datetime | None
    finished_at: datetime | None
    tasks: TaskCounts
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One contact: its row, its touches, and what follows."""

    key: str = field(repr=False)
    row: Mapping[str, str] = field(repr=False)
    to_number: str = field(repr=False)
    zones: tuple[str, ...]
    updated_at: datetime | None
    held: bool
    withdrawn: bool
    tasks: tuple[Mapping[str, Any], ...]
    next_call_at: datetime | None
    live_call: LiveCall | None
    why: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """A piece of a long list; `next` is the `after` of the following one."""

    items: tuple[T, ...]
    next: str | None


def counted(said: Mapping[str, Any]) -> Counted:
    """What became of a submission; what a newer server says besides is left out."""
    known = {one.name for one in fields(Counted)}
    told = {name: value for name, value in said.items() if name in known}
    return Counted(**{**told, "warnings": tuple(said.get("warnings", ()))})


def campaign(summary: Mapping[str, Any], details: Mapping[str, Any] | None = None) -> Campaign:
    """One campaign as the server tells it."""
    created = instant(summary["created_at"])
    assert created is not None
    return Campaign(
        name=summary["name"],
        state=CampaignState(summary["state"]),
        account=summary["account"],
        paused_why=summary["paused_why"],
        paused_by=summary["paused_by"],
        created_at=created,
        start_at=instant(summary["start_at"]),
        end_at=instant(summary["end_at"]),
        finished_at=instant(summary["finished_at"]),
        tasks=TaskCounts(**summary["tasks"]),
        details=details or summary,
    )


def person(said: Mapping[str, Any]) -> Person:
    """One contact as the server tells it."""
    return Person(
        key=said["key"],
        row=said["row"],
        to_number=said["to_number"],
        zones=tuple(said["zones"]),
        updated_at=instant(said["updated_at"]),
        held=said["held"],
        withdrawn=said["withdrawn"],
        tasks=tuple(said["tasks"]),
        next_call_at=instant(said["next_call_at"]),
        live_call=_live(said["live_call"]),
        why=said["why"],
    )


def told(said: Mapping[str, Any]) -> Told:
    """What became of one contact."""
    return Told(
        effect=Effect(said["effect"]),
        next_call_at=instant(said["next_call_at"]),
        live_call=_live(said["live_call"]),
        why=said["why"],
    )


def refusal(status: int, problem: Mapping[str, Any]) -> InputError | WorldError:
    """The error of ours that a problem is."""
    detail = str(problem.get("detail") or problem.get("title") or f"it answers {status}")
    if status >= 500 or status in (408, 429):
        return WorldError(detail)
    if status == 404:
        return UnknownName(detail)
    if status == 409:
        return Conflict(detail)
    faults = problem.get("errors")
    if faults and "held" not in problem:
        return DefinitionError([Fault(**one) for one in faults])
    return InputError(detail)


def instant(said: str | None) -> datetime | None:
    """A point in time, with its zone."""
    return None if said is None else datetime.fromisoformat(said)


def _live(said: Mapping[str, str] | None) -> LiveCall | None:
    if said is None:
        return None
    return LiveCall(attempt_id=said["attempt_id"], since=datetime.fromisoformat(said["since"]))
