"""The examples are campaigns that this version runs, with numbers that belong to nobody."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import phonenumbers
import pytest

from campaigns.core.contacts import Contact, ContactReader, Entry, FilteredRow
from campaigns.core.definition import SameNumber
from campaigns.core.hours import Hours
from campaigns.core.rules.demands import demands
from campaigns.files.campaign_file import load
from campaigns.files.rows import Row
from campaigns.files.source import Source

EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"
FICTIONAL = re.compile(
    r"\+1[2-9][0-9]{2}55501[0-9]{2}"
    r"|\+614915[67][0-9]{4}|\+61255501[0-9]{2}[0-9]?|\+612555001[0-9]{2}"  # kept free for films
    r"|\+91140[0-9]{7}"  # calls, and is never called
)
SHARED = {"debt-notices.yaml"}
"""Whose people may be called about more than one thing."""
SEVERAL_ZONES = {"australia-offers.yaml", "debt-notices.yaml"}
"""Whose numbers may be in more than one."""
CAMPAIGNS = [
    "appointment-reminders.yaml",
    "australia-offers.yaml",
    "debt-notices.yaml",
    "dental-chain.yaml",
    "dental-touches.yaml",
    "emi-reminders.yaml",
    "front-desk.yaml",
    "monthly-survey.yaml",
    "reminders.csv",
    "satisfaction-survey.yaml",
]


def source(name: str) -> Source:
    who = {"agent_id": "agent_reminder", "from_number": "+16175550199"}
    arguments = who if name.endswith(".csv") else {}
    return load(EXAMPLES / name, today=date(2026, 3, 9), **arguments)


def entries(of: Source) -> list[Entry]:
    reader = ContactReader(of.definition, of.header, default_region=None)
    rows = list(of.rows())
    return [reader.read(row.line, row.cells) for row in rows if isinstance(row, Row)]


def test_every_example_is_tested() -> None:
    lists = {source(name).contacts_path.name for name in CAMPAIGNS}
    assert {path.name for path in EXAMPLES.iterdir()} == {*CAMPAIGNS, *lists}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_row_can_be_called_or_is_left_out_on_purpose(name: str) -> None:
    of = source(name)
    found = entries(of)
    assert found or of.definition.contacts.columns  # its people come one at a time
    assert all(isinstance(entry, Contact | FilteredRow) for entry in found)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_number_is_possible_and_nobody_s(name: str) -> None:
    of = source(name)
    reader = ContactReader(of.definition, of.header, default_region=None)
    called = [entry for entry in entries(of) if isinstance(entry, Contact)]
    numbers = [entry.to_number for entry in called]
    if of.definition.contacts.same_number is not SameNumber.GROUP and name not in SHARED:
        assert len(set(numbers)) == len(numbers)
    callers = {reader.caller(entry) for entry in called}
    for number in (*numbers, *callers):
        assert FICTIONAL.fullmatch(number)
        assert phonenumbers.is_possible_number(phonenumbers.parse(number))
    assert not callers & set(numbers)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_contact_is_in_one_known_zone_and_has_open_hours(name: str) -> None:
    of = source(name)
    hours = Hours.of(of.definition)
    for entry in entries(of):
        if isinstance(entry, Contact):
            assert len(entry.zones) == 1 or name in SEVERAL_ZONES
            assert hours._week_everywhere(entry.where, 2940)


@pytest.mark.parametrize("name", [name for name in CAMPAIGNS if name.endswith(".yaml")])
def test_the_rules_have_nothing_to_ask_of_a_campaign(name: str) -> None:
    of = source(name)
    places = {entry.places for entry in entries(of) if isinstance(entry, Contact)}
    assert demands(of.definition, places, date(2027, 1, 1)) == ((), ())


def test_the_reminders_show_what_a_campaign_can_say() -> None:
    of = source("appointment-reminders.yaml")
    found = entries(of)
    called = [entry for entry in found if isinstance(entry, Contact)]
    assert 12 <= len(called) <= 16
    assert any(isinstance(entry, FilteredRow) for entry in found)
    assert len({entry.zones for entry in called}) >= 5
    assert all(entry.zone_source == "column+number" for entry in called)
    assert called[0].key == "A-1001"
    assert called[0].context == {
        "patient": "Ann Lee",
        "clinic": "Harbor Dental Boston",
        "when": "Tuesday, March 9 at 2 PM",
        "dentist": "Dr. Moss",
        "disclosure": "This is the automated assistant of Harbor Dental Boston.",
    }
    assert of.definition.retry.no_answer
    assert of.definition.calling_hours.stated


def test_the_csv_alone_tells_its_spare_columns() -> None:
    of = source("reminders.csv")
    assert of.header == ("to_number", "customer_name", "appointment_time")
    (first, *_) = entries(of)
    assert isinstance(first, Contact)
    assert first.context == {"customer_name": "Jane Doe", "appointment_time": "March 10 at 2 PM"}


def test_the_survey_has_its_people_in_the_file_and_leaves_hours_to_the_house() -> None:
    of = source("satisfaction-survey.yaml")
    assert of.contacts_path == of.path
    assert not of.definition.calling_hours.stated
    assert of.definition.purpose == "survey"
