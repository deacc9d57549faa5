"""What one look of /metrics costs on PostgreSQL: `python -m benchmarks.metrics [TASKS]`.

Half of the tasks wait, half are done with one attempt and three events each.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.core.gauges import Starts
from campaigns.store.database import Database, SqlTransaction
from campaigns.store.reads import Reads
from tests.support.engine import World
from tests.support.postgres import databases

_PEOPLE = """
INSERT INTO phone (e164) SELECT '+1617' || lpad(n::text, 7, '0') FROM generate_series(1, {count}) n
ON CONFLICT DO NOTHING;
INSERT INTO contact (campaign_id, key, phone_id, zones, zone_source, settings, fields, source_line)
SELECT c.campaign_id, 'c' || p.id, p.id, c.zones, c.zone_source, c.settings, c.fields, p.id
FROM phone p, contact c WHERE c.key = 'k0' AND p.id <> c.phone_id;
INSERT INTO dial_task (campaign_id, account_id, contact_id, phone_id, lane_id, touch, state, due_at,
eligible_at) SELECT c.campaign_id, t.account_id, c.id, c.phone_id, t.lane_id, '', 'waiting',
t.due_at, t.eligible_at FROM contact c, dial_task t WHERE c.key <> 'k0'
"""
_HISTORY = """
UPDATE dial_task SET state = 'done', outcome = 'completed', attempts = 1, ended_at = due_at
WHERE mod(id, 2) = 0;
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


@contextmanager
def _timed(what: str, tx: SqlTransaction) -> Iterator[None]:
    """Wall time, and the processor time of both sides: what a busy machine does not change."""
    backend = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    began, used = time.perf_counter(), _processor(backend)
    yield
    used, took = _processor(backend) - used, time.perf_counter() - began
    print(f"{what:<14}{took * 1000:8.0f} ms, {used * 1000:6.0f} ms of processor")


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def main(count: int) -> None:
    """Print milliseconds: the first look, later ones, every promise, the live ones."""
    with databases() as server, server.fresh() as url:
        database = Database(url)
        world = World(database=database)
        world.submit(1)
        with database.write() as tx:
            for statement in f"SET LOCAL statement_timeout = 0;{_PEOPLE};{_HISTORY}".split(";"):
                tx.connection.exec_driver_sql(statement.replace("{count}", str(count)))
        with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
            admin.exec_driver_sql("VACUUM ANALYZE")
        before: Starts | None = None
        for what in ("first look", "look", "look", "look"):
            with database.read() as tx, _timed(what, tx):
                before = Reads(tx).gauges(before).starts
        for what, live in (("all promises", False), ("all promises", False), ("live", True)):
            with database.read() as tx, _timed(what, tx):
                assert Reads(tx).broken(live_only=live) == []
        database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
