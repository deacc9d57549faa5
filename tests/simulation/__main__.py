"""`python -m tests.simulation 17`, or `0-300`, `--plant MISTAKE 0-300`: what a seed does, and why.

One seed is told in full; of many only the ones with findings, and what struck how often.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from tests.simulation.planted import MISTAKES
from tests.simulation.runs import Run, quiet, run


def main() -> int:
    """Exit 1 where a seed has findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", help="one seed, or FIRST-END")
    parser.add_argument("--plant", choices=sorted(MISTAKES), metavar="MISTAKE")
    parser.add_argument("--digest", action="store_true", help="print the digest of each run alone")
    parser.add_argument("--slow", action="store_true", help="say how long each seed took")
    typed = parser.parse_args()
    first, dash, end = typed.seeds.partition("-")
    seeds = range(int(first), int(end) if dash else int(first) + 1)
    quiet()
    struck: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    phones = bad = 0
    for seed in seeds:
        one = run(seed, plant=typed.plant)
        struck.update(one.struck)
        phones += one.phones
        ends.update(one.ends)
        bad += bool(one.findings)
        if typed.slow:
            print(f"seed {seed}: {one.seconds:.1f} s", flush=True)
        if typed.digest:
            print(one.digest)
        elif len(seeds) == 1:
            _tell(one)
        elif one.findings:
            print(f"seed {seed}: {'; '.join(one.findings)}", flush=True)
    if len(seeds) > 1 and not typed.digest:
        print(f"{len(seeds)} seeds, {phones} phones rung, {bad} seeds with findings")
        print(json.dumps(dict(sorted(ends.items()))))
        print(json.dumps(dict(sorted(struck.items()))))
    return 1 if bad else 0


def _tell(one: Run) -> None:
    print(one.plan)
    print(json.dumps(dict(sorted(one.struck.items()))))
    print("\n".join(one.story))
    print("\n".join(one.findings) or "no findings")


if __name__ == "__main__":
    sys.exit(main())
