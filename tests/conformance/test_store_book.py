"""The book of a campaign against another list: found by key, changed in place, never repeated."""

from __future__ import annotations

from dataclasses import replace

from campaigns.core.lifecycle import AttemptState, Outcome, TaskState
from campaigns.core.reconcile import BookContact, BookTask, Rename, Retime
from campaigns.core.records import NewContact, NewReject, NewTask
from campaigns.core.where import Where
from tests.support.engine import definition
from tests.support.stored import T0, Stored, at, person

PLAN = NewTask(due_at=at(600), deadline_at=at(900), expires_as="deadline")


def people(*numbers: int, source: str = "people.csv") -> list[NewContact]:
    return [replace(person(n), source=source) for n in numbers]


def kept(stored: Stored, campaign: int, key: str) -> tuple[BookContact, list[BookTask]]:
    with stored.tx() as tx:
        contact = tx.book(campaign, [key])[key]
        return contact, list(tx.tasks_of([contact.id])[contact.id])


def test_contacts_are_found_by_key_and_by_the_list_that_they_are_of(stored: Stored) -> None:
    campaign = stored.campaign([*people(1, 2), *people(3, source="other.csv")])
    with stored.tx() as tx:
        found = tx.book(campaign, ["k1", "k3", "nobody"])
        assert set(found) == {"k1", "k3"}
        assert (found["k1"].line, found["k1"].source, found["k3"].source) == (
            3,
            "people.csv",
            "other.csv",
        )
        first = tx.of_source(campaign, "people.csv", after=0, limit=1)
        rest = tx.of_source(campaign, "people.csv", after=first[0].id, limit=9)
        assert [one.line for one in (*first, *rest)] == [3, 4]
        tx.leave([first[0].id], T0)
        assert [one.line for one in tx.of_source(campaign, "people.csv", after=0, limit=9)] == [4]
        assert tx.book(campaign, ["k1"])["k1"].gone


def test_a_row_that_says_the_same_has_the_same_digest(stored: Stored) -> None:
    campaign = stored.campaign(people(1))
    (one,) = people(1)
    renamed = replace(one, fields={"name": "Another"})
    moved = replace(one, time_at=at(60))
    with stored.tx() as tx:
        was = tx.book(campaign, ["k1"])["k1"].digest
        assert tx.digests(campaign, [replace(one, line=99)]) == {"k1": was}
        others = {tx.digests(campaign, [other])["k1"] for other in (renamed, moved)}
        assert len(others | {was}) == 3
        assert "Person" not in was


def test_a_contact_is_rewritten_with_the_tasks_that_are_not_done(stored: Stored) -> None:
    campaign = stored.campaign(people(1))
    contact, (task,) = kept(stored, campaign, "k1")
    (entry,) = people(7)
    entry = replace(entry, key="k1", where=Where(("Asia/Tokyo",)), occasion="o2", time_at=at(5))
    with stored.tx() as tx:
        tx.hold([contact.id])
        phone = tx.phone_ids([entry.e164])[entry.e164]
        lane = tx.lanes(campaign, ["Asia/Tokyo"])["Asia/Tokyo"]
        tx.rewrite(contact.id, entry, digest="d", source="people.csv", phone_id=phone, lane_id=lane)
        now = tx.contact(contact.id)
        assert (now.e164, now.line, now.held) == (entry.e164, 9, False)
        # Of one that an earlier version stored, its number tells the places.
        assert now.where == Where(("Asia/Tokyo",), ("US", "US-MA"))
        moved = tx.task(task.id)
        assert moved is not None
        assert moved.phone_id == phone
    fresh, _ = kept(stored, campaign, "k1")
    assert (fresh.digest, fresh.occasion, fresh.time_at) == ("d", "o2", at(5))
    assert not fresh.held


def test_lines_move_and_unreadable_rows_are_held(stored: Stored) -> None:
    campaign = stored.campaign(people(1, 2))
    (one, _), (two, _) = kept(stored, campaign, "k1"), kept(stored, campaign, "k2")
    with stored.tx() as tx:
        tx.relined({one.id: 40, two.id: 41}, "people.csv")
        tx.hold([two.id])
        tx.hold([])
        found = tx.book(campaign, ["k1", "k2"])
        assert {key: (one.line, one.held) for key, one in found.items()} == {
            "k1": (40, False),
            "k2": (41, True),
        }
        assert tx.contact(two.id).held


def test_a_task_gets_another_time_and_a_done_one_comes_back_only_when_asked(
    stored: Stored,
) -> None:
    campaign = stored.campaign(people(1))
    contact, (task,) = kept(stored, campaign, "k1")
    with stored.tx() as tx:
        assert not tx.retime(Retime(task_id=task.id, plan=PLAN, revive=True), at(1))
        assert tx.retime(Retime(task_id=task.id, plan=PLAN), at(1))
    _, (later,) = kept(stored, campaign, "k1")
    assert (later.due_at, later.deadline_at, later.expires_as) == (at(600), at(900), "deadline")
    with stored.tx() as tx:
        row = tx.task(task.id)
        assert row is not None
        assert row.eligible_at == at(600)
        tx.stop([task.id], "withdrawn", at(2))
        assert contact.id not in tx.still_called([contact.id])
    _, (ended,) = kept(stored, campaign, "k1")
    assert (ended.state, ended.outcome, ended.reason) == (
        TaskState.DONE,
        Outcome.CANCELLED,
        "withdrawn",
    )
    with stored.tx() as tx:
        assert not tx.retime(Retime(task_id=task.id, plan=PLAN), at(3))
        assert tx.retime(Retime(task_id=task.id, plan=PLAN, revive=True), at(3))
        assert contact.id in tx.still_called([contact.id])
    _, (back,) = kept(stored, campaign, "k1")
    assert (back.state, back.outcome, back.stopped) == (TaskState.WAITING, None, None)


def test_a_task_under_way_is_stopped_and_keeps_its_call(stored: Stored) -> None:
    campaign = stored.campaign(people(1))
    attempt = stored.calling(campaign)
    assert attempt.task_id is not None
    with stored.tx() as tx:
        tx.stop([attempt.task_id], "moved", at(2))
        tx.stop([], "moved", at(2))
    _, (task,) = kept(stored, campaign, "k1")
    assert (task.state, task.stopped) == (TaskState.CALLING, "moved")


def test_tasks_are_added_and_renamed(stored: Stored) -> None:
    campaign = stored.campaign(people(1))
    contact, (task,) = kept(stored, campaign, "k1")
    place = {"campaign_id": campaign, "account_id": stored.account}
    with stored.tx() as tx:
        row = tx.task(task.id)
        assert row is not None
        lane = tx.lanes(campaign, [person(1).where.text])
        (lane_id,) = lane.values()
        more = [replace(PLAN, touch="later", occasion="o1")]
        tx.add_tasks(contact.id, more, **place, phone_id=row.phone_id, lane_id=lane_id)
        tx.add_tasks(contact.id, [], **place, phone_id=row.phone_id, lane_id=lane_id)
        tx.rename(Rename(task_id=task.id, occasion="o1"))
    _, tasks = kept(stored, campaign, "k1")
    assert [(one.touch, one.occasion) for one in tasks] == [("", "o1"), ("later", "o1")]


def test_a_new_version_stands_beside_the_old_one_and_old_rejects_go(stored: Stored) -> None:
    campaign = stored.campaign(people(1))
    bad = NewReject(line=9, kind="rejected", column="x", reason="no")
    with stored.tx() as tx:
        tx.reject(campaign, [bad])
        tx.new_version(
            campaign,
            2,
            definition=definition(name="one", recording=True),
            header=("key",),
            source="people.csv",
            digest="d2",
            at=at(1),
        )
        tx.forget_rejects(campaign)
        assert not tx.definition(campaign, 1)[0].recording
        assert tx.definition(campaign, 2)[0].recording
        left = "SELECT count(*) FROM rejected_row"
        assert tx.connection.exec_driver_sql(left).scalar_one() == 0


def test_a_task_that_is_done_says_when_its_last_call_was_over(stored: Stored) -> None:
    campaign = stored.campaign(people(1))
    _, (before,) = kept(stored, campaign, "k1")
    assert before.rang_until is None
    attempt = stored.calling(campaign, when=at(1))
    with stored.tx() as tx:
        tx.change_attempt(attempt.id, attempt.state, terminal_at=at(40))
    _, (live,) = kept(stored, campaign, "k1")
    assert live.rang_until is None
    stored.done(live.id, Outcome.BUSY)
    _, (done,) = kept(stored, campaign, "k1")
    assert done.rang_until == at(40)
    with stored.tx() as tx:
        tx.change_attempt(attempt.id, attempt.state, state=AttemptState.NOT_SENT)
    _, (rang_nobody,) = kept(stored, campaign, "k1")
    assert rang_nobody.rang_until is None


def test_a_contact_that_is_of_a_list_for_the_first_time_is_its(stored: Stored) -> None:
    campaign = stored.campaign(people(1, source="other.csv"))
    contact, _ = kept(stored, campaign, "k1")
    with stored.tx() as tx:
        tx.relined({contact.id: 7}, "people.csv")
        found = tx.book(campaign, ["k1"])["k1"]
        assert (found.line, found.source) == (7, "people.csv")


def test_how_new_the_news_of_a_contact_is(stored: Stored) -> None:
    campaign = stored.campaign(people(1, 2))
    contact, _ = kept(stored, campaign, "k1")
    with stored.tx() as tx:
        tx.said(contact.id, at(60))
        found = tx.book(campaign, ["k1", "k2"])
        assert [found[key].said_at for key in ("k1", "k2")] == [at(60), None]


def test_who_shares_a_number_and_is_on_the_list(stored: Stored) -> None:
    both = [person(1), person(2, number=1), person(3)]
    campaign, other = stored.campaign(both), stored.campaign([person(1)], "other")
    ids = [kept(stored, campaign, key)[0].id for key in ("k1", "k2")]
    with stored.tx() as tx:
        phone = tx.phone_ids([both[0].e164])[both[0].e164]
        assert list(tx.sharing(campaign, phone)) == ids
        assert len(tx.sharing(other, phone)) == 1
        tx.leave(ids[:1], T0)
        assert list(tx.sharing(campaign, phone)) == ids[1:]
