"""A campaign file with its list, or a CSV alone, becomes one source; every fault comes at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from campaigns.errors import DefinitionError, Fault
from campaigns.files.campaign_file import load
from campaigns.files.rows import Row
from campaigns.files.source import Source
from tests.support.trees import PEOPLE, SMALL_YAML, TODAY, campaign, complaints, written

EVERYTHING = """\
name: harbor-dental-reminders
account: default
purpose: appointment
consent: {attested: "patients gave this number for appointment calls"}
disclosure: "This is the automated assistant of Harbor Dental."
agent_id: "{{ 'agent_es' if language == 'es' else 'agent_en' }}"
from_number: "{{ clinic_phone }}"
max_duration: 2m
recording: false
contacts:
  file: people.csv
  refresh: "30 2 * * *"
  file_is: whole_list
  max_withdrawn: 20%
  max_rejected: 10%
  max_age: 26h
  to_number: mobile
  key: appointment_id
  timezone: clinic_tz
  state: state
  region: US
  where: "{{ status == 'booked' }}"
  same_number: group
  encoding: utf-8
  zone_evidence: both
context:
  patient: "{{ patient }}"
  when: "{{ appointment_at | spoken }}"
schedule:
  start: 2026-03-09T09:00
  end: 2026-03-12T18:00
  timezone: America/New_York
  cron: "0 10 1 * *"
  anchor: {column: appointment_at, timezone: clinic_tz, format: "%Y-%m-%d %H:%M"}
  touches:
    two_days_before: -2d at 17:30
    same_day: {at: -3h, max_attempts: 1}
  deadline: -45m
  past_due: skip
  when_closed: earlier
  min_gap: 4h
  when_moved: restart
calling_hours:
  timezone: contact
  mon-fri: 09:00-12:30, 13:30-19:00
  sat: 10:00-14:00
  holidays: US-MA
  closed: [2026-11-27, 2026-12-24/2027-01-01]
  open: {2026-10-12: 09:00-17:00}
  rules: [us-tcpa]
  ambiguous_timezone: intersect
retry:
  max_attempts: 2
  no_answer: [20h]
  busy: [10m]
  failed: never
  voicemail: never
  redial_after_unknown: proven
pacing:
  starts_per_minute: 10
  pause_when_failing: 50% of 20
  priority: 5
  weight: 1
budget: {calls_per_day: 700, cost_per_day: 60 USD}
caps:
  - {calls: 1, per: 24h}
dispositions:
  - {when: {analysis.summary.outcome: confirmed}, disposition: confirmed, then: stop}
opt_out: {tags: [stop], phrases: ["take me off"]}
notify:
  - {when: [reschedule, no_answer], email: desk@example.com, digest: "0 17 * * mon-fri"}
store: {transcript: true, recording: false, keep: 30d}
"""


def test_a_campaign_file_names_its_list(tmp_path: Path) -> None:
    source = campaign(tmp_path)
    assert source.definition.name == "reminders"
    assert source.header == ("to_number", "name")
    assert source.path == tmp_path / "c.yaml"
    assert source.contacts_path == tmp_path / "people.csv"
    assert [row.line for row in source.rows()] == [2, 3]
    assert [row.line for row in source.rows()] == [2, 3]
    assert (source.size, source.lines) == (len(PEOPLE), 3)


def test_the_list_is_relative_to_the_campaign_file_and_paths_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub" / "lists").mkdir(parents=True)
    written(tmp_path / "sub", SMALL_YAML + "contacts: lists/people.csv\n", "c.yaml")
    written(tmp_path / "sub" / "lists", PEOPLE)
    monkeypatch.chdir(tmp_path)
    source = load("sub/c.yaml", today=TODAY)
    monkeypatch.chdir("/")
    assert source.contacts_path == tmp_path / "sub" / "lists" / "people.csv"
    assert len(list(source.rows())) == 2
    assert source.at("agent_id") == "sub/c.yaml:2"
    assert source.row_at(3) == "sub/lists/people.csv:3"


def test_inline_rows_are_rows_with_the_lines_of_the_campaign_file(tmp_path: Path) -> None:
    source = campaign(
        tmp_path,
        "contacts:\n  rows:\n    - {to_number: +16175550100, name: Ann}\n"
        "    - to_number: +16175550101\n      vip: yes\n      name: ~\n",
    )
    assert source.header == ("to_number", "name", "vip")
    assert source.contacts_path == source.path
    assert list(source.rows()) == [
        Row(line=6, cells={"to_number": "+16175550100", "name": "Ann", "vip": ""}),
        Row(line=7, cells={"to_number": "+16175550101", "name": "", "vip": "yes"}),
    ]
    assert source.lines == 2


def test_every_fault_of_both_files_comes_at_once_in_order(tmp_path: Path) -> None:
    written(tmp_path, "to_number,name,name\n1,2,3\n")
    told = complaints(
        tmp_path,
        campaign,
        "contacts: people.csv\nrecording: perhaps\nname: again\n"
        "context:\n  a: {{ b }}\nnotify: {}\n",
    )
    assert [one.partition(" expected")[0] for one in told] == [
        "people.csv:1:",
        "c.yaml:5: recording:",
        "c.yaml:6: name:",
        "c.yaml:8: context.a:",
        "c.yaml:9: notify:",
    ]


def test_the_whole_language_is_read_or_refused_with_not_yet(tmp_path: Path) -> None:
    columns = "mobile,appointment_id,clinic_tz,status,patient,appointment_at"
    columns += ",language,clinic_phone,state"
    written(tmp_path, f"{columns}\n+16175550100,1,America/New_York,booked,Ann,noon\n")
    text = re.sub(r"\n  cron: .*", "", EVERYTHING)  # either it or an anchor
    written(tmp_path, text, "c.yaml")
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path / "c.yaml", today=TODAY)
    assert all("not yet" in str(fault) for fault in caught.value.faults)
    refused = {fault.key for fault in caught.value.faults}
    assert len(refused) == 4
    lines = text.splitlines()
    for fault in caught.value.faults:
        line = int(fault.at.rpartition(":")[2])
        assert lines[line - 1].strip().startswith(f"{fault.key.rpartition('.')[2]}:")


def test_what_it_reads_of_the_whole_language_is_right(tmp_path: Path) -> None:
    columns = "mobile,appointment_id,clinic_tz,status,patient,appointment_at"
    columns += ",language,clinic_phone,state"
    written(tmp_path, f"{columns}\n+16175550100,1,America/New_York,booked,Ann,2026-03-10 14:00\n")
    refused = "account pacing budget caps dispositions opt_out notify store cron everyone"
    kept, skipping = [], -1
    for line in EVERYTHING.splitlines():
        indent = len(line) - len(line.lstrip())
        if skipping >= 0 and indent > skipping:
            continue
        skipping = indent if line.split(":")[0].strip() in refused.split() else -1
        if skipping < 0:
            kept.append(line)
    text = "\n".join(kept)
    source = load(written(tmp_path, text, "c.yaml"), today=TODAY)
    assert source.definition.from_number == "{{ clinic_phone }}"
    assert source.definition.retry.max_attempts == 2
    assert source.definition.contacts.refresh == "30 2 * * *"
    assert source.definition.contacts.where == "{{ status == 'booked' }}"
    assert len(source.definition.calling_hours.closed) == 2
    assert source.definition.calling_hours.holidays == ("US-MA",)
    assert source.definition.calling_hours.rules == ("us-tcpa",)
    assert source.definition.contacts.state == "state"
    assert source.definition.disclosure == "This is the automated assistant of Harbor Dental."
    assert [touch.name for touch in source.definition.schedule.touches] == [
        "two_days_before",
        "same_day",
    ]


def test_a_missing_list_is_told_where_it_is_named(tmp_path: Path) -> None:
    told = complaints(tmp_path, campaign, "contacts:\n  key: name\n  file: nobody.csv\n")
    assert "".join(told) == (
        "c.yaml:6: contacts.file: expected a file that can be read, got no file nobody.csv "
        "(look for a slip in its name or directory)"
    )


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    written(tmp_path, "to_number,name\n1,Jérôme\n".encode("cp1252"))
    source = campaign(tmp_path, "contacts: {file: people.csv, encoding: cp1252}\n")
    (row,) = source.rows()
    assert isinstance(row, Row)
    assert row.cells["name"] == "Jérôme"
    assert "got the byte 0xe9" in complaints(tmp_path, campaign)[0]


def test_faults_that_know_only_their_key_learn_their_line(tmp_path: Path) -> None:
    source = campaign(tmp_path, "contacts:\n  file: people.csv\n  key: id\ncontext:\n  a.b: x\n")
    faults = [
        Fault(at="", key="contacts.key", expected="x"),
        Fault(at="", key="context.a.b", expected="x"),
        Fault(at="", key="contacts.where", expected="x"),
        Fault(at="", key="elsewhere", expected="x"),
        Fault(at="there:1", key="contacts.key", expected="x"),
    ]
    places = [fault.at.replace(f"{tmp_path}/", "") for fault in source.located(faults)]
    assert places == ["c.yaml:6", "c.yaml:8", "c.yaml:4", "c.yaml:1", "there:1"]


def test_arguments_fill_in_what_the_file_does_not_say(tmp_path: Path) -> None:
    written(tmp_path, PEOPLE)
    path = written(tmp_path, "contacts: people.csv\n", "c.yaml")
    source = load(path, name="n", agent_id="a", from_number="+16175550199", today=TODAY)
    assert (source.definition.name, source.definition.agent_id) == ("n", "a")


def test_an_argument_that_says_otherwise_than_the_file_is_refused(tmp_path: Path) -> None:
    assert campaign(tmp_path, agent_id="agent_reminder").definition.agent_id == "agent_reminder"
    assert "".join(complaints(tmp_path, campaign, agent_id="other")) == (
        "c.yaml:2: agent_id: expected the same as --agent-id, got another "
        "(change the file, or leave out --agent-id)"
    )


def test_a_wrong_argument_is_named_as_it_was_typed(tmp_path: Path) -> None:
    written(tmp_path, "agent_id: a\ncontacts: people.csv\n", "c.yaml")
    written(tmp_path, PEOPLE)

    def read(directory: Path) -> Source:
        return load(directory / "c.yaml", name="No", from_number="12", region="UK", today=TODAY)

    told = complaints(tmp_path, read)
    assert [one.partition(":")[0] for one in told] == ["--name", "--from-number", "--region"]


def test_the_file_s_own_region_is_right(tmp_path: Path) -> None:
    own = "contacts: {file: people.csv, region: GB}\n"
    assert campaign(tmp_path, own, region="US").definition.contacts.region == "GB"
    assert campaign(tmp_path, region="us").definition.contacts.region == "US"
    assert complaints(tmp_path, campaign, region="UK") == [
        "--region: expected a country by its two letters, such as US, got UK (write GB)"
    ]


def test_the_digest_knows_the_file_the_list_and_the_arguments(tmp_path: Path) -> None:
    first = campaign(tmp_path)
    assert campaign(tmp_path).digest == first.digest
    digests = {
        first.digest,
        campaign(tmp_path, "contacts: people.csv # seen\n").digest,
        campaign(tmp_path, region="US").digest,
    }
    written(tmp_path, PEOPLE + "+16175550102,Cat\n")
    digests.add(campaign(tmp_path).digest)
    assert len(digests) == 4


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json", ".csv", ".tsv", ".txt", ".xlsx", ""])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path / f"none{suffix}", today=TODAY)
    assert f"got no file {tmp_path}/none{suffix} (look for a slip" in str(caught.value)


@pytest.mark.parametrize("name", ["people.xlsx", "people", "people.csv.gz"])
def test_another_kind_of_file_is_told_what_is_read(tmp_path: Path, name: str) -> None:
    told = complaints(tmp_path, lambda d: load(written(d, PEOPLE, name), today=TODAY))
    assert "expected a file whose name ends in .yaml or .csv" in told[0]


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    path = written(tmp_path, PEOPLE)
    monkeypatch.setattr(Path, "open", refuse)
    assert "may not be read" in complaints(tmp_path, lambda _: load(path, today=TODAY))[0]


def test_a_json_campaign_is_read(tmp_path: Path) -> None:
    text = '{"name": "j", "agent_id": "a", "from_number": "+16175550199",\n'
    text += ' "contacts": {"rows": [{"to_number": "+16175550100", "vip": true}]}}'
    source = load(written(tmp_path, text, "c.json"), today=TODAY)
    assert list(source.rows()) == [Row(line=2, cells={"to_number": "+16175550100", "vip": "true"})]


def test_a_source_tells_nobody_s_data(tmp_path: Path) -> None:
    source = campaign(tmp_path, "contacts:\n  rows: [{to_number: +16175550100, name: Ann Lee}]\n")
    shown = repr((source, list(source.rows())))
    assert "Ann" not in shown
    assert "555" not in shown
