"""The columns of touches come to a database that has calls: no row, no id, no index is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from campaigns.store import schema
from campaigns.store.database import Database
from tests.support import before


@pytest.fixture(params=["fresh_sqlite", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database."""
    return str(request.getfixturevalue(request.param))


def test_tasks_and_their_calls_are_what_they_were(url: str) -> None:
    database = Database(url)
    try:
        before.fill(database)
        query = text(
            "SELECT t.id, t.contact_id, t.state, t.touch, t.due_at, t.attempts, a.id, a.state"
            " FROM dial_task t LEFT JOIN attempt a ON a.task_id = t.id ORDER BY t.id, a.id"
        )
        with database.write() as tx:
            known = [tuple(row) for row in tx.connection.execute(query)]
        assert any(row[6] for row in known)
        schema.upgrade(database, kind="real")
        with database.write() as tx:
            assert [tuple(row) for row in tx.connection.execute(query)] == known
            added = text("SELECT DISTINCT occasion, expires_as, stopped FROM dial_task")
            assert [tuple(row) for row in tx.connection.execute(added)] == [
                ("", "campaign_end", None)
            ]
            found = inspect(tx.connection)
            assert [one["column_names"] for one in found.get_unique_constraints("dial_task")] == [
                ["contact_id", "touch", "occasion"]
            ]
            assert {one["name"] for one in found.get_indexes("dial_task")} >= {
                "ix_dial_task_lane_waiting",
                "ix_dial_task_deadline",
                "ix_dial_task_stopped",
                "ix_dial_task_claimed",
                "ix_dial_task_campaign_id_state",
                "ix_dial_task_phone_id",
            }
            if not tx.postgres:
                broken = tx.connection.execute(text("PRAGMA foreign_key_check"))
                assert broken.all() == []
    finally:
        database.close()
