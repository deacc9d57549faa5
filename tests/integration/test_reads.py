"""Everything doors look at, on SQLite and on PostgreSQL, after a real engine has worked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.calls import Accepted, CallStatus, SlowDown
from campaigns.core.contacts import Entry, FilteredRow, RejectedRow
from campaigns.core.definition import CallingHours, Retry, Span
from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome, TaskState
from campaigns.engine import control
from campaigns.engine.tick import beat
from campaigns.errors import InputError, UnknownName
from campaigns.store.database import Database, wall
from campaigns.store.reads import Reads, revisions, stream
from tests.support.engine import World, contact


@dataclass
class House:
    """A world and a way to ask it."""

    world: World
    database: Database

    def ask(self) -> "Asked":
        return Asked(self.database)


class Asked:
    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Reads:
        self._transaction = self._database.read()
        return Reads(self._transaction.__enter__())

    def __exit__(self, *_: object) -> None:
        self._transaction.__exit__(None, None, None)


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    url = request.getfixturevalue(f"{request.param}_store_url")
    database = Database(url, clock=wall)
    world = World(database=database, spacing=0.0)
    world.provider.took = 0.0
    try:
        yield House(world, database)
    finally:
        database.close()


ROWS: list[Entry] = [
    contact(1),
    contact(2),
    RejectedRow(line=9, column="phone", reason="the number is empty"),
    contact(3),
    FilteredRow(line=10),
    replace(contact(1), line=11),
    contact(4, zones=()),
]


@pytest.fixture
def called(house: House) -> House:
    """Four contacts: one completed, one waits for a retry, one is live, one has no zone."""
    hours = CallingHours(days=((Span(start=0, end=1440),),) * 7, rules_off=True)
    house.world.submit(ROWS, calling_hours=hours, retry=Retry(max_attempts=2))  # type: ignore[arg-type]
    house.world.settle()
    first, second, third = (str(one["id"]) for one in house.world.attempts())
    house.world.say(first, CallStatus.IN_PROGRESS, settle=False)
    house.world.say(first, CallStatus.COMPLETED, duration=42.5, call_id="call_1")
    house.world.say(second, CallStatus.BUSY)
    house.world.say(third, CallStatus.RINGING)
    return house


# --- lists ----------------------------------------------------------------------------------


def test_the_list_has_every_campaign_the_newest_first(house: House) -> None:
    house.world.submit(2, name="older")
    house.world.submit(3, name="newer", digest="d2")
    with house.ask() as reads:
        found = reads.campaigns()
    assert [(one.name, one.tasks.total, one.tasks.waiting) for one in found] == [
        ("newer", 3, 3),
        ("older", 2, 2),
    ]
    assert found[0].account == "default"


def test_an_empty_database_has_nothing_to_say(house: House) -> None:
    with house.ask() as reads:
        assert reads.campaigns() == []
        assert reads.suppressions(limit=10).items == ()
        assert (reads.totals().calls, reads.totals().suppressed) == (0, 0)
        assert reads.health().open_tasks == 0


def test_contacts_come_in_the_order_of_the_list_and_in_pages(called: House) -> None:
    with called.ask() as reads:
        page = reads.contacts("reminders", limit=3)
        rest = reads.contacts("reminders", after=page.next, limit=3)
    assert [(one.key, one.state, one.outcome) for one in (*page.items, *rest.items)] == [
        ("k1", TaskState.DONE, Outcome.COMPLETED),
        ("k2", TaskState.WAITING, None),
        ("k3", TaskState.CALLING, None),
        ("k4", TaskState.DONE, Outcome.SKIPPED),
    ]
    assert rest.next is None
    assert page.items[1].wait_reason == "retry"
    assert page.items[1].next_at is not None
    assert "617555" not in repr(page)


def test_contacts_are_filtered_by_state_and_outcome(called: House) -> None:
    with called.ask() as reads:
        done = reads.contacts("reminders", states=[TaskState.DONE], limit=9)
        skipped = reads.contacts("reminders", outcomes=[Outcome.SKIPPED], limit=9)
    assert [one.key for one in done.items] == ["k1", "k4"]
    assert [one.key for one in skipped.items] == ["k4"]


def test_rows_that_became_no_contact_are_kept_by_line(called: House) -> None:
    with called.ask() as reads:
        page = reads.rejected("reminders", limit=2)
        rest = reads.rejected("reminders", after=page.next, limit=2)
    assert [(one.line, one.kind) for one in (*page.items, *rest.items)] == [
        (9, "rejected"),
        (10, "filtered"),
        (11, "duplicate"),
    ]


def test_calls_come_newest_first_in_pages_without_a_gap(called: House) -> None:
    with called.ask() as reads:
        whole = reads.calls("reminders", limit=10)
        page = reads.calls("reminders", limit=2)
        rest = reads.calls("reminders", after=page.next, limit=2)
        busy = reads.calls("reminders", states=[AttemptState.BUSY], limit=9)
        mine = reads.calls("reminders", key="k3", limit=9)
    assert [one.id for one in (*page.items, *rest.items)] == [one.id for one in whole.items]
    instants = [one.intent_at for one in whole.items]
    assert instants == sorted(instants, reverse=True)
    assert [one.key for one in busy.items] == ["k2"]
    assert [one.key for one in mine.items] == ["k3"]


def test_a_page_of_nowhere_is_refused(called: House) -> None:
    with called.ask() as reads:
        for ask in (reads.calls, reads.contacts, reads.rejected):
            with pytest.raises(InputError, match="--after"):
                ask("reminders", after="nowhere", limit=2)
        with pytest.raises(InputError, match="--after"):
            reads.suppressions(after="-1", limit=2)


def test_a_name_that_is_nearly_right_is_suggested(called: House) -> None:
    with called.ask() as reads:
        with pytest.raises(UnknownName, match="did you mean reminders"):
            reads.campaign_figures("reminder")
        with pytest.raises(UnknownName, match="campaigns list"):
            reads.contacts("zzz", limit=1)
        with pytest.raises(UnknownName, match="there is default"):
            reads.account_id("other")


# --- one campaign ---------------------------------------------------------------------------


def test_show_adds_up(called: House) -> None:
    with called.ask() as reads:
        figures = reads.campaign_figures("reminders")
    tasks = figures.summary.tasks
    assert (tasks.total, tasks.done, tasks.calling, tasks.waiting) == (4, 2, 1, 1)
    assert figures.outcomes == {Outcome.COMPLETED: 1, Outcome.SKIPPED: 1}
    assert sum(figures.outcomes.values()) == tasks.done
    assert sum(one.count for one in figures.waiting) == tasks.waiting
    assert (figures.rows.rejected, figures.rows.duplicate, figures.rows.filtered) == (1, 1, 1)
    assert figures.live == {AttemptState.RINGING: 1}
    assert (figures.calls, figures.max_attempts) == (3, 2)
    assert figures.account.slots_busy == 3
    assert figures.account.limit == 10
    (one,) = figures.waiting
    assert one.reason == "retry"
    assert one.next_at is not None
    assert one.next_at > figures.at + timedelta(minutes=5)
    assert figures.estimated_end is not None
    assert figures.estimated_end >= one.next_at


def test_closed_lanes_say_when_they_open(house: House) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    hours = CallingHours(days=((),) * 7, open={day: (Span(start=600, end=660),)})
    house.world.submit(5, calling_hours=hours)
    house.world.settle()
    with house.ask() as reads:
        (one,) = reads.campaign_figures("reminders").waiting
    assert (one.reason, one.count) == ("calling_hours", 5)
    assert one.next_at is not None
    assert one.next_at.date() == day


def test_a_pause_and_who_asked_for_it_are_told(house: House) -> None:
    house.world.submit(2)
    control.pause("reminders", house.world.parts, who="ann", reason="lunch")
    control.pause_account([house.world.account_id], house.world.parts, who="bob", reason="strike")
    with house.ask() as reads:
        figures = reads.campaign_figures("reminders")
        pauses = reads.health().pauses
    assert figures.summary.state is CampaignState.PAUSED
    assert (figures.summary.paused_why, figures.summary.paused_by) == ("lunch", "ann")
    assert [(one.reason, one.count) for one in figures.waiting] == [("paused", 2)]
    assert figures.estimated_end is None
    assert {(one.scope, one.who, one.why) for one in pauses} == {
        ("account", "bob", "strike"),
        ("campaign", "ann", "lunch"),
    }


def test_a_slow_down_shows_with_the_account(house: House) -> None:
    house.world.provider.answers.append(SlowDown(retry_after=90))
    house.world.submit(1)
    house.world.settle()
    with house.ask() as reads:
        figures = reads.campaign_figures("reminders")
    assert figures.account.last_429_at is not None
    assert figures.account.held_until is not None
    assert "429" in (figures.account.held_why or "")
    assert [one.reason for one in figures.waiting] == ["account_held"]
    assert figures.calls == 0  # refused: nobody was rung


# --- one call -------------------------------------------------------------------------------


def test_one_call_has_what_was_asked_and_everything_that_was_said(called: House) -> None:
    first = str(called.world.attempts()[0]["id"])
    with called.ask() as reads:
        call = reads.call(first)
        by_call_id = reads.call("call_1")
    assert call.line.state is AttemptState.COMPLETED
    assert (call.line.campaign, call.line.key, call.line.duration_s) == ("reminders", "k1", 42.5)
    assert [event.word for event in call.events] == ["in_progress", "completed"]
    assert all(event.folded for event in call.events)
    assert call.snapshot["agent_id"] == "agent_reminder"
    assert by_call_id == call
    assert "Person" not in repr(call)


def test_the_start_of_an_id_is_enough_where_no_other_begins_like_it(house: House) -> None:
    house.world.submit(1)
    house.world.settle()
    (one,) = house.world.attempts()
    with house.ask() as reads:
        assert reads.call("00000000").line.id == one["id"]


def test_a_call_that_nobody_knows_is_said_so(called: House) -> None:
    with called.ask() as reads:
        with pytest.raises(UnknownName, match="no call has the id"):
            reads.call("nothing_at_all")
        with pytest.raises(UnknownName, match="write more of the id"):
            reads.call("00000000-0000")


# --- results --------------------------------------------------------------------------------


def test_results_have_one_row_for_every_contact(called: House) -> None:
    with called.ask() as reads:
        rows = {str(one["key"]): one for one in reads.results("reminders", limit=9).items}
    assert set(rows) == {"k1", "k2", "k3", "k4"}
    done = rows["k1"]
    assert (done["outcome"], done["duration_s"], done["call_id"]) == ("completed", 42.5, "call_1")
    assert done["to_number"] == "+16175550001"
    assert done["from_number"] == "+18005550100"
    assert done["answered_at"] is not None
    assert done["first_called_at"] == done["last_called_at"]
    assert isinstance(done["late_s"], float)
    assert (done["timezone"], done["timezone_source"]) == ("America/New_York", "number")
    assert (done["source_file"], done["source_line"]) == ("people.csv", 2)
    retry = rows["k2"]
    assert (retry["outcome"], retry["attempts"]) == (None, 1)
    assert isinstance(retry["late_s"], float)
    skipped = rows["k4"]
    assert (skipped["outcome"], skipped["reason"]) == ("skipped", "no_callable_time")
    assert skipped["first_called_at"] is None
    assert skipped["timezone"] is None


def test_results_have_the_columns_that_programs_read(called: House) -> None:
    from campaigns.files.exports import RESULT_COLUMNS

    with called.ask() as reads:
        for row in reads.results("reminders", limit=9).items:
            assert tuple(row) == RESULT_COLUMNS


def test_results_are_filtered_by_end_and_outcome(called: House) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with called.ask() as reads:
        ended = reads.results("reminders", since=later - timedelta(hours=2), limit=9).items
        none = reads.results("reminders", since=later, limit=9).items
        skipped = reads.results("reminders", outcomes=[Outcome.SKIPPED], limit=9).items
    assert [one["key"] for one in ended] == ["k1", "k4"]
    assert none == ()
    assert [one["key"] for one in skipped] == ["k4"]


def test_a_stream_is_every_page_each_in_a_transaction_of_its_own(house: House) -> None:
    house.world.submit(25)
    seen: list[str] = []
    rows = stream(
        house.database, lambda reads, after: reads.results("reminders", after=after, limit=7)
    )
    for number, row in enumerate(rows):
        seen.append(str(row["key"]))
        if number == 3:  # nobody waits for the reader
            control.pause("reminders", house.world.parts, who="ann", reason="meanwhile")
    assert seen == [f"k{n}" for n in range(25)]


def test_the_call_that_decided_is_the_one_shown(house: House) -> None:
    house.world.provider.answers.extend([Accepted(call_id="a"), Accepted(call_id="b")])
    house.world.submit(1, retry=Retry(max_attempts=2, busy=(timedelta(seconds=1),)))
    house.world.settle()
    first = str(house.world.attempts()[0]["id"])
    house.world.say(first, CallStatus.BUSY)
    with house.ask() as reads:
        (row,) = reads.results("reminders", limit=2).items
    assert row["call_id"] == "a"
    assert row["last_called_at"] == row["first_called_at"]


# --- people and numbers ---------------------------------------------------------------------


def test_the_do_not_call_list_comes_in_pages(house: House) -> None:
    numbers = [f"+161755502{n:02d}" for n in range(5)]
    control.suppress(numbers, house.world.parts, who="ann", reason="asked", source="import")
    with house.ask() as reads:
        page = reads.suppressions(limit=3)
        rest = reads.suppressions(after=page.next, limit=3)
        totals = reads.totals()
    assert [one.to_number for one in (*page.items, *rest.items)] == numbers
    assert (page.items[0].reason, page.items[0].source) == ("asked", "import")
    assert totals.suppressed == 5


def test_health_tells_who_works_and_what_is_late(house: House) -> None:
    house.world.submit(12)
    beat(house.world.parts)
    with house.database.write() as tx:
        tx.alive("worker@here:1", "worker", tx.now().real)
    house.world.settle()
    with house.ask() as reads:
        health = reads.health()
    assert health.world == "real"
    assert health.tick_at is not None
    assert health.real - health.tick_at < timedelta(seconds=30)
    assert [(one.name, one.kind) for one in health.workers] == [("worker@here:1", "worker")]
    assert (health.running, health.open_tasks) == (1, 12)
    assert health.accounts[0].slots_busy == 10
    assert (health.accounts[0].live, health.accounts[0].concurrent_calls) == (10, None)
    assert health.oldest_late_at is not None
    assert health.oldest_late_at <= health.policy
    assert (health.unknown, health.unresolved) == (0, 0)


def test_the_age_of_events_is_told(called: House) -> None:
    third = str(called.world.attempts()[2]["id"])
    called.world.say(third, CallStatus.IN_PROGRESS, settle=False)
    with called.ask() as reads:
        health = reads.health()
    assert health.newest_event_at == health.oldest_unfolded_at
    called.world.settle()
    with called.ask() as reads:
        assert reads.health().oldest_unfolded_at is None


def test_totals_count_calls_that_may_have_rung(called: House) -> None:
    with called.ask() as reads:
        totals = reads.totals()
    assert (totals.campaigns, totals.calls) == (1, 3)


def test_revisions_are_told_without_an_installation(sqlite_store_url: str, tmp_path: str) -> None:
    at, needed = revisions(sqlite_store_url)
    assert at == needed
    nothing, needed_too = revisions(f"sqlite:///{tmp_path}/empty.db")
    assert (nothing, needed_too) == (None, needed)
