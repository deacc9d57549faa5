"""The commands about doubt: what is unresolved, incidents, and the test call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus, Unknown
from campaigns.simulator.main import SimulatorServer
from campaigns.simulator.script import Script
from tests.support.cli import Shell
from tests.support.engine import World

NOBODY = Script.model_validate({"rules": [{"calls": "no_answer"}]})


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane")
    found("submit", "campaign.yaml", "--yes")
    return found


@pytest.fixture
def doubted(shell: Shell) -> Shell:
    """One answer was lost, and no evidence came for a day."""
    with shell.world() as world:
        world.provider.answers.append(Unknown(why="reset"))
        world.settle()
        world.clock.forward(hours=25)
        world.settle()
    return shell


def later(world: World) -> None:
    """More than a day on; ids of this world are not those of the one before."""
    for _ in range(100):
        world.parts.dice.uuid()
    world.clock.forward(hours=26)
    world.settle()


def the_call(shell: Shell) -> dict[str, object]:
    (line,) = shell("unresolved", "list", "--json").json["unresolved"]
    found: dict[str, object] = line
    return found


def outcomes(shell: Shell) -> object:
    return shell("show", "reminders", "--json").json["outcomes"]


# --- unresolved -----------------------------------------------------------------------------


def test_what_is_unresolved_is_listed_with_why_and_what_evidence(doubted: Shell) -> None:
    said = doubted("unresolved", "list")
    assert "+1••••••0123" in said.out
    assert "no evidence came in time" in said.out
    line = the_call(doubted)
    assert (line["campaign"], line["to_number"], line["state"]) == (
        "reminders",
        "+1••••••0123",
        "unresolved",
    )
    assert line["events"] == 0


def test_called_is_kept_and_leaves_the_list(
    doubted: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    id = str(the_call(doubted)["id"])
    said = doubted("unresolved", "settle", id[:8], answer="y\n")
    assert said.out.endswith("+1••••••0123 counts as called; nobody rings again by itself\n")
    assert outcomes(doubted) == {"unresolved": 1}
    assert "nothing is unresolved" in doubted("unresolved", "list").err
    with doubted.world() as world:
        (row,) = world.rows("SELECT who, detail FROM audit WHERE what = 'settle'")
        assert row["who"] == "ann"
        assert id in str(row["detail"])


def test_call_again_lets_it_wait_and_ring(doubted: Shell) -> None:
    id = str(the_call(doubted)["id"])
    said = doubted("unresolved", "settle", id, "--as", "call-again", "--yes", "--json")
    assert said.json == {"id": id, "taken_as": "call-again"}
    with doubted.world() as world:
        later(world)
        assert len(world.provider.rung) == 1
        assert world.tasks()[0]["attempts"] == 1, "the call in doubt is not counted"


def test_nobody_decides_for_a_person(doubted: Shell) -> None:
    id = str(the_call(doubted)["id"])
    assert "--as call-again --yes" in (
        doubted("unresolved", "settle", id, "--as", "call-again", code=2).line
    )
    said = doubted("unresolved", "settle", id, "--as", "call-again", answer="n\n", code=1)
    assert "nothing was changed" in said.err
    assert outcomes(doubted) == {"unresolved": 1}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (("suppress", "add", "+16175550123"), "do-not-call list"),
        ((), "is cancelled"),
    ],
)
def test_call_again_is_refused_where_it_must_not_be(
    doubted: Shell, typed: tuple[str, ...], why: str
) -> None:
    id = str(the_call(doubted)["id"])
    if typed:
        doubted(*typed)
    else:  # it was cancelled while the call was in doubt
        with doubted.world() as world, world.store.write() as tx:
            tx.connection.exec_driver_sql("UPDATE campaign SET state = 'cancelled'")
    said = doubted("unresolved", "settle", id, "--as", "call-again", "--yes", code=1)
    assert why in said.line
    assert outcomes(doubted) == {"unresolved": 1}


def test_what_is_settled_by_evidence_is_nobodys_to_decide(doubted: Shell) -> None:
    id = str(the_call(doubted)["id"])
    with doubted.world() as world:
        world.say(id, CallStatus.COMPLETED, duration=30)
    said = doubted("unresolved", "settle", id, "--yes", code=1)
    assert said.line == "that contact is not unresolved any more: it is completed"


# --- incidents ------------------------------------------------------------------------------


def test_an_incident_degrades_the_status_for_a_day(doubted: Shell) -> None:
    id = str(the_call(doubted)["id"])
    doubted("unresolved", "settle", id, "--as", "call-again", "--yes")
    with doubted.world() as world:
        later(world)
        world.say(id, CallStatus.RINGING)
        assert len(world.rows("SELECT at FROM audit WHERE what = 'incident'")) == 1
    with doubted.world() as world, world.store.write() as tx:
        # What a test wound forward is the machine's future: an incident of now.
        now = (tx.now().real.timestamp()) * 1_000_000
        tx.connection.exec_driver_sql(f"UPDATE audit SET at = {now:.0f} WHERE what = 'incident'")
    said = doubted("status", "--json", code=3)
    assert any("came to light" in line for line in said.json["problems"])
    assert said.json["incidents"][0]["attempt"] == id


# --- the test call --------------------------------------------------------------------------


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    shell = Shell(tmp_path, monkeypatch)
    monkeypatch.setenv("CAMPAIGNS_WORLD", "rehearsal")
    monkeypatch.setenv("THINNESTAI_API_KEY", "sim_test")
    with SimulatorServer(pace=0.0, script=NOBODY, same_ids=False) as simulator:
        monkeypatch.setenv("CAMPAIGNS_PROVIDER_URL", simulator.url)
        yield shell


CALL = ("--to", "+16175550123", "--agent-id", "agent_x", "--from-number", "+16175550100")


def test_a_test_call_shows_what_the_provider_can_tell(rehearsal: Shell) -> None:
    said = rehearsal("probe", *CALL, "--yes", "--json")
    assert said.json["ended"] == "no_answer"
    tested = said.json["tested"]
    assert (tested["same_ids"], tested["lists_unanswered"]) == ("no", "yes")
    shown = rehearsal("probe", "--show", "--json").json["capabilities"]
    assert shown["lists_unanswered"] == "yes"
    assert shown["webhook_retried"] == "untested"
    assert "cannot be tested from here" in rehearsal("probe", "--show").out


def test_before_any_test_the_worst_is_assumed(shell: Shell) -> None:
    shown = shell("probe", "--show", "--json").json["capabilities"]
    assert (shown["same_ids"], shown["lists_unanswered"], shown["list_lag_s"]) == (
        "no",
        "no",
        "120",
    )


def test_a_test_call_is_asked_for(rehearsal: Shell) -> None:
    assert "type it again with --yes" in rehearsal("probe", *CALL, code=1).line
    said = rehearsal("probe", *CALL, answer="n\n", code=1)
    assert "nobody was called" in said.err
    assert "+1••••••0123" in said.err
    assert "needs --to, --agent-id and --from-number" in rehearsal("probe", code=2).line
