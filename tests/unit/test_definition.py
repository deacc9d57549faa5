"""What a campaign file says becomes frozen values; texts are typed by their key, never by YAML."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from campaigns.core.definition import Contacts, Definition, Retry, SameNumber, Schedule, Span
from campaigns.core.parsing import parse
from campaigns.core.reading import MOST_FAULTS
from campaigns.errors import DefinitionError
from tests.support.trees import SMALL, definition, fault, faults

FULL = {
    "purpose": "appointment",
    "max_duration": "2m",
    "recording": "yes",
    "contacts": {
        "file": "appointments.csv",
        "to_number": "mobile",
        "key": "appointment_id",
        "timezone": "clinic_tz",
        "region": "us",
        "where": "{{ status == 'booked' }}",
        "same_number": "separate",
        "encoding": "windows-1252",
        "zone_evidence": "stated",
    },
    "context": {"patient": "{{ patient }}", "when": "{{ appointment_at | spoken }}"},
    "schedule": {
        "start": "2026-03-09T09:00",
        "end": "2026-03-12 18:00",
        "timezone": "America/New_York",
    },
    "calling_hours": {
        "timezone": "contact",
        "mon-fri": "09:00-12:30, 13:30-19:00",
        "sat": "10:00-14:00",
        "closed": ["2026-11-27", "2026-12-24/2027-01-01"],
        "open": {"2026-10-12": "09:00-17:00"},
    },
    "retry": {
        "max_attempts": "2",
        "no_answer": ["20h"],
        "busy": "10m",
        "failed": "never",
        "voicemail": ["1d", "2d"],
    },
    "x-owner": {"team": ["a", "b"]},
}


def test_the_smallest_campaign_gets_every_default() -> None:
    small = definition()
    assert (small.name, small.agent_id, small.from_number) == (
        "reminders",
        "agent_reminder",
        "+16175550199",
    )
    assert small.contacts == Contacts(file="people.csv")
    assert small.purpose is None
    assert small.max_duration == timedelta(minutes=10)
    assert small.recording is False
    assert small.context is None
    assert small.schedule == Schedule()
    assert small.retry == Retry(
        max_attempts=3,
        no_answer=(timedelta(minutes=30), timedelta(hours=4)),
        busy=(timedelta(minutes=10),),
        failed=(),
        voicemail=(),
    )


def test_hours_that_nobody_stated_are_those_of_the_house_and_say_so() -> None:
    hours = definition().calling_hours
    assert not hours.stated
    assert not hours.always
    assert hours.timezone == "contact"
    assert hours.days == ((Span(start=9 * 60, end=20 * 60),),) * 7


def test_every_key_of_a_full_campaign_is_read() -> None:
    full = definition(**FULL)
    assert full.purpose == "appointment"
    assert full.max_duration == timedelta(minutes=2)
    assert full.recording is True
    assert full.contacts == Contacts(
        file="appointments.csv",
        to_number="mobile",
        key="appointment_id",
        timezone="clinic_tz",
        region="US",
        where="{{ status == 'booked' }}",
        same_number=SameNumber.SEPARATE,
        encoding="cp1252",
        zone_evidence="stated",
    )
    assert full.context == {"patient": "{{ patient }}", "when": "{{ appointment_at | spoken }}"}
    assert full.schedule.start == datetime(2026, 3, 9, 13, 0, tzinfo=UTC)
    assert full.schedule.end == datetime(2026, 3, 12, 22, 0, tzinfo=UTC)
    assert full.calling_hours.stated
    assert full.calling_hours.open == {date(2026, 10, 12): (Span(start=540, end=1020),)}
    assert full.retry == Retry(
        max_attempts=2,
        no_answer=(timedelta(hours=20),),
        busy=(timedelta(minutes=10),),
        failed=(),
        voicemail=(timedelta(days=1), timedelta(days=2)),
    )


@pytest.mark.parametrize(
    "keys",
    [
        {},
        FULL,
        {"calling_hours": "always", "context": "all", "retry": "never"},
        {"contacts": {"rows": [{"to_number": "+16175550100", "name": "no"}]}},
    ],
)
def test_a_definition_survives_the_database(keys: dict[str, object]) -> None:
    stored = definition(**keys)
    again = Definition.model_validate_json(stored.model_dump_json())
    assert again == stored
    assert again.model_dump_json() == stored.model_dump_json()


def test_a_list_of_callers_is_read_in_its_order() -> None:
    made = definition(from_number=["+1 617 555 0101", "+16175550102"])
    assert made.from_number == "+16175550101"
    assert made.from_numbers == ("+16175550101", "+16175550102")
    assert "617" not in repr(made)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "from_number: expected a number in E.164, or a list of them, got an empty list"),
        (["+16175550101", "+1 617 555 0101"], "from_number[2]: expected every number once"),
        (["+16175550101", "{{ clinic }}"], "a template stands alone, not in a list"),
        (["+16175550101", "617 555"], "from_number[2]: expected a number in E.164"),
    ],
)
def test_a_list_of_callers_has_each_fault_told(value: list[str], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        definition(from_number=value)
    (fault,) = caught.value.faults
    assert said in str(fault)


def test_a_stored_definition_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        Definition.model_validate_json(definition().model_dump_json()[:-1] + ',"notify":{}}')


def test_its_repr_holds_no_number_and_no_person() -> None:
    shown = repr(definition(contacts={"rows": [{"to_number": "+16175550100", "name": "Ann Lee"}]}))
    assert "5550199" not in shown
    assert "5550100" not in shown
    assert "Ann Lee" not in shown


def test_contacts_may_be_just_a_file_name() -> None:
    assert definition(contacts="lists/people 2.csv").contacts.file == "lists/people 2.csv"


def test_inline_rows_keep_every_cell_as_text() -> None:
    rows = definition(contacts={"rows": [{"to_number": "0412 345 678", "n": "no"}]}).contacts.rows
    assert rows == ({"to_number": "0412 345 678", "n": "no"},)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2m", 120), ("300", 300), ("1s", 1), ("4h", 14_400), ("1h30m", 5_400)]
)
def test_max_duration_takes_plain_seconds_too(text: str, seconds: int) -> None:
    assert definition(max_duration=text).max_duration == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0", "0s", "4h1s", "1d", "14401"])
def test_max_duration_has_bounds(text: str) -> None:
    assert (
        fault(max_duration=text) == f"max_duration: expected a duration from 1s to 4h, got {text}"
    )


@pytest.mark.parametrize(
    ("text", "recording"),
    [("true", True), ("no", False), ("off", False), ("on", True), ("False", False)],
)
def test_recording_takes_any_usual_yes_or_no(text: str, *, recording: bool) -> None:
    assert definition(recording=text).recording is recording


def test_retry_never_means_one_call() -> None:
    assert definition(retry="never").retry == Retry(max_attempts=1, no_answer=(), busy=())


def test_waits_that_are_not_stated_keep_their_defaults() -> None:
    retry = definition(retry={"no_answer": "never"}).retry
    assert retry.no_answer == ()
    assert retry.busy == (timedelta(minutes=10),)
    assert retry.max_attempts == 3


@pytest.mark.parametrize("name", ["a", "harbor-dental.reminders_2", "0" * 63])
def test_names(name: str) -> None:
    assert definition(name=name).name == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Harbor Dental", " (write harbor-dental)"),
        ("-x", " (write x)"),
        ("a/b", " (write a-b)"),
        ("ü", ""),
        ("a" * 64, f" (write {'a' * 63})"),
    ],
)
def test_other_names_are_told_a_near_one(name: str, hint: str) -> None:
    said = fault(name=name)
    assert said.startswith("name: expected 1 to 63 of a-z 0-9 . _ -")
    assert said.endswith(hint)


def test_what_must_be_there_is_asked_for_all_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        parse({}, lambda path: "c.yaml:1")
    assert [fault.key for fault in caught.value.faults] == [
        "name",
        "agent_id",
        "from_number",
        "contacts",
    ]
    assert all("add" in fault.hint for fault in caught.value.faults)


def test_a_key_that_each_row_has_may_be_absent() -> None:
    tree = {key: value for key, value in SMALL.items() if key != "from_number"}
    assert parse(tree, lambda _: "x:1", columns=frozenset({"from_number"})).from_number == ""


def test_every_fault_comes_at_once_and_knows_its_place() -> None:
    with pytest.raises(DefinitionError) as caught:
        definition(
            name="No Name",
            recording="perhaps",
            schedule={"start": "soon", "timezone": "Mars/Base"},
            retry={"busy": ["10m", "5x"], "max_attempts": "0"},
            colour="red",
        )
    places = [fault.at for fault in caught.value.faults]
    assert places == [
        "f.yaml:colour",
        "f.yaml:name",
        "f.yaml:recording",
        "f.yaml:schedule/timezone",
        "f.yaml:schedule/start",
        "f.yaml:retry/busy/1",
        "f.yaml:retry/max_attempts",
    ]
    assert "retry.busy[2]" in str(caught.value)


def test_of_very_many_faults_the_first_are_told_and_the_others_counted() -> None:
    told = faults(**{f"key{number}": "x" for number in range(MOST_FAULTS + 50)})
    assert len(told) == MOST_FAULTS + 1
    assert told[-1] == "expected fewer faults, got 50 more"
