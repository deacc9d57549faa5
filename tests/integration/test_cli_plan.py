"""`plan` says what submit would change, and a kept plan is done as it was read, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Shell

JANE, JOE, ANN = "+16175550123,Jane", "+16175550124,Joe", "+16175550125,Ann"
APPOINTMENTS = """\
name: visits
agent_id: agent_reminder
from_number: "+16175550100"
contacts: {file: people.csv, key: id}
schedule: {anchor: at, timezone: America/New_York, touches: {day_before: -1d, hours_before: -3h}}
calling_hours: always
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_a_new_campaign_is_all_added_and_nothing_is_stored(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    assert "new: 2 contacts would be added" in shell("plan", "campaign.yaml").out
    shell("plan", "campaign.yaml", "--exit-code", code=4)
    assert shell("list", "--json").json == {"campaigns": []}


def test_each_change_is_a_line_and_nothing_is_stored(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    shell("submit", "campaign.yaml", "--yes")
    shell("plan", "campaign.yaml", "--exit-code")
    shell.campaign("+16175550123,Janet", ANN)
    said = shell("plan", "campaign.yaml", "--exit-code", code=4)
    signs = [line.split("  ")[0] for line in said.out.splitlines()]
    assert signs[:3] == [
        f"{sign} +1••••••{last}" for sign, last in (("~", "0123"), ("+", "0125"), ("-", "0124"))
    ]
    assert "+ 1 added, ~ 0 moved, ~ 1 changed, - 1 withdrawn, 0 unchanged" in said.out
    assert "6175550123" not in said.out
    found = shell("plan", "campaign.yaml", "--json").json
    assert found["difference"]["withdrawn"] == 1
    assert [one["effect"] for one in found["changes"]] == ["changed", "added", "withdrawn"]
    assert shell("show", "reminders", "--json").json["version"] == 1


def test_a_moved_appointment_tells_both_times(shell: Shell) -> None:
    shell.write("visits.yaml", APPOINTMENTS)
    shell.write("people.csv", "id,to_number,at\nv1,+16175550123,2099-03-10 14:00\n")
    said = shell("submit", "visits.yaml", "--yes")
    assert said.out.splitlines()[0] == "visits: stored, 2 calls will be made"
    shell.write("people.csv", "id,to_number,at\nv1,+16175550123,2099-03-11 09:30\n")
    said = shell("plan", "visits.yaml")
    assert "10 Mar 2099 18:00 UTC" in said.out
    assert "→ Wed 11 Mar 2099 13:30 UTC" in said.out
    assert "~ 1 moved" in shell("submit", "visits.yaml").out
    rows = shell("contacts", "visits", "--json").json["contacts"]
    ends = [(one["touch"], one["outcome"], one["reason"]) for one in rows]
    assert ends == [
        ("day_before", "cancelled", "moved"),
        ("hours_before", "cancelled", "moved"),
        ("day_before", None, None),
        ("hours_before", None, None),
    ]


def test_a_campaign_that_another_file_keeps_is_not_planned_as_if_it_were_ours(
    shell: Shell,
) -> None:
    shell.campaign("+16175550110,Ann")
    shell("submit", "campaign.yaml", "--yes")
    text = (shell.directory / "campaign.yaml").read_text()
    shell.write("copy.yaml", text + "max_duration: 3m\n")
    said = shell("plan", "copy.yaml").err
    assert "submit would refuse it: reminders is kept by" in said
    assert "is kept by" in shell("submit", "copy.yaml", code=1).err
    shell("submit", "copy.yaml", "--take-over")
    assert "refuse" not in shell("plan", "copy.yaml").err


def test_what_submit_would_refuse_is_said(shell: Shell) -> None:
    shell.campaign(*(f"+1617555{n:04d},P{n}" for n in range(100, 120)))
    shell("submit", "campaign.yaml", "--yes")
    shell.campaign("+16175550100,P100")
    said = shell("plan", "campaign.yaml")
    assert "submit would refuse it: 19 of 20 contacts" in said.line
    assert "- … and 19 more" not in said.out


def test_a_kept_plan_is_done_once_and_only_as_it_was_read(shell: Shell) -> None:
    shell.campaign(JANE)
    shell("plan", "campaign.yaml", "--out", "plan.json")
    shell("submit", "plan.json", "--yes")
    assert "has changed since" in shell("submit", "plan.json", code=1).line
    shell.campaign(JANE, JOE)
    shell("plan", "campaign.yaml", "--out", "plan.json")
    shell.campaign(JANE, JOE, ANN)
    assert "has changed since" in shell("submit", "plan.json", code=1).line
    shell.campaign(JANE, JOE)
    assert "+ 1 added" in shell("submit", "plan.json").out
