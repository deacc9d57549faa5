"""`who NUMBER`: one number over all campaigns, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus
from campaigns.core.definition import Cap
from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.whom import Whom
from campaigns.engine import control
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from campaigns.store.reads import Reads
from tests.support.cli import Shell
from tests.support.engine import World, contact

NUMBER = contact(1).to_number


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World(spacing=0)
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")), spacing=0)
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


def whom(world: World, number: str = NUMBER) -> Whom:
    with world.store.read() as tx:
        return Reads(tx).whom(number)


def test_a_number_nobody_knows_is_not_remembered_by_asking(world: World) -> None:
    found = whom(world)
    assert (found.known, found.tasks, found.calls) == (False, (), ())
    assert world.rows("SELECT * FROM phone") == []


def test_everything_about_one_number_and_nothing_of_another(world: World) -> None:
    world.submit([contact(1), contact(2)])
    world.settle(ticks=3)
    world.say(str(world.attempts()[0]["id"]), CallStatus.COMPLETED, duration=12)
    later = world.store.policy_now().policy + timedelta(days=1)
    other = contact(7, to_number=NUMBER, line=41, not_before=later)
    world.submit([other, contact(8)], name="second", digest="d2")
    found = whom(world)
    assert found.known
    assert found.suppressed == ()
    (cap,) = found.caps
    assert (cap.rule, cap.used, cap.calls, cap.campaigns) == ("house_cap", 1, 4, ("second",))
    newest, oldest = found.tasks
    assert (oldest.campaign, oldest.key, oldest.outcome) == ("reminders", "k1", Outcome.COMPLETED)
    assert (oldest.source_file, oldest.source_line) == ("people.csv", 2)
    assert (newest.campaign, newest.campaign_state) == ("second", CampaignState.RUNNING)
    assert (newest.state, newest.next_at, newest.why) == (TaskState.WAITING, later, "due")
    assert (newest.source_file, newest.source_line) == ("people.csv", 41)
    (call,) = found.calls
    assert (call.campaign, call.key, call.state) == ("reminders", "k1", "completed")
    assert NUMBER not in repr(found)


def test_what_holds_for_the_number_is_told(world: World) -> None:
    world.submit([contact(1)])
    world.settle()
    world.submit([contact(7, to_number=NUMBER)], name="second", digest="d2")
    found = whom(world)
    assert found.busy_until is not None
    assert (found.tasks[0].why, found.tasks[0].next_at) == ("number_busy", found.busy_until)
    assert found.tasks[1].state is TaskState.CALLING
    control.suppress([NUMBER], world.parts, who="ann", reason="asked")
    found = whom(world)
    (line,) = found.suppressed
    assert (line.reason, line.source, line.campaign) == ("asked", "person", None)
    assert found.tasks[0].outcome is Outcome.SUPPRESSED


def test_each_campaign_has_its_own_caps_rests_and_lists(world: World) -> None:
    """A file allows one call a week; a debt campaign waits after a conversation."""
    world.submit([contact(1)], caps=(Cap(calls=3, per=timedelta(hours=6)),))
    world.settle()
    world.say(str(world.attempts()[0]["id"]), CallStatus.IN_PROGRESS, settle=False)
    world.say(str(world.attempts()[0]["id"]), CallStatus.COMPLETED, duration=60)
    week = timedelta(days=7)
    again = contact(7, to_number=NUMBER)
    world.submit([again], name="second", digest="d2", caps=(Cap(calls=1, per=week),))
    world.submit([contact(8, to_number=NUMBER)], name="debt", digest="d3", purpose="debt")
    found = whom(world)
    told = {(one.rule, one.campaigns): (one.used, one.calls, one.per) for one in found.caps}
    assert told["caps", ("second",)] == (1, 1, week)
    assert told["house_cap", ("debt",)] == (1, 4, timedelta(days=1))
    assert told["us-reg-f", ("debt",)] == (1, 7, week)
    (rest,) = found.resting
    assert (rest.campaigns, rest.rule) == (("debt",), "us-reg-f")
    debt, second, _ = found.tasks
    (full,) = [one.full_until for one in found.caps if one.campaigns == ("second",)]
    assert (second.why, second.next_at) == ("cap", full)
    assert (debt.why, debt.next_at) == ("after_conversation", rest.until)
    control.suppress([NUMBER], world.parts, who="ann", reason="only there", campaign="second")
    found = whom(world)
    assert [(one.campaign, one.reason) for one in found.suppressed] == [("second", "only there")]
    debt, second, _ = found.tasks
    assert (second.outcome, debt.state) == (Outcome.SUPPRESSED, TaskState.WAITING)


def test_who_left_its_list_is_said(world: World) -> None:
    later = world.store.policy_now().policy + timedelta(days=1)
    world.submit([contact(1, not_before=later), contact(2)])
    world.submit([contact(2)], digest="d2")
    (task,) = whom(world).tasks
    assert (task.withdrawn, task.reason) == (True, "withdrawn")


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane", "+16175550124,Joe")
    found("submit", "campaign.yaml", "--yes")
    return found


def test_the_screen_shows_a_number_by_its_last_four(shell: Shell) -> None:
    said = shell("who", "+16175550123").out
    assert "0123" in said
    assert "6175550123" not in said
    assert "do not call  no" in said
    assert "0 of 4 calls in 1d (house_cap in reminders)" in said
    assert "reminders (running)" in said
    assert "people.csv:2" in said
    shell("suppress", "add", "+16175550123", "--reason", "asked twice")
    said = shell("who", "+16175550123").out
    assert "yes, in any campaign: asked twice (person, " in said
    assert "suppressed" in said
    assert "on no list here" in shell("who", "+16175550199").out


def test_a_program_gets_the_same(shell: Shell) -> None:
    found = shell("who", "+16175550124", "--json").json
    assert found["known"] is True
    assert [task["campaign"] for task in found["tasks"]] == ["reminders"]
    assert found["calls"] == []
    assert "6175550124" not in str(found)
