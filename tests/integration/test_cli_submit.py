"""`check` and `submit`: what is said before anybody is called, and who decides that it begins."""

from pathlib import Path

import pytest

from tests.support.cli import CAMPAIGN, Shell

JANE, JOE, ANN = "+16175550123,Jane", "+16175550124,Joe", "+14155550126,Ann"
SHORTENED, EMPTY = "1.61756E+10,Spread", "+16175550125,"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


# --- check ----------------------------------------------------------------------------------


def test_check_needs_no_home_and_no_database(shell: Shell) -> None:
    shell.campaign(JANE)
    said = shell("check", "campaign.yaml")
    assert said.err == ""
    assert not shell.home.exists()


def test_check_says_who_when_and_from_which_number(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    out = shell("check", "campaign.yaml").out
    assert "2 people from people.csv" in out
    assert "starts at once" in out
    assert "+1••••••0100, agent agent_reminder" in out
    assert "a number is called once in this campaign, ever" in out
    assert "up to 3 calls each" in out
    assert "at any hour of any day" in out


def test_check_shows_the_first_three_requests_without_whole_numbers(shell: Shell) -> None:
    shell.campaign(JANE, JOE, ANN, "+16175550127,Eve")
    out = shell("check", "campaign.yaml").out
    assert out.count('"agent_id": "agent_reminder"') == 3
    assert '"patient": "Jane"' in out
    assert '"to_number": "+1••••••0123"' in out
    assert "Eve" not in out
    for number in ("6175550123", "6175550124", "4155550126", "6175550100"):
        assert number not in out


def test_check_says_the_default_hours_out_loud(shell: Shell) -> None:
    shell.write("campaign.yaml", CAMPAIGN.replace("calling_hours: always\n", ""))
    shell.write("people.csv", f"to_number,customer_name\n{JANE}\n")
    out = shell("check", "campaign.yaml").out
    assert "every day 09:00-20:00, in each person's zone" in out
    assert "states no calling_hours" in out


def test_bad_rows_are_named_by_line_and_do_not_stop_the_others(shell: Shell) -> None:
    shell.campaign(JANE, SHORTENED, JANE, EMPTY, JOE)
    said = shell("check", "campaign.yaml")
    assert said.complaints == [
        (
            "people.csv:3: to_number: a spreadsheet shortened the number:"
            " format the column as text and export again"
        ),
        "people.csv:4: to_number: this key was on line 2 already",
        (
            "people.csv:5: customer_name: empty, but context.patient needs it:"
            " fill the cell, or write | default('…')"
        ),
    ]
    assert "2 people from people.csv of 5 rows (2 bad, 1 repeated)" in said.out


def test_strict_lets_no_bad_row_pass(shell: Shell) -> None:
    shell.campaign(JANE, SHORTENED)
    said = shell("check", "campaign.yaml", "--strict", code=1)
    assert said.complaints[-1] == "campaign.yaml: 1 bad row, and --strict allows none"


def test_a_list_that_is_bad_as_a_whole_is_refused(shell: Shell) -> None:
    shell.campaign(JANE, *[SHORTENED] * 6)
    said = shell("check", "campaign.yaml", code=1)
    assert "6 of 7 rows are bad, more than 10%" in said.complaints[-1]


def test_repeated_rows_do_not_make_a_list_bad(shell: Shell) -> None:
    shell.campaign(*[JANE] * 8)
    assert "1 person from people.csv of 8 rows (7 repeated)" in shell("check", "campaign.yaml").out


def test_with_every_row_bad_the_file_still_says_who_would_have_called(shell: Shell) -> None:
    shell.campaign(SHORTENED)
    out = shell("check", "campaign.yaml", code=1).out
    assert "from      +1••••••0100, agent agent_reminder" in out


def test_five_bad_rows_of_a_short_list_are_not(shell: Shell) -> None:
    shell.campaign(JANE, *[SHORTENED] * 5)
    shell("check", "campaign.yaml")


def test_many_bad_rows_fill_a_file_and_not_the_screen(shell: Shell) -> None:
    good = [f"+1617555{n:04d},P" for n in range(1_000)]
    shell.campaign(*good, *[SHORTENED] * 50)
    said = shell("check", "campaign.yaml", "--rejects", "bad.csv")
    assert len(said.complaints) == 21
    assert said.complaints[-1] == "… and 30 more bad rows"
    lines = (shell.directory / "bad.csv").read_text().splitlines()
    assert lines[0] == "source_file,source_line,column,reason"
    assert len(lines) == 51


def test_rejects_never_overwrite_the_list(shell: Shell) -> None:
    shell.campaign(JANE)
    said = shell("check", "campaign.yaml", "--rejects", "people.csv", code=2)
    assert "would overwrite what is read" in said.line
    assert "Jane" in (shell.directory / "people.csv").read_text()


def test_repeated_numbers_are_refused_where_the_file_says_so(shell: Shell) -> None:
    more = "contacts: {file: people.csv, key: id, same_number: refuse}\n"
    shell.write("campaign.yaml", CAMPAIGN.replace("contacts: people.csv\n", more))
    shell.write(
        "people.csv", "id,to_number,customer_name\n1,+16175550123,Jane\n2,+16175550123,Joe\n"
    )
    said = shell("check", "campaign.yaml")
    assert "this number was on line 2 already" in said.line
    shell("submit", "campaign.yaml", "--yes")
    assert shell("show", "reminders", "--json").json["rows"]["duplicate"] == 1


FAMILIES = """\
name: reminders
agent_id: agent_reminder
from_number: "+16175550100"
contacts: {file: people.csv, key: id, same_number: group}
context: {patients: "{{ group | map(attribute='patient') | join(' and ') }}"}
schedule: {anchor: visit_at, timezone: America/New_York, touches: [-24h]}
calling_hours: always
"""


def test_check_shows_the_rows_of_one_call_together(shell: Shell) -> None:
    shell.write("campaign.yaml", FAMILIES)
    shell.write(
        "people.csv",
        "id,to_number,patient,visit_at\n"
        "1,+16175550123,Ann,2099-03-10 14:00\n"
        "2,+16175550124,Joe,2099-03-10 14:00\n"
        "3,+16175550123,Ben,2099-03-10 09:00\n"
        "4,+16175550123,Cid,2099-03-11 09:00\n",
    )
    out = shell("check", "campaign.yaml").out
    assert "lines 4, 2: one call" in out
    assert '"patients": "Ben and Ann"' in out
    assert '"patients": "Cid"' in out
    found = shell("check", "campaign.yaml", "--json").json["requests"]
    assert [one.get("lines", [one["line"]]) for one in found] == [[4, 2], [3], [5]]
    shell("submit", "campaign.yaml", "--yes")
    assert shell("show", "reminders", "--json").json["summary"]["tasks"]["waiting"] == 4


def test_rows_that_are_one_call_need_a_key(shell: Shell) -> None:
    shell.write("campaign.yaml", FAMILIES.replace("key: id, ", ""))
    shell.write("people.csv", "to_number,patient,visit_at\n+16175550123,Ann,2099-03-10 14:00\n")
    said = shell("check", "campaign.yaml", code=1)
    assert "contacts.same_number: expected a key" in said.line
    assert "name its column: `key: COLUMN` under contacts" in said.line


def test_who_can_never_be_called_is_told_with_the_cure(shell: Shell) -> None:
    shell.campaign(JANE, "+8816123456789,Satellite")
    assert "no known time zone" not in shell("check", "campaign.yaml").out  # at any hour
    text = CAMPAIGN.replace("calling_hours: always", "calling_hours: {mon-fri: 09:00-17:00}")
    shell.write("campaign.yaml", text)
    out = shell("check", "campaign.yaml").out
    assert "1 more has no known time zone and will be skipped: add a column `timezone`" in out


def test_check_is_json_for_programs(shell: Shell) -> None:
    shell.campaign(JANE, SHORTENED)
    found = shell("check", "campaign.yaml", "--json").json
    assert found["ok"] is True
    assert found["counts"]["accepted"] == 1
    assert found["bad_rows"][0]["at"] == "people.csv:3"
    assert found["requests"][0]["to_number"] == "+1••••••0123"
    shell.write("campaign.yaml", "name: x\n")
    found = shell("check", "campaign.yaml", "--json", code=1).json
    assert found["ok"] is False
    assert {fault["key"] for fault in found["faults"]} >= {"agent_id", "contacts"}


def test_a_list_alone_is_a_campaign(shell: Shell) -> None:
    shell.campaign(JANE)
    alone = ("--agent-id", "agent_a", "--from-number", "+16175550100")
    out = shell("check", "people.csv", *alone).out
    assert "the agent gets the columns customer_name" in out
    assert out.startswith("campaign  people-")
    assert "campaign  mine" in shell("check", "people.csv", *alone, "--name", "mine").out


# --- submit ---------------------------------------------------------------------------------


def test_the_first_start_of_a_name_is_asked_of_a_person(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    said = shell("submit", "campaign.yaml", answer="y\n")
    assert "2 people from people.csv" in said.err
    assert "Call 2 people?" in said.err
    assert "reminders: stored, 2 people will be called" in said.out


def test_who_says_no_has_stored_nothing(shell: Shell) -> None:
    shell.campaign(JANE)
    said = shell("submit", "campaign.yaml", answer="n\n", code=1)
    assert said.complaints[-1].endswith("nothing was stored, nobody is called")
    assert shell("list", "--json").json == {"campaigns": []}


def test_without_a_terminal_it_says_what_to_type(shell: Shell) -> None:
    shell.campaign(JANE)
    said = shell("submit", "campaign.yaml", code=2)
    assert "type `campaigns submit campaign.yaml --yes`" in said.complaints[-1]
    assert shell("list", "--json").json == {"campaigns": []}


def test_yes_stores_it_after_showing_the_summary(shell: Shell) -> None:
    shell.campaign(JANE, SHORTENED)
    said = shell("submit", "campaign.yaml", "--yes")
    assert "who       1 person from people.csv of 2 rows (1 bad)" in said.err
    assert "reminders: stored, 1 person will be called" in said.out
    assert "1 bad row will not: `campaigns contacts reminders --rejected`" in said.out
    assert "start it with `campaigns up`" in said.err


def test_the_same_file_again_changes_nothing(shell: Shell) -> None:
    shell.campaign(JANE)
    shell("submit", "campaign.yaml", "--yes")
    before = shell("show", "reminders", "--json").json["summary"]
    said = shell("submit", "campaign.yaml")
    assert said.out == "reminders: nothing changed, it is running\n"
    assert shell("show", "reminders", "--json").json["summary"] == before


def test_an_edited_file_brings_the_book_along(shell: Shell) -> None:
    shell.campaign(JANE, JOE, ANN)
    shell("submit", "campaign.yaml", "--yes")
    shell.campaign("+16175550123,Janet", ANN, "+16175550128,New", more="recording: true\n")
    said = shell("submit", "campaign.yaml")
    expected = "reminders: + 1 added, ~ 0 moved, ~ 1 changed, - 1 withdrawn, 1 unchanged"
    assert said.out.splitlines()[0] == expected
    tasks = shell("show", "reminders", "--json").json["summary"]["tasks"]
    assert (tasks["waiting"], tasks["done"]) == (3, 1)
    again = shell("submit", "campaign.yaml").out
    assert again.splitlines()[0] == "reminders: nothing changed, it is running"


def test_half_a_file_is_refused_and_taken_when_a_person_says_so(shell: Shell) -> None:
    shell.campaign(*(f"+1617555{n:04d},P{n}" for n in range(100, 120)))
    shell("submit", "campaign.yaml", "--yes")
    shell.campaign("+16175550100,P100")
    said = shell("submit", "campaign.yaml", code=1)
    assert "19 of 20 contacts are no longer on the list, more than max_withdrawn (20%)" in said.line
    assert "nothing was changed" in said.line
    said = shell("submit", "campaign.yaml", "--allow-withdraw", "--json")
    assert said.json["difference"]["withdrawn"] == 19


def test_a_file_that_only_moved_its_lines_changes_nobody(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    shell("submit", "campaign.yaml", "--yes")
    shell.campaign(JOE, JANE)
    assert "~ 0 changed, - 0 withdrawn, 2 unchanged" in shell("submit", "campaign.yaml").out


def test_started_paused_nobody_is_called_and_nobody_is_asked(shell: Shell) -> None:
    shell.campaign(JANE)
    said = shell("submit", "campaign.yaml", "--start", "paused")
    assert "`campaigns resume reminders` starts it" in said.out
    assert shell("show", "reminders", "--json").json["summary"]["state"] == "paused"


def test_strict_stores_nothing(shell: Shell) -> None:
    shell.campaign(JANE, SHORTENED)
    said = shell("submit", "campaign.yaml", "--yes", "--strict", code=1)
    assert said.complaints[-1] == "1 bad row, and --strict allows none: nothing was stored"
    assert shell("list", "--json").json == {"campaigns": []}


def test_a_list_without_one_good_row_is_not_stored(shell: Shell) -> None:
    shell.campaign(SHORTENED)
    said = shell("submit", "campaign.yaml", "--yes", code=1)
    assert said.complaints[-1] == "not one row can be called: nothing was stored"


def test_a_submit_that_was_cut_off_goes_on_without_asking_again(shell: Shell) -> None:
    shell.campaign(JANE, JOE)
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world, world.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE campaign SET state = 'loading', load_until = 0")
    assert "loading" in shell("list").out
    said = shell("submit", "campaign.yaml")
    assert "reminders: stored, 2 people will be called" in said.out


def test_a_cancelled_name_is_used_up(shell: Shell) -> None:
    shell.campaign(JANE)
    shell("submit", "campaign.yaml", "--yes")
    shell("cancel", "reminders", "--yes")
    said = shell("submit", "campaign.yaml", "--yes", code=1)
    assert said.line == "reminders was cancelled: use another name"


def test_what_is_not_there_yet_is_refused_in_words(shell: Shell) -> None:
    shell.campaign(JANE)
    assert "No such option" in shell("show", "reminders", "--with-input", code=2).line


def test_submit_is_json_for_programs(shell: Shell) -> None:
    shell.campaign(JANE)
    found = shell("submit", "campaign.yaml", "--yes", "--json").json
    assert (found["campaign"], found["effect"], found["state"]) == (
        "reminders",
        "created",
        "running",
    )
    assert found["counts"]["accepted"] == 1


def test_a_program_submits_without_being_asked(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    import campaigns

    shell.campaign(JANE, SHORTENED)
    assert campaigns.load("campaign.yaml").definition.name == "reminders"
    first = campaigns.submit("campaign.yaml")
    assert (first.effect, first.counts.accepted, first.counts.rejected) == ("created", 1, 1)
    assert campaigns.submit("campaign.yaml").effect == "unchanged"
    shell.campaign(JOE)
    changed = campaigns.submit("campaign.yaml")
    assert changed.difference is not None
    assert (changed.difference.added, changed.difference.withdrawn) == (1, 1)
    assert capsys.readouterr().out == ""


def test_people_written_in_the_file_are_not_kept_in_its_definition(shell: Shell) -> None:
    rows = 'contacts: {rows: [{to_number: "+16175550123", customer_name: Jane}]}'
    shell.write("campaign.yaml", CAMPAIGN.replace("contacts: people.csv", rows))
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world:
        (kept,) = world.rows("SELECT definition FROM campaign_version")
    assert "reminders" in str(kept["definition"])
    assert "6175550123" not in str(kept["definition"])
    assert "Jane" not in str(kept["definition"])


def test_a_campaign_may_wait_for_people_who_come_one_at_a_time(shell: Shell) -> None:
    waits = "contacts: {rows: [], columns: [to_number, customer_name]}"
    shell.write("campaign.yaml", CAMPAIGN.replace("contacts: people.csv", waits))
    shell("submit", "campaign.yaml", "--yes")
    row = ("--set", "to_number=+16175550123", "--set", "customer_name=Jane")
    shell("contacts", "add", "reminders", "+16175550123", *row)
    with shell.world() as world:
        world.settle(ticks=2)
        assert [one.context for _, one in world.provider.rung] == [{"patient": "Jane"}]


def test_a_first_list_with_too_many_bad_rows_is_not_stored(shell: Shell) -> None:
    """Half a list that came through the wrong export is no list: `--yes` is no answer to that."""
    good = [f"+161755501{n},Ann" for n in range(10, 24)]
    shell.campaign(*good, *(f"12{n},Joe" for n in range(6)))
    said = shell("submit", "campaign.yaml", "--yes", code=1)
    assert "6 of 20 rows are bad, more than 10%" in said.err
    assert "nothing was stored; --rejects FILE writes every bad row" in said.err
    assert shell("list", "--json").json == {"campaigns": []}
    assert "submit would refuse it: 6 of 20 rows" in shell("plan", "campaign.yaml").err
    shell("submit", "campaign.yaml", "--yes", "--rejects", "bad.csv", code=1)
    assert len((shell.directory / "bad.csv").read_text().splitlines()) == 7
    text = (shell.directory / "campaign.yaml").read_text()
    more = "contacts: {file: people.csv, max_rejected: 40%}"
    shell.write("campaign.yaml", text.replace("contacts: people.csv", more))
    assert "14 people will be called" in shell("submit", "campaign.yaml", "--yes").out
