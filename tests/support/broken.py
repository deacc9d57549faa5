"""What only PostgreSQL can be asked after a storm, beside the product's own list of promises."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from campaigns.store import invariants
from campaigns.store.database import Database

_SUPPRESSED = (
    "SELECT a.id FROM attempt a JOIN audit s ON s.what = 'suppress' AND s.at < a.intent_at"
    " AND s.detail->'phones' @> to_jsonb(a.phone_id) AND NOT EXISTS (SELECT 1 FROM audit u"
    " WHERE u.what = 'unsuppress' AND (u.detail->>'phone')::bigint = a.phone_id"
    " AND u.at BETWEEN s.at AND a.intent_at)"
)
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
    """The promises that do not hold, each with how often; caps are lifted in a storm."""
    with database.read() as tx:
        found = [str(one) for one in invariants.broken(tx, without={invariants.CAP})]
        suppressed = tx.connection.exec_driver_sql(_SUPPRESSED).all()
        slots = tx.connection.execute(text(_SLOTS), {"window": window}).all()
    if suppressed:
        found.append(f"an intent to a number that was on the list: {len(suppressed)}")
    if slots:
        found.append(f"two starts through one slot too close: {len(slots)}")
    return found
