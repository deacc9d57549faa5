"""`redial`: it says whom it calls again and whom not, and asks before it does."""

from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus as C
from campaigns.machine import SystemDice
from tests.support.cli import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    people = ("+16175550123,Jane", "+16175550124,Joe", "+16175550125,Ann")
    found.campaign(*people, more="retry: never\n")
    found("submit", "campaign.yaml", "--yes")
    with found.world() as world:
        world.parts = replace(world.parts, dice=SystemDice())
        world.settle(ticks=4)
        for made, word in zip(
            world.attempts(), (C.COMPLETED, C.NO_ANSWER, C.VOICEMAIL), strict=True
        ):
            world.say(str(made["id"]), word)
        world.clock.forward(minutes=8)
        world.settle(ticks=2)
    return found


def test_it_says_whom_and_asks(shell: Shell) -> None:
    typed = ("redial", "reminders", "--outcome", "no_answer,busy")
    said = shell(*typed, answer="n\n", code=1)
    assert "1 person: 1 no_answer" in said.err
    assert "not called: 1 another outcome, 1 answered" in said.err
    assert "Call 1 person again?" in said.err
    assert shell("show", "reminders", "--json").json["summary"]["state"] == "finished"
    said = shell(*typed, answer="y\n")
    assert said.out.endswith(
        "reminders: 1 person is called again: 1 no_answer\n"
        "not called: 1 another outcome, 1 answered\n"
    )
    assert shell("show", "reminders", "--json").json["summary"]["state"] == "running"
    assert "redial" in shell("log", "reminders").out


def test_without_a_terminal_it_needs_yes(shell: Shell) -> None:
    said = shell("redial", "reminders", "--outcome", "no_answer", code=2)
    assert "`campaigns redial reminders --outcome no_answer --yes`" in said.line
    found = shell("redial", "reminders", "--outcome", "no_answer,voicemail", "--yes", "--json").json
    assert found == {
        "campaign": "reminders",
        "state": "running",
        "called_again": 2,
        "by_outcome": {"no_answer": 1, "voicemail": 1},
        "not_called": {"answered": 1},
    }
    found = shell("redial", "reminders", "--outcome", "no_answer", "--json").json
    assert found["not_called"] == {"answered": 1, "still to be called": 2}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--outcome", "unresolved"), "`campaigns unresolved settle ID --as call-again`"),
        (("--outcome", "completed"), "a call that was answered is never repeated"),
        (("--outcome", "no_anser"), "did you mean no_answer?"),
        ((), "say whom: --outcome no_answer,busy"),
    ],
)
def test_who_cannot_be_meant(shell: Shell, typed: tuple[str, ...], said: str) -> None:
    assert said in shell("redial", "reminders", *typed, code=2).line
