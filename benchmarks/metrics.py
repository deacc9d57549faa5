"""What one look of /metrics costs on PostgreSQL: `python -m benchmarks.metrics [TASKS]`.

Half of the tasks wait, half are done with one attempt and three events each.
"""

from __future__ import annotations

import sys
import time

from campaigns.engine.submit import Submission, submit
from campaigns.store.database import Database
from campaigns.store.reads import Reads
from tests.support.engine import World, contact, definition
from tests.support.postgres import databases

_HISTORY = """
UPDATE dial_task SET state = 'done', outcome = 'completed', attempts = 1, ended_at = due_at
WHERE id % 2 = 0;
INSERT INTO attempt (id, task_id, campaign_id, account_id, phone_id, version, attempt_no, state,
open, snapshot, intent_at, settle_at, release_at, give_up_at, answered_at, answer, terminal_at)
SELECT lpad(id::text, 36, '0'), id, campaign_id, account_id, phone_id, 1, 1, 'completed', false,
'{}', clock_timestamp() - interval '1 hour' + id * interval '1 ms', due_at, due_at, due_at, due_at,
'accepted', clock_timestamp() FROM dial_task WHERE state = 'done';
INSERT INTO event (attempt_id, received_at, source, digest, status, word, body, folded)
SELECT a.id, a.intent_at, 'webhook', s, s, s, '{}', true FROM attempt a,
unnest(ARRAY['ringing', 'in_progress', 'completed']) s;
UPDATE campaign_version SET accepted_at = accepted_at - interval '2 hours'
"""


def main(count: int) -> None:
    """Print milliseconds: the first look, later ones, every promise, the live ones."""
    with databases() as server, server.fresh() as url:
        database = Database(url)
        world = World(database=database)
        submit(
            Submission(
                definition=definition(),
                digest="d",
                header=("key", "name", "to_number"),
                source="people.csv",
                entries=(contact(n, to_number=f"+1617{n:07d}") for n in range(count)),
            ),
            world.parts,
            who="benchmark",
        )
        with database.write() as tx:
            for statement in _HISTORY.split(";"):
                tx.connection.exec_driver_sql(statement)
        with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
            admin.exec_driver_sql("VACUUM ANALYZE")
        before = None
        for what in ("first look", "look", "look", "look"):
            began = time.perf_counter()
            with database.read() as tx:
                before = Reads(tx).gauges(before).starts
            print(f"{what:<14}{(time.perf_counter() - began) * 1000:8.1f} ms")
        for what, live in (("all promises", False), ("all promises", False), ("live", True)):
            began = time.perf_counter()
            with database.read() as tx:
                found = Reads(tx).broken(live_only=live)
            print(f"{what:<14}{(time.perf_counter() - began) * 1000:8.1f} ms  {len(found)} broken")
        database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
