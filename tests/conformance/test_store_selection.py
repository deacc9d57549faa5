"""What is ripe, what ends first in its lane, and who had how much."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest

from campaigns.core.lifecycle import TaskState
from campaigns.core.selection import Ripe, Start
from tests.support.stored import T0, Stored, at, person

ALL = 99


def lane_of(stored: Stored, campaign: int) -> int:
    with stored.tx() as tx:
        return tx.heads(campaign)[0].lane_id


def claimed(
    stored: Stored, lane: int, *, again: bool = False, when: int = 0, limit: int = ALL
) -> list[int]:
    """In the order of single claims."""
    ids: list[int] = []
    with stored.tx() as tx:
        while len(ids) < limit:
            got = tx.claim(lane, again=again, at=at(when), until=at(30), limit=1)
            if not got:
                break
            ids.append(got[0].task_id)
    return ids


def ripen(stored: Stored, lanes: Collection[int], when: int, limit: int = ALL) -> int:
    with stored.tx() as tx:
        return tx.ripen(list(lanes), at=at(when), limit=limit)


def test_a_claim_takes_those_who_end_first_and_those_without_an_end_last(stored: Stored) -> None:
    ends = [None, 900, 60, None, 300, 60]
    people = [
        person(n, due_at=at(-n), deadline_at=None if end is None else at(end))
        for n, end in enumerate(ends)
    ]
    lane = lane_of(stored, stored.campaign(people))
    assert claimed(stored, lane) == [6, 3, 5, 2, 4, 1]
    assert stored.task(3).state is TaskState.CLAIMED


def test_one_claim_takes_no_more_than_it_may(stored: Stored) -> None:
    people = [person(0), person(1), person(2, deadline_at=at(60)), person(3)]
    lane = lane_of(stored, stored.campaign(people))
    with stored.tx() as tx:
        first = tx.claim(lane, again=False, at=at(5), until=at(30), limit=2)
        second = tx.claim(lane, again=False, at=at(5), until=at(30), limit=3)
        assert tx.claim(lane, again=False, at=at(5), until=at(30), limit=2) == []
        assert tx.claim(lane + 1, again=False, at=at(99), until=at(30), limit=2) == []
    assert [{one.task_id for one in got} for got in (first, second)] == [{3, 1}, {2, 4}]


def test_what_is_past_its_deadline_or_not_due_is_not_claimed(stored: Stored) -> None:
    people = [person(0, deadline_at=at(10)), person(1, due_at=at(11)), person(2)]
    lane = lane_of(stored, stored.campaign(people))
    assert ripen(stored, [lane], when=11) == 1
    assert claimed(stored, lane, when=10) == [3]
    assert claimed(stored, lane, when=11) == [2]


def test_nobody_is_claimed_whom_no_heartbeat_has_seen(stored: Stored) -> None:
    people = [person(n, due_at=at(n)) for n in range(1, 5)]
    lane = lane_of(stored, stored.campaign(people))
    assert claimed(stored, lane, when=9) == []
    assert [ripen(stored, [lane], when=3, limit=2) for _ in range(3)] == [2, 1, 0]
    assert claimed(stored, lane, when=9) == [1, 2, 3]


def test_every_lane_has_its_share_before_the_first_gets_the_rest(stored: Stored) -> None:
    """A long list that came due a moment earlier starves no urgent one."""
    long = [person(n, due_at=at(1)) for n in range(7)]
    first = lane_of(stored, stored.campaign(long, "long"))
    other = lane_of(stored, stored.campaign([person(9, due_at=at(1))], "urgent"))
    assert ripen(stored, [first, other], when=1, limit=4) == 4  # two each, and the rest
    assert len(claimed(stored, other, when=1)) == 1
    assert len(claimed(stored, first, when=1)) == 3


def test_those_of_the_first_lane_ripen_first(stored: Stored) -> None:
    one, two = (
        lane_of(
            stored, stored.campaign([person(n, due_at=at(1)), person(n + 9, due_at=at(1))], name)
        )
        for n, name in enumerate(("one", "two"))
    )
    assert ripen(stored, [two, one], when=1, limit=3) == 3
    assert len(claimed(stored, two, when=1)) == 2
    assert len(claimed(stored, one, when=1)) == 1


@pytest.mark.parametrize("until", [9, -9])
def test_whoever_is_put_off_ripens_anew(stored: Stored, until: int) -> None:
    campaign = stored.campaign()
    lane = lane_of(stored, campaign)
    claim = stored.claim(campaign)
    with stored.tx() as tx:
        tx.give_back(claim.task_id, claim.claim, eligible_at=at(until), reason="cap")
    assert claimed(stored, lane, when=9) == ([] if until > 0 else [1])
    assert ripen(stored, [lane], when=8) == 0
    assert ripen(stored, [lane], when=9) == (1 if until > 0 else 0)
    assert claimed(stored, lane, when=9) == ([1] if until > 0 else [])


def test_retries_are_claimed_apart_from_first_calls(stored: Stored) -> None:
    campaign = stored.campaign(3)
    lane = lane_of(stored, campaign)
    attempt = stored.calling(campaign)
    assert attempt.task_id is not None
    with stored.tx() as tx:
        tx.retry_set(attempt.task_id, at=at(60))
    assert ripen(stored, [lane], when=60) == 1
    with stored.tx() as tx:
        found = {one.again: one for one in tx.ripest([lane, lane + 1], at=at(60))}
    assert found == {
        False: Ripe(lane_id=lane, again=False, deadline_at=None, since=T0),
        True: Ripe(lane_id=lane, again=True, deadline_at=None, since=at(60)),
    }
    assert claimed(stored, lane, again=True, when=60) == [attempt.task_id]
    assert len(claimed(stored, lane, when=60)) == 2


def test_the_ripest_are_those_that_the_next_claim_takes(stored: Stored) -> None:
    people = [person(n, deadline_at=at(end)) for n, end in enumerate((90, 30, 60))]
    lane = lane_of(stored, stored.campaign([*people, person(3)]))
    seen: list[int | None] = []
    for _ in range(4):
        with stored.tx() as tx:
            (first,) = tx.ripest([lane], at=T0)
        end = first.deadline_at
        seen.append(None if end is None else (end - T0) // timedelta(seconds=1))
        claimed(stored, lane, limit=1)
    assert seen == [30, 60, 90, None]
    with stored.tx() as tx:
        assert tx.ripest([lane], at=T0) == []
        assert tx.ripest([], at=T0) == []
        assert tx.ripen([], at=T0, limit=1) == 0


def test_another_round_begins_with_first_calls(stored: Stored) -> None:
    """What an earlier round spent does not make a retry; nor does a count that was set back."""
    campaign = stored.campaign(2)
    lane = lane_of(stored, campaign)
    with stored.tx() as tx:
        tx.connection.exec_driver_sql("UPDATE dial_task SET attempts = 3, spent = 3 WHERE id = 1")
        tx.connection.exec_driver_sql("UPDATE dial_task SET attempts = 2, spent = 3 WHERE id = 2")
    assert sorted(claimed(stored, lane)) == [1, 2]


def test_starts_are_those_of_the_window_and_what_is_claimed(stored: Stored) -> None:
    one, two = stored.campaign([person(n) for n in range(4)]), stored.campaign([person(9)], "two")
    stored.calling(one, when=at(-60))
    stored.calling(one, when=at(-700))
    stored.claim(one)
    stored.calling(two, when=at(-5))
    with stored.tx() as tx:
        tx.connection.exec_driver_sql("UPDATE attempt SET attempt_no = 2 WHERE campaign_id = 2")
        found = [*tx.starts([one, two], since=at(-600)), *tx.claimed([one, two], at=T0)]
        assert tx.starts([two + 1], since=at(-600)) == []
        assert tx.claimed([two], at=T0) == []
    assert sorted(found, key=lambda start: start.at) == [
        Start(campaign_id=one, again=False, at=at(-60)),
        Start(campaign_id=two, again=True, at=at(-5)),
        Start(campaign_id=one, again=False, at=T0),
    ]
