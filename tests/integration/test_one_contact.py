"""One contact at a time, whatever its list says: added, moved, changed, held, withdrawn."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.calls import CallStatus
from campaigns.core.definition import (
    HOUSE_HOURS,
    Anchor,
    Consent,
    Contacts,
    Offset,
    SameNumber,
    Schedule,
    Touch,
)
from campaigns.core.people import FILTERED, ONE, Told
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.people import Elsewhere, One, Unreadable, tell
from campaigns.engine.standing import person
from campaigns.engine.submit import Submission, submit
from campaigns.errors import Conflict, DefinitionError, InputError, UnknownName
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from tests.support.engine import World, contact, definition

HEADER = ("key", "name", "to_number", "status")
NEWS = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World()
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")))
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


ON_THE_TESTS_CLOCK = pytest.mark.parametrize("world", ["memory"], indirect=True)
"""Where calls follow each other: PostgreSQL's clock cannot be sent forward."""


def begin(world: World, *numbers: int, digest: str = "d1", **changes: object) -> None:
    made = Submission(
        definition=definition(**changes),
        digest=digest,
        header=(*HEADER, "visit"),
        source="people.csv",
        entries=[contact(n, fields=row(n)) for n in numbers],
    )
    submit(made, world.parts, who="test", allow_withdraw=True)


def row(n: int, **more: str) -> dict[str, str]:
    return {"key": f"k{n}", "name": f"Person {n}", "to_number": f"+1617555{n:04d}", **more}


def put(world: World, n: int, *, at: datetime | None = None, **more: str) -> Told:
    one = One(campaign="reminders", key=f"k{n}", row=row(n, **more), updated_at=at)
    return tell(one, world.parts, who="test")


def withdraw(world: World, n: int, *, at: datetime | None = None) -> Told:
    return tell(One(campaign="reminders", key=f"k{n}", updated_at=at), world.parts, who="test")


def rung(world: World) -> list[tuple[str, str]]:
    return [(one.to_number[-4:], one.context["name"]) for _, one in world.provider.rung]


def state(world: World) -> object:
    return world.rows("SELECT state FROM campaign")[0]["state"]


@ON_THE_TESTS_CLOCK
def test_a_new_one_is_called_like_those_of_the_list(world: World) -> None:
    begin(world, 1)
    answer = put(world, 2)
    assert (answer.effect, answer.why, answer.live_call) == ("added", None, None)
    assert answer.next_call_at == world.clock.at
    world.settle(ticks=2)
    assert rung(world) == [("0001", "Person 1"), ("0002", "Person 2")]


def test_saying_it_again_changes_nothing(world: World) -> None:
    begin(world, 1)
    before = world.rows("SELECT * FROM dial_task")
    assert put(world, 1).effect == "unchanged"
    assert world.rows("SELECT * FROM dial_task") == before
    assert put(world, 2).effect == "added"
    assert put(world, 2).effect == "unchanged"


@ON_THE_TESTS_CLOCK
def test_what_a_row_does_not_name_stays_only_where_it_is_merged(world: World) -> None:
    begin(world, 1)
    told = One(campaign="reminders", key="k1", row={"name": "Ann"}, merge=True, known=True)
    assert tell(told, world.parts, who="test").effect == "changed"
    world.settle()
    assert rung(world) == [("0001", "Ann")]


@pytest.mark.parametrize(("known", "n"), [(True, 2), (False, 1)])
def test_who_adds_means_a_new_one_and_who_updates_a_known_one(
    world: World, known: bool, n: int
) -> None:
    begin(world, 1)
    told = One(campaign="reminders", key=f"k{n}", row=row(n), known=known)
    with pytest.raises(UnknownName if known else Conflict):
        tell(told, world.parts, who="test")


@ON_THE_TESTS_CLOCK
def test_a_claimed_call_is_not_made_with_what_was_said_before(world: World) -> None:
    begin(world, 1)
    dispatch(world.account_id, world.parts)
    (claimed,) = [what for kind, what in world.bell.rung if kind == "dial"]
    assert isinstance(claimed, Claim)
    assert put(world, 1, name="Renamed").effect == "changed"
    dial(claimed, world.parts)
    assert rung(world) == [("0001", "Renamed")]


@ON_THE_TESTS_CLOCK
def test_a_claimed_call_to_a_number_that_was_changed_is_not_made(world: World) -> None:
    begin(world, 1)
    dispatch(world.account_id, world.parts)
    (claimed,) = [what for kind, what in world.bell.rung if kind == "dial"]
    assert isinstance(claimed, Claim)
    put(world, 1, to_number="+16175559999")
    dial(claimed, world.parts)
    assert rung(world) == [("9999", "Person 1")]


@ON_THE_TESTS_CLOCK
def test_a_claimed_call_of_a_withdrawn_one_is_not_made(world: World) -> None:
    begin(world, 1)
    dispatch(world.account_id, world.parts)
    answer = withdraw(world, 1)
    assert (answer.effect, answer.next_call_at, answer.why) == (
        "withdrawn",
        None,
        "it was withdrawn",
    )
    world.bell.play(world.parts)
    world.settle(ticks=2)
    assert rung(world) == []


@ON_THE_TESTS_CLOCK
def test_a_call_that_is_live_is_told(world: World) -> None:
    begin(world, 1)
    world.settle()
    (attempt,) = world.attempts()
    answer = withdraw(world, 1)
    assert answer.effect == "withdrawn"
    assert answer.live_call is not None
    assert answer.live_call.attempt_id == attempt["id"]
    world.say(str(attempt["id"]), CallStatus.NO_ANSWER)
    world.clock.forward(hours=8)
    world.settle(ticks=3)
    assert len(world.provider.rung) == 1


@ON_THE_TESTS_CLOCK
def test_what_was_done_is_not_repeated_and_says_so(world: World) -> None:
    begin(world, 1)
    world.settle()
    (attempt,) = world.attempts()
    world.say(str(attempt["id"]), CallStatus.IN_PROGRESS)
    world.say(str(attempt["id"]), CallStatus.COMPLETED, duration=30.0)
    world.settle(ticks=2)
    assert state(world) == "finished"
    answer = put(world, 1, name="Renamed")
    assert (answer.effect, answer.why) == ("changed", "it was called, and answered")
    assert answer.next_call_at is None
    assert state(world) == "finished"


@ON_THE_TESTS_CLOCK
def test_a_withdrawn_one_comes_back(world: World) -> None:
    begin(world, 1)
    withdraw(world, 1)
    assert withdraw(world, 1).effect == "unchanged"
    answer = put(world, 1)
    assert (answer.effect, answer.why) == ("added", None)
    world.settle(ticks=2)
    assert rung(world) == [("0001", "Person 1")]


def test_older_news_changes_nothing_and_the_same_again_is_welcome(world: World) -> None:
    begin(world, 1)
    put(world, 1, at=NEWS, name="Two")
    assert put(world, 1, at=NEWS, name="Two").effect == "unchanged"
    with pytest.raises(Conflict, match="newer"):
        put(world, 1, at=NEWS - HOUR, name="One")
    with pytest.raises(Conflict, match="newer"):
        withdraw(world, 1, at=NEWS - HOUR)
    now = person("reminders", "k1", world.parts)
    assert (now.row["name"], now.updated_at) == ("Two", NEWS)
    put(world, 1, name="Three")
    assert person("reminders", "k1", world.parts).updated_at == NEWS
    assert withdraw(world, 1, at=NEWS + HOUR).effect == "withdrawn"
    with pytest.raises(Conflict, match="newer"):
        put(world, 1, at=NEWS, name="Two")


def test_news_without_news_is_as_of_its_time(world: World) -> None:
    begin(world, 1)
    assert put(world, 1, at=NEWS).effect == "unchanged"
    with pytest.raises(Conflict, match="newer"):
        put(world, 1, at=NEWS - HOUR)


@ON_THE_TESTS_CLOCK
def test_a_row_that_cannot_be_read_holds_a_known_one(world: World) -> None:
    begin(world, 1)
    with pytest.raises(Unreadable, match=r"to_number: .*held") as caught:
        put(world, 1, to_number="12")
    assert (caught.value.column, caught.value.held) == ("to_number", True)
    world.settle(ticks=2)
    assert rung(world) == []
    assert person("reminders", "k1", world.parts).told.why == "its row cannot be read"
    assert put(world, 1).effect == "changed"
    world.clock.forward(seconds=5)
    world.settle(ticks=2)
    assert rung(world) == [("0001", "Person 1")]


def test_a_row_that_cannot_be_read_is_no_new_contact(world: World) -> None:
    begin(world, 1)
    with pytest.raises(Unreadable) as caught:
        put(world, 2, to_number="12")
    assert not caught.value.held
    assert "held" not in str(caught.value)
    with pytest.raises(UnknownName):
        person("reminders", "k2", world.parts)


def test_news_that_overtook_an_older_one_holds_though_nobody_knew_the_contact(
    world: World,
) -> None:
    """Cancelled, then booked, though it was booked first: nobody may be called."""
    begin(world, 1, contacts=Contacts(file="people.csv", key="key", where="{{ name != 'Off' }}"))
    assert put(world, 5, at=NEWS + HOUR, name="Off").why == "left out by `where`"
    gone = withdraw(world, 6, at=NEWS + HOUR)
    assert (gone.effect, gone.why) == (
        "unchanged",
        "there is no such contact; what is older than this is refused",
    )
    for n in (5, 6):
        with pytest.raises(Conflict, match="newer"):
            put(world, n, at=NEWS)
    assert withdraw(world, 6, at=NEWS + HOUR / 2 + HOUR).effect == "unchanged"
    with pytest.raises(Conflict, match="newer"):
        put(world, 6, at=NEWS + HOUR)
    assert put(world, 6, at=NEWS + 2 * HOUR).effect == "added"
    with pytest.raises(UnknownName):
        withdraw(world, 7)
    assert person("reminders", "k6", world.parts).told.next_call_at is not None
    with pytest.raises(UnknownName):
        person("reminders", "k5", world.parts)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"nam": "x"}, "no column nam: did you mean name"),
        ({"key": "k9"}, "another contact: its key differs"),
    ],
)
def test_a_row_of_something_else_is_refused(world: World, more: dict[str, str], said: str) -> None:
    begin(world, 1)
    with pytest.raises(InputError, match=said):
        put(world, 1, **more)
    assert not person("reminders", "k1", world.parts).held


def test_a_number_that_is_the_key_cannot_change(world: World) -> None:
    begin(world, contacts=Contacts(file="people.csv", to_number="to_number"))
    header = ("to_number", "name")
    entry = contact(1, key="+16175550001", fields={"to_number": "+16175550001", "name": "Ann"})
    made = Submission(
        definition=definition(name="numbers", contacts=Contacts(file="people.csv")),
        digest="n1",
        header=header,
        source="people.csv",
        entries=[entry],
    )
    submit(made, world.parts, who="test")
    told = One(
        campaign="numbers", key="+16175550001", row={"to_number": "+16175550002", "name": "Ann"}
    )
    with pytest.raises(InputError, match="the number is the key") as caught:
        tell(told, world.parts, who="test")
    assert "6175550" not in str(caught.value)


WHERE = Contacts(file="people.csv", key="key", where="{{ status != 'gone' }}")


def test_a_row_that_where_leaves_out_withdraws_a_known_one(world: World) -> None:
    begin(world, 1, contacts=WHERE)
    assert put(world, 1, status="gone") == Told(effect="withdrawn", why=FILTERED)  # type: ignore[arg-type]
    assert put(world, 2, status="gone") == Told(effect="unchanged", why=FILTERED)  # type: ignore[arg-type]
    assert put(world, 1).effect == "added"


ONCE = Contacts(file="people.csv", key="key", same_number=SameNumber.REFUSE)


def test_a_number_that_is_anothers_is_refused(world: World) -> None:
    begin(world, 1, 2, contacts=ONCE)
    with pytest.raises(Elsewhere, match="same_number"):
        put(world, 3, to_number="+16175550001")
    with pytest.raises(Elsewhere, match="held"):
        put(world, 2, to_number="+16175550001")
    assert person("reminders", "k2", world.parts).held
    withdraw(world, 1)
    assert put(world, 2, to_number="+16175550001").effect == "changed"


def test_a_suppressed_number_is_never_called_and_says_so(world: World) -> None:
    begin(world, 1)
    control.suppress(["+16175550002"], world.parts, who="ann", reason="asked")
    answer = put(world, 2)
    assert (answer.effect, answer.next_call_at) == ("added", None)
    assert answer.why == "its number is on the do-not-call list"


def test_a_paused_campaign_takes_it_and_says_so(world: World) -> None:
    begin(world, 1)
    control.pause("reminders", world.parts, who="ann", reason="lunch")
    answer = put(world, 2)
    assert (answer.effect, answer.why) == ("added", "the campaign is paused")
    assert state(world) == "paused"


@ON_THE_TESTS_CLOCK
def test_a_finished_campaign_goes_on(world: World) -> None:
    begin(world)
    world.settle(ticks=2)
    assert state(world) == "finished"
    put(world, 1)
    assert state(world) == "running"
    world.settle(ticks=2)
    assert rung(world) == [("0001", "Person 1")]


@pytest.mark.parametrize("state", ["cancelled", "loading", "reconciling"])
def test_a_campaign_that_is_over_or_changing_refuses(world: World, state: str) -> None:
    begin(world, 1)
    with world.store.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE campaign SET state = '{state}'")
    with pytest.raises(Conflict, match=r"another name|try again"):
        put(world, 1, name="Renamed")
    assert person("reminders", "k1", world.parts).row["name"] == "Person 1"


def test_no_list_withdraws_who_came_one_at_a_time(world: World) -> None:
    begin(world, 1)
    put(world, 2)
    begin(world, 3, digest="d2")
    gone = {k: person("reminders", k, world.parts).withdrawn for k in ("k1", "k2", "k3")}
    assert gone == {"k1": True, "k2": False, "k3": False}


def test_who_is_on_a_list_later_belongs_to_it(world: World) -> None:
    begin(world, 1)
    put(world, 2)
    assert world.rows("SELECT source FROM contact ORDER BY id")[1]["source"] == ONE
    begin(world, 1, 2, digest="d2")
    begin(world, 1, digest="d3")
    assert person("reminders", "k2", world.parts).withdrawn


def test_the_next_list_that_differs_is_the_truth_of_its_own(world: World) -> None:
    begin(world, 1)
    put(world, 1, name="Renamed")
    begin(world, 1)  # the same again says nothing
    assert person("reminders", "k1", world.parts).row["name"] == "Renamed"
    begin(world, 1, 2, digest="d2")
    assert person("reminders", "k1", world.parts).row["name"] == "Person 1"


def test_who_did_what_is_kept_without_the_person(world: World) -> None:
    begin(world, 1)
    put(world, 1, name="Renamed")
    with pytest.raises(Unreadable):
        put(world, 1, to_number="12")
    withdraw(world, 1)
    rows = world.rows("SELECT who, detail FROM audit WHERE what = 'contact' ORDER BY id")
    found = [(one["who"], _detail(one["detail"])) for one in rows]
    (id,) = {detail["contact"] for _, detail in found}
    assert found == [
        ("test", {"contact": id, "effect": effect}) for effect in ("changed", "held", "withdrawn")
    ]


def _detail(kept: object) -> dict[str, object]:
    found = json.loads(kept) if isinstance(kept, str) else kept
    assert isinstance(found, dict)
    return found


VISITS = {
    "contacts": Contacts(file="people.csv", key="key"),
    "schedule": Schedule(
        timezone="America/New_York",
        anchor=Anchor(column="visit"),
        touches=(
            Touch(name="day_before", offset=Offset(days=-1)),
            Touch(name="same_day", offset=Offset(elapsed=-3 * HOUR)),
        ),
    ),
}


def visit(world: World, n: int, hours: float) -> Told:
    at = world.store.policy_now().policy + timedelta(hours=hours)
    return put(world, n, visit=at.isoformat(timespec="seconds"))


def test_an_appointment_that_moves_has_the_calls_of_its_new_time(world: World) -> None:
    begin(world, **VISITS)
    before = visit(world, 1, 72).next_call_at
    answer = visit(world, 1, 96)
    assert answer.effect == "moved"
    assert before is not None
    assert answer.next_call_at is not None
    assert timedelta(hours=23) < answer.next_call_at - before < timedelta(hours=25)
    assert visit(world, 1, 96).effect in ("unchanged", "changed")


@pytest.mark.parametrize("hours", [-2, 1])
def test_one_that_moves_into_the_past_is_not_called(world: World, hours: float) -> None:
    begin(world, **VISITS)
    visit(world, 1, 72)
    answer = visit(world, 1, hours)
    assert (answer.effect, answer.next_call_at) == ("moved", None)
    assert answer.why == "moved into the past: no further call"
    assert {one["state"] for one in world.tasks()} == {"done"}


def test_a_new_one_whose_time_is_past_says_so(world: World) -> None:
    begin(world, **VISITS)
    answer = visit(world, 1, -2)
    assert (answer.effect, answer.why) == ("added", "its time is past: no further call")


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_two_that_tell_one_contact_at_once_leave_one_of_both(world: World) -> None:
    begin(world, 1)
    begun = threading.Barrier(4)
    failed: list[Exception] = []

    def say(n: int) -> None:
        begun.wait()
        try:
            put(world, 1, name=f"Name {n}", to_number=f"+161755500{n}0")
            put(world, 10 + n)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=say, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    now = person("reminders", "k1", world.parts)
    assert now.to_number == f"+161755500{now.row['name'][-1]}0"
    (task,) = now.tasks
    found = world.rows(f"SELECT phone_id FROM dial_task WHERE id = {task.id}")
    with world.store.read() as tx:
        assert tx.number(int(str(found[0]["phone_id"]))) == now.to_number


def test_a_call_that_leaves_meanwhile_says_the_new_or_is_told(
    request: pytest.FixtureRequest,
) -> None:
    """Dialling and telling at once: nobody is called by the old row once the answer is there."""
    world = World(
        database=Database(request.getfixturevalue("postgres_store_url")), spacing=0.0, limit=10
    )
    world.parts = replace(world.parts, dice=SystemDice())
    begin(world, *range(8))
    dispatch(world.account_id, world.parts)
    claims = [what for kind, what in world.bell.rung if isinstance(what, Claim)]
    begun = threading.Barrier(2)
    failed: list[Exception] = []

    def call() -> None:
        begun.wait()
        try:
            for claim in claims:
                dial(claim, world.parts)
        except Exception as error:
            failed.append(error)

    calling = threading.Thread(target=call)
    calling.start()
    begun.wait()
    answers = {n: put(world, n, name=f"New {n}") for n in reversed(range(8))}
    calling.join()
    assert failed == []
    assert claims
    names = {request.to_number[-1]: request.context["name"] for _, request in world.provider.rung}
    for n, name in ((int(n), name) for n, name in names.items()):
        told = answers[n].live_call is not None
        assert name == (f"Person {n}" if told else f"New {n}")
    world.store.close()


RUNS = Schedule(timezone="UTC", cron="0 16 * * *", start=datetime(2026, 3, 1, tzinfo=UTC))


@ON_THE_TESTS_CLOCK
def test_one_of_a_campaign_in_runs_belongs_to_the_run_it_comes_in(world: World) -> None:
    begin(world, 1, schedule=RUNS)
    added = put(world, 2)
    assert added.next_call_at == datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
    world.clock.forward(hours=1.01)
    world.settle(ticks=3)
    assert rung(world) == [("0001", "Person 1"), ("0002", "Person 2")]
    for attempt in world.attempts():
        world.say(str(attempt["id"]), CallStatus.IN_PROGRESS)
        world.say(str(attempt["id"]), CallStatus.COMPLETED, duration=30.0)
    world.settle(ticks=3)
    renamed = put(world, 2, name="Renamed")
    assert renamed.next_call_at == datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
    assert withdraw(world, 1).why == "it was withdrawn"
    world.clock.forward(hours=24)
    world.settle(ticks=4)
    assert rung(world)[2:] == [("0002", "Renamed")]


MARKETING = {"purpose": "marketing", "disclosure": "I am a machine.", "calling_hours": HOUSE_HOURS}


def test_one_contact_is_held_to_the_demands_of_the_rules(world: World) -> None:
    """A campaign that was submitted with nobody on its list asked for no consent yet."""
    begin(world, **MARKETING)
    with pytest.raises(DefinitionError, match="expected the consent that us-"):
        put(world, 1)
    assert not world.rows("SELECT * FROM contact")
    agreed = Consent(attested="in writing, on the form of the shop")
    begin(world, digest="d2", consent=agreed, **MARKETING)
    assert put(world, 1).effect == "added"


def test_whoever_is_withdrawn_needs_no_consent(world: World) -> None:
    begin(world, **MARKETING)
    assert withdraw(world, 1, at=NEWS).effect == "unchanged"


def test_an_unreadable_row_is_told_of_before_any_rule(world: World) -> None:
    begin(world, **MARKETING)
    with pytest.raises(Unreadable):
        put(world, 1, to_number="nobody's")
