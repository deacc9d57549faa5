"""The commands that look: on stdout what was asked for, JSON for programs, never a whole number."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus, SlowDown
from campaigns.core.lifecycle import AttemptState
from campaigns.engine.tick import beat
from campaigns.files.exports import RESULT_COLUMNS
from tests.support.cli import Shell

ROWS = ("+16175550123,Jane", "+16175550124,Joe", "+16175550125,Ann", "1.61756E+10,Spread")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def called(shell: Shell) -> Shell:
    """Jane was reached, Joe is called again later, Ann's phone rings."""
    shell.campaign(*ROWS)
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world:
        world.settle()
        jane, joe, ann = (str(one["id"]) for one in world.attempts())
        world.say(jane, CallStatus.IN_PROGRESS, settle=False)
        world.say(jane, CallStatus.COMPLETED, duration=42.0, call_id="call_1")
        world.say(joe, CallStatus.NO_ANSWER)
        world.say(ann, CallStatus.RINGING)
    return shell


# --- the line that every command begins with ------------------------------------------------


def test_a_new_home_says_that_nobody_was_called_from_here(shell: Shell) -> None:
    said = shell("list")
    assert said.err.strip() == f"state: {shell.home}, NEW, nobody has been called from here"
    assert said.out == "no campaigns yet: `campaigns submit FILE` stores one\n"
    assert (shell.home.stat().st_mode & 0o777) == 0o700


def test_later_it_counts_calls_and_suppressed_numbers(called: Shell) -> None:
    called("suppress", "add", "+16175550199")
    assert called("list").err.strip() == f"state: {called.home}, 3 calls, 1 suppressed"


def test_the_persons_own_home_is_a_tilde(called: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(called.directory))
    assert "state: ~/home, 3 calls" in called("list").err


# --- campaigns ------------------------------------------------------------------------------


def test_list_has_a_line_for_each_campaign(called: Shell) -> None:
    header, line = called("list").out.splitlines()
    assert header.split() == ["name", "state", "dial", "tasks", "done", "calling", "waiting"]
    assert line.split()[:6] == ["reminders", "running", "3", "1", "1", "1"]
    assert "1 for the next attempt, next " in line
    (one,) = called("list", "--json").json["campaigns"]
    assert [(why["reason"], why["count"]) for why in one["waiting"]] == [("retry", 1)]


def test_show_tells_outcomes_waiting_slots_and_polling(called: Shell) -> None:
    out = called("show", "reminders").out
    for said in (
        "reminders  running",
        "polling: CAMPAIGNS_PUBLIC_URL is not set",
        "rows beside them: 1 bad",
        "for the next attempt, next ",
        "3 of 10 busy",
        "1 ringing",
        "not before",
    ):
        assert said in out
    assert not any(line != line.rstrip() for line in out.splitlines())


def test_show_says_webhooks_where_the_provider_can_reach_us(
    called: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_PUBLIC_URL", "https://calls.example.com")
    assert "webhooks, and polling" in called("show", "reminders").out
    assert called("show", "reminders", "--json").json["outcomes_by"] == "webhook"


def test_show_is_json_for_programs(called: Shell) -> None:
    found = called("show", "reminders", "--json").json
    assert found["summary"]["tasks"] == {"waiting": 1, "claimed": 0, "calling": 1, "done": 1}
    assert found["outcomes"] == {"completed": 1}
    assert found["waiting"][0]["reason"] == "retry"
    assert found["waiting"][0]["next_at"].endswith("Z")
    assert found["account"]["window"] == 60.0
    assert found["outcomes_by"] == "polling"


def test_watch_ends_with_the_campaign(called: Shell) -> None:
    called("cancel", "reminders", "--yes")
    (line,) = called("watch", "reminders").out.splitlines()
    assert "1/3 done" in line
    assert called("watch", "reminders", "--json").json["state"] == "cancelled"


# --- people and calls -----------------------------------------------------------------------


def test_contacts_stand_in_the_order_of_the_list(called: Shell) -> None:
    lines = called("contacts", "reminders").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "+1••••••0123",
        "+1••••••0124",
        "+1••••••0125",
    ]
    assert "completed" in lines[1]
    assert "waiting: for the next attempt" in lines[2]
    assert "calling" in lines[3]


def test_long_lists_come_in_pages(called: Shell) -> None:
    first = called("contacts", "reminders", "--limit", "2", "--json").json
    assert len(first["contacts"]) == 2
    rest = called("contacts", "reminders", "--after", first["next"], "--json").json
    assert [one["line"] for one in (*first["contacts"], *rest["contacts"])] == [2, 3, 4]
    assert rest["next"] is None
    said = called("contacts", "reminders", "--limit", "2")
    assert f"--after {first['next']}" in said.line
    assert len(called("contacts", "reminders", "--limit", "0", "--json").json["contacts"]) == 3


def test_filters_take_words_with_commas(called: Shell) -> None:
    found = called("contacts", "reminders", "--state", "done,waiting", "--json").json
    assert [one["state"] for one in found["contacts"]] == ["done", "waiting"]
    said = called("contacts", "reminders", "--outcome", "no_anwser", code=2)
    assert said.line == "--outcome does not know 'no_anwser': did you mean no_answer?"
    assert called("contacts", "reminders", "--outcome", "busy").line == "no contacts here"


def test_rows_that_became_no_contact_are_listed(called: Shell) -> None:
    out = called("contacts", "reminders", "--rejected").out
    assert "a spreadsheet shortened the number" in out
    (row,) = called("contacts", "reminders", "--rejected", "--json").json["rows"]
    assert (row["line"], row["kind"]) == (5, "rejected")


def test_calls_are_listed_the_newest_first(called: Shell) -> None:
    found = called("calls", "reminders", "--json").json["calls"]
    assert {one["state"] for one in found} == {"completed", "no_answer", "ringing"}
    assert [one["intent_at"] for one in found] == sorted(
        (one["intent_at"] for one in found), reverse=True
    )
    lines = called("calls", "reminders", "--state", "completed").out.splitlines()
    assert len(lines) == 2
    assert "42 s" in lines[1]


def test_one_call_shows_what_was_asked_and_said(called: Shell) -> None:
    out = called("calls", "show", "call_1").out
    for said in ("agent_reminder", "context.patient", "Jane", "webhook completed, 42 s", "{}"):
        assert said in out
    found = called("calls", "show", "call_1", "--json").json
    assert found["state"] == "completed"
    assert [one["word"] for one in found["events"]] == ["in_progress", "completed"]
    assert found["snapshot"]["from_number"] == "+1••••••0100"


def test_a_fault_of_a_look_up_shows_with_its_call(called: Shell) -> None:
    with called.world() as world:
        ringing = next(str(one["id"]) for one in world.attempts() if one["state"] == "ringing")
        with world.store.write() as tx:
            tx.change_attempt(ringing, AttemptState.RINGING, check_error="not in the list")
    assert "not in the list" in called("calls", "reminders").out
    assert "not in the list" in called("calls", "show", ringing).out


def test_no_whole_number_of_a_person_is_on_any_screen(called: Shell) -> None:
    called("suppress", "add", "+16175550199")
    for typed in (
        ["show", "reminders"],
        ["contacts", "reminders"],
        ["contacts", "reminders", "--json"],
        ["contacts", "reminders", "--rejected", "--json"],
        ["calls", "reminders"],
        ["calls", "reminders", "--json"],
        ["calls", "show", "call_1"],
        ["calls", "show", "call_1", "--json"],
        ["suppress", "list"],
        ["suppress", "list", "--json"],
        ["status"],
    ):
        said = called(*typed, code=3 if typed == ["status"] else 0)
        assert "617555" not in said.out + said.err, typed


def test_what_others_wrote_cannot_play_with_the_terminal(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane")
    shell("submit", "campaign.yaml", "--start", "paused")
    shell("resume", "reminders")
    shell("pause", "reminders", "--reason", "red \x1b[31m[bold]+16175550123[/]\nalert")
    out = shell("show", "reminders").out
    assert "\x1b" not in out
    assert "[bold]+1••••••0123[/]" in out


# --- results --------------------------------------------------------------------------------


def test_results_are_written_with_numbers_in_full(called: Shell) -> None:
    said = called("results", "reminders", "-o", "out.csv")
    with (called.directory / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == RESULT_COLUMNS
    assert [row["outcome"] for row in rows] == ["completed", "", ""]
    assert rows[0]["to_number"] == "+16175550123"
    assert rows[0]["source_line"] == "2"
    assert said.complaints == [
        "3 results in out.csv, 2 of them still without an outcome",
        "1 row of the list became no contact: `campaigns contacts reminders --rejected`",
    ]


def test_results_go_to_stdout_and_nothing_else_does(called: Shell) -> None:
    out = called("results", "reminders").out
    assert len(list(csv.reader(io.StringIO(out)))) == 4
    lines = called("results", "reminders", "--json").out.splitlines()
    assert [json.loads(line)["key"] for line in lines] == [
        "+16175550123",
        "+16175550124",
        "+16175550125",
    ]


def test_the_ending_of_the_file_chooses_its_form(called: Shell) -> None:
    called("results", "reminders", "-o", "out.jsonl", "--outcome", "completed")
    (line,) = (called.directory / "out.jsonl").read_text().splitlines()
    assert json.loads(line)["duration_s"] == 42.0
    said = called("results", "reminders", "-o", "out.parquet", code=2)
    assert said.line == ".parquet is not yet supported: use .csv or .jsonl"


@pytest.mark.parametrize(
    ("since", "rows"), [("1h", 1), ("2026-01-01T00:00Z", 1), ("2099-01-01T00:00Z", 0)]
)
def test_results_since(called: Shell, since: str, rows: int) -> None:
    out = called("results", "reminders", "--json", "--since", since).out
    assert len(out.splitlines()) == rows


@pytest.mark.parametrize("since", ["yesterday", "2026-03-09T09:00", "10"])
def test_a_time_that_could_be_read_two_ways_is_refused(called: Shell, since: str) -> None:
    said = called("results", "reminders", "--since", since, code=2)
    assert "2026-03-09T09:00Z" in said.line


# --- health ---------------------------------------------------------------------------------


def test_status_says_that_nothing_runs_and_ends_with_three(called: Shell) -> None:
    said = called("status", code=3)
    assert "! 2 calls are waiting and nothing is running" in said.out
    assert "3 of 10 busy" in said.out
    assert called("status", "--json", code=3).json["ok"] is False


def test_status_is_well_where_somebody_works(called: Shell) -> None:
    with called.world() as world:
        beat(world.parts)
        with world.store.write() as tx:
            tx.alive("worker@here:1", "worker", tx.now().real)
    said = called("status")
    assert "all is well" in said.out
    assert "1 alive" in said.out


def test_status_says_how_many_calls_there_may_be_at_once(called: Shell) -> None:
    assert "at once" not in called("status", code=3).out
    with called.world() as world, world.store.write() as tx:
        tx.change_account(world.account_id, concurrent_calls=20)
    assert re.search(r"at once +\d+ of 20 calls", called("status", code=3).out)


def test_status_names_a_held_account(shell: Shell) -> None:
    shell.campaign(ROWS[0])
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world:
        world.provider.answers.append(SlowDown(retry_after=90))
        beat(world.parts)
        world.settle()
    out = shell("status", code=3).out
    assert "account default is held: 429" in out


def test_status_of_a_fleet_asks_the_broker(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGNS_REDIS_URL", "redis://:hunter22@127.0.0.1:1/0")
    said = shell("status", code=3)
    assert "! the broker does not answer" in said.out
    assert "hunter22" not in said.out + said.err
