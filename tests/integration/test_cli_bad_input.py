"""Every usual accident is one line that says what to do, and a traceback is for --debug alone."""

from pathlib import Path

import pytest

from campaigns.cli import check as check_command
from campaigns.core.rules import demands
from tests.support.cli import CAMPAIGN, Shell

ALONE = ("--agent-id", "agent_a", "--from-number", "+16175550100")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_faults_of_the_file_and_of_the_header_are_told_at_once(shell: Shell) -> None:
    shell.write(
        "campaign.yaml",
        CAMPAIGN.replace("contacts: people.csv", "contacts: {file: people.csv, key: idd}").replace(
            "customer_name }}", "customer }}"
        )
        + "retry: {max_attempts: none}\n",
    )
    shell.write("people.csv", "id,to_number,customer_name\n1,+16175550123,Jane\n")
    told = shell("check", "campaign.yaml", code=1).complaints
    assert [line.split(": ")[1] for line in told] == [
        "contacts.key",
        "context.patient",
        "retry.max_attempts",
    ]
    assert [line.split(":")[1] for line in told] == ["4", "5", "7"]


def test_an_agent_of_a_row_is_an_id_without_spaces(shell: Shell) -> None:
    shell.campaign()
    rows = "+16175550123,Jane,agent_a\n+16175550124,Joe,agent a\n"
    shell.write("people.csv", f"to_number,customer_name,agent_id\n{rows}")
    said = shell("check", "campaign.yaml")
    assert said.complaints == ["people.csv:3: agent_id: expected an id without spaces"]


def test_a_fault_that_only_follows_from_another_is_not_told(shell: Shell) -> None:
    text = CAMPAIGN.replace("people.csv", "{file: people.csv, number_column: handy}")
    shell.write("campaign.yaml", text)
    shell.write("people.csv", "handy,customer_name\n+16175550123,Jane\n")
    assert "contacts.number_column" in shell("check", "campaign.yaml", code=1).line


@pytest.mark.parametrize("written", ["123", "abc"])
def test_what_is_no_phone_number_is_quoted(shell: Shell, written: str) -> None:
    shell.campaign("+16175550123,Jane")
    said = shell("check", "people.csv", "--agent-id", "a", "--from-number", written, code=1)
    assert f"got {written} (" in said.line


def test_a_number_to_suppress_without_its_plus_is_told_apart(shell: Shell) -> None:
    line = shell("suppress", "add", "14155550109", code=1).line
    assert line.startswith("number 1 (")
    assert "0109)" in line
    assert "put + before it: +1••••••0109" in line
    assert "4155550109" not in line


def test_words_of_a_library_never_reach_a_person(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane")
    assert shell("results", "x", "--format", "parquet", code=2).line == (
        "--format parquet: not yet: csv or jsonl"
    )
    said = shell("run", "campaign.yaml", "--simulate", "--at", "garbage", code=2).line
    assert said.startswith("--at takes a date and a time such as 2026-03-09T09:00, in UTC")


def test_a_place_that_cannot_be_written_is_named_as_typed(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane", "x,Joe")
    nowhere = str(shell.directory / "none" / "x.csv")
    said = shell("check", "campaign.yaml", "--rejects", nowhere, code=1).complaints[-1]
    assert said == (
        f"{nowhere} cannot be written: there is no folder {shell.directory}/none:"
        " make it first, or name another"
    )
    shell("submit", "campaign.yaml", "--yes")
    said = shell("results", "reminders", "-o", nowhere, code=1).complaints[-1]
    assert said.startswith(f"{nowhere} cannot be written")


def test_a_full_disk_is_one_sentence(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane")
    shell("submit", "campaign.yaml", "--yes")
    said = shell("results", "reminders", "-o", "/dev/full", code=3).complaints[-1]
    assert said == (
        "it could not be written: No space left on device: make room, or name another place"
    )


def test_a_test_call_needs_a_yes_and_an_instant_to_come(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THINNESTAI_API_KEY", "key_of_a_test")
    shell.campaign("+16175550123,Jane")
    call = ("try", "campaign.yaml", "--to", "+14155550126", "--as", "+16175550123")
    assert "type it again with --yes" in shell(*call, code=2).line
    said = shell(*call, "--yes", "--scheduled-at", "2020-01-01T09:00", code=1).line
    assert said == "--scheduled-at 2020-01-01T09:00 has passed: leave it out to ring now"


def test_a_database_that_is_away_is_named_with_the_cure(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "CAMPAIGNS_DATABASE_URL", "postgresql://me:secret-word@127.0.0.1:1/campaigns"
    )
    said = shell("list", code=3).line
    assert "PostgreSQL 127.0.0.1:1/campaigns (CAMPAIGNS_DATABASE_URL)" in said
    assert "`campaigns doctor` looks closer" in said
    assert "secret-word" not in said


@pytest.mark.parametrize("command", [("check",), ("submit", "--yes")])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no file list.csv"),
        (b"", "an empty file"),
        (b"to_number,name\n", "a header only"),
        (b"to_number,name\n+16175550123,Jos\xe9\n", "list.csv:2"),
        (b"+16175550123,Jane\n", "a first row that holds a number"),
        (b"name,city\nJane,Boston\n", "one column with the number to call"),
        (b"PK\x03\x04", "a spreadsheet (.xlsx)"),
    ],
    ids=["missing", "empty", "header only", "latin-1", "no header", "no number", "xlsx"],
)
def test_a_list_that_is_none(
    shell: Shell, command: tuple[str, ...], content: bytes | None, said: str
) -> None:
    if content is not None:
        shell.write("list.csv", content)
    line = shell(*command, "list.csv", *ALONE, code=1).line
    assert line.startswith("list.csv")
    assert said in line
    assert not shell.home.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "campaign.yaml"),
        ("- a\n- b\n", "campaign.yaml:1"),
        ("just words\n", "campaign.yaml:1"),
        (CAMPAIGN.replace('"{{ customer_name }}"', "{{ customer_name }}"), "quote"),
        (CAMPAIGN.replace("customer_name", "custommer_name"), "did you mean customer_name?"),
        (CAMPAIGN + "retry: {max_retries: 3}\n", "max_attempts counts the first"),
        (CAMPAIGN + "notify: [{when: [paused], email: desk@example.com}]\n", "not yet"),
        (CAMPAIGN.replace("reminders", "Reminders Of Mine"), "campaign.yaml:1"),
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9)), "campaign.yaml"),
    ],
    ids=[
        *("empty", "a list", "a text", "unquoted", "unknown column", "other tool", "not yet"),
        *("name", "aliases"),
    ],
)
def test_a_campaign_file_that_is_wrong(shell: Shell, text: str, said: str) -> None:
    shell.campaign("+16175550123,Jane")
    shell.write("campaign.yaml", text)
    complaints = shell("check", "campaign.yaml", code=1).complaints
    assert any(said in line for line in complaints)
    assert all(line.startswith("campaign.yaml") for line in complaints)


def test_every_fault_of_a_file_is_told_at_once(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane")
    shell.write("campaign.yaml", "name: x\nagent_id: 'a b'\ncontacts: people.csv\nretrry: never\n")
    complaints = shell("check", "campaign.yaml", code=1).complaints
    assert {line.split(": ")[1] for line in complaints} >= {"agent_id", "from_number", "retrry"}


def test_a_campaign_whose_list_is_missing_names_the_line(shell: Shell) -> None:
    shell.write("campaign.yaml", CAMPAIGN)
    line = shell("check", "campaign.yaml", code=1).line
    assert line.startswith("campaign.yaml:4: contacts")
    assert "people.csv" in line


def test_a_template_that_would_escape_is_refused(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane")
    escape = "{{ ''.__class__.__mro__ }}"
    shell.write("campaign.yaml", CAMPAIGN.replace("{{ customer_name }}", escape))
    assert "context.patient" in shell("check", "campaign.yaml", code=1).line


def test_megabytes_on_one_line_are_one_bad_row(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane", "+16175550124," + "x" * 20_000_000, "+16175550125,Ann")
    said = shell("check", "campaign.yaml")
    assert "people.csv:3: over 1 MB" in said.line
    assert "2 people from people.csv of 3 rows" in said.out


def test_a_database_that_is_away_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", "postgresql://ann:hunter22@127.0.0.1:1/campaigns")
    for typed in (("list",), ("status",), ("db", "current"), ("db", "upgrade")):
        said = shell(*typed, code=3)
        assert "the database" in said.line
        assert "hunter22" not in said.err


def test_a_home_that_cannot_be_written_is_one_line(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_HOME", "/proc/nowhere")
    assert "CAMPAIGNS_HOME names another" in shell("list", code=1).line


def test_a_broker_that_is_away_stops_no_command(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_REDIS_URL", "redis://127.0.0.1:1/0")
    shell.campaign("+16175550123,Jane")
    shell("submit", "campaign.yaml", "--yes")
    shell("pause", "reminders")
    shell("resume", "reminders")


def test_results_that_cannot_be_written_are_one_line(shell: Shell) -> None:
    shell.campaign("+16175550123,Jane")
    shell("submit", "campaign.yaml", "--yes")
    line = shell("results", "reminders", "-o", "no/such/place.csv", code=1).complaints[-1]
    assert line.startswith("no/such/place.csv cannot be written: there is no folder no/such")


def test_a_fault_of_ours_is_one_line_without_data(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("+16175550123 Jane")

    monkeypatch.setattr(check_command, "load", broken)
    said = shell("check", "campaign.yaml", code=3)
    assert said.line == (
        "something unexpected happened (KeyError); run again with --debug and report what it shows"
    )
    assert "Traceback" in shell("check", "campaign.yaml", "--debug", code=3).err


def test_ctrl_c_ends_with_130(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check_command, "load", interrupted)
    assert shell("check", "campaign.yaml", code=130).line == "interrupted"


def bounded(shell: Shell, *rows: str, hours: str, more: str = "") -> None:
    """A campaign with these hours, and people of New York (line 6 is `calling_hours`)."""
    shell.campaign(*rows or ("+12125550123,Jane",), more=more)
    text = CAMPAIGN.replace("calling_hours: always\n", f"calling_hours: {hours}\n") + more
    shell.write("campaign.yaml", text)


def test_hours_in_which_nobody_can_be_called_are_refused(shell: Shell) -> None:
    """Boston and Tokyo are never awake at once; and both may be where this phone is."""
    shell.write("people.csv", "to_number,customer_name,timezone\n+12125550123,Jane,Asia/Tokyo\n")
    hours = CAMPAIGN.replace("calling_hours: always", 'calling_hours: {mon-fri: "09:00-12:00"}')
    shell.write("campaign.yaml", hours)
    said = shell("check", "campaign.yaml", code=1)
    assert said.complaints[-1] == (
        "campaign.yaml:6: calling_hours: expected an open minute before the end, in every zone"
        " where a phone may be, got none for any of 1 person (widen the hours, or set"
        " contacts.zone_evidence: stated)"
    )
    found = shell("check", "campaign.yaml", "--json", code=1).json
    assert (found["ok"], len(found["faults"])) == (False, 1)
    assert found["never_callable"]["no_open_hour"] == 1


def test_who_alone_can_never_be_called_is_counted(shell: Shell) -> None:
    rows = "+12125550123,Jane,Asia/Tokyo\n+12125550124,Joe,America/New_York\n"
    shell.write("people.csv", f"to_number,customer_name,timezone\n{rows}")
    hours = CAMPAIGN.replace("calling_hours: always", 'calling_hours: {mon-fri: "09:00-12:00"}')
    shell.write("campaign.yaml", hours)
    said = shell("check", "campaign.yaml").out
    assert "1 more has no open hour before the end" in said
    assert "widen calling_hours (campaign.yaml:6)" in said


def test_hours_that_share_no_minute_with_a_rule_are_refused_by_its_name(shell: Shell) -> None:
    bounded(shell, hours='{mon-sun: "05:00-07:00"}', more="purpose: debt\n")
    said = shell("check", "campaign.yaml", code=1)
    assert any(
        line.startswith(
            "campaign.yaml:6: calling_hours: expected a minute that us-reg-f leaves open,"
            " got no minute of the week"
        )
        for line in said.complaints
    )
    assert "us-reg-f leaves open" in shell("submit", "campaign.yaml", "--yes", code=1).err


@pytest.mark.parametrize(
    ("hours", "more", "said"),
    [
        (
            "always",
            "schedule: {start: 2026-03-09T09:00Z, end: 2026-03-09T09:00Z}\n",
            "campaign.yaml:7: schedule.end: expected an instant after schedule.start",
        ),
        (
            '{mon-fri: "09:00-12:00", fri: "13:00-14:00"}',
            "",
            "campaign.yaml:6: calling_hours.fri: expected each day once, got fri in mon-fri and",
        ),
        (
            '{mon: "09:00-12:00, 11:00-14:00"}',
            "",
            "campaign.yaml:6: calling_hours.mon: expected hours that do not overlap",
        ),
        (
            '{mon: "09:00-12:00", closed: [2026-12-24/2026-12-20]}',
            "",
            "campaign.yaml:6: calling_hours.closed",
        ),
        (
            "{closed: [2026-12-24]}",
            "",
            "campaign.yaml:6: calling_hours: expected the days on which phones may ring, got none",
        ),
        (
            "always",
            "caps:\n  - {calls: 0, per: 24h}\n",
            "campaign.yaml:8: caps[1].calls: expected at least 1 call, got 0",
        ),
        (
            "always",
            "budget: {calls_per_day: 0}\n",
            "campaign.yaml:7: budget.calls_per_day: expected a whole number from 1",
        ),
    ],
    ids=[
        *("end", "day twice", "overlap", "closed", "no day", "cap of zero", "budget of zero"),
    ],
)
def test_bounds_that_cannot_be_meant_are_named_by_line(
    shell: Shell, hours: str, more: str, said: str
) -> None:
    bounded(shell, hours=hours, more=more)
    assert shell("check", "campaign.yaml", code=1).line.startswith(said)


@pytest.mark.parametrize(("late", "code"), [("warn", 0), ("refuse", 1)])
def test_rules_past_their_review_date(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, late: str, code: int
) -> None:
    monkeypatch.setattr(demands, "overdue", lambda *_: late)
    bounded(shell, hours='{mon-sun: "09:00-18:00", rules: [us-debt]}', more="purpose: debt\n")
    said = shell("check", "campaign.yaml", code=code)
    sentence = "campaign.yaml:6: calling_hours.rules: expected rows that were reviewed in time"
    assert sentence in (said.err if code else said.out)
