"""The commands that decide: pause, resume, cancel, do not call."""

from pathlib import Path

import pytest

from campaigns.engine.tick import beat
from tests.support.cli import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane", "+16175550124,Joe")
    found("submit", "campaign.yaml", "--yes")
    return found


def summary(shell: Shell) -> dict[str, object]:
    found: dict[str, object] = shell("show", "reminders", "--json").json["summary"]
    return found


# --- pause and resume -----------------------------------------------------------------------


def test_a_pause_keeps_its_reason_and_who_asked(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    said = shell("pause", "reminders", "--reason", "wrong list")
    assert said.out == "reminders is paused; `campaigns resume reminders` lets it go on\n"
    found = summary(shell)
    assert (found["state"], found["paused_why"], found["paused_by"]) == (
        "paused",
        "wrong list",
        "ann",
    )
    assert "wrong list (by ann)" in shell("list").out
    assert "the campaign is paused" in shell("show", "reminders").out


def test_resume_lets_it_go_on(shell: Shell) -> None:
    shell("pause", "reminders")
    assert shell("resume", "reminders").out == "reminders goes on\n"
    assert summary(shell)["state"] == "running"
    said = shell("resume", "reminders", code=1)
    assert said.line == "reminders is running: there is nothing to resume"


def test_an_account_stops_all_its_campaigns(shell: Shell) -> None:
    shell("pause", "--account", "default", "--reason", "invoice")
    assert "the account is paused" in shell("show", "reminders").out
    shell("pause", "reminders")
    said = shell("resume", "reminders")
    assert said.line == ("but its account default is paused: `campaigns resume --account default`")
    shell("resume", "--all")
    assert shell("status", "--json", code=3).json["pauses"] == []


@pytest.mark.parametrize("typed", [(), ("reminders", "--all"), ("--all", "--account", "default")])
def test_what_is_paused_is_named_once(shell: Shell, typed: tuple[str, ...]) -> None:
    for verb in ("pause", "resume"):
        assert f"`campaigns {verb} NAME`" in shell(verb, *typed, code=2).line


def test_a_name_that_nobody_has_is_said(shell: Shell) -> None:
    assert "no campaign is called 'zzz'" in shell("pause", "zzz", code=1).line
    assert "there is default" in shell("pause", "--account", "zzz", code=1).line


# --- cancel ---------------------------------------------------------------------------------


def test_cancel_asks_for_the_name(shell: Shell) -> None:
    said = shell("cancel", "reminders", answer="reminder\n", code=1)
    assert "nothing was changed" in said.err
    assert summary(shell)["state"] == "running"
    said = shell("cancel", "reminders", answer="reminders\n")
    assert "This is final: 2 waiting calls will not be made" in said.err
    assert summary(shell)["state"] == "cancelled"


def test_cancel_needs_yes_where_nobody_is_there_to_ask(shell: Shell) -> None:
    assert "`campaigns cancel reminders --yes`" in shell("cancel", "reminders", code=2).line
    said = shell("cancel", "reminders", "--yes")
    assert said.out == "reminders is cancelled: 2 waiting calls will not be made\n"
    assert "No such option: --hang-up" in shell("cancel", "reminders", "--hang-up", code=2).line


def test_what_is_finished_cannot_be_cancelled(shell: Shell) -> None:
    shell("suppress", "add", "+16175550123", "+16175550124")
    with shell.world() as world:
        beat(world.parts)
    assert summary(shell)["state"] == "finished"
    said = shell("cancel", "reminders", "--yes", code=1).line
    assert said == "reminders is finished: nothing waits, so there is nothing to cancel"
    assert shell("cancel", "reminders", code=1).line == said
    assert summary(shell)["state"] == "finished"


# --- do not call ----------------------------------------------------------------------------


def test_add_says_what_it_dropped(shell: Shell) -> None:
    said = shell("suppress", "add", "+16175550124", "+16175550124", "+16175550150")
    assert said.out == "2 numbers added; 1 waiting call dropped\n"
    again = shell("suppress", "add", "+16175550124")
    assert again.out == "0 numbers added (1 was there already); 0 waiting calls dropped\n"
    assert shell("show", "reminders", "--json").json["outcomes"] == {"suppressed": 1}


def test_remove_says_whether_it_was_there(shell: Shell) -> None:
    shell("suppress", "add", "+16175550124")
    said = shell("suppress", "remove", "+16175550124", "+16175550125")
    assert said.out == "+1••••••0124 may be called again\n+1••••••0125 was not on the list\n"


def test_a_list_of_one_campaign_holds_there_alone(shell: Shell) -> None:
    said = shell("suppress", "add", "+16175550124", "--campaign", "reminders")
    assert said.out == "1 number added; 1 waiting call dropped\n"
    assert shell("suppress", "list").line == "no number is on the list"
    (one,) = shell("suppress", "list", "--campaign", "reminders", "--json").json["suppressed"]
    assert one["campaign"] == "reminders"
    assert "yes, in reminders: " in shell("who", "+16175550124").out
    assert "on that of reminders" in shell("explain", "reminders", "+16175550124").out
    removed = shell("suppress", "remove", "+16175550124").out
    assert removed == "+1••••••0124 was not on the list, but is on that of reminders\n"
    shell("suppress", "add", "+16175550124")
    removed = shell("suppress", "remove", "+16175550124", "--campaign", "reminders").out
    assert removed == "+1••••••0124 is off the list, and still on the list of all campaigns\n"
    assert (
        "no campaign is called"
        in shell("suppress", "add", "+16175550124", "--campaign", "nobody", code=1).line
    )


def test_every_number_that_is_none_is_named_and_nothing_is_changed(shell: Shell) -> None:
    said = shell("suppress", "add", "+16175550124", "617-555-0125", "1.6E+10", code=1)
    assert len(said.err.splitlines()) == 2
    assert said.err.startswith("number 2 (••••••••0125): expected a number to call, got no country")
    assert "use --region" in said.err
    assert "nothing" not in shell("suppress", "list").out
    assert shell("suppress", "add", "617-555-0125", "--region", "us").out.startswith("1 number")


def test_the_region_of_the_environment_reads_national_numbers(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_REGION", "US")
    assert shell("suppress", "add", "617-555-0125").out.startswith("1 number added")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.txt", "+16175550123\n# a comment\n\n  +16175550150  \n617\n"),
        ("bom.csv", "\ufeffphone;why\n+16175550123;asked\n+16175550150;asked\n;asked\n617;x\n"),
        ("columns.csv", "name,to_number\nJane,+16175550123\nJoe,+16175550150\nAnn,617\n"),
        ("bare.csv", "+16175550123,Jane\n+16175550150,Joe\n617,Ann\n"),
    ],
)
def test_import_takes_a_list_with_or_without_a_header(shell: Shell, name: str, text: str) -> None:
    shell.write(name, text)
    said = shell("suppress", "import", name, code=1)
    assert said.out == "2 numbers added; 1 waiting call dropped\n"
    assert "NOT on the list" in said.complaints[-1]
    assert said.complaints[0].startswith(f"{name}:")
    for line in said.complaints[:-1]:
        assert "617" not in line


def test_an_export_can_be_imported(shell: Shell) -> None:
    shell("suppress", "add", "+16175550124", "+16175550150")
    shell("suppress", "list", "-o", "dnc.csv")
    assert "+16175550150" in (shell.directory / "dnc.csv").read_text()
    said = shell("suppress", "import", "dnc.csv")
    assert said.out == "0 numbers added (2 were there already); 0 waiting calls dropped\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"name,city\nJane,Boston\n", "call it to_number"),
        (b"+16175550123\n\xff\xfe\n", "not UTF-8"),
        (b"PK\x03\x04zip", "a spreadsheet"),
    ],
)
def test_a_file_that_is_no_list_is_one_line(shell: Shell, content: bytes, said: str) -> None:
    shell.write("list.csv", content)
    assert said in shell("suppress", "import", "list.csv", code=1).line


def test_a_line_of_many_megabytes_is_one_fault(shell: Shell) -> None:
    shell.write("list.txt", "+16175550150\n" + "1" * 5_000_000 + "\n+16175550151\n")
    said = shell("suppress", "import", "list.txt", code=1)
    assert said.out.startswith("2 numbers added")
    assert said.complaints[0].startswith("list.txt:2: over 1 MB")
