"""The people of a world: they submit, pause, cancel, opt out, and change the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from campaigns.core.calls import Limit
from campaigns.core.contacts import Contact
from campaigns.core.definition import CallingHours, Definition, Schedule, Span
from campaigns.engine import control
from campaigns.engine.submit import Submission
from campaigns.engine.submit import submit as submitted
from campaigns.errors import CampaignsError
from campaigns.simulator.limits import LIMITS, Kind
from campaigns.store import schema
from tests.simulation import edits
from tests.simulation.appointments import appointments
from tests.simulation.bounds import bounds
from tests.simulation.plan import Plan
from tests.simulation.siblings import GROUPED, SEPARATE, families, with_siblings
from tests.support.engine import contact, definition

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

WINDOW = timedelta(seconds=60)
PHONES = tuple(f"+1617555{n:04d}" for n in range(100))
WHO = "a person"
NOT_MOVED = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a person did, and when it was done (policy time)."""

    what: str
    about: str
    at: datetime


def somebody_acts(sim: Simulation) -> None:
    """One of the things that people do under this seed."""
    kinds = [act for act in _ACTS if sim.plan.chance(act)]
    if kinds and not sim.calm:
        act = sim.dice.choice(kinds)
        sim.count(act)
        sim.operator.do(lambda: _ACTS[act](sim))


def everybody(plan: Plan) -> Sequence[str]:
    """The number of each person; under some seeds one phone belongs to two of them."""
    numbers = PHONES[: plan.people]
    return (*numbers, numbers[0]) if plan.chance("same_number") else numbers


def edit(sim: Simulation, index: int) -> None:
    """A person hands in the next list."""
    if not sim.calm:
        sim.list = index
        sim.count("edit")
        sim.operator.do(lambda: submit(sim, "one"))


def submit(sim: Simulation, name: str) -> None:
    """Submit a campaign to everybody on its list."""
    index = sim.list if name == "one" else 0
    numbers, held = everybody(sim.plan), appointments(sim.plan.seed)
    said = sim.edits.lists[index] if sim.edits and name == "one" else None
    people = []
    for n, number in enumerate(numbers):
        if said is not None and n not in said:
            continue
        person = _person(sim.plan, n, number)
        if said is not None:
            person = replace(person, fields={**person.fields, "name": edits.name(n, said[n])})
        if held is not None:
            person = held.of(person, sim.plan.start, said[n].moved if said else NOT_MOVED)
        people.append(person)
    people = with_siblings(sim.plan.seed, people)
    submission = Submission(
        definition=_definition(sim.plan, name),
        digest=edits.digest(name, index),
        header=("key", "name", "to_number", "visit_at"),
        source="people.csv",
        entries=people,
    )
    parts = sim.operator.parts
    if sim.scheduler.current() is None:  # the first of all, before anything goes wrong
        parts = replace(parts, store=sim.database)
    submitted(submission, parts, who=WHO)


def set_limit(sim: Simulation, count: int) -> int:
    """Give the account this limit of starts; its id."""
    limits = {Limit(kind.value): schema.LimitOf(count=LIMITS[kind], window=WINDOW) for kind in Kind}
    limits[Limit.START] = schema.LimitOf(count=count, window=WINDOW)
    spacing = timedelta(seconds=sim.plan.spacing)
    sim.limits.append((sim.truth(), count))
    return schema.ensure_account(sim.database, "default", limits=limits, spacing=spacing)


def resume_all(sim: Simulation) -> None:
    """A person looks at what is paused, and lets it go on."""
    parts = replace(sim.operator.parts, store=sim.database)
    with sim.database.read() as tx:
        account = tx.account(sim.account_id)
        query = "SELECT name FROM campaign WHERE state = 'paused' OR id IN (SELECT campaign_id"
        query += " FROM pause_request WHERE NOT applied) ORDER BY id"
        names = [str(row[0]) for row in tx.connection.exec_driver_sql(query)]
        loading = "SELECT name FROM campaign WHERE state IN ('loading', 'reconciling')"
        loading += " OR (name = 'one' AND state <> 'cancelled' AND digest <> ?)"
        wanted = edits.digest("one", sim.list)
        rows = tx.connection.exec_driver_sql(loading, (wanted,))
        half = [str(row[0]) for row in rows]
    for name in half:  # the same submit again goes on where a crash left it
        with suppress(CampaignsError):  # its lease has not ended yet
            submit(sim, name)
    if account.paused_why is not None:
        control.resume_account([sim.account_id], parts, who=WHO)
        _did(sim, "resume_account", "")
    for name in names:
        control.resume(name, parts, who=WHO)
        _did(sim, "resume", name)


def _did(sim: Simulation, what: str, about: str) -> None:
    sim.acts.append(Act(what=what, about=about, at=sim.wall()))


def _pause(sim: Simulation) -> None:
    control.pause("one", sim.operator.parts, who=WHO, reason="lunch")
    _did(sim, "pause", "one")
    sim.scheduler.pause(sim.dice.uniform(1, 1200))
    _did(sim, "resume", "one")
    control.resume("one", sim.operator.parts, who=WHO)


def _pause_account(sim: Simulation) -> None:
    control.pause_account([sim.account_id], sim.operator.parts, who=WHO, reason="lunch")
    _did(sim, "pause_account", "")
    sim.scheduler.pause(sim.dice.uniform(1, 1200))
    _did(sim, "resume_account", "")
    control.resume_account([sim.account_id], sim.operator.parts, who=WHO)


def _suppress(sim: Simulation) -> None:
    number = sim.dice.choice(PHONES[: sim.plan.people])
    control.suppress([number], sim.operator.parts, who=WHO, reason="asked")
    _did(sim, "suppress", number)
    if sim.strikes("unsuppress"):
        sim.scheduler.pause(sim.dice.uniform(1, 600))
        _did(sim, "unsuppress", number)
        control.unsuppress(number, sim.operator.parts, who=WHO)


def _cancel(sim: Simulation) -> None:
    control.cancel("one", sim.operator.parts, who=WHO)
    _did(sim, "cancel", "one")


def _limit(sim: Simulation) -> None:
    """Lowered while its slots are in use, and raised again before they are free."""
    usual = sim.plan.limit
    for highest in (usual, usual, sim.dice.choice((usual, 10))):
        for count in (sim.dice.randint(1, usual - 1), highest):
            sim.scheduler.pause(sim.dice.uniform(1, 15))
            if not sim.database_away():
                set_limit(sim, count)


_ACTS: dict[str, Callable[[Simulation], None]] = {
    "pause": _pause,
    "pause_account": _pause_account,
    "suppress": _suppress,
    "cancel": _cancel,
    "resubmit": lambda sim: submit(sim, "one"),
    "second_campaign": lambda sim: submit(sim, "two"),
    "limit": _limit,
}


def _person(plan: Plan, n: int, number: str) -> Contact:
    zones = ("America/Los_Angeles",) if n % 3 == 2 else ("America/New_York",)
    person = contact(n, to_number=number, zones=zones)
    bounded = bounds(plan.seed)
    # One phone of two people is in one state.
    return bounded.placed(PHONES.index(number), person) if bounded else person


def _definition(plan: Plan, name: str) -> Definition:
    day = (Span(start=9 * 60, end=12 * 60), Span(start=13 * 60, end=19 * 60))
    hours = CallingHours(always=True) if plan.always_open else CallingHours(days=(day,) * 7)
    held, bounded = appointments(plan.seed), bounds(plan.seed)
    plain = definition(
        name=name,
        contacts=GROUPED if families(plan.seed) else SEPARATE,
        calling_hours=hours,
        retry=plan.retry,
        max_duration=plan.max_duration,
        schedule=Schedule() if held is None else held.schedule(),
    )
    return bounded.of(plain) if bounded else plain
