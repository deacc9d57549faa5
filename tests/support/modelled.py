"""A whole engine on real PostgreSQL whose time a test moves: one database, emptied for each run.

The database's own clock goes on; policy time is the map of a rehearsal world, sent forward by
hand, and every lease ages by as much as if that time had really passed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from campaigns.bootstrap import SystemDice
from campaigns.core.calls import Limit
from campaigns.engine.parts import ClockGuard, Parts, Policy, Versions
from campaigns.provider.webhooks import HookKeys, hook_path
from campaigns.store import schema
from campaigns.store.database import Database
from campaigns.store.tables import metadata
from tests.support import broken
from tests.support.engine import QueueingDoorbell
from tests.support.phones import Law, Phones

START = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York
WINDOW = timedelta(seconds=60)
LIMIT, ATTEMPTS = 3, 3
ACCOUNTS = ("default", "second")
_LIMITS = {
    kind: schema.LimitOf(count=count, window=WINDOW)
    for kind, count in (
        (Limit.START, LIMIT),
        (Limit.STATUS, 12),
        (Limit.SESSIONS, 6),
        (Limit.OTHER, 12),
    )
}
_WATCH = (
    "CREATE TABLE broken_move (what text, id text)",
    """
    CREATE FUNCTION watch_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO broken_move VALUES ('a closed attempt was opened again', NEW.id);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER watch_attempt AFTER UPDATE ON attempt
    FOR EACH ROW WHEN (NEW.open AND NOT OLD.open) EXECUTE FUNCTION watch_attempt()
    """,
    """
    CREATE FUNCTION watch_task() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO broken_move VALUES ('a done task moved on', NEW.id::text);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER watch_task AFTER UPDATE ON dial_task
    FOR EACH ROW WHEN (OLD.state = 'done' AND OLD.outcome <> 'rejected' AND NEW.state <> 'done')
    EXECUTE FUNCTION watch_task()
    """,
)
_MORE = {
    "attempts that count, and the count of them": (
        "SELECT t.id FROM dial_task t LEFT JOIN LATERAL (SELECT"
        " count(*) FILTER (WHERE a.state NOT IN ('not_sent', 'rejected')) AS rang,"
        " count(*) FILTER (WHERE a.state = 'rejected' AND a.answer_blame = 'contact') AS refused"
        " FROM attempt a WHERE a.task_id = t.id) n ON true"
        " WHERE t.attempts <> n.rang + CASE WHEN t.outcome = 'rejected' THEN 1 ELSE 0 END"
        " AND NOT (n.refused > 0 AND t.attempts BETWEEN n.rang AND n.rang + n.refused)"
    ),
    "outcomes and open tasks that do not add up to the contacts": (
        "SELECT c.campaign_id FROM (SELECT campaign_id, count(*) AS n FROM contact"
        " GROUP BY campaign_id) c LEFT JOIN (SELECT campaign_id, count(outcome) AS done,"
        " count(*) FILTER (WHERE state IN ('waiting', 'claimed', 'calling')) AS left"
        " FROM dial_task GROUP BY campaign_id) t USING (campaign_id)"
        " WHERE c.n <> t.done + t.left"
    ),
    "a finished campaign with something left to do": (
        "SELECT c.id FROM campaign c WHERE c.state = 'finished' AND EXISTS"
        " (SELECT 1 FROM dial_task t WHERE t.campaign_id = c.id AND t.state <> 'done')"
    ),
    "an attempt without an ending and without a timer": (
        "SELECT id FROM attempt WHERE check_at IS NULL AND state IN"
        " ('dialing', 'accepted', 'ringing', 'in_progress', 'unknown')"
    ),
    "a move that is not allowed": "SELECT what || ': ' || id FROM broken_move",
}


_FRESH_ACCOUNTS = (
    "UPDATE account SET strict_until = NULL, last_intent_at = NULL, not_before = NULL,"
    " held_why = NULL, not_sent_streak = 0, probing = false, unknown_since = NULL,"
    " last_429_at = NULL, paused_why = NULL, paused_by = NULL, paused_at = NULL"
)


def prepare(url: str) -> Database:
    """An empty database becomes a rehearsal that watches its own rows."""
    database = Database(url)
    schema.upgrade(database, kind="rehearsal")
    broken.log_slots(database)
    with database.write() as tx:
        for statement in _WATCH:
            tx.connection.exec_driver_sql(statement)
    for name in ACCOUNTS:
        schema.ensure_account(database, name, limits=_LIMITS, spacing=timedelta(seconds=1))
    return database


class MapClock:
    """This machine's monotonic clock; whoever sleeps sends policy time forward instead."""

    host = "a test's"

    def __init__(self, modelled: Modelled) -> None:
        self._modelled = modelled

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._modelled.forward(seconds)


class Modelled:
    """One run: an engine, its phones, and the law it is held to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.skipped = 0.0
        self._empty()
        self.law = Law(limit=LIMIT, attempts=ATTEMPTS)
        self.phones: dict[int, Phones] = {}
        for id, name in self.rows("SELECT id, name FROM account"):
            self.phones[int(str(id))] = Phones(str(name), self.law, self.now)
        self.keys = HookKeys.from_secret("the addresses are made of this")
        self.bell = QueueingDoorbell()
        self.parts = Parts(
            store=database,
            clock=MapClock(self),
            dice=SystemDice(),
            doorbell=self.bell,
            dialers=self.phones.__getitem__,
            hook_url=lambda id: f"https://example.test{hook_path(self.keys, id)}",
            policy=Policy(public=True, rehearsal=True),
        )

    def now(self) -> datetime:
        """Policy time."""
        return self.database.policy_now().policy

    def forward(self, seconds: float) -> None:
        """So much time passes, for policy and for every lease."""
        self.skipped += seconds
        delta = timedelta(seconds=seconds)
        with self.database.write() as tx:
            now = tx.now()
            tx.set_clock(real=now.real, policy=now.policy + delta, speed=1.0)
            for lease in (
                "dial_task SET claim_until = claim_until",
                "attempt SET check_claim_until = check_claim_until",
                "campaign SET load_until = load_until",
                "heartbeat SET at = at",
            ):
                column = lease.split()[2]
                tx.connection.exec_driver_sql(
                    f"UPDATE {lease} - %s WHERE {column} IS NOT NULL", (delta,)
                )

    def restart(self) -> None:
        """The process dies: what it remembered is gone, and who stood still will never move."""
        for phones in self.phones.values():
            phones.frozen.clear()
        self.bell.rung = deque(ring for ring in self.bell.rung if ring[0] != "dial")
        self.parts = replace(
            self.parts, versions=Versions(), guard=ClockGuard(), unrecorded=deque()
        )

    def broken(self) -> list[str]:
        """Promises that do not hold at this instant."""
        found = broken.promises(self.database, WINDOW)
        for promise, query in _MORE.items():
            if rows := self.rows(query):
                found.append(f"{promise}: {len(rows)}, first {rows[0]}")
        return found

    def rows(self, query: str, *values: object) -> Sequence[tuple[object, ...]]:
        """Rows of a query."""
        with self.database.read() as tx:
            return [tuple(row) for row in tx.connection.exec_driver_sql(query, values or None)]

    def _empty(self) -> None:
        with self.database.write() as tx:
            say = tx.connection.exec_driver_sql
            say("SET LOCAL session_replication_role = replica")  # in any order
            for table in metadata.tables:
                if table not in ("world", "vault", "schema_compat", "account", "slot"):
                    say(f"DELETE FROM {table}")
            say(_FRESH_ACCOUNTS)
            say("UPDATE slot SET attempt_id = NULL, free_at = %s", (START,))
            say("DELETE FROM slot_log")
            say("DELETE FROM broken_move")
            tx.set_clock(real=tx.now().real, policy=START, speed=1.0)
