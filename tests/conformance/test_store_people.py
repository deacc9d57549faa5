"""Phones, contacts, rows that became none, and the do-not-call list."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.records import NewReject
from campaigns.core.where import Where
from tests.support.engine import NEW_YORK
from tests.support.stored import T0, Stored, at, person

PARIS = Where(("Europe/Paris",))


def test_a_contact_keeps_the_number_that_it_sees(stored: Stored) -> None:
    stored.campaign(2)
    with stored.tx() as tx:
        assert tx.contact(1).from_number is None
        tx.keep_caller(1, "+16175550101")
        assert tx.contact(1).from_number == "+16175550101"
        assert tx.contact(2).from_number is None


def test_phones_are_inserted_in_sorted_order_and_only_once(stored: Stored) -> None:
    numbers = [f"+1617555{n:04d}" for n in (900, 3, 77, 3, 501)]
    with stored.tx() as tx:
        ids = tx.phone_ids(numbers)
        again = tx.phone_ids([*numbers, "+16175559999"])
        assert [number for number, _ in sorted(ids.items(), key=by_id)] == sorted(set(numbers))
        assert {number: again[number] for number in ids} == ids
        assert [tx.number(id) for id in ids.values()] == list(ids)
        tx.lock_phone(ids[numbers[0]])
        assert tx.phone_ids([]) == {}


def by_id(item: tuple[str, int]) -> int:
    return item[1]


def test_more_phones_than_one_statement_takes(stored: Stored) -> None:
    numbers = [f"+1617{n:07d}" for n in range(1201)]
    with stored.tx() as tx:
        ids = tx.phone_ids(reversed(numbers))
    assert len(set(ids.values())) == 1201


def test_a_loaded_contact_waits_in_the_lane_of_its_zones(stored: Stored) -> None:
    campaign = stored.campaign([person(0), person(1, where=PARIS, due_at=at(60)), person(2)])
    with stored.tx() as tx:
        heads = {head.where: head for head in tx.heads(campaign)}
        task = tx.task(1)
        assert task is not None
        contact = tx.contact(task.contact_id)
    assert {where: head.head for where, head in heads.items()} == {
        Where(NEW_YORK): T0,
        PARIS: at(60),
    }
    assert (task.state, task.attempts, task.claim) == (TaskState.WAITING, 0, 0)
    assert contact.e164 == person(0).e164
    assert contact.where == Where(NEW_YORK, ("US", "US-MA"))  # as its number tells
    assert (dict(contact.fields), contact.line) == ({"name": "Person 0"}, 2)


def test_a_contact_that_cannot_be_called_is_done_from_the_start(stored: Stored) -> None:
    skipped = person(0, where=Where(()), outcome=Outcome.SKIPPED, reason="no_callable_time")
    campaign = stored.campaign([skipped])
    assert stored.task(1).state is TaskState.DONE
    with stored.tx() as tx:
        assert tx.heads(campaign) == []
        assert [row.id for row in tx.unfinished()] == [campaign]


def test_a_repeated_key_is_told_with_the_line_that_has_it(stored: Stored) -> None:
    campaign = stored.loading()
    first = [person(0, line=2), person(0, line=3, number=9), person(1, line=4)]
    assert lines(stored.load(campaign, first)) == {3: 2}
    assert lines(stored.load(campaign, [person(1, line=8), person(2, line=9)])) == {8: 4}
    assert count(stored, "contact") == count(stored, "dial_task") == 3


def test_a_row_that_meets_itself_is_no_repetition(stored: Stored) -> None:
    """The same load again, as a resumed submit does it."""
    campaign = stored.loading()
    people = [person(0, line=2), person(0, line=3), person(1, line=4)]
    assert lines(stored.load(campaign, people)) == {3: 2}
    assert lines(stored.load(campaign, people)) == {3: 2}
    assert count(stored, "contact") == count(stored, "dial_task") == 2


def test_a_key_of_another_campaign_is_another_contact(stored: Stored) -> None:
    stored.campaign([person(0)])
    assert stored.load(stored.loading("two"), [person(0)]) == []
    assert count(stored, "contact") == 2
    assert count(stored, "phone") == 1


def test_the_first_line_of_a_number(stored: Stored) -> None:
    campaign = stored.loading()
    stored.load(campaign, [person(0, line=5), person(1, line=3, number=0), person(2)])
    stored.load(stored.loading("two"), [person(0, line=1)])
    with stored.tx() as tx:
        ids = tx.phone_ids([person(0).e164, person(2).e164, person(7).e164])
        found = tx.lines_of(campaign, ids.values())
    assert found == {ids[person(0).e164]: 3, ids[person(2).e164]: person(2).line}


def test_the_line_of_a_key(stored: Stored) -> None:
    campaign = stored.loading()
    stored.load(campaign, [person(0, line=5), person(1, line=7)])
    stored.load(stored.loading("two"), [person(2, line=9)])
    with stored.tx() as tx:
        assert tx.lines_of_keys(campaign, ["k0", "k1", "k2"]) == {"k0": 5, "k1": 7}
        assert tx.lines_of_keys(campaign, []) == {}


def test_a_rejected_row_is_kept_once(stored: Stored) -> None:
    campaign = stored.loading()
    row = NewReject(line=7, kind="rejected", column="c" * 500, reason="no number")
    with stored.tx() as tx:
        tx.reject(campaign, [row])
        tx.reject(campaign, [row, NewReject(line=8, kind="filtered", column="", reason="x")])
        tx.reject(campaign, [])
    assert count(stored, "rejected_row") == 2


def test_a_number_is_put_on_the_list_once_and_taken_off(stored: Stored) -> None:
    with stored.tx() as tx:
        phone = tx.phone_ids(["+16175550001"])["+16175550001"]
        assert not tx.suppressed(phone)
        tx.suppress(phone, reason="r" * 300, source="person", at=T0)
        assert not tx.suppress(phone, reason="again", source="person", at=at(1))
        assert tx.suppressed(phone)
        assert not tx.suppressed(phone + 1)
        assert tx.unsuppress(phone)
        assert not tx.unsuppress(phone)
        assert not tx.suppressed(phone)


def test_a_number_that_is_new_on_the_list_is_told(
    stored: Stored, request: pytest.FixtureRequest
) -> None:
    with stored.tx() as tx:
        phone = tx.phone_ids(["+16175550001"])["+16175550001"]
        assert tx.suppress(phone, reason="asked", source="person", at=T0)


@pytest.mark.parametrize("state", ["waiting", "claimed", "calling", "done"])
def test_an_opt_out_ends_what_waits_and_nothing_else(stored: Stored, state: str) -> None:
    campaign = stored.campaign([person(0), person(1)])
    stored.change(stored.campaign([person(0)], "two"), CampaignState.PAUSED)
    task = stored.task(1)
    if state in ("claimed", "calling", "done"):
        claim = stored.claim(campaign)
        if state == "calling":
            stored.intent(claim)
        if state == "done":
            stored.done(claim.task_id, Outcome.COMPLETED)
    with stored.tx() as tx:
        dropped = tx.drop_waiting([task.phone_id], at(5))
        outcomes = [(one.state, one.outcome) for n in (1, 2, 3) if (one := tx.task(n))]
    ended = (TaskState.DONE, Outcome.SUPPRESSED)
    kept = (TaskState(state), Outcome.COMPLETED if state == "done" else None)
    assert dropped == (2 if state == "waiting" else 1)
    assert outcomes == [ended if state == "waiting" else kept, (TaskState.WAITING, None), ended]


def lines(repeated: object) -> Mapping[int, int]:
    """Line of a repetition → the line that was there."""
    return {entry.line: line for entry, line in repeated}  # type: ignore[attr-defined]


def count(stored: Stored, table: str) -> int:
    with stored.store.read() as tx:
        return int(tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
