"""What a claim costs on PostgreSQL, however long the list: `python -m benchmarks.claim [TASKS…]`.

The floor is an UPDATE of as many rows whose ids are known, in the same run, one after the other
with the claims. `half due`: every other task is eligible in two days only, and ends before all
others. The promises: 10 claims at most 1.3 times the floor, half due at most 1.5 times all due, the
longest list at most 1.6 times the shortest.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import bindparam, update

from campaigns.store.database import Database, SqlTransaction
from campaigns.store.tables import dial_task
from tests.support.engine import World
from tests.support.postgres import databases
from tests.support.secret import KEYS

SIZES = (10_000, 1_000_000)
TIMES = 300
SEED = 1
_FLOOR = 10_000
_FILL = f"""
INSERT INTO dial_task (campaign_id, account_id, contact_id, phone_id, lane_id, touch, occasion,
state, due_at, deadline_at, eligible_at, ripe_at) SELECT campaign_id, account_id, contact_id,
phone_id, lane_id, touch, n::text, state, due_at, due_at + interval '3 days' +
mod(mod(n, 1000) * 7919, 1000) * interval '1 hour', eligible_at, eligible_at
FROM dial_task, generate_series(1, {{count}}) n;
INSERT INTO lane (campaign_id, zones) SELECT id, 'elsewhere' FROM campaign;
UPDATE dial_task SET lane_id = (SELECT id FROM lane WHERE zones = 'elsewhere') WHERE id <= {_FLOOR}
"""
_HALF = """
UPDATE dial_task SET eligible_at = eligible_at + interval '2 days', deadline_at = deadline_at -
interval '1 day' WHERE mod(id, 2) = 0
"""
_AGAIN = "UPDATE dial_task SET state = 'waiting', claim_until = NULL WHERE state = 'claimed'"
_KNOWN = (
    update(dial_task)
    .where(dial_task.c.id.in_(bindparam("ids", expanding=True)), dial_task.c.state == "waiting")
    .values(state="claimed", claim=dial_task.c.claim + 1, claim_until=bindparam("lease"))
    .returning(dial_task.c.id, dial_task.c.claim)
)


class Case:
    """A database with so many waiting tasks in one lane."""

    def __init__(self, database: Database, count: int) -> None:
        self.database = database
        world = World(database=database)
        world.submit(1)
        self._run(_FILL.replace("{count}", str(count + _FLOOR)))
        with database.read() as tx:
            self.lane = tx.heads(1)[0].lane_id
            self.at = tx.now().policy
        self._dice = random.Random(SEED)
        self._ids: Iterator[int] = iter(())

    def half_due(self) -> None:
        self._run(_HALF)

    def again(self) -> None:
        """As before the first claim, and nothing dead left behind."""
        self._run(f"{_AGAIN};VACUUM ANALYZE")
        self._ids = iter(self._dice.sample(range(1, _FLOOR), _FLOOR - 1))

    def ways(self) -> Mapping[str, Callable[[SqlTransaction], object]]:
        """What is timed, by name."""
        until = self.at + timedelta(hours=9)
        return {
            "floor 10": lambda tx: self._known(tx, 10, until),
            "claim 10": lambda tx: self._claim(tx, 10, until),
            "floor 1": lambda tx: self._known(tx, 1, until),
            "claim 1": lambda tx: self._claim(tx, 1, until),
            "look": lambda tx: tx.ripest([self.lane], at=self.at),
        }

    def _known(self, tx: SqlTransaction, count: int, until: datetime) -> None:
        ids = [next(self._ids) for _ in range(count)]
        tx.connection.execute(_KNOWN, {"ids": ids, "lease": until}).all()

    def _claim(self, tx: SqlTransaction, count: int, until: datetime) -> None:
        got = tx.claim(self.lane, again=False, at=self.at, until=until, limit=count)
        assert len(got) == count

    def _run(self, statements: str) -> None:
        # Not through the engine's connection: that one gives up after a while.
        url = self.database.writer.url.set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
            for statement in statements.split(";"):
                admin.execute(statement.encode())


@contextmanager
def _case(count: int) -> Iterator[Case]:
    with databases() as server, server.fresh() as url:
        database = Database(url, keys=KEYS)
        try:
            yield Case(database, count)
        finally:
            database.close()


def timed(case: Case) -> Mapping[str, float]:
    """Milliseconds of processor, of the server's process and of ours: the median.

    Wall time depends on what else the machine does.
    """
    case.again()
    with case.database.write() as tx:
        server = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    took: dict[str, list[float]] = {name: [] for name in case.ways()}
    for _ in range(TIMES):
        for name, way in case.ways().items():
            began = _used(server)
            with case.database.write() as tx:
                way(tx)
            took[name].append((_used(server) - began) / 1e6)
    return {name: median(times) for name, times in took.items()}


def _used(server: int) -> int:
    """Nanoseconds on a processor so far."""
    ours = time.thread_time_ns()
    return ours + int(Path(f"/proc/{server}/schedstat").read_text().split()[0])


def main(sizes: list[int]) -> None:
    """Print a line for each length of the list, all due and half due."""
    claims: dict[tuple[int, str], float] = {}
    for count in sizes:
        with _case(count) as case:
            for what in ("all due", "half due"):
                if what == "half due":
                    case.half_due()
                ms = timed(case)
                claims[count, what] = ms["claim 10"]
                line = "  ".join(f"{name} {value:.3f}" for name, value in ms.items())
                ten, one = ms["claim 10"] / ms["floor 10"], ms["claim 1"] / ms["floor 1"]
                print(
                    f"{count:>9,} {what:<8}  {line} ms  10: {ten:.2f}x  1: {one:.2f}x", flush=True
                )
    for count in sizes:
        skew = claims[count, "half due"] / claims[count, "all due"]
        print(f"{count:>9,} half due / all due {skew:.2f}x")
    if len(sizes) > 1:
        growth = claims[sizes[-1], "all due"] / claims[sizes[0], "all due"]
        print(f"growth {growth:.2f}x")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(SIZES))
