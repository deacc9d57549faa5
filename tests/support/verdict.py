"""How a run under blows is judged: by the phone ledger, and by the tables' conservation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from campaigns.simulator.clocks import unstamp
from campaigns.simulator.limits import Kind
from campaigns.simulator.oracle import Oracle
from campaigns.simulator.stats import max_in_sliding
from campaigns.store.tables import attempt, dial_task, phone
from tests.support.rehearsed import Rehearsed

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`figures` for the record; `faults`: every promise that was broken, in words."""

    figures: dict[str, Any]
    faults: list[str] = field(default_factory=list)


def judge(world: Rehearsed, *, people: int, limits: dict[str, int]) -> Verdict:
    """What the ledger and the books say once everything has ended.

    `limits`: the starts and GETs that any sliding minute may hold, by the simulator's kinds.
    """
    ledger = world.simulator.ledger
    task, call = dial_task.c, attempt.c
    tasks = world.fleet.rows(
        select(task.id, phone.c.e164.label("e164"), task.state, task.outcome).join_from(
            dial_task, phone
        )
    )
    attempts = world.fleet.rows(
        select(call.id, call.state, call.open, call.answer, call.answered_at, call.snapshot)
    )
    outcomes = Counter(str(task["outcome"]) for task in tasks)
    doubtful = {
        str(one["id"])
        for one in attempts
        if one["answered_at"] is None or one["answer"] == "unknown"
    }
    unresolved = {str(one["id"]) for one in attempts if one["state"] == "unresolved"}
    rings = ledger.rings_per_attempt()
    most = {kind: max_in_sliding(ledger.arrivals(Kind(kind)), MINUTE) for kind in sorted(limits)}
    told = {str(task["e164"]): str(task["outcome"]) for task in tasks}
    answered = _answered(ledger)
    figures: dict[str, Any] = {
        "contacts": len(tasks),
        "calls placed": len(attempts),
        "phones rung": sum(ledger.rings_per_number().values()),
        "rung twice for one intent": sum(n - 1 for n in rings.values()),
        "rung without an intent": len(set(rings) - {str(one["id"]) for one in attempts}),
        "rung while live": ledger.rung_while_live(),
        "called after an answer": _called_after_an_answer(ledger),
        "without an outcome": sum(task["outcome"] is None for task in tasks),
        "lost": people - len(tasks),
        "answered but told otherwise": sum(
            told.get(number) not in ("completed", "voicemail") for number in answered
        ),
        "told answered but was not": sum(
            outcome == "completed" and number not in answered for number, outcome in told.items()
        ),
        "left open": sum(bool(one["open"]) for one in attempts),
        "most in a minute": most,
        "windows exceeded": sum(most[kind] > limits[kind] for kind in most),
        "429": [request.status for request in ledger.requests()].count(429),
        "answers": dict(Counter(str(one["answer"]) for one in attempts)),
        "doubtful": len(doubtful),
        "unresolved": len(unresolved),
        "unresolved though the phone rang": len(unresolved & set(rings)),
        "outcomes": dict(outcomes),
    }
    zeros = (
        "rung twice for one intent",
        "rung without an intent",
        "rung while live",
        "called after an answer",
        "without an outcome",
        "lost",
        "answered but told otherwise",
        "told answered but was not",
        "left open",
        "windows exceeded",
        "429",
        "unresolved though the phone rang",
    )
    faults = [f"{name}: {figures[name]}" for name in zeros if figures[name] != 0]
    if unresolved - doubtful:
        faults.append(f"unresolved though answered: {sorted(unresolved - doubtful)}")
    return Verdict(figures=figures, faults=faults)


def in_flight(world: Rehearsed, instants: list[datetime]) -> int:
    """Attempts that were between intent and answer when something was killed."""
    attempts = world.fleet.rows("SELECT intent_at, answered_at FROM attempt")
    return sum(
        any(_flew(one["intent_at"], one["answered_at"], at) for at in instants) for one in attempts
    )


def _flew(intent: object, answered: object, at: datetime) -> bool:
    assert isinstance(intent, datetime)
    later = answered is None or (isinstance(answered, datetime) and answered >= at)
    return intent <= at and later


def _answered(ledger: Oracle) -> set[str]:
    """Numbers where somebody picked up."""
    rows = ledger.all("SELECT DISTINCT to_number FROM call WHERE answered_at IS NOT NULL")
    return {row[0] for row in rows}


def _called_after_an_answer(ledger: Oracle) -> int:
    """Rings of a phone whose owner had picked up before."""
    picked: dict[str, datetime] = {}
    for number, at in ledger.all(
        "SELECT to_number, min(answered_at) FROM call WHERE answered_at IS NOT NULL"
        " GROUP BY to_number"
    ):
        picked[number] = unstamp(at)
    return sum(
        ring.to_number in picked and ring.rang_at > picked[ring.to_number]
        for ring in ledger.rings()
    )
