"""Promises as queries: each finds what must not exist. For PostgreSQL, after a storm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import text

from campaigns.store.database import Database

_ALWAYS: Mapping[str, str] = {
    "two live calls to one number": (
        "SELECT phone_id FROM attempt WHERE open GROUP BY phone_id HAVING count(*) > 1"
    ),
    "a dial task with two live calls": (
        "SELECT task_id FROM attempt WHERE open GROUP BY task_id HAVING count(*) > 1"
    ),
    "a contact without its one dial task": (
        "SELECT c.id FROM contact c LEFT JOIN dial_task t ON t.contact_id = c.id"
        " GROUP BY c.id HAVING count(t.id) <> 1"
    ),
    "an outcome that is not an end, or an end without one": (
        "SELECT id FROM dial_task WHERE (state = 'done') <> (outcome IS NOT NULL)"
    ),
    "more attempts counted than made, or less than none": (
        "SELECT t.id FROM dial_task t LEFT JOIN attempt a ON a.task_id = t.id"
        " GROUP BY t.id HAVING t.attempts NOT BETWEEN 0 AND count(a.id)"
    ),
    "a task that is calling without an attempt that may have rung": (
        "SELECT t.id FROM dial_task t WHERE t.state = 'calling' AND NOT EXISTS (SELECT 1"
        " FROM attempt a WHERE a.task_id = t.id AND a.state NOT IN ('not_sent', 'rejected'))"
    ),
    "a task that waits while it is being called": (
        "SELECT t.id FROM dial_task t JOIN attempt a ON a.task_id = t.id AND a.open"
        " WHERE t.state IN ('waiting', 'claimed')"
    ),
    "a call after one that was answered": (
        "SELECT later.id FROM attempt later JOIN attempt earlier ON earlier.task_id = later.task_id"
        " AND earlier.state = 'completed' AND earlier.terminal_at < later.intent_at"
        " WHERE later.state <> 'not_sent'"
    ),
    "an intent while its campaign was paused": (
        "SELECT a.id FROM attempt a JOIN audit p ON p.campaign_id = a.campaign_id"
        " AND p.what = 'pause' AND p.at < a.intent_at AND NOT EXISTS (SELECT 1 FROM audit r"
        " WHERE r.campaign_id = p.campaign_id AND r.what = 'resume'"
        " AND r.at BETWEEN p.at AND a.intent_at)"
    ),
    "an intent while its account was paused": (
        "SELECT a.id FROM attempt a JOIN audit p ON p.account_id = a.account_id"
        " AND p.what = 'pause' AND p.at < a.intent_at AND NOT EXISTS (SELECT 1 FROM audit r"
        " WHERE r.account_id = p.account_id AND r.what = 'resume'"
        " AND r.at BETWEEN p.at AND a.intent_at)"
    ),
    "an intent after its campaign was cancelled": (
        "SELECT a.id FROM attempt a JOIN audit c ON c.campaign_id = a.campaign_id"
        " AND c.what = 'cancel' AND c.at < a.intent_at"
    ),
    "an intent to a number that was on the list": (
        "SELECT a.id FROM attempt a JOIN audit s ON s.what = 'suppress' AND s.at < a.intent_at"
        " AND s.detail->'phones' @> to_jsonb(a.phone_id) AND NOT EXISTS (SELECT 1 FROM audit u"
        " WHERE u.what = 'unsuppress' AND (u.detail->>'phone')::bigint = a.phone_id"
        " AND u.at BETWEEN s.at AND a.intent_at)"
    ),
}
_SLOTS = (
    "SELECT later.id FROM (SELECT a.*, lag(a.id) OVER slot AS before, lag(a.intent_at) OVER slot"
    " AS before_at FROM slot_log l JOIN attempt a ON a.id = l.attempt_id"
    " WHERE l.kind = 'start'"
    " WINDOW slot AS (PARTITION BY a.account_id, l.n ORDER BY a.intent_at)) later"
    " JOIN attempt earlier ON earlier.id = later.before AND earlier.state <> 'not_sent'"
    " WHERE later.intent_at - later.before_at < :window"
)


_LOG = (
    "CREATE TABLE slot_log (kind text, n int, attempt_id text)",
    """
    CREATE FUNCTION log_slot() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO slot_log VALUES (NEW.kind, NEW.n, NEW.attempt_id);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER log_slot AFTER UPDATE OF attempt_id ON slot
    FOR EACH ROW EXECUTE FUNCTION log_slot()
    """,
)


def log_slots(database: Database) -> None:
    """From now on the database remembers every holder of every slot."""
    with database.write() as tx:
        for statement in _LOG:
            tx.connection.exec_driver_sql(statement)


def promises(database: Database, window: timedelta) -> list[str]:
    """The promises that do not hold, each with how often."""
    found: list[str] = []
    with database.read() as tx:
        for promise, query in _ALWAYS.items():
            rows = tx.connection.exec_driver_sql(query).all()
            if rows:
                found.append(f"{promise}: {len(rows)}, first {rows[0][0]}")
        rows = tx.connection.execute(text(_SLOTS), {"window": window}).all()
        if rows:
            found.append(f"two starts through one slot too close: {len(rows)}")
    return found
