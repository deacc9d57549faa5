"""The judges: the simulator's ledger, and the tables. Each finding is one line for a person.

What the phones say comes first: whom we rang, when, how often. Our own tables are asked only for
which attempt belongs to whom, and whether they agree with the phones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.core.instants import RING
from campaigns.simulator.limits import LIMITS, Kind
from campaigns.simulator.rows import Ring, Verdict
from campaigns.simulator.stats import max_in_sliding
from campaigns.store import invariants
from tests.simulation import appointments, bounds, edits, siblings
from tests.simulation.people import WINDOW
from tests.simulation.simulation import Simulation

Row = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IN_THE_DOOR = timedelta(seconds=10)
"""From an intent to its arrival at the provider: send_by, and the longest way there."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One phone that rang, and the attempt behind it."""

    ring: Ring
    attempt: Row
    task: Row
    picked_up: bool
    told_at: datetime | None
    """When we were first told that somebody had picked up, where a word says so."""

    @property
    def ended(self) -> datetime:
        """When it was over; a call that never ends is cut off by its bound."""
        bound = self.ring.rang_at + RING + timedelta(hours=1)
        return self.ring.ended_at or bound


def findings(sim: Simulation) -> list[str]:
    """Everything that is wrong with a run."""
    return [*_faults(sim), *_phones(sim), *_edited(sim), *_tables(sim)]


def _faults(sim: Simulation) -> Iterator[str]:
    for error in sim.scheduler.failures:
        yield f"the engine raised {error!r}"[:300]
    if sim.courier.let_in:
        yield f"a forged event was let in ({sim.courier.let_in})"
    known = {(row["attempt_id"], row["digest"]) for row in _rows(sim, "SELECT * FROM event")}
    lost = [one for one in sim.courier.taken if one not in known]
    if lost:
        yield f"{len(lost)} events were answered with 200 and are not stored"


def _phones(sim: Simulation) -> Iterator[str]:
    rung = _rung(sim)
    counts = Counter(one.attempt["id"] for one in rung)
    for attempt_id, count in counts.items():
        if count > 1:
            yield f"attempt {attempt_id[:8]} rang a phone {count} times"
    if twice := sim.ledger.rung_while_live():
        yield f"a phone was rung while another call to it was alive, {twice} times"
    for kind in Kind:
        most = max_in_sliding(sim.ledger.arrivals(kind), WINDOW)
        if most > LIMITS[kind]:
            yield f"{most} requests of kind {kind} in one minute, {LIMITS[kind]} allowed"
    yield from _starts(sim)
    refused = [
        request
        for request in sim.ledger.requests()
        if request.verdict is Verdict.REFUSED and request.fault is None
    ]
    if refused:
        yield f"the provider refused {len(refused)} requests by its limit"
    by_task: dict[int, list[Rung]] = defaultdict(list)
    tasks, parts = _tasks(sim), _parts(sim)
    for one in rung:
        for task_id in parts[one.attempt["id"]]:
            by_task[task_id].append(replace(one, task=tasks[task_id]))
        yield from _hours(sim, one)
        yield from _forbidden(sim, one)
        waited = one.ring.placed_at - one.attempt["intent_at"]
        if waited > IN_THE_DOOR + sim.steps:
            yield f"a phone rang {waited} after its intent"
    for calls in by_task.values():
        yield from _task(sim, calls)
    yield from bounds.findings(
        sim.plan.seed,
        list(map(_bounded, rung)),
        always=sim.plan.always_open,
        door=IN_THE_DOOR,
        slip=sim.steps,
    )


def _bounded(one: Rung) -> bounds.Call:
    zones, _, places = one.task["zones"].partition("|")
    return bounds.Call(
        campaign=one.task["campaign"],
        number=one.ring.to_number,
        place=places.split()[-1],
        zone=zones.split()[0],
        intent_at=one.attempt["intent_at"],
        rang_at=one.ring.placed_at,
        ended_at=one.ended,
    )


def _edited(sim: Simulation) -> Iterator[str]:
    rung = [(one.ring, one.attempt, one.task) for one in _rung(sim)]
    return edits.findings(sim, partial(_rows, sim), rung)


def _starts(sim: Simulation) -> Iterator[str]:
    """No more in any minute than the highest limit of that minute."""
    arrivals = sorted(sim.ledger.arrivals(Kind.START))
    ends = [since for since, _ in sim.limits[1:]] + [datetime.max.replace(tzinfo=UTC)]
    for n, first in enumerate(arrivals):
        begin, end = first - IN_THE_DOOR, first + WINDOW
        held = [
            count
            for (since, count), until in zip(sim.limits, ends, strict=True)
            if since < end and until > begin
        ]
        started = sum(first <= at <= end for at in arrivals[n:])
        if started > max(held):
            yield f"{started} dials in the minute from {first:%H:%M:%S}, {max(held)} allowed"


def _hours(sim: Simulation, one: Rung) -> Iterator[str]:
    if sim.plan.always_open:
        return
    for zone in one.task["zones"].partition("|")[0].split():
        for slip in (-sim.steps, sim.steps):  # a clock that was stepped is wrong by that much
            local = (one.ring.placed_at + slip).astimezone(ZoneInfo(zone))
            minute = local.hour * 60 + local.minute
            if 540 <= minute < 720 or 780 <= minute < 1140:
                break
        else:
            yield f"a phone in {zone} rang at {local:%H:%M:%S} of its clock"


def _forbidden(sim: Simulation, one: Rung) -> Iterator[str]:
    """Rung after a person had said no: by the instants of the acts, which the engine confirmed."""
    since = {"suppress": "unsuppress", "pause": "resume", "pause_account": "resume_account"}
    late = one.attempt["intent_at"] - sim.steps
    for act in sim.acts:
        about = act.about in ("", one.task["campaign"], one.ring.to_number)
        if not about or act.at >= late or act.what not in {*since, "cancel"}:
            continue
        lifted = [
            other.at
            for other in sim.acts
            if other.what == since.get(act.what) and other.about == act.about and other.at >= act.at
        ]
        if not lifted or one.attempt["intent_at"] < min(lifted) - sim.steps:
            yield f"a phone was rung after `{act.what}`"


def _task(sim: Simulation, calls: list[Rung]) -> Iterator[str]:
    task, retry = calls[0].task, sim.plan.retry
    calls = sorted(calls, key=lambda call: call.ring.placed_at)
    most, held = retry.max_attempts, appointments.appointments(sim.plan.seed)
    if held is not None:
        most = held.max_attempts(task["touch"], most)
        for call in calls:
            yield from appointments.findings(
                held, task, call.ring.placed_at, IN_THE_DOOR, sim.steps
            )
    if len(calls) > most:
        yield f"task {task['id']} was rung {len(calls)} times, {most} allowed"
    waits = {
        "no_answer": retry.no_answer,
        "busy": retry.busy,
        "failed": retry.failed,
        "voicemail": retry.voicemail,
    }
    for earlier, later in pairwise(calls):
        if _reached(sim, earlier, later.attempt["intent_at"]):
            yield f"task {task['id']} was rung again after somebody had picked up"
        ending = _ending(sim, earlier)
        allowed = waits.get(ending, ())
        gap = later.ring.placed_at - earlier.ended
        if not allowed:
            yield f"task {task['id']} was rung again after {ending}"
        elif gap + sim.steps < min(allowed):
            yield f"task {task['id']} was rung again {gap} after {ending}"
    outcome, reached = task["outcome"], any(_reached(sim, call) for call in calls)
    if outcome == "completed" and not any(call.picked_up for call in calls):
        yield f"task {task['id']} is completed and nobody picked up"
    if outcome in ("no_answer", "busy", "failed") and reached:
        yield f"task {task['id']} is {outcome}, and somebody picked up"


def _reached(sim: Simulation, one: Rung, by: datetime | None = None) -> bool:
    """Whether somebody picked up, and we can know it: a word that denies it needs a witness."""
    if not one.picked_up or _ending(sim, one) == "completed":
        return one.picked_up
    return one.told_at is not None and (by is None or one.told_at < by)


def _tables(sim: Simulation) -> Iterator[str]:
    tasks = _tasks(sim)
    still_open = [task["id"] for task in tasks.values() if task["state"] != "done"]
    if still_open:
        yield f"tasks {still_open} have no outcome after {sim.scheduler.now / 3600:.0f} hours"
    contacts = _rows(sim, "SELECT count(*) AS n FROM contact")[0]["n"]
    touches = 1 if appointments.appointments(sim.plan.seed) is None else 2
    if sim.edits is None and contacts * touches != len(tasks):
        yield f"{contacts} contacts have {len(tasks)} tasks"
    with sim.database.read() as tx:
        for promise in invariants.broken(tx):
            # Some compare instants, which a stepped clock puts into another order than they had.
            if not sim.steps or promise.id in ("I1", "I7", "I8"):
                yield str(promise)
    lifted = any(act.what == "unsuppress" for act in sim.acts)  # who waited then is dropped
    if siblings.families(sim.plan.seed) and not lifted:
        yield from siblings.findings(list(tasks.values()), _parts(sim))
    attempts = {row["id"]: row for row in _rows(sim, "SELECT * FROM attempt")}
    for attempt_id in set(sim.rung_for.values()) - set(attempts):
        yield f"attempt {attempt_id[:8]} rang a phone and was never written"
    for call_id, attempt_id in sim.rung_for.items():
        row = attempts.get(attempt_id)
        if row is not None and row["state"] in ("not_sent", "rejected"):
            yield f"call {call_id} rang, and its attempt is {row['state']}"
        if row is not None and row["proof"] not in (None, "null"):
            yield f"call {call_id} rang, and it was proven that nobody had been rung"
        if row is not None and row["call_id"] not in (None, call_id):
            yield f"attempt {attempt_id[:8]} is bound to another attempt's call"


def _rung(sim: Simulation) -> list[Rung]:
    attempts = {row["id"]: row for row in _rows(sim, "SELECT * FROM attempt")}
    told = "SELECT attempt_id, min(received_at) AS at FROM event"
    told += " WHERE status IN ('in_progress', 'completed') GROUP BY attempt_id"
    told_at = {row["attempt_id"]: _instant(row["at"]) for row in _rows(sim, told)}
    tasks = _tasks(sim)
    found = []
    for ring in sim.ledger.rings():
        attempt = attempts.get(sim.rung_for[ring.call_id])
        if attempt is None:
            continue  # told by _tables
        call = sim.ledger.call(ring.call_id, "call_id")
        assert call is not None
        found.append(
            Rung(
                ring=ring,
                attempt=_timed(attempt),
                task=tasks[attempt["task_id"]],
                picked_up=call.life.answered_at is not None,
                told_at=told_at.get(attempt["id"]),
            )
        )
    return found


def _ending(sim: Simulation, one: Rung) -> str:
    call = sim.ledger.call(one.ring.call_id, "call_id")
    assert call is not None
    return call.life.ended_status or "live"


def _tasks(sim: Simulation) -> dict[int, Row]:
    query = (
        "SELECT t.*, c.zones, p.name AS campaign FROM dial_task t"
        " JOIN contact c ON c.id = t.contact_id JOIN campaign p ON p.id = t.campaign_id"
    )
    return {row["id"]: row for row in _rows(sim, query)}


def _parts(sim: Simulation) -> Mapping[str, list[int]]:
    """Attempt → the tasks that it was made for."""
    query = "SELECT id, task_id FROM attempt WHERE task_id IS NOT NULL"
    query += " UNION ALL SELECT attempt_id, task_id FROM attempt_member"
    found: dict[str, list[int]] = defaultdict(list)
    for row in _rows(sim, query):
        found[row["id"]].append(row["task_id"])
    return found


def _timed(row: Row) -> Row:
    return {**row, "intent_at": _instant(row["intent_at"])}


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _rows(sim: Simulation, query: str) -> list[Row]:
    with sim.database.read() as tx:
        return [dict(row) for row in tx.connection.exec_driver_sql(query).mappings()]
