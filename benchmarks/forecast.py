"""The forecast against the engine: ten generated campaigns, each under seeds it never saw.

    python -m benchmarks.forecast [SEEDS] [--keep FILE]

Writes docs/forecast.md. A run of the engine takes a minute or two; with --keep those that FILE has
are not repeated.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.core.lifecycle import Outcome
from tests.simulation.foreseen import Compared, Happened, foreseen, generated, happened
from tests.simulation.runs import quiet

CAMPAIGNS = 10
DOCUMENT = Path(__file__).parents[1] / "docs" / "forecast.md"
FINISH, HOURS = 0.02, 0.10
"""What was promised: the finish, of the duration; calls in another hour than said, of all."""


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--page", action="store_true", help="run nothing more")
    typed = parser.parse_args()
    quiet()
    known = _known(typed.keep)
    for seed in range(0 if typed.page else typed.seeds):
        for n in range(CAMPAIGNS):
            if (n, seed) not in known:
                known[n, seed] = happened(generated(n), seed)
                _keep(typed.keep, n, seed, known[n, seed])
    found = []
    for n in range(CAMPAIGNS):
        runs = tuple(known[n, seed] for seed in range(typed.seeds) if (n, seed) in known)
        if runs:
            found.append(Compared(world=generated(n), said=foreseen(generated(n)), runs=runs))
    DOCUMENT.write_text(page(found), encoding="utf-8")
    print(DOCUMENT.read_text(encoding="utf-8"))


def _known(file: Path | None) -> dict[tuple[int, int], Happened]:
    if file is None or not file.exists():
        return {}
    found = {}
    for line in file.read_text().splitlines():
        one = json.loads(line)
        calls = {datetime.fromisoformat(at): count for at, count in one["calls"].items()}
        found[one["n"], one["seed"]] = Happened(
            finish=datetime.fromisoformat(one["finish"]),
            calls=Counter(calls),
            outcomes=Counter(one["outcomes"]),
        )
    return found


def _keep(file: Path | None, n: int, seed: int, one: Happened) -> None:
    if file is None:
        return
    calls = {at.isoformat(): count for at, count in sorted(one.calls.items())}
    said = {"n": n, "seed": seed, "finish": one.finish.isoformat(), "calls": calls}
    with file.open("a") as kept:
        kept.write(json.dumps({**said, "outcomes": one.outcomes}) + "\n")


_COLUMNS = (
    *("#", "people", "zones", "hours", "attempts", "runs", "calls said", "made", "finish said"),
    *(
        "was",
        "off",
        "8 of 10 within",
        "runs within",
        "hours off",
        "worst run",
        "missed said",
        "was",
    ),
)
_TOP = f"| {' | '.join(_COLUMNS)} |\n|{' --- |' * len(_COLUMNS)}"


def page(found: list[Compared]) -> str:
    """The whole page."""
    rows = "\n".join(map(_row, found))
    close = sum(one.finish_off <= FINISH for one in found)
    even = sum(one.hours_off <= HOURS for one in found)
    runs = sum(len(one.runs) for one in found)
    within = sum(map(_within, found))
    return f"""# The forecast against the engine

Made by `python -m benchmarks.forecast`. {len(found)} generated campaigns, each forecast once and
then done by the real engine against the simulator on a virtual clock ({runs} runs), with dice of
their own for who answers (`tests/simulation/foreseen.py`). The forecast knows the chances, not the
dice.

- **Finish** (the median of the runs): within {FINISH:.0%} of the duration in {close} of
  {len(found)} campaigns. {within} of {runs} runs ended within the span that was said for 8 of 10.
- **Calls per hour** (their average): within {HOURS:.0%} in {even} of {len(found)} campaigns.
  Counted are calls in another hour than said, as a share of all.

{_TOP}
{rows}

## What finish means
A forecast deals in expected values, in which a fraction of a call is left for ever. The finish
that is shown is the median: from that instant on it is as likely as not that everybody has an
outcome. Where many people are left over by chance, each with little probability, nobody is left
with a probability of e^-n where n are expected to be; that is one half at n = ln 2 = 0.69. Where
outcomes are certain it is exact. The mean would lie in nights in which nobody is called. What is
compared is the median of the runs, because the end of a small campaign hangs on the chance of the
last retry: one run alone may end a whole wait earlier or later. `plan` shows the span from one
tenth to nine tenths beside it.

## What it does not know
Chances are the same for everybody and for each attempt. Two touches of one contact do not see each
other's caps. Above 12,000 calls several are taken in one step and instants are rounded: the plan
says to how much.

"""


def _within(one: Compared) -> int:
    """How many runs ended in the span that was said for 8 of 10, to a minute."""
    early, late = one.said.finish_early, one.said.finish_late
    assert early is not None
    assert late is not None
    minute = timedelta(minutes=1)
    return sum(early - minute <= run.finish <= late + minute for run in one.runs)


def _row(one: Compared) -> str:
    world, said = one.world, one.said
    assert said.finish_at is not None
    made = sum(sum(run.calls.values()) for run in one.runs) / len(one.runs)
    missed = sum(run.outcomes["expired"] for run in one.runs) / len(one.runs)
    late = said.outcomes.get(Outcome.EXPIRED, 0.0)
    kind = "touches" if world.visits_within else "at once"
    if world.ends_after:
        kind = f"ends after {world.ends_after / timedelta(hours=1):.0f} h"
    cells = (
        world.n,
        world.people,
        len(world.zones),
        f"{world.hours}; {kind}",
        world.retry.max_attempts,
        len(one.runs),
        f"{said.calls:.1f}",
        f"{made:.1f}",
        f"{said.finish_at:%a %H:%M}",
        f"{one.finish:%a %H:%M}",
        f"{one.finish_off:.2%}",
        f"{said.finish_early:%H:%M} to {said.finish_late:%H:%M}",
        _within(one),
        f"{one.hours_off:.1%}",
        f"{one.worst_run:.1%}",
        f"{late:.1f}",
        f"{missed:.1f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
