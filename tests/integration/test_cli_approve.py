"""`approve`: every screen says what a campaign waits for, and with which command it goes on."""

from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.machine import SystemDice
from tests.support.cli import Shell

SAID = "its first calls are made: listen to them, then `campaigns approve reminders`"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign(
        "+16175550123,Jane", "+16175550124,Joe", "+16175550125,Ann", more="pacing: {first: 1}\n"
    )
    found("submit", "campaign.yaml", "--yes")
    return found


def heartbeats(shell: Shell) -> None:
    with shell.world() as world:
        world.parts = replace(world.parts, dice=SystemDice())
        world.settle(ticks=3)


def test_every_screen_names_the_command(shell: Shell) -> None:
    heartbeats(shell)
    assert SAID in shell("show", "reminders").out
    assert "waiting_for_approval" in shell("show", "reminders").out
    assert "`campaigns approve reminders`" in shell("list").out
    assert f"campaign reminders: {SAID}" in shell("status").out
    assert SAID in shell("submit", "campaign.yaml").out
    found = shell("show", "reminders", "--json").json
    assert found["summary"]["state"] == "waiting_for_approval"
    assert shell("status", "--json").json["approvals"] == ["reminders"]


def test_it_goes_on_when_a_person_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    said = shell("approve", "reminders", code=1)
    assert said.line == "nobody of reminders has been called yet: there is nothing to hear"
    heartbeats(shell)
    assert "`campaigns approve reminders`" in shell("resume", "reminders", code=1).line
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    assert shell("approve", "reminders").out == "reminders is approved: 2 calls wait\n"
    assert "approve" in shell("log", "reminders").out
    heartbeats(shell)
    assert shell("show", "reminders", "--json").json["calls"] == 3


def test_a_pause_beside_it_is_named(shell: Shell) -> None:
    heartbeats(shell)
    shell("pause", "reminders")
    said = shell("approve", "reminders").out
    assert "it is paused: `campaigns resume reminders` lets it go on" in said
