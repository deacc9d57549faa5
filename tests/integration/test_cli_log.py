"""`log`: who did what and when, the newest last, and what the promises say in doctor and status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus
from tests.support.cli import Shell

ROWS = ("+16175550123,Jane", "+16175550124,Joe")


@pytest.fixture
def decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell(tmp_path, monkeypatch)
    shell.campaign(*ROWS)
    shell("submit", "campaign.yaml", "--yes")
    shell("pause", "reminders", "--reason", "ask Ann at +16175550111")
    shell("resume", "reminders")
    shell("pause", "--account", "default", "--reason", "holiday")
    shell("suppress", "add", "+16175550199")
    return shell


def what(shell: Shell, *typed: str) -> list[str]:
    return [line["what"] for line in json.loads(shell("log", *typed, "--json").out)["log"]]


def test_everything_in_the_order_it_happened(decided: Shell) -> None:
    assert what(decided) == ["submit", "published", "pause", "resume", "pause", "suppress"]


def test_one_campaign_and_one_account(decided: Shell) -> None:
    assert what(decided, "reminders") == ["submit", "published", "pause", "resume"]
    assert what(decided, "--account", "default") == ["pause"]


def test_a_line_says_who_when_and_why_without_a_number(decided: Shell) -> None:
    out = decided("log", "reminders").out
    (line,) = [line for line in out.splitlines() if " pause " in line]
    assert "now" in line or "ago" in line
    assert "why: ask Ann at +1••••••0111" in line
    assert "6175550111" not in decided("log", "--json").out
    assert "1 numbers" in decided("log").out


def test_the_newest_and_the_recent(decided: Shell) -> None:
    assert what(decided, "--limit", "2") == ["pause", "suppress"]
    assert len(what(decided, "--since", "1h")) == 6
    assert what(decided, "--since", "2126-01-01T00:00Z") == []
    decided("log", "--since", "soon", code=2)


def test_what_cannot_be_asked(decided: Shell) -> None:
    decided("log", "reminders", "--account", "default", code=2)
    assert "no campaign is called" in decided("log", "nobody", code=1).err


def test_a_broken_promise_is_what_doctor_and_status_begin_with(decided: Shell) -> None:
    decided("resume", "--account", "default")
    with decided.world() as world:
        world.settle()
        world.say(str(world.attempts()[0]["id"]), CallStatus.RINGING)
        assert "promises    all" in decided("doctor", code=3).out
        with world.store.write() as tx:
            tx.connection.exec_driver_sql("UPDATE dial_task SET state = 'waiting'")
    doctor = decided("doctor", code=3).out
    assert "I7, a dial task that waits while it is being called" in doctor
    assert "campaigns pause --all" in doctor
    assert "a promise is broken (I7" in decided("status", code=3).out
