"""How long a pause waits behind everything at once: `python -m benchmarks.hammer [SECONDS]`.

Two campaigns, three numbers, one account, submits and every other operation that takes locks, on
a PostgreSQL of its own. The promise is: no deadlock, and 99 of 100 pauses within 200 ms.
"""

from __future__ import annotations

import sys

from tests.support.hammer import hammer
from tests.support.postgres import databases

SECONDS = 30.0
PROMISED = 0.2


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with databases() as server, server.fresh() as url:
        blows = hammer(url, seconds=seconds)
    for name, count in sorted(blows.done.items()):
        print(f"{name:<12}{count / seconds:8.1f} /s")
    print(f"{'intents':<12}{blows.intents / seconds:8.1f} /s")
    waited = blows.p99_pause()
    print(f"pause        p99 {waited * 1000:.0f} ms of {len(blows.pauses)} (promised: 200 ms)")
    for fault, count in (*blows.errors.items(), *((promise, 1) for promise in blows.broken)):
        print(f"FAULT {count} x {fault}")
    return 1 if blows.errors or blows.broken or waited > PROMISED else 0


if __name__ == "__main__":
    sys.exit(main())
