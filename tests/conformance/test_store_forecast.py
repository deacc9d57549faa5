"""What a forecast reads of the book, on each database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.definition import Cap, Retry, Schedule
from campaigns.core.lifecycle import CampaignState as S
from campaigns.core.outlook import Outlook
from campaigns.store.reads import Reads
from tests.support.engine import CallStatus, World
from tests.support.stored import Stored, definition


def test_who_waits_is_counted_beside_what_would_be_added(stored: Stored) -> None:
    mine, other = stored.campaign(3, "mine"), stored.campaign(2, "other")
    paused = stored.campaign(4, "paused")
    for id in (mine, other):
        stored.change(id, S.RUNNING)
    stored.change(paused, S.PAUSED)
    with stored.tx() as tx:
        reads = Reads(tx)
        known, zone = reads.forecast_of("mine")
        assert str(zone) == "UTC"
        assert known.contacts == pytest.approx(3)
        waiting = list(reads._waiting(tx.campaign(mine).account_id, mine))
        assert sorted((one.campaign_id, one.count) for one in waiting) == [(mine, 3), (other, 2)]
        new = reads.forecast(definition(name="new"), Outlook(), None)
        assert new.contacts == 0


def test_a_retry_waits_with_its_calls_and_its_time(stored: Stored) -> None:
    id = stored.campaign(2)
    stored.change(id, S.RUNNING)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    with stored.tx() as tx:
        first = tx.connection.exec_driver_sql("SELECT min(id) FROM dial_task").scalar_one()
        tx.postpone(first, at=later, reason="retry")
        tx.connection.exec_driver_sql(f"UPDATE dial_task SET attempts = 1 WHERE id = {first}")
    with stored.tx() as tx:
        waiting = list(Reads(tx)._waiting(tx.campaign(id).account_id, id))
    assert [one.count for one in waiting if one.tries] == [1]
    assert [one.due for one in waiting if one.tries] == [later]
    assert [one.last is None for one in waiting if not one.tries] == [True]


def test_calls_before_count_for_the_caps_of_who_waits() -> None:
    """Ten numbers were rung a moment ago: a cap of one in 30 days outlasts the campaign."""
    cap = {"caps": (Cap(calls=1, per=timedelta(days=30)),), "retry": Retry(max_attempts=1)}
    world = World(limit=60, spacing=0.0)
    world.submit(10, name="one", **cap)
    world.run_for(15)
    for call in world.attempts():
        world.say(str(call["id"]), CallStatus.COMPLETED, duration=30)
    end = Schedule(end=world.clock.at + timedelta(days=5))
    world.submit(10, name="two", digest="d2", schedule=end, **cap)
    with world.store.read() as tx:
        found, _ = Reads(tx).forecast_of("two")
    assert (found.calls, found.missed_by) == (0, {"cap": pytest.approx(10)})
