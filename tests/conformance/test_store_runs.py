"""The Store port, runs and lists that are read again."""

from __future__ import annotations

from campaigns.core.lifecycle import CampaignState as S
from campaigns.core.records import NewTask
from campaigns.core.runs import Origin
from tests.support.stored import Stored, at, definition, person


def test_where_a_version_was_read_is_kept(stored: Stored) -> None:
    campaign = stored.campaign()
    origin = Origin(path="/srv/a.yaml", document="ab12", filled={"region": "US"})
    with stored.tx() as tx:
        assert tx.origin(campaign, 1) is None
        tx.new_version(
            campaign,
            2,
            definition=definition(name="one"),
            header=("key",),
            source="people.csv",
            digest="d2",
            at=at(1),
            origin=origin,
        )
        assert tx.origin(campaign, 2) == origin


def test_refreshes_are_due_at_their_instant_in_every_state_that_can_change(stored: Stored) -> None:
    ids = [stored.campaign(1, name) for name in ("one", "two", "three", "four")]
    for id, state in zip(ids, (S.RUNNING, S.PAUSED, S.CANCELLED, S.FINISHED), strict=True):
        stored.change(id, state)
        with stored.tx() as tx:
            tx.change_campaign(id, S, refresh_at=at(10 - id))
    with stored.tx() as tx:
        assert tx.refreshes_due(at(0)) == []
        assert tx.refreshes_due(at(10 - ids[1])) == [ids[3], ids[1]]
        assert set(tx.refreshes_due(at(99))) == {ids[0], ids[1], ids[3]}


def test_runs_that_wait_are_found_and_are_not_finished(stored: Stored) -> None:
    campaign = stored.loading()
    stored.change(campaign, S.RUNNING)
    with stored.tx() as tx:
        assert tx.unbegun(at(99)) == []
        assert [row.id for row in tx.unfinished()] == [campaign]
        tx.change_campaign(campaign, S, run="r1", run_at=at(50), run_after=0)
        (row,) = tx.unbegun(at(0))
        assert (row.run, row.run_at, row.run_after) == ("r1", at(50), 0)
        assert tx.unfinished() == []
    stored.change(campaign, S.PAUSED)
    with stored.tx() as tx:
        assert tx.unbegun(at(99)) == []
        tx.change_campaign(campaign, S, state=S.RUNNING.value, run_after=None)
        assert tx.unbegun(at(49)) == []  # it is made, and its time has not come
        assert [row.id for row in tx.unbegun(at(50))] == [campaign]


def test_members_are_those_on_the_list_and_each_gets_its_task(stored: Stored) -> None:
    campaign = stored.campaign([person(1), person(2, time_at=at(7)), person(3)])
    with stored.tx() as tx:
        first, second, third = tx.members(campaign, after=0, limit=9)
        assert second.time_at == at(7)
        assert tx.members(campaign, after=first.contact_id, limit=1) == [second]
        tx.leave([second.contact_id], at(1))
        assert tx.members(campaign, after=0, limit=9) == [first, third]
        lane = tx.lanes(campaign, {first.where.text})[first.where.text]
        row = tx.campaign(campaign)
        tx.enlist(row, [])
        tx.enlist(row, [(first, NewTask(occasion="r2", due_at=at(100)), lane)])
        tasks = tx.tasks_of([first.contact_id, third.contact_id])
        assert [task.occasion for task in tasks[first.contact_id]] == ["", "r2"]
        assert tasks[first.contact_id][1].due_at == at(100)
        assert len(tasks[third.contact_id]) == 1


def test_a_run_that_is_called_off_ends_who_waits_and_nobody_else(stored: Stored) -> None:
    campaign = stored.campaign(3)
    other = stored.campaign([person(8)], "two")
    claim = stored.claim(campaign)
    with stored.tx() as tx:
        assert tx.call_off(campaign, "run_missed", at(5), limit=1) == 1
        assert tx.call_off(campaign, "run_missed", at(5), limit=9) == 1
        assert tx.call_off(campaign, "run_missed", at(6), limit=9) == 0
        assert len(tx.overdue(at(5), 9)) == 2
        assert {task.expires_as for task in tx.overdue(at(5), 9)} == {"run_missed"}
        task = tx.task(claim.task_id)
        assert task is not None
        assert task.deadline_at is None
        assert tx.call_off(other + 99, "run_missed", at(5), limit=9) == 0
