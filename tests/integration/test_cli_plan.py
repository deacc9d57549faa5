"""`plan` says what submit would change, and a kept plan is done as it was read, or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus
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


def test_what_would_happen_then_is_told_and_nothing_is_invented(shell: Shell) -> None:
    shell.campaign(*(f"+1617555{n:04d},P{n}" for n in range(100, 130)))
    said = shell("plan", "campaign.yaml").out
    assert "42 for 30 dial tasks; 26 are answered" in said
    assert "unknown: no call in the book has a price" in said
    assert "62% answer, 25% no answer" in said
    assert "(assumed)" in said
    assert "missed   nobody" in said
    bars = [line for line in said.splitlines() if "█" in line]
    assert bars
    assert max(map(len, bars)) <= 80
    found = shell("plan", "campaign.yaml", "--json").json["forecast"]
    assert found["dial_tasks"] == 30
    assert found["cost"] is None
    assert found["assumptions"]["sources"]["outcomes"] == "assumed"
    assert sum(hour["calls"] for hour in found["hours"]) == pytest.approx(found["calls"], abs=0.1)
    assert {"at", "local", "calls", "others"} == set(found["hours"][0])


def test_who_misses_the_deadline_is_told_by_reason_and_key(shell: Shell) -> None:
    """Ten starts a minute: an end in five minutes is too soon for a hundred."""
    soon = datetime.now(UTC) + timedelta(minutes=5)
    rows = [f"+1617555{n:04d},P{n}" for n in range(100, 200)]
    shell.campaign(*rows, more=f"schedule: {{end: {soon:%Y-%m-%dT%H:%M:%S}+00:00}}\n")
    said = shell("plan", "campaign.yaml")
    assert "the account has no start left before their deadline, such as +1••••••0100" in said.out
    found = shell("plan", "campaign.yaml", "--json").json["forecast"]
    assert 40 < found["missed"]["no_slot"] < 60
    assert "6175550100" not in said.out + json.dumps(found)


def test_every_first_call_is_listed_in_utc_and_there(shell: Shell) -> None:
    shell.write("visits.yaml", APPOINTMENTS)
    shell.write("people.csv", "id,to_number,at\nv1,+16175550123,2099-03-10 14:00\n")
    said = shell("plan", "visits.yaml", "--calls").out
    assert "v1       day_before    2099-03-09T18:00:00Z  2099-03-09 14:00 EDT" in said
    listed = shell("plan", "visits.yaml", "--calls", "--json").json["first_calls"]
    assert [(one["line"], one["touch"]) for one in listed] == [
        (2, "day_before"),
        (2, "hours_before"),
    ]


def test_another_campaign_of_the_account_is_counted(shell: Shell) -> None:
    rows = [f"+1617555{n:04d},P{n}" for n in range(100, 200)]
    shell.campaign(*rows)
    shell("submit", "campaign.yaml", "--yes")
    shell.campaign("+16175550300,Ann", more="x-note: another\n")
    text = (shell.directory / "campaign.yaml").read_text().replace("reminders", "later", 1)
    shell.write("later.yaml", text)
    found = shell("plan", "later.yaml", "--json").json["forecast"]
    assert found["dial_tasks"] == 1
    assert sum(hour["others"] for hour in found["hours"]) > 0
    known = shell("plan", "campaign.yaml", "--json").json["forecast"]
    assert known["dial_tasks"] == 101


def test_a_kept_plan_keeps_the_forecast(shell: Shell) -> None:
    shell.campaign(*(f"+1617555{n:04d},P{n}" for n in range(100, 400)))
    shell("plan", "campaign.yaml", "--out", "plan.json")
    kept = json.loads((shell.directory / "plan.json").read_text())
    assert kept["forecast"]["dial_tasks"] == 300
    shell("submit", "plan.json", "--yes")


def test_history_tells_what_was_assumed(shell: Shell) -> None:
    """Fifty calls of the account that ended: now they say how calls end, and what they cost."""
    shell.campaign(*(f"+1617555{n:04d},P{n}" for n in range(100, 150)))
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world:
        for _ in range(5):
            world.settle()
            world.clock.forward(seconds=61)
        for n, call in enumerate(world.attempts()):
            word = CallStatus.NO_ANSWER if n % 5 == 4 else CallStatus.COMPLETED
            world.say(str(call["id"]), word, duration=None if n % 5 == 4 else 90.0)
        with world.store.write() as tx:
            tx.connection.exec_driver_sql(
                "UPDATE attempt SET cost = 0.3, currency = 'USD' WHERE state = 'completed'"
            )
    shell.campaign("+16175550300,Ann", name="campaign.yaml")
    text = (shell.directory / "campaign.yaml").read_text().replace("reminders", "later", 1)
    shell.write("later.yaml", text)
    said = shell("plan", "later.yaml")
    assert "80% answer, 20% no answer (history of 50 calls of this account)" in said.out
    assert "90 s of talk when answered" in said.out
    found = shell("plan", "later.yaml", "--json").json["forecast"]
    assert found["cost"]["currency"] == "USD"
    assert found["assumptions"]["cost_per_minute"] == pytest.approx(0.2)
