"""Nobody is called where a rule asks for what the file does not say: refused, by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaigns.errors import DefinitionError
from tests.support.cli import Shell

CAMPAIGN = """\
name: offers
agent_id: agent_a
from_number: "+16175550100"
purpose: marketing
contacts: people.csv
"""
FLORIDA, SYDNEY, TOKYO = "+18135550123,Jane", "+61412345678,Joe", "+81312345678,Kenji"
CONSENT = 'consent: {attested: "form 7"}\n'
SAID = 'disclosure: "The assistant of Harbor."\n'


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def campaign(shell: Shell, *rows: str, more: str = "", header: str = "to_number,name") -> None:
    shell.write("c.yaml", CAMPAIGN + more)
    shell.write("people.csv", "\n".join([header, *rows, ""]))


def test_check_refuses_marketing_without_consent_by_line(shell: Shell) -> None:
    campaign(shell, FLORIDA)
    told = shell("check", "c.yaml", code=1)
    assert [line.split(" expected ")[0] for line in told.complaints] == [
        "c.yaml:1: consent:",
        "c.yaml:1: disclosure:",
    ]
    said = shell("check", "c.yaml", "--json", code=1).json
    assert not said["ok"]
    assert [fault["key"] for fault in said["faults"]] == ["consent", "disclosure"]


def test_check_warns_of_what_only_needs_a_look_and_names_the_line(shell: Shell) -> None:
    campaign(shell, FLORIDA, TOKYO, more=CONSENT + SAID + "calling_hours: {rules: us-debt}\n")
    told = shell("check", "c.yaml")
    assert not told.complaints
    assert "warning   c.yaml:8: calling_hours.rules: expected names that turn a row on" in told.out
    assert "          c.yaml:5: contacts: expected countries with a rule of their own" in told.out
    said = shell("check", "c.yaml", "--json").json
    assert said["ok"]
    assert [one["key"] for one in said["warnings"]] == ["calling_hours.rules", "contacts"]


@pytest.mark.parametrize("command", ["submit", "plan"])
def test_a_new_campaign_is_refused_and_nothing_is_stored(shell: Shell, command: str) -> None:
    campaign(shell, FLORIDA)
    shell("db", "upgrade")
    typed = ("submit", "c.yaml", "--yes") if command == "submit" else ("plan", "c.yaml")
    told = shell(*typed, code=1)
    assert "c.yaml:1: consent: expected the consent that us-ai-voice-marketing" in told.err
    assert shell("list", "--json").json == {"campaigns": []}


def test_a_known_campaign_is_not_changed_by_what_would_be_refused(shell: Shell) -> None:
    campaign(shell, SYDNEY)
    shell("db", "upgrade")
    shell("submit", "c.yaml", "--yes")
    campaign(shell, SYDNEY, FLORIDA)
    told = shell("submit", "c.yaml", "--yes", code=1)
    assert "c.yaml:1: consent: expected the consent that us-ai-voice-marketing" in told.err
    assert "c.yaml:1: consent:" in shell("plan", "c.yaml", code=1).err
    (one,) = shell("list", "--json").json["campaigns"]
    assert one["tasks"]["waiting"] == 1
    campaign(shell, SYDNEY, FLORIDA, more=CONSENT + SAID)
    assert "+ 1 added" in shell("submit", "c.yaml", "--yes").out


def test_rows_without_consent_are_not_called(shell: Shell) -> None:
    more = SAID + "consent: {column: agreed}\n"
    header, rows = "to_number,name,agreed", (f"{FLORIDA},2026-03-01", "+18135550124,Ann,")
    campaign(shell, *rows, more=more, header=header)
    assert shell("check", "c.yaml").line == "people.csv:3: agreed: no consent"
    said = shell("check", "c.yaml", "--json").json
    assert said["faults"] == []
    assert (said["counts"]["accepted"], said["counts"]["rejected"]) == (1, 1)


def test_a_program_is_refused_too(shell: Shell) -> None:
    import campaigns  # as a program does

    campaign(shell, FLORIDA)
    shell("db", "upgrade")
    with pytest.raises(DefinitionError) as caught:
        campaigns.submit("c.yaml")
    assert [fault.key for fault in caught.value.faults] == ["consent", "disclosure"]
    assert json.loads(shell("list", "--json").out) == {"campaigns": []}
