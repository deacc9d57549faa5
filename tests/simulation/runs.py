"""Run one seed and keep what is worth telling of it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import structlog

from tests.simulation.judge import findings
from tests.simulation.plan import Plan, draw
from tests.simulation.planted import plant as planted
from tests.simulation.simulation import Simulation


@dataclass(frozen=True, kw_only=True)
class Run:
    """One seed's run. `story`: every phone that rang, in order. `digest`: the same run again."""

    plan: Plan
    findings: list[str]
    struck: Counter[str]
    phones: int
    ends: Counter[str]  # outcomes of dial tasks, and attempts proven never to be placed
    story: list[str]
    digest: str
    seconds: float  # of this machine's processor


def run(seed: int, *, plant: str | None = None) -> Run:
    """Run a seed, with a mistake planted into the engine if asked for."""
    plan, began = draw(seed), time.process_time()
    with ExitStack() as stack:
        names = stack.enter_context(planted(plant)) if plant is not None else ()
        sim = Simulation(plan, planted=names)
        sim.run()
        found = findings(sim)
        with sim.database.read() as tx:
            rows = tx.connection.exec_driver_sql(
                "SELECT coalesce(outcome, state) FROM dial_task UNION ALL"
                " SELECT state FROM attempt WHERE state = 'not_placed'"
            )
            ends = Counter(str(row[0]) for row in rows)
    rings = sim.ledger.rings()
    story = [
        f"{ring.placed_at:%a %H:%M:%S.%f}  …{ring.to_number[-4:]}"
        f"  for attempt {sim.rung_for[ring.call_id][:8]}"
        for ring in rings
    ]
    marks = [*story, *found, repr(sorted(sim.struck.items())), f"{sim.scheduler.now:.6f}"]
    sim.ledger.close()
    return Run(
        plan=plan,
        findings=found,
        struck=sim.struck,
        phones=len(rings),
        ends=ends,
        story=story,
        digest=hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16],
        seconds=time.process_time() - began,
    )


def report(runs: Iterable[Run]) -> str:
    """The runs with findings, each with how to see it again; empty when there are none."""
    return "\n".join(
        f"seed {one.plan.seed}: {'; '.join(one.findings)}\n"
        f"    again: python -m tests.simulation {one.plan.seed}"
        for one in runs
        if one.findings
    )


def quiet() -> None:
    """Faults on purpose need no log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
