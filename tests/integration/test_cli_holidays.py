"""`holidays: US-MA`: who reads `check` sees which days are closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane")
    return found


def hours(shell: Shell, more: str) -> None:
    text = (shell.directory / "campaign.yaml").read_text()
    when = "schedule: {start: 2099-11-01T09:00Z, end: 2099-12-31T09:00Z}\n"
    shell.write("campaign.yaml", text.replace("calling_hours: always\n", when + more))


def test_the_holidays_of_the_campaigns_time_are_named(shell: Shell) -> None:
    hours(shell, "calling_hours: {mon-sun: 09:00-17:00, holidays: US-MA}\n")
    said = shell("check", "campaign.yaml").out
    assert "closed on public holidays of US-MA" in said
    assert "closed Wed 11 Nov 2099 Veterans Day, Thu 26 Nov 2099 Thanksgiving Day" in said
    assert "Patriots" not in said
    found = shell("check", "campaign.yaml", "--json").json
    assert found["holidays"] == [
        {"date": "2099-11-11", "name": "Veterans Day"},
        {"date": "2099-11-26", "name": "Thanksgiving Day"},
        {"date": "2099-12-25", "name": "Christmas Day"},
    ]


def test_one_that_is_opened_is_not_named(shell: Shell) -> None:
    opened = "open: {2099-11-26: 09:00-12:00, 2099-11-11: 09:00-12:00}"
    hours(shell, f"calling_hours: {{mon-sun: 09:00-17:00, holidays: US-MA, {opened}}}\n")
    said = shell("plan", "campaign.yaml").out
    assert "closed Fri 25 Dec 2099 Christmas Day" in said
    assert "Thanksgiving" not in said


def test_a_slip_is_told_with_its_line(shell: Shell) -> None:
    hours(shell, "calling_hours: {mon-sun: 09:00-17:00, holidays: USA-MA}\n")
    said = shell("check", "campaign.yaml", code=1).err
    assert "campaign.yaml:7: calling_hours.holidays:" in said
    assert "write US-MA" in said
