"""A CSV alone that is handed in again on another day: the same people are not called again."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest

from campaigns import loading
from tests.support.cli import Shell

JANE, JOE = "+16175550123,Jane", "+16175550124,Joe"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


ALONE = ("people.csv", "--agent-id", "agent_a", "--from-number", "+16175550100")


def on_day(monkeypatch: pytest.MonkeyPatch, day: int) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 3, day, 12, 0, tzinfo=tz or UTC)

    monkeypatch.setattr(loading, "datetime", Frozen)


def test_a_csv_alone_goes_on_after_midnight(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.campaign(JANE, JOE)
    on_day(monkeypatch, 9)
    first = shell("submit", *ALONE, "--yes", "--json").json["campaign"]
    assert first.startswith("people-2026-03-09-")
    on_day(monkeypatch, 10)
    again = shell("submit", *ALONE)  # nobody is asked: nobody is called who was not before
    assert again.out == f"{first}: nothing changed, it is running\n"
    assert f"people.csv is known as {first}: going on with it" in again.complaints[0]
    assert len(shell("list", "--json").json["campaigns"]) == 1


def test_calling_everybody_again_needs_a_name(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.campaign(JANE)
    on_day(monkeypatch, 9)
    shell("submit", *ALONE, "--yes")
    on_day(monkeypatch, 10)
    shell("submit", *ALONE, "--yes", "--name", "second-round")
    assert len(shell("list", "--json").json["campaigns"]) == 2


def test_another_agent_changes_the_campaign_and_another_list_is_another_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.campaign(JANE)
    on_day(monkeypatch, 9)
    shell("submit", *ALONE, "--yes")
    on_day(monkeypatch, 10)
    other = ("people.csv", "--agent-id", "agent_b", "--from-number", "+16175550100")
    shell("submit", *other)  # the same list and day: its campaign has another agent now
    (one,) = shell("list", "--json").json["campaigns"]
    assert shell("show", one["name"], "--json").json["version"] == 2
    shell.campaign(JANE, JOE)
    shell("submit", *ALONE, "--yes")
    assert len(shell("list", "--json").json["campaigns"]) == 2
