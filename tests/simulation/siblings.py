"""Under some seeds the phones belong to families: rows of one number, touch and day are one call.

Drawn from dice of its own, so that every other draw of a seed stays what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

from campaigns.core.contacts import Contact
from campaigns.core.definition import Contacts, SameNumber
from tests.simulation import edits

SHARE = 0.15
"""Of all seeds."""
GROUPED = Contacts(file="people.csv", key="key", same_number=SameNumber.GROUP)
SEPARATE = Contacts(file="people.csv", key="key")
_KEYS = 100
"""Where the keys of the younger ones begin, a hundred for each of the family."""


@lru_cache(maxsize=64)
def families(seed: int) -> tuple[int, ...]:
    """How many more each phone has, in turn; nothing: everybody is called alone."""
    dice = Random(f"siblings {seed}")
    edited = Random(f"edits {seed}").random() < edits.SHARE  # there the judge knows each by name
    if dice.random() >= SHARE or edited:
        return ()
    return (*(dice.choice((0, 1, 2)) for _ in range(3)), 1)


def with_siblings(seed: int, people: Sequence[Contact]) -> list[Contact]:
    """Everybody, and behind them the younger ones of each family: alike but for their keys."""
    more = families(seed)
    younger = [
        replace(person, line=line, key=f"k{line}", fields={**person.fields, "key": f"k{line}"})
        for person in people
        if more
        for line in (
            person.line + _KEYS * (age + 1) for age in range(more[person.line % len(more)])
        )
    ]
    return [*people, *younger]


def findings(
    tasks: Sequence[Mapping[str, Any]], parts: Mapping[str, Sequence[int]]
) -> Iterator[str]:
    """A family is rung as one: its rows have one count and one outcome, that of its calls.

    `parts`: attempt → the tasks that it was made for.
    """
    families: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for task in tasks:
        families[task["campaign_id"], task["phone_id"], task["touch"], task["zones"]].append(task)
    for rows in families.values():
        ids = {row["id"] for row in rows}
        ends = {(row["outcome"], row["reason"], row["attempts"]) for row in rows}
        if len(ends) > 1:
            yield f"the rows {sorted(ids)} of one number ended as {sorted(map(str, ends))}"
        for attempt, made_for in parts.items():
            if ids & set(made_for) and not ids <= set(made_for):
                yield f"attempt {attempt[:8]} was made for some of the rows {sorted(ids)} only"
