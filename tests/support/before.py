"""A database as the first release left it, with people in clear: what `db upgrade` has to seal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from alembic import command
from sqlalchemy import Connection, MetaData, insert

from campaigns.store import migrating
from campaigns.store.database import Database
from tests.support.engine import FROM, definition

AT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
NAMES = ("Ann Example", "Bob Example", "Cleo Example")
NUMBERS = ("+16175550001", "+16175550002", "+16175550003")
KEYS = ("ann@example.com", NUMBERS[1], "cleo-key-3")
CLEAR = (*NAMES, *NUMBERS, *KEYS, "said by Ann", "cell of Dora", "refused for Bob", "mood of Ann")
"""Everything personal that lies open in it."""


def fill(database: Database) -> None:
    """The tables of 0001, one campaign, three people, two calls, and one bad row."""
    with database.write() as tx:
        config = migrating.config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0001")
        _Rows(tx.connection).write()


class _Rows:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.tables = MetaData()
        self.tables.reflect(connection)
        postgres = connection.dialect.name == "postgresql"
        self.at: Any = AT if postgres else int(AT.timestamp() * 1_000_000)

    def put(self, table: str, **values: Any) -> None:
        self.connection.execute(insert(self.tables.tables[table]).values(**values))

    def write(self) -> None:
        at = self.at
        self.put("world", id=1, kind="real", anchor_real=at, anchor_policy=at, speed=1.0)
        self.put("account", id=1, name="default", spacing_s=1.0)
        self.put(
            "campaign",
            id=1,
            name="reminders",
            account_id=1,
            state="paused",
            version=1,
            digest="d1",
            created_at=at,
        )
        self.put(
            "campaign_version",
            campaign_id=1,
            version=1,
            header=["key", "name"],
            source="people.csv",
            definition=definition().model_dump(mode="json"),
            digest="d1",
            accepted_at=at,
        )
        self.put("lane", id=1, campaign_id=1, zones="America/New_York")
        for n, (number, key, name) in enumerate(zip(NUMBERS, KEYS, NAMES, strict=True), start=1):
            self.put("phone", id=n, e164=number)
            self.put(
                "contact",
                id=n,
                campaign_id=1,
                key=key,
                phone_id=n,
                source_line=n + 1,
                zones="America/New_York",
                zone_source="number",
                settings={"from_number": FROM} if n == 1 else {},
                fields={"name": name},
            )
            self.put(
                "dial_task",
                id=n,
                campaign_id=1,
                account_id=1,
                contact_id=n,
                phone_id=n,
                lane_id=1,
                state="done" if n < 3 else "waiting",
                due_at=at,
                eligible_at=at,
                outcome="completed" if n < 3 else None,
                attempts=1,
            )
        for n in (1, 2):
            self._call(n)
        self.put("suppression", phone_id=3, reason="asked", source="person", added_at=at)
        self.put(
            "rejected_row",
            campaign_id=1,
            line=9,
            kind="rejected",
            column="to_number",
            reason="'cell of Dora' is no number",
        )

    def _call(self, n: int) -> None:
        at = self.at
        self.put(
            "attempt",
            id=f"attempt-{n}",
            task_id=n,
            campaign_id=1,
            account_id=1,
            phone_id=n,
            version=1,
            attempt_no=1,
            state="completed",
            open=False,
            intent_at=at,
            settle_at=at,
            release_at=at,
            give_up_at=at,
            snapshot={"agent_id": "a", "max_duration_s": 600, "context": {"name": NAMES[n - 1]}},
            answer_detail="refused for Bob" if n == 2 else None,
            enriched={"analysis": "mood of Ann"} if n == 1 else None,
        )
        body = '{"note": "said by Ann"}' if n == 1 else ""
        self.put(
            "event",
            id=n,
            attempt_id=f"attempt-{n}",
            received_at=at,
            source="webhook",
            digest="d",
            status="completed",
            word="completed",
            body=body,
            folded=True,
        )
