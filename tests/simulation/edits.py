"""Under some seeds the list is edited while calls go out: people come, go, come back, and move.

Drawn from dice of its own, so that every other draw of a seed stays what it is. Each row says which
edit it is of, and the agent is told: so a phone that hears an old row is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.appointments import appointments

if TYPE_CHECKING:
    from campaigns.simulator.rows import Ring
    from tests.simulation.simulation import Simulation

SHARE = 0.25
"""Of all seeds."""
MOST = 4
_LATER = (timedelta(minutes=45), timedelta(hours=3), -timedelta(minutes=45))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, Any]
Rings = Iterable[tuple["Ring", Row, Row]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a list says of one person: which wording, and by how much the appointment went."""

    wording: int = 0
    moved: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edits:
    """The lists one after the other, and when each but the first is submitted (share of the run).

    A list maps the number of a person to what it says.
    """

    lists: tuple[Mapping[int, Said], ...]
    when: tuple[float, ...]


@lru_cache(maxsize=64)
def edits(seed: int, people: int) -> Edits | None:
    """What is edited under a seed; None: nothing."""
    dice = Random(f"edits {seed}")
    if dice.random() >= SHARE:
        return None
    anchored = appointments(seed) is not None
    known = {n: Said() for n in range(people)}
    lists = [{n: said for n, said in known.items() if n == 0 or dice.random() < 0.8}]
    for edit in range(1, dice.randint(2, MOST + 1)):
        for n, said in known.items():
            moved = said.moved
            if anchored and dice.random() < 0.3:
                moved += dice.choice(_LATER)
            if dice.random() < 0.4 or moved != said.moved:
                known[n] = Said(wording=edit, moved=moved)
        there = {n for n in known if (n in lists[-1]) != (dice.random() < 0.3)} or {0}
        lists.append({n: known[n] for n in sorted(there)})
    return Edits(
        lists=tuple(lists),
        when=tuple(sorted(dice.uniform(0, 0.8) ** 2 for _ in lists[1:])),
    )


def digest(name: str, index: int) -> str:
    """What a list is known by; the first as under seeds without edits."""
    return name if index == 0 else f"{name} {index}"


def name(n: int, said: Said) -> str:
    """What the agent is told of a person."""
    return f"Person {n} as of {said.wording}"


def findings(sim: Simulation, rows: Callable[[str], Sequence[Row]], rung: Rings) -> Iterator[str]:
    """Rings by an old row, or of somebody who was not on the list; and a book that is not the list.

    `rung`: every ring with its attempt and its task.
    """
    made = sim.edits
    if made is None:
        return
    lists = {digest("one", index): one for index, one in enumerate(made.lists)}
    versions = {
        int(row["version"]): (row["digest"], _EPOCH + timedelta(microseconds=row["accepted_at"]))
        for row in rows(
            "SELECT v.* FROM campaign_version v JOIN campaign c ON c.id = v.campaign_id"
            " WHERE c.name = 'one'"
        )
    }
    keys = _keys(sim)
    for ring, attempt, task in rung:
        if task["campaign"] != "one":
            continue
        version, number = attempt["version"], keys[task["contact_id"]]
        said = lists[versions[version][0]].get(number)
        if said is None:
            yield f"person {number} was rung and was not on list {version}"
        elif ring.context["name"] != name(number, said):
            yield f"person {number} was rung by an old row: {ring.context['name']}"
        newer = [accepted for later, (_, accepted) in versions.items() if later > version]
        if any(attempt["intent_at"] > accepted + sim.steps for accepted in newer):
            yield f"person {number} was rung by list {version} after a newer one was accepted"
    yield from _book(lists, rows, keys)


def _book(
    lists: Mapping[str, Mapping[int, Said]],
    rows: Callable[[str], Sequence[Row]],
    keys: Mapping[int, int],
) -> Iterator[str]:
    """Who is on the list in the end, and that nobody on it was forgotten."""
    (campaign,) = rows("SELECT * FROM campaign WHERE name = 'one'")
    if campaign["state"] not in ("finished", "running"):
        return  # cancelled, and never brought to the last list
    wanted = lists[str(campaign["digest"])]
    there: dict[int, set[str]] = {}
    for row in rows(
        "SELECT c.id, t.reason FROM contact c JOIN dial_task t ON t.contact_id = c.id"
        f" WHERE c.campaign_id = {campaign['id']} AND c.gone_at IS NULL"
    ):
        there.setdefault(keys[row["id"]], set()).add(str(row["reason"]))
    if set(there) != set(wanted):
        yield f"the book has {sorted(there)}, the list {sorted(wanted)}"
    for number, reasons in there.items():
        if reasons <= {"withdrawn", "moved", "touch_removed"}:
            yield f"person {number} is on the list, and nobody was going to call: {reasons}"


def _keys(sim: Simulation) -> Mapping[int, int]:
    """Contact → the number of the person."""
    with sim.database.read() as tx:
        ids = tx.connection.exec_driver_sql("SELECT id FROM contact").scalars().all()
        return {int(id): int(tx.contact(int(id)).key[1:]) for id in ids}
