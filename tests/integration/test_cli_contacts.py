"""`--contacts OTHER.csv` stands in for the list that a file names: the same in another place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import HEADER, Shell

JANE, JOE, ANN = "+16175550123,Jane", "+16175550124,Joe", "+16175550125,Ann"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def listed(shell: Shell, *rows: str, name: str = "other.csv") -> None:
    shell.write(name, HEADER + "".join(f"{row}\n" for row in rows))


def book(shell: Shell) -> dict[str, str]:
    found = shell("contacts", "reminders", "--json").json["contacts"]
    return {one["to_number"][-4:]: one["outcome"] or one["state"] for one in found}


def test_it_is_read_from_where_it_is_typed_and_not_beside_the_file(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.campaign(JANE)
    (shell.directory / "people.csv").unlink()
    (shell.directory / "elsewhere").mkdir()
    listed(shell, JOE, ANN, name="elsewhere/other.csv")
    monkeypatch.chdir(shell.directory / "elsewhere")
    said = shell("check", "../campaign.yaml", "--contacts", "other.csv")
    assert "2 people from other.csv" in said.out
    shell("submit", "../campaign.yaml", "--contacts", "other.csv", "--yes")
    assert set(book(shell)) == {"0124", "0125"}
    assert "other.csv, stored" in shell("show", "reminders").out


def test_who_is_not_on_it_is_withdrawn_as_from_the_list_it_stands_for(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    shell("submit", "campaign.yaml", "--yes")
    listed(shell, JOE, ANN)
    typed = ("campaign.yaml", "--contacts", "other.csv")
    assert "+ 1 added, ~ 0 moved, ~ 0 changed, - 1 withdrawn" in shell("plan", *typed).out
    shell("submit", *typed)
    assert book(shell) == {"0123": "cancelled", "0124": "waiting", "0125": "waiting"}
    shell("submit", "campaign.yaml")  # and the file's own list takes its place again
    assert book(shell) == {"0123": "waiting", "0124": "waiting", "0125": "cancelled"}


def test_the_same_rows_in_another_file_are_the_same_list(shell: Shell) -> None:
    shell.campaign(JANE)
    shell("submit", "campaign.yaml", "--yes")
    listed(shell, JANE)
    said = shell("submit", "campaign.yaml", "--contacts", "other.csv")
    assert said.out.startswith("reminders: nothing changed, it is running\n")


def test_a_bad_row_is_told_by_the_line_of_the_other_list(shell: Shell) -> None:
    shell.campaign(JANE)
    listed(shell, JANE, "12,Joe")
    said = shell("check", "campaign.yaml", "--contacts", "other.csv")
    assert "other.csv:3: to_number:" in said.err


def test_a_kept_plan_knows_its_list(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.campaign(JANE)
    shell("submit", "campaign.yaml", "--yes")
    listed(shell, JANE, ANN)
    shell("plan", "campaign.yaml", "--contacts", "other.csv", "--out", "p.json")
    said = shell("submit", "p.json", "--contacts", "people.csv", code=2)
    assert said.line == "the plan has its list: plan again with --contacts"
    (shell.directory / "elsewhere").mkdir()
    monkeypatch.chdir(shell.directory / "elsewhere")
    shell("submit", "../p.json")
    assert set(book(shell)) == {"0123", "0125"}
    monkeypatch.chdir(shell.directory)
    shell("plan", "campaign.yaml", "--contacts", "other.csv", "--out", "p.json")
    listed(shell, JANE)
    assert "has changed since p.json was planned" in shell("submit", "p.json", code=1).line


@pytest.mark.parametrize(
    ("contacts", "said"),
    [
        ('{file: people.csv, refresh: "30 2 * * *"}', "contacts.refresh"),
        ("{rows: [{to_number: '+16175550123', customer_name: Jane}]}", "rows of its own"),
    ],
)
def test_a_file_whose_list_cannot_be_stood_in_for_says_so(
    shell: Shell, contacts: str, said: str
) -> None:
    shell.campaign(JANE, more="schedule: {timezone: America/New_York}\n")
    text = (shell.directory / "campaign.yaml").read_text()
    shell.write("campaign.yaml", text.replace("contacts: people.csv", f"contacts: {contacts}"))
    listed(shell, JANE)
    told = shell("check", "campaign.yaml", "--contacts", "other.csv", code=1).err
    assert "--contacts: expected a campaign file whose list another may stand in for" in told
    assert said in told


def test_a_list_alone_and_a_list_that_is_not_there(shell: Shell) -> None:
    shell.campaign(JANE)
    told = shell("check", "people.csv", "--contacts", "other.csv", code=1).err
    assert "--contacts: expected a campaign file (.yaml)" in told
    assert "a list alone is its own list" in told
    told = shell("check", "campaign.yaml", "--contacts", "other.csv", code=1).err
    assert "--contacts: expected a file that can be read, got no file other.csv" in told
