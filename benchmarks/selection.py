"""How near the order of selection.py comes to the best one: `python -m benchmarks.selection`.

`--write docs/selection.md` writes the page. The same figures each time: fixed cases, no clock.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.slots import Case, evening, first_come, first_due, ours, with_gaps

CASES = 1000
PAGE = Path(__file__).parents[1] / "docs" / "selection.md"
_ORDERS: Mapping[str, Callable[[Case], int]] = {
    "least callable time left (ours)": ours,
    "earliest deadline": first_due,
    "first come": first_come,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Distance:
    """What an order reached over all cases, next to the most that any order reaches."""

    order: str
    reached: int
    best: int
    short: int
    """Cases in which it stayed behind."""
    worst: float

    @property
    def percent(self) -> float:
        return 100 * (1 - self.reached / self.best)


def distances(cases: int = CASES) -> Sequence[Distance]:
    """Each order over the same random cases."""
    drawn = [with_gaps(seed) for seed in range(cases)]
    best = [case.best() for case in drawn]
    found: list[Distance] = []
    for name, order in _ORDERS.items():
        got = [order(case) for case in drawn]
        pairs = list(zip(got, best, strict=True))
        found.append(
            Distance(
                order=name,
                reached=sum(got),
                best=sum(best),
                short=sum(one < most for one, most in pairs),
                worst=max(100 * (1 - one / most) for one, most in pairs if most),
            )
        )
    return found


_HURRY = ((0.5, 23), (0.3, 18), (0.2, 19))
_EVENINGS: Sequence[tuple[str, int, Sequence[tuple[float, int]]]] = (
    ("900, half of them by closing, 3 in 10 by 18:00, 2 in 10 by 19:00", 900, _HURRY),
    ("3,000, all by closing", 3000, ((1.0, 23),)),
    ("3,000, half of them by closing, 3 in 10 by 18:00, 2 in 10 by 19:00", 3000, _HURRY),
)


def page(found: Sequence[Distance]) -> str:
    """docs/selection.md."""
    lines = [
        "| order | in time | distance to the best | cases behind the best | worst case |",
        "| --- | --- | --- | --- | --- |",
        f"| the best there is, knowing all beforehand | {found[0].best:,} | | | |",
        *(
            f"| {one.order} | {one.reached:,} | {one.percent:.2f} % | {one.short} of {CASES:,}"
            f" | {one.worst:.1f} % |"
            for one in found
        ),
    ]
    nights = [
        "| contacts | first come | earliest deadline | ours | the best there is | gain |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for what, contacts, deadlines in _EVENINGS:
        case = evening(contacts=contacts, deadlines=deadlines)
        came, due, chosen = first_come(case), first_due(case), ours(case)
        nights.append(
            f"| {what} | {came:,} | {due:,} | **{chosen:,}** | {case.best():,}"
            f" | {chosen - came:,} contacts, {100 * (chosen / came - 1):.0f} % |"
        )
    return _TEXT.format(cases="\n".join(lines), evenings="\n".join(nights))


_TEXT = """\
# Who goes first

At ten starts a minute the slot is what is scarce. Which of the dial tasks that may be called now
gets it (`src/campaigns/core/selection.py`):

1. the campaign's `pacing.priority`, 1 first: absolute, a lower one waits until nobody of a higher
   one may be called;
2. the least callable time left: open minutes of its calling hours, in all its zones, from now until
   its deadline. Without a deadline: all the time there is;
3. the campaign that had the least of its share: starts in the last 10 minutes, the older the less,
   by `pacing.weight`;
4. within a campaign first calls and retries in turn;
5. whoever waits longest.

## Why the time left
Where the callable time of each task is one interval, 2. is the earliest deadline first, and no
order reaches more in time. That is proven by exchange (in any schedule that does otherwise, the two
tasks can swap their slots) and tried against every order there is on small cases
(`tests/unit/test_selection_laws.py`).

Where hours have gaps (lunch, a night), no order that looks only at the present always reaches the
most. The figures below are made by `python -m benchmarks.selection --write docs/selection.md`,
from fixed cases; a test holds the page to them. The best there is comes from a maximum bipartite
matching of tasks and slots, which knows every slot and every later task beforehand.

1,000 random cases: one to three campaigns with lunch gaps of 0 to 120 minutes, four US zones, up to
nine different deadlines, three in ten tasks due only later, 0.6 to 1.8 tasks a slot, slots every
6 s to 22 min.

{cases}

## An evening over four zones
Started 17:00 Eastern, calling hours until 20:00 local, ten a minute, zones as the population of the
US lies in them, the list in no order. Called in time, and the gain over first come:

{evenings}

First come spends the Eastern evening on people in California, who could be called for three hours
more.
"""


def main(words: Sequence[str]) -> int:
    text = page(distances())
    if words[:1] == ["--write"]:
        Path(words[1]).write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
