"""`explain`: why one contact was, was not, or is not yet called, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.cli import screen
from campaigns.core.admission import Finish, GiveBack, Lift
from campaigns.core.calls import Blame, CallStatus, NotSent, Rejected
from campaigns.core.contacts import FilteredRow
from campaigns.core.definition import Budget, CallingHours, Cap, Pacing, Retry, Span
from campaigns.core.explanation import Asked, Explanation, Said, Story
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.erase import erase
from campaigns.engine.explain import explain
from campaigns.engine.gate import Intent, pass_gate
from campaigns.errors import UnknownName
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from tests.support.cli import Shell
from tests.support.engine import World, contact

H = timedelta(hours=1)
NUMBER = contact(1).to_number
WORKDAY = CallingHours(days=((Span(start=9 * 60, end=17 * 60),),) * 7)


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World(spacing=0)
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")), spacing=0)
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


def why(world: World, key: str = "k1", name: str = "reminders") -> Explanation:
    return explain(name, key, world.parts)


def story(world: World, key: str = "k1") -> Story:
    (one,) = why(world, key).tasks
    return one


def first(one: Story) -> Asked:
    return next((asked for asked in one.checks if asked.said is not Said.PASSES), one.checks[-1])


# --- who, and what holds for it -------------------------------------------------------------


def test_who_it_is_and_which_rules_hold_there(world: World) -> None:
    florida = contact(1, to_number="+13055550101", places=("US", "US-FL"), line=41)
    world.submit([florida], purpose="marketing", calling_hours=WORKDAY)
    found = why(world)
    who = found.contact
    assert (who.key, who.zones, who.zone_source, who.places) == (
        "k1",
        ("America/New_York",),
        "number",
        ("US", "US-FL"),
    )
    assert (who.source_file, who.source_line) == ("people.csv", 41)
    (law,) = [rule for rule in found.rules if rule.key == "us-fl-marketing"]
    assert "F.S. 501" in law.source
    assert law.as_of < law.review_by
    assert {look.rule for look in found.tasks[0].calendars} >= {"calling_hours", "us-fl-marketing"}
    assert "+13055550101" not in repr(found)


def test_the_same_facts_have_the_same_text() -> None:
    world = World(spacing=0)
    world.submit([contact(1)], calling_hours=WORKDAY)
    assert json.dumps(screen.plain(why(world))) == json.dumps(screen.plain(why(world)))


def test_nothing_is_changed_by_asking(world: World) -> None:
    world.submit([contact(1)])
    before = world.tasks(), world.attempts()
    why(world)
    assert (world.tasks(), world.attempts()) == before


# --- what was called ------------------------------------------------------------------------


def test_a_past_call_tells_what_allowed_it_and_what_policy_said_after_it(world: World) -> None:
    retry = Retry(max_attempts=2, no_answer=(H,))
    world.submit([contact(1)], retry=retry)
    world.settle()
    live = story(world)
    assert (live.state, live.checks, live.next) == (TaskState.CALLING, (), None)
    world.say(str(world.attempts()[0]["id"]), CallStatus.NO_ANSWER)
    again = story(world)
    (call,) = again.calls
    assert (call.number, call.outcome, call.then) == (1, Outcome.NO_ANSWER, "retry")
    assert call.next_at == again.retry_at
    assert call.allowed is not None
    assert call.allowed["caps"] == [
        {"rule": "house_cap", "calls": 4, "per_s": 24 * 3600, "made": 0}
    ]
    assert again.next is not None
    assert (again.next.at, again.next.reason) == (call.next_at, "due")


def test_after_the_last_call_there_is_none() -> None:
    world = World(spacing=0)
    world.submit([contact(1)], retry=Retry(max_attempts=2, no_answer=(H,)))
    for number in range(2):
        world.run_for(2 * 3600, step=30)
        world.say(str(world.attempts()[number]["id"]), CallStatus.NO_ANSWER)
    world.run_for(600, step=30)
    over = story(world)
    assert [one.then for one in over.calls] == ["retry", "exhausted"]
    assert (over.outcome, over.reason, over.checks) == (Outcome.NO_ANSWER, "exhausted", ())


@pytest.mark.parametrize(
    ("status", "then"), [(CallStatus.COMPLETED, "answered"), (CallStatus.BUSY, "no_retry")]
)
def test_a_call_after_which_there_is_none_says_why(
    world: World, status: CallStatus, then: str
) -> None:
    world.submit([contact(1)], retry=Retry(max_attempts=3, no_answer=(H,), busy=()))
    world.settle()
    world.say(str(world.attempts()[0]["id"]), status, duration=9)
    assert [call.then for call in story(world).calls] == [then]


def test_a_call_that_rang_nobody_was_not_spent(world: World) -> None:
    world.provider.answers.append(NotSent(why="connection refused"))
    world.submit([contact(1), contact(2)])
    world.settle()
    calls = [call for key in ("k1", "k2") for call in story(world, key).calls]
    assert [call.outcome for call in calls if call.then == "unspent"] == [None]


def test_a_refused_number_says_so(world: World) -> None:
    refused = Rejected(status=422, blame=Blame.CONTACT, detail="to_number")
    world.provider.answers.append(refused)
    world.submit([contact(1)])
    world.settle()
    one = story(world)
    assert [call.then for call in one.calls] == ["number_refused"]
    assert one.outcome is Outcome.REJECTED


# --- what waits -----------------------------------------------------------------------------


def test_the_cap_is_told_with_the_instant_at_which_it_has_room(world: World) -> None:
    world.submit([contact(1)], caps=(Cap(calls=1, per=6 * H),))
    world.settle()
    attempt = world.attempts()[0]
    world.say(str(attempt["id"]), CallStatus.COMPLETED, duration=20)
    later = contact(7, to_number=NUMBER)
    world.submit([later], name="second", digest="d2", caps=(Cap(calls=1, per=6 * H),))
    world.settle()
    (one,) = why(world, "k7", "second").tasks
    full = first(one)
    assert (full.rule, full.lifted_by) == ("caps", Lift.TIME)
    (call,) = why(world).tasks[0].calls
    assert one.next is not None
    assert (one.next.at, one.next.rule) == (call.at + 6 * H, "caps")


def test_what_only_a_person_lifts_has_no_instant(world: World) -> None:
    world.submit([contact(1)])
    control.pause("reminders", world.parts, who="ann", reason="lunch")
    one = story(world).next
    assert one is not None
    assert (one.at, [(need.rule, need.lifted_by) for need in one.needs]) == (
        None,
        [("running", Lift.PERSON)],
    )


def test_the_instant_is_when_the_gate_lets_it_go() -> None:
    """A day's budget is spent, hours are closed at midnight, and then the phone rings."""
    world = World(spacing=0)
    world.submit([contact(1), contact(2)], calling_hours=WORKDAY, budget=Budget(calls_per_day=1))
    world.settle(ticks=2)
    (waits,) = [key for key in ("k1", "k2") if story(world, key).state is TaskState.WAITING]
    expected = story(world, waits).next
    assert expected is not None
    assert expected.at is not None
    assert expected.rule == "calling_hours"
    world.run_for((expected.at - world.clock.at).total_seconds() + 60, step=5)
    (call,) = story(world, waits).calls
    assert timedelta(0) <= call.at - expected.at <= timedelta(seconds=10)


# --- who is not called at all ---------------------------------------------------------------


def test_who_is_withdrawn_suppressed_or_erased_says_so(world: World) -> None:
    later = world.store.policy_now().policy + timedelta(days=1)
    people = [contact(n, not_before=later) for n in (1, 2, 3)]
    world.submit(people)
    world.submit(people[1:], digest="d2")
    control.suppress([contact(2).to_number], world.parts, who="ann", reason="asked")
    erase(contact(3).to_number, world.parts, who="ann", suppress=False)
    gone, asked, erased = why(world, "k1"), why(world, "k2"), why(world, "k3")
    assert (gone.contact.withdrawn, gone.tasks[0].reason) == (True, "withdrawn")
    assert [line.reason for line in asked.contact.suppressed] == ["asked"]
    assert asked.tasks[0].outcome is Outcome.SUPPRESSED
    assert (erased.contact.erased, erased.contact.to_number) == (True, "")
    assert erased.contact.key.startswith("erased-")
    assert why(world, erased.contact.key).contact == erased.contact


def test_who_is_not_there_is_unknown_and_rows_beside_are_named(world: World) -> None:
    with pytest.raises(UnknownName, match="no campaign is called"):
        why(world)
    world.submit([contact(1)])
    with pytest.raises(UnknownName, match=r"has no such contact$"):
        why(world, "k9")
    world.submit([contact(1), FilteredRow(line=9)], name="second", digest="d2")
    with pytest.raises(UnknownName, match=r"\(1 of them\): `campaigns contacts second --rejected`"):
        why(world, "k9", "second")


# --- the same as the gate -------------------------------------------------------------------


def nothing(_: World) -> None:
    pass


def suppress(world: World) -> None:
    control.suppress([NUMBER], world.parts, who="ann", reason="asked", campaign="reminders")


def pause(world: World) -> None:
    control.pause("reminders", world.parts, who="ann", reason="lunch")


def pause_account(world: World) -> None:
    control.pause_account([world.account_id], world.parts, who="ann", reason="storm")


SHUT = CallingHours(days=((Span(start=540, end=541),),) * 7)
SITUATIONS: dict[str, tuple[dict[str, object], dict[str, object], Callable[[World], None]]] = {
    "free": ({}, {}, nothing),
    "paused": ({}, {}, pause),
    "account paused": ({}, {}, pause_account),
    "suppressed": ({}, {}, suppress),
    "never open": ({"calling_hours": SHUT}, {}, nothing),
    "starts": ({"pacing": Pacing(starts_per_minute=1)}, {}, nothing),
    "at once": ({"pacing": Pacing(concurrent_calls=1)}, {}, nothing),
    "budget": ({"budget": Budget(calls_per_day=1)}, {}, nothing),
    "approval": ({"pacing": Pacing(first=1)}, {}, nothing),
    "busy": ({}, {"to_number": contact(0).to_number}, nothing),
}


@pytest.mark.parametrize("situation", list(SITUATIONS))
def test_the_first_verdict_is_what_the_gate_does(world: World, situation: str) -> None:
    """Another contact was called before, so that ceilings are full."""
    changes, of_contact, then = SITUATIONS[situation]
    world.submit([contact(0)], **changes)
    world.settle()
    world.submit([contact(0), contact(1, **of_contact)], digest="d2", **changes)
    then(world)
    one = story(world)
    if one.state is TaskState.DONE:  # it was ended at once: there is nothing left to decide
        assert (situation, one.outcome) in (
            ("suppressed", Outcome.SUPPRESSED),
            ("never open", Outcome.SKIPPED),
        )
        return
    said = first(one)
    match at_the_gate(world):
        case Intent():
            assert said.said is Said.PASSES
        case GiveBack(reason=reason, lifted_by=lifted_by):
            assert (said.said, said.reason, said.lifted_by) == (Said.WAITS, reason, lifted_by)
        case Finish(outcome=outcome, reason=reason):
            assert (said.said, said.outcome, said.reason) == (Said.ENDS, outcome, reason)
        case _:
            pytest.fail("the gate dropped it")


def at_the_gate(world: World) -> object:
    """What the gate does with the newest dial task, claimed this moment."""
    newest = "SELECT max(id) FROM dial_task"
    with world.store.write() as tx:
        row = tx.connection.exec_driver_sql(
            "UPDATE dial_task SET state = 'claimed', claim = claim + 1"
            f" WHERE id = ({newest}) AND state = 'waiting' RETURNING id, claim"
        ).one()
        return pass_gate(tx, Claim(task_id=row.id, claim=row.claim), world.parts)


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane", "+16175550124,Joe")
    found("submit", "campaign.yaml", "--yes")
    return found


def test_a_person_reads_a_line_for_each_rule(shell: Shell) -> None:
    shell("pause", "reminders", "--reason", "lunch")
    said = shell("explain", "reminders", "+16175550123").out
    assert "6175550123" not in said
    assert "people.csv:2" in said
    assert "America/New_York (by number)" in said
    (stopped,) = [line for line in said.splitlines() if "✗" in line]
    assert stopped.split()[:2] == ["✗", "running"]
    assert "only a person lets it go on" in stopped
    assert any(line.split()[:2] == ["✓", "calling_hours"] for line in said.splitlines())
    assert said.splitlines()[-1].startswith("  next: the campaign is paused")
    shell("resume", "reminders")
    assert (
        shell("explain", "reminders", "+16175550123")
        .out.splitlines()[-1]
        .endswith(", now, in its turn")
    )


def test_a_program_and_a_file_have_numbers_masked_unless_they_are_asked_for(shell: Shell) -> None:
    masked = shell("explain", "reminders", "+16175550123", "--json")
    assert masked.json["contact"]["source_line"] == 2
    assert "6175550123" not in masked.out
    whole = shell("explain", "reminders", "+16175550123", "--json", "--numbers").json
    assert whole["contact"]["to_number"] == "+16175550123"
    said = shell("explain", "reminders", "+16175550123", "-o", "why.json", "--numbers")
    assert said.line == "the explanation is in why.json, numbers in full"
    kept = json.loads((shell.directory / "why.json").read_text(encoding="utf-8"))
    assert kept["contact"]["to_number"] == "+16175550123"
    shell("explain", "reminders", "+16175550123", "-o", "why.json")
    assert "6175550123" not in (shell.directory / "why.json").read_text(encoding="utf-8")
    refused = shell("explain", "reminders", "+16175550123", "--numbers", code=2)
    assert refused.line.startswith("--numbers goes with --json or --output")


def test_a_name_or_key_that_is_not_there_is_one_line(shell: Shell) -> None:
    assert "no such contact" in shell("explain", "reminders", "v9", code=1).line
    assert "no campaign is called" in shell("explain", "reminder", "v9", code=1).line
