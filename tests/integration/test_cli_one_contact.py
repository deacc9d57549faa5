"""`contacts add`, `update`, `withdraw`: one contact at a time, as a person types it."""

import json
from pathlib import Path

import pytest

from tests.support.cli import CAMPAIGN, Shell

KEYED = CAMPAIGN.replace("contacts: people.csv", "contacts: {file: people.csv, key: id}")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.write("campaign.yaml", KEYED)
    found.write("people.csv", "id,to_number,customer_name\nv1,+16175550123,Jane\n")
    found("submit", "campaign.yaml", "--yes")
    return found


def calls(shell: Shell) -> dict[str, str]:
    """Who is called, by which name."""
    with shell.world() as world:
        world.settle(ticks=2)
        return {one.to_number: one.context["patient"] for _, one in world.provider.rung}


def add(shell: Shell, *more: str, code: int = 0) -> str:
    typed = ("--set", "to_number=+16175550124", "--set", "customer_name=Joe")
    said = shell("contacts", "add", "reminders", "v2", *typed, *more, code=code)
    return said.out if code == 0 else said.line


def test_who_is_added_is_called(shell: Shell) -> None:
    assert add(shell).splitlines()[0] == "added"
    assert calls(shell) == {"+16175550123": "Jane", "+16175550124": "Joe"}
    assert {one["key"] for one in shell("contacts", "reminders", "--json").json["contacts"]} == {
        "v1",
        "v2",
    }
    shell("submit", "campaign.yaml")
    assert "reminders has this contact already: update it" in add(shell, code=1)


def test_what_is_updated_keeps_the_rest_of_its_row(shell: Shell) -> None:
    said = shell("contacts", "update", "reminders", "v1", "--set", "customer_name=Ann", "--json")
    assert said.json["effect"] == "changed"
    assert said.json["next_call_at"].endswith("Z")
    assert (said.json["live_call"], said.json["why"]) == (None, None)
    assert calls(shell) == {"+16175550123": "Ann"}


def test_who_is_withdrawn_is_not_called(shell: Shell) -> None:
    said = shell("contacts", "withdraw", "reminders", "v1")
    assert said.out == "withdrawn\nit was withdrawn\n"
    assert calls(shell) == {}


def test_a_row_may_be_json_from_a_file_or_a_pipe(shell: Shell) -> None:
    row = json.dumps({"to_number": "+16175550124", "customer_name": 1800})
    shell.write("row.json", row)
    shell("contacts", "add", "reminders", "v2", "--row", "row.json")
    assert calls(shell)["+16175550124"] == "1800"
    shell("contacts", "add", "reminders", "v3", "--row", "-", answer=row)
    found = shell("contacts", "reminders", "--json").json["contacts"]
    assert [one["key"] for one in found] == ["v1", "v2", "v3"]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("update", "reminders", "v1"), 2, "give its row"),
        (("update", "reminders", "v1", "--set", "name"), 2, "COLUMN=VALUE"),
        (("update", "reminders", "v1", "--set", "customr_name=x"), 1, "did you mean customer_name"),
        (("update", "reminders", "v9", "--set", "customer_name=x"), 1, "no such contact"),
        (("update", "nobody", "v1", "--set", "customer_name=x"), 1, "no campaign is called"),
        (("add", "reminders", "v2", "--set", "to_number=12"), 1, "to_number"),
        (("withdraw", "reminders", "v9"), 1, "no such contact"),
        (("update", "reminders", "v1", "--set", "a=b", "--updated-at", "noon"), 2, "--updated-at"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    shell: Shell, typed: tuple[str, ...], code: int, said: str
) -> None:
    assert said in shell("contacts", *typed, code=code).line


def test_a_row_that_cannot_be_read_is_held_and_says_so(shell: Shell) -> None:
    said = shell("contacts", "update", "reminders", "v1", "--set", "to_number=12", code=1)
    assert "the contact is held" in said.line
    assert calls(shell) == {}


def test_older_news_is_refused(shell: Shell) -> None:
    typed = ("contacts", "update", "reminders", "v1", "--set")
    shell(*typed, "customer_name=Ann", "--updated-at", "2026-03-02T10:00Z")
    said = shell(*typed, "customer_name=Old", "--updated-at", "2026-03-01T10:00Z", code=1)
    assert "newer" in said.line
    assert calls(shell) == {"+16175550123": "Ann"}


def test_a_campaign_that_is_called_like_a_command_can_be_listed(shell: Shell) -> None:
    shell.write("campaign.yaml", KEYED.replace("name: reminders", "name: add"))
    shell("submit", "campaign.yaml", "--yes")
    (one,) = shell("contacts", "list", "add", "--json").json["contacts"]
    assert one["key"] == "v1"
    shell("contacts", "withdraw", "add", "v1")


def test_results_say_that_it_is_of_no_file(shell: Shell) -> None:
    add(shell)
    shell("results", "reminders", "-o", "out.jsonl", "--format", "jsonl")
    rows = [json.loads(line) for line in (shell.directory / "out.jsonl").read_text().splitlines()]
    places = {one["key"]: (one["source_file"], one["source_line"]) for one in rows}
    assert places == {"v1": ("people.csv", 2), "v2": (None, None)}
